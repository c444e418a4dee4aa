"""Training of one signal model: rows known before its week, a purged hold-out, a registered version with its origin."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd

from okx_core.errors import OkxSignalError
from okx_core.features.registry import model_feature_names
from okx_core.hours import HOUR
from okx_core.models.scores import MIN_PAIRS
from okx_core.models.splits import TrainingWindow, purge
from okx_core.models.training import SignalModelSpec, TrainedModel, train_signal_model
from okx_services.research.model_card import model_card
from resources.config.code_version import code_version
from resources.feature_store.store import FeatureStore
from resources.feature_store.training_set import TrainingSet, training_set
from resources.tracking import MODEL_NAME, Tracking

SPEC = SignalModelSpec()
LATEST_ROW_SLACK = timedelta(hours=48)  # an outage at the end of the window is no reason not to train


class TooFewPairsError(OkxSignalError):
    """There are too few pairs to learn which of them does better."""


class IncompleteHistoryError(OkxSignalError):
    """Features and labels do not reach the end of the training window."""


@dataclass(frozen=True)
class RegisteredModel:
    """A trained model, the window it has seen and its version in the registry."""

    model: TrainedModel
    window: TrainingWindow
    version: int

    @property
    def last_label_known(self) -> datetime:
        """When the newest label of the window became known."""
        return self.window.end + SPEC.horizon_hours * HOUR


def train_week(
    feature_store: FeatureStore, tracking: Tracking, week: str, algorithm: str, run_id: str
) -> RegisteredModel:
    """Train `algorithm` on what was known when `week` began, register it and record it in ml.model_versions.

    `run_id` names the Dagster run, for the tags of the version. Raises TooFewPairsError for fewer than three pairs,
    IncompleteHistoryError when features or labels are missing, TrainingError when there are too few rows.
    """
    decision_time = datetime.fromisoformat(week).replace(tzinfo=UTC)
    window = SPEC.window(decision_time)
    data = training_set(
        feature_store, None, (window.start, decision_time), model_feature_names(), SPEC.target,
        purge(SPEC.horizon_hours),
    )  # fmt: skip
    rows = training_rows(data)
    require_pairs(rows["pair"].unique())
    require_complete(rows, window)
    model = train_signal_model(rows, model_feature_names(), algorithm, window, SPEC)
    card = model_card(
        feature_store.database, SPEC, model, window, data, week=week, algorithm=algorithm, run_id=run_id
    )
    registered = tracking.log_signal_model(model, card)
    record = _record(week, algorithm, model, window, registered.version, registered.run_id)
    record["data_fingerprint"] = data.fingerprint
    # Pins first: a version that is on record has its files for good.
    feature_store.manifest.pin(MODEL_NAME, registered.version, [file.file_id for file in data.files])
    feature_store.database.upsert("ml.model_versions", ["week", "algorithm"], [record])
    return RegisteredModel(model, window, registered.version)


def require_pairs(pairs: Collection[str]) -> None:
    """Refuse to train on one or two pairs: the models predict returns relative to those of the other pairs.

    No pair at all is another matter: then the history is missing, which `require_complete` says.
    """
    if 0 < len(pairs) < MIN_PAIRS:
        raise TooFewPairsError(
            f"training needs at least {MIN_PAIRS} pairs, because it predicts which does better than the others, and "
            f"has {', '.join(sorted(pairs))}: enable more pairs (OKXSIGNAL_PAIRS for the simulated market, "
            "market.pair_settings and the universe's limits elsewhere)"
        )


def require_complete(rows: pd.DataFrame, window: TrainingWindow) -> None:
    """Refuse to train before features and labels have been made up to the end of the window."""
    newest = rows["timestamp_utc"].max() if len(rows) else None
    if newest is None or newest < window.end - LATEST_ROW_SLACK:
        raise IncompleteHistoryError(
            f"the newest labelled feature row is {newest}, training needs them up to {window.end:%Y-%m-%d %H:%M}: "
            "backfill features/features_1h and ml/labels_1d first, or, when their hours count as materialised "
            "already (a home from before the feature store), run `okxsignal refresh full`"
        )


def training_rows(data: TrainingSet) -> pd.DataFrame:
    """The training set as the core takes it: pair, timestamp_utc, features, target, by time and pair."""
    keys = {
        "pair": pd.array(data.pairs, dtype="str"),
        "timestamp_utc": pd.DatetimeIndex(data.times).tz_localize("UTC"),
    }
    matrix = pd.DataFrame(data.matrix, columns=pd.Index(data.feature_names), copy=False)
    return pd.concat([pd.DataFrame(keys), matrix, pd.Series(data.target, name=SPEC.target)], axis=1)


def _record(
    week: str, algorithm: str, model: TrainedModel, window: TrainingWindow, version: int, run_id: str
) -> dict[str, object]:
    def known(value: float) -> float | None:
        return None if np.isnan(value) else value

    return {
        "week": date.fromisoformat(week),
        "algorithm": algorithm,
        "model_name": MODEL_NAME,
        "model_version": version,
        "run_id": run_id,
        "target": SPEC.target,
        "train_start": window.start,
        "train_end": window.end,
        "train_rows": model.fit_rows,
        "holdout_rows": model.holdout_rows,
        "rank_ic": known(model.rank_ic),
        "rank_ic_t": known(model.rank_ic_t),
        "rmse_pct": known(model.rmse_pct),
        "baseline_rmse_pct": known(model.baseline_rmse_pct),
        "feature_count": len(model.feature_names),
        "code_version": code_version(),
        "trained_at": datetime.now(UTC),
    }
