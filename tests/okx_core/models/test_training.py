"""Training: the same twice, blind to the future, honest about its hold-out."""

from dataclasses import replace
from datetime import timedelta

import catboost
import lightgbm
import numpy as np
import pandas as pd
import pytest

from okx_core.models.trainers import TRAINERS, Regressor
from okx_core.models.training import TrainedModel, TrainingError, data_fingerprint, fit_regressor

ALGORITHMS = sorted(TRAINERS)
TARGET = "future_return_1d_pct"


def regressor_bytes(regressor: Regressor) -> bytes:
    if isinstance(regressor, lightgbm.Booster):
        return regressor.model_to_string().encode()
    return repr((regressor.get_leaf_values().tolist(), regressor.get_tree_leaf_counts().tolist())).encode()


def model_bytes(model: TrainedModel) -> bytes:
    return regressor_bytes(model.regressor)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_training_twice_gives_the_same_bytes(study, algorithm: str) -> None:
    first, second = study.train(algorithm), study.train(algorithm)
    assert model_bytes(first) == model_bytes(second)
    assert first.holdout_prediction.tobytes() == second.holdout_prediction.tobytes()
    assert first.fingerprint == second.fingerprint


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_regressor_alone_is_that_of_the_trained_model(study, algorithm: str) -> None:
    alone = fit_regressor(study.rows, ("momentum", "noise", "calm"), algorithm, study.window, study.spec)
    assert regressor_bytes(alone) == model_bytes(study.train(algorithm))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_planted_edge_is_found(study, algorithm: str) -> None:
    model = study.train(algorithm)
    assert model.rank_ic > 0.2
    assert model.rank_ic_t > 3
    assert model.rmse_pct < model.baseline_rmse_pct


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_shuffled_targets_show_no_edge(study, algorithm: str) -> None:
    """The leak alarm: nothing in the split may carry the outcome to the prediction."""
    shuffled = study.rows.assign(
        **{TARGET: np.random.default_rng(9).permutation(study.rows[TARGET].to_numpy())}
    )
    assert abs(study.train(algorithm, shuffled).rank_ic_t) < 3


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_rows_whose_label_is_known_after_the_decision_change_nothing(study, algorithm: str) -> None:
    known_later = study.rows["timestamp_utc"] >= study.decision - timedelta(hours=24)
    poisoned = study.rows.copy()
    poisoned.loc[known_later, TARGET] = 1e6
    poisoned.loc[known_later, "momentum"] = -1e6
    assert model_bytes(study.train(algorithm, poisoned)) == model_bytes(study.train(algorithm))


def test_hold_out_predictions_do_not_depend_on_hold_out_or_purged_targets(study) -> None:
    unseen = study.rows["timestamp_utc"] >= study.window.fit_end
    poisoned = study.rows.copy()
    poisoned.loc[unseen, TARGET] = 1e6
    clean, dirty = study.train("lightgbm"), study.train("lightgbm", poisoned)
    assert clean.holdout_prediction.tobytes() == dirty.holdout_prediction.tobytes()


def test_a_relative_target_ignores_what_moves_all_pairs_alike(study) -> None:
    shifted = study.rows.copy()
    hour = shifted["timestamp_utc"].dt.hour.to_numpy()
    shifted[TARGET] = shifted[TARGET] + 64.0 * hour
    ours, theirs = study.train("lightgbm"), study.train("lightgbm", shifted)
    assert ours.rank_ic == pytest.approx(theirs.rank_ic, abs=1e-3)
    assert study.train("lightgbm", relative=False).holdout_prediction.mean() == pytest.approx(3.0, abs=0.2)
    assert ours.holdout_prediction.mean() == pytest.approx(0.0, abs=0.2)


def test_rows_without_a_target_are_left_out_and_counted_out(study) -> None:
    gaps = study.rows.copy()
    gaps.loc[::2, TARGET] = np.nan
    full, half = study.train("lightgbm"), study.train("lightgbm", gaps)
    assert half.fit_rows == full.fit_rows // 2
    assert half.holdout_rows == full.holdout_rows // 2


def test_rows_counted_are_those_of_the_window(study) -> None:
    model = study.train("lightgbm")
    assert model.fit_rows == 3 * 168 * 8
    assert model.holdout_rows == 168 * 8 == len(model.holdout_prediction) == len(model.holdout_outcome)


def test_one_wild_target_cannot_bend_the_model(study) -> None:
    wild = study.rows.copy()
    wild.loc[wild.index[len(wild) // 4], TARGET] = 1e5
    predictions = study.train("lightgbm", wild).holdout_prediction
    assert np.abs(predictions).max() < 10


def test_too_little_history_is_named_with_the_remedy(study) -> None:
    with pytest.raises(
        TrainingError,
        match=r"0 labelled rows before .*, need 500: backfill features and labels from 2026-07-18",
    ):
        study.train("lightgbm", study.rows[study.rows["timestamp_utc"] > study.decision - timedelta(weeks=1)])


@pytest.mark.parametrize(
    ("algorithm", "kind"), [("lightgbm", lightgbm.Booster), ("catboost", catboost.CatBoostRegressor)]
)
def test_models_are_of_the_kinds_that_mlflow_stores_without_pickle(study, algorithm: str, kind: type) -> None:
    assert type(study.train(algorithm).regressor) is kind


def change_one(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    changed = rows.copy()
    value = changed[column].iloc[100]
    step = {"pair": "X", "timestamp_utc": pd.Timedelta(hours=1)}.get(column, 1e-3)
    changed.loc[changed.index[100], column] = value + step
    return changed


@pytest.mark.parametrize("column", ["pair", "timestamp_utc", "momentum", "noise", "calm", TARGET])
def test_the_fingerprint_changes_with_any_value(study, column: str) -> None:
    assert data_fingerprint(study.rows) != data_fingerprint(change_one(study.rows, column))


def test_the_fingerprint_changes_with_names_order_and_unknown_values(study) -> None:
    own = data_fingerprint(study.rows)
    unknown = study.rows.copy()
    unknown.loc[unknown.index[100], "noise"] = np.nan
    others = [
        study.rows.rename(columns={"noise": "sound"}),
        study.rows.iloc[::-1],
        study.rows.iloc[:-1],
        unknown,
    ]
    prints = {data_fingerprint(frame) for frame in others}
    assert len(prints | {own}) == 5
    assert data_fingerprint(study.rows.copy()) == own


def test_the_parameters_of_the_trees_reach_the_model(study) -> None:
    few = study.train("lightgbm", trees=replace(study.spec.trees, trees=3))
    assert few.regressor.num_trees() == 3
    assert few.regressor.params["deterministic"]
