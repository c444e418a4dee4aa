"""Gradient boosted trees of LightGBM, CatBoost and XGBoost."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from okx_core.models.algorithms.estimator import Budget, Floats, Matrix
from okx_core.models.ranks import Whole


@dataclass(frozen=True)
class LightGbm:
    """A LightGBM booster (Ke et al., 2017)."""

    booster: Any
    threads: int

    def predict(self, matrix: Matrix) -> Floats:
        return np.asarray(self.booster.predict(matrix, num_threads=self.threads), dtype=np.float64)

    def first(self, trees: int) -> "LightGbm":
        """The first `trees` of them."""
        import lightgbm as lgb

        text = self.booster.model_to_string(num_iteration=trees)
        return LightGbm(lgb.Booster(model_str=text), self.threads)

    def contributions(self, matrix: Matrix) -> Floats:
        """SHAP values of the trees (Lundberg et al., 2020)."""
        found = self.booster.predict(matrix, pred_contrib=True, num_threads=self.threads)
        return np.asarray(found, dtype=np.float64)

    def to_bytes(self) -> bytes:
        return str(self.booster.model_to_string()).encode()


def fit_lightgbm(matrix: Matrix, target: Floats, weight: Floats, budget: Budget) -> LightGbm:
    """Squared error, histograms of few bins; the bytes do not depend on the number of threads."""
    return fit_binned(binned(matrix, budget), np.arange(len(matrix)), target, weight, budget)


BIN_SAMPLE = (
    50_000  # rows that bounds are taken from, in double: LightGBM's 200,000 take 250 MB for 155 features
)


def binned(matrix: Matrix, budget: Budget) -> Any:
    """The bins of a matrix, which take as long as a fit: made once, used by `fit_binned` for several targets."""
    import lightgbm as lgb

    return lgb.Dataset(matrix, params=options_of(budget)).construct()


def fit_binned(data: Any, rows: Whole, target: Floats, weight: Floats, budget: Budget) -> LightGbm:
    """A fit on some rows of what `binned` made with an equal budget, with their target and weight.

    The other rows have weight 0: they count for the least number of rows of a leaf, and for nothing else. A subset of
    the bins would take their memory a second time.
    """
    import lightgbm as lgb

    options = options_of(budget)
    all_rows = np.zeros((2, data.num_data()))
    all_rows[:, rows] = target, weight
    data.set_label(all_rows[0]).set_weight(all_rows[1])
    booster = lgb.train(options, data, num_boost_round=budget.trees)
    # The text names the parameters, of which the threads are no part of the model.
    text = booster.model_to_string().replace(f"[num_threads: {budget.threads}]", "[num_threads: 0]")
    return LightGbm(lgb.Booster(model_str=text), budget.threads)


def options_of(budget: Budget) -> dict[str, Any]:
    """LightGBM's parameters for a budget."""
    return {
        "objective": "regression", "learning_rate": budget.learning_rate, "num_leaves": 2**budget.depth - 1,
        "max_depth": budget.depth, "min_data_in_leaf": budget.min_rows_per_leaf,
        "feature_fraction": budget.feature_fraction, "bagging_fraction": budget.row_fraction, "bagging_freq": 1,
        "lambda_l2": budget.l2, "max_bin": budget.bins,
        "bin_construct_sample_cnt": BIN_SAMPLE, "seed": budget.seed, "num_threads": budget.threads,
        "deterministic": True, "force_col_wise": True, "verbosity": -1,
    }  # fmt: skip


def refit_lightgbm(model: LightGbm, matrix: Matrix, target: Floats, weight: Floats, decay: float) -> LightGbm:
    """The same trees with new leaves: `decay` x the old value and the rest of what the rows given say."""
    refitted = model.booster.refit(matrix, target, decay_rate=decay, weight=weight)
    return LightGbm(refitted, model.threads)


def load_lightgbm(data: bytes) -> LightGbm:
    import lightgbm as lgb

    return LightGbm(lgb.Booster(model_str=data.decode()), 1)


@dataclass(frozen=True)
class CatBoost:
    """A CatBoost model with symmetric trees (Prokhorenkova et al., 2018)."""

    model: Any
    threads: int

    def predict(self, matrix: Matrix) -> Floats:
        return np.asarray(self.model.predict(matrix, thread_count=self.threads), dtype=np.float64)

    def first(self, trees: int) -> "CatBoost":
        """The first `trees` of them."""
        model = self.model.copy()
        model.shrink(ntree_end=trees)
        return CatBoost(model, self.threads)

    def contributions(self, matrix: Matrix) -> Floats:
        """SHAP values of the trees."""
        from catboost import Pool

        found = self.model.get_feature_importance(Pool(matrix), type="ShapValues", thread_count=self.threads)
        return np.asarray(found, dtype=np.float64)

    def to_bytes(self) -> bytes:
        """CatBoost's own format. It holds the time of the fit, so two equal fits differ in their bytes."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.cbm"
            self.model.save_model(str(path))
            return path.read_bytes()


def fit_catboost(matrix: Matrix, target: Floats, weight: Floats, budget: Budget) -> CatBoost:
    """Squared error; equal predictions for equal input and number of threads."""
    from catboost import CatBoostRegressor, Pool

    model = CatBoostRegressor(
        iterations=budget.trees, learning_rate=budget.learning_rate, depth=budget.depth,
        l2_leaf_reg=budget.l2, rsm=budget.feature_fraction, border_count=budget.bins,
        bootstrap_type="Bernoulli", subsample=budget.row_fraction, random_seed=budget.seed,
        thread_count=budget.threads, allow_writing_files=False, verbose=False,
    )  # fmt: skip
    return CatBoost(model.fit(Pool(matrix, target, weight=weight)), budget.threads)


def load_catboost(data: bytes) -> CatBoost:
    from catboost import CatBoostRegressor

    return CatBoost(CatBoostRegressor().load_model(blob=data), 1)


@dataclass(frozen=True)
class XgBoost:
    """An XGBoost booster with histograms (Chen and Guestrin, 2016)."""

    booster: Any

    def predict(self, matrix: Matrix) -> Floats:
        return np.asarray(self.booster.inplace_predict(matrix), dtype=np.float64)

    def first(self, trees: int) -> "XgBoost":
        """The first `trees` of them."""
        return XgBoost(self.booster[:trees])

    def contributions(self, matrix: Matrix) -> Floats:
        """SHAP values of the trees."""
        import xgboost as xgb

        return np.asarray(self.booster.predict(xgb.DMatrix(matrix), pred_contribs=True), dtype=np.float64)

    def to_bytes(self) -> bytes:
        return bytes(self.booster.save_raw("ubj"))


def fit_xgboost(matrix: Matrix, target: Floats, weight: Floats, budget: Budget) -> XgBoost:
    """Squared error, histograms of as many bins as LightGBM's."""
    import xgboost as xgb

    options = {
        "objective": "reg:squarederror", "eta": budget.learning_rate, "max_depth": budget.depth,
        "min_child_weight": budget.min_rows_per_leaf, "colsample_bytree": budget.feature_fraction,
        "subsample": budget.row_fraction, "lambda": budget.l2, "max_bin": budget.bins,
        "seed": budget.seed, "nthread": budget.threads, "tree_method": "hist", "verbosity": 0,
    }  # fmt: skip
    data = xgb.QuantileDMatrix(matrix, target, weight=weight, max_bin=budget.bins, nthread=budget.threads)
    return XgBoost(xgb.train(options, data, num_boost_round=budget.trees))


def load_xgboost(data: bytes) -> XgBoost:
    import xgboost as xgb

    booster = xgb.Booster()
    booster.load_model(bytearray(data))
    booster.set_param({"nthread": 1})
    return XgBoost(booster)
