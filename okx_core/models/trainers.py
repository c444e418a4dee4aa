"""The learners behind signal models, one function per algorithm, all with the same signature."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]


class Regressor(Protocol):
    """The interface of both boosters: predictions of shape (rows,) from a (rows, features) matrix, NaN allowed."""

    def predict(self, data: Matrix, /) -> Any: ...


@dataclass(frozen=True)
class TreeParameters:
    """Shared parameters of the boosters; the defaults favour few, shallow, well-filled trees on noisy returns."""

    trees: int = 120
    learning_rate: float = 0.05
    depth: int = 4
    min_rows_per_leaf: int = 200
    feature_fraction: float = 0.6
    l2: float = 10.0
    seed: int = 7
    threads: int = 1  # two slow LightGBM down on a busy machine of two cores; the model is the same


def fit_lightgbm(
    features: Matrix, target: Floats, names: tuple[str, ...], parameters: TreeParameters
) -> Regressor:
    """A LightGBM booster (Ke et al., 2017); the same input gives the same model."""
    import lightgbm as lgb

    data = lgb.Dataset(features, target, feature_name=list(names), free_raw_data=True)
    booster: Regressor = lgb.train(
        {
            "objective": "regression",
            "learning_rate": parameters.learning_rate,
            "num_leaves": 2**parameters.depth - 1,
            "max_depth": parameters.depth,
            "min_data_in_leaf": parameters.min_rows_per_leaf,
            "feature_fraction": parameters.feature_fraction,
            "bagging_fraction": 0.7,
            "bagging_freq": 1,
            "lambda_l2": parameters.l2,
            "max_bin": 63,
            "seed": parameters.seed,
            "num_threads": parameters.threads,
            "deterministic": True,
            "force_col_wise": True,
            "verbosity": -1,
        },
        data,
        num_boost_round=parameters.trees,
    )
    return booster


def fit_catboost(
    features: Matrix, target: Floats, names: tuple[str, ...], parameters: TreeParameters
) -> Regressor:
    """A CatBoost model with symmetric trees (Prokhorenkova et al., 2018); deterministic on the CPU."""
    from catboost import CatBoostRegressor, Pool

    model: Regressor = CatBoostRegressor(
        iterations=parameters.trees,
        learning_rate=parameters.learning_rate,
        depth=parameters.depth + 1,
        min_data_in_leaf=parameters.min_rows_per_leaf,
        l2_leaf_reg=parameters.l2,
        rsm=parameters.feature_fraction,
        border_count=63,
        bootstrap_type="Bernoulli",
        subsample=0.7,
        random_seed=parameters.seed,
        thread_count=parameters.threads,
        allow_writing_files=False,
        verbose=False,
    ).fit(Pool(features, target, feature_names=list(names)))
    return model


Trainer = Callable[[Matrix, Floats, tuple[str, ...], TreeParameters], Regressor]
TRAINERS: dict[str, Trainer] = {"lightgbm": fit_lightgbm, "catboost": fit_catboost}
