"""One signal model from a training set: score on a purged hold-out, then fit on everything."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from okx_core.errors import OkxSignalError
from okx_core.hours import SIGNAL_HORIZON_HOURS
from okx_core.models.scores import cross_sectional_rank_ic, newey_west_t, rmse
from okx_core.models.splits import TrainingWindow, training_window
from okx_core.models.trainers import TRAINERS, Floats, Matrix, Regressor, TreeParameters


class TrainingError(OkxSignalError):
    """There is not enough known data to train on."""


@dataclass(frozen=True)
class SignalModelSpec:
    """Target and history of a signal model.

    `relative` trains on the return minus the mean return of all pairs of the hour: the part of a return
    that choosing between pairs can earn; the market's own direction is taken to be unpredictable.
    """

    target: str = "future_return_1d_pct"
    horizon_hours: int = SIGNAL_HORIZON_HOURS
    relative: bool = True
    history: timedelta = timedelta(weeks=12)
    holdout: timedelta = timedelta(weeks=2)
    embargo: timedelta = timedelta(hours=24)
    min_fit_rows: int = 2_000
    clip_quantile: float = 0.005
    trees: TreeParameters = field(default_factory=TreeParameters)

    def window(self, decision_time: datetime) -> TrainingWindow:
        """The training window of a model first used at `decision_time`."""
        return training_window(decision_time, self.horizon_hours, self.history, self.holdout, self.embargo)


@dataclass(frozen=True)
class TrainedModel:
    """A fitted model with the scores of its hold-out. Percent units; NaN where not computable."""

    regressor: Regressor
    feature_names: tuple[str, ...]
    fit_rows: int
    holdout_rows: int
    rank_ic: float
    rank_ic_t: float
    rmse_pct: float
    baseline_rmse_pct: float
    fingerprint: str
    holdout_prediction: Floats
    holdout_outcome: Floats


def data_fingerprint(rows: pd.DataFrame) -> str:
    """SHA-256 over names and values of a training set, 16 hex digits; the unit of its times does not count."""
    digest = hashlib.sha256("|".join(rows.columns).encode())
    digest.update("|".join(rows["pair"]).encode())
    for name in rows.columns.drop("pair"):
        column = rows[name]
        # A zoned time becomes an array of objects, whose bytes are addresses: hash the moments instead.
        is_time = isinstance(column.dtype, pd.DatetimeTZDtype)
        values = column.to_numpy("datetime64[ns]") if is_time else column.to_numpy()
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()[:16]


def _targets(rows: pd.DataFrame, spec: SignalModelSpec) -> Floats:
    target = rows[spec.target].astype("float64")
    if spec.relative:
        target = target - target.groupby(rows["timestamp_utc"]).transform("mean")
    return np.asarray(target, dtype=np.float64)


def _clipped(target: Floats, quantile: float) -> Floats:
    low, high = np.quantile(target, [quantile, 1.0 - quantile])
    return np.asarray(np.clip(target, low, high), dtype=np.float64)


def _inside(rows: pd.DataFrame, window: TrainingWindow, target: str) -> pd.DataFrame:
    """The labelled rows of the window."""
    inside = rows["timestamp_utc"].between(window.start, window.end, inclusive="left")
    return rows[inside & rows[target].notna()].reset_index(drop=True)


def _matrix(rows: pd.DataFrame, feature_names: tuple[str, ...]) -> Matrix:
    return rows[list(feature_names)].to_numpy(dtype=np.float32)


def fit_regressor(
    rows: pd.DataFrame,
    feature_names: tuple[str, ...],
    algorithm: str,
    window: TrainingWindow,
    spec: SignalModelSpec,
) -> Regressor:
    """The regressor of `train_signal_model` alone, without the second model that its hold-out needs."""
    rows = _inside(rows, window, spec.target)
    target = _clipped(_targets(rows, spec), spec.clip_quantile)
    return TRAINERS[algorithm](_matrix(rows, feature_names), target, feature_names, spec.trees)


def train_signal_model(
    rows: pd.DataFrame,
    feature_names: tuple[str, ...],
    algorithm: str,
    window: TrainingWindow,
    spec: SignalModelSpec,
) -> TrainedModel:
    """Train one model on `rows` (pair, timestamp_utc, features, target), sorted by time and pair.

    Only rows with window.start <= t < window.end are used; rows without a target are left out. Raises
    TrainingError when fewer than `spec.min_fit_rows` rows lie before the hold-out.
    """
    rows = _inside(rows, window, spec.target)
    times = rows["timestamp_utc"]
    fit = (times < window.fit_end).to_numpy()
    held_out = (times >= window.holdout_start).to_numpy()
    if fit.sum() < spec.min_fit_rows:
        raise TrainingError(
            f"{algorithm}: {int(fit.sum())} labelled rows before {window.fit_end:%Y-%m-%d %H:%M}, need "
            f"{spec.min_fit_rows}: backfill features and labels from {window.start:%Y-%m-%d}"
        )
    features = _matrix(rows, feature_names)
    target = _targets(rows, spec)
    train = TRAINERS[algorithm]
    scored = train(features[fit], _clipped(target[fit], spec.clip_quantile), feature_names, spec.trees)
    prediction = np.asarray(scored.predict(features[held_out]), dtype=np.float64)
    outcome = target[held_out]
    hours = times[held_out].dt.tz_localize(None).to_numpy().astype("datetime64[h]").astype(np.int64)
    ic = cross_sectional_rank_ic(hours, prediction, outcome)
    return TrainedModel(
        regressor=train(features, _clipped(target, spec.clip_quantile), feature_names, spec.trees),
        feature_names=feature_names,
        fit_rows=len(rows),
        holdout_rows=int(held_out.sum()),
        rank_ic=float(ic.mean()) if len(ic) else float("nan"),
        rank_ic_t=newey_west_t(ic, 2 * spec.horizon_hours),
        rmse_pct=rmse(prediction, outcome),
        baseline_rmse_pct=rmse(np.zeros_like(outcome), outcome),
        fingerprint=data_fingerprint(rows),
        holdout_prediction=prediction,
        holdout_outcome=outcome,
    )
