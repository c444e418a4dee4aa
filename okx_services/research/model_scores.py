"""What a version of the signal model expects of some hours, from the stored predictions of its members."""

from datetime import datetime

import numpy as np
import pandas as pd

from okx_core.errors import OkxSignalError
from okx_core.models.algorithms.baselines import VOLATILITY
from okx_core.models.champions.signal_model import SignalModel
from okx_core.models.ranks import Floats
from okx_core.models.training_range import furthest
from okx_services.research.predictions import load_registered, score_hours, stored
from okx_services.research.prices import laid
from resources.feature_store.errors import FeatureStoreError
from resources.feature_store.store import FeatureStore
from resources.registry.served_signal import signal_model_from
from resources.registry.tracking import SIGNAL_MODEL, Tracking

EXPECTED = {
    "predicted_excess_pct": "excess_pct", "excess_probability": "probability", "interval_low_pct": "low_pct",
    "interval_high_pct": "high_pct",
}  # fmt: skip
FIGURES = ("score", "outside_share", "distance")  # of a member's predictions
RANGE_COLUMNS = {"outside_share": "outside_share", "distance": "training_distance"}
UNKNOWN = (*EXPECTED, *RANGE_COLUMNS.values(), *(f"max_{name}" for name in RANGE_COLUMNS.values()))


class ModelScores:
    """Signal models by version, loaded once, and the scores of the member versions that they name."""

    def __init__(self, store: FeatureStore, tracking: Tracking) -> None:
        self._store, self._tracking = store, tracking
        self.loaded: dict[int, SignalModel] = {}

    def model(self, version: int) -> SignalModel:
        """The version. Raises TrackingError or SignalModelError when it cannot be used."""
        if version not in self.loaded:
            self.loaded[version] = signal_model_from(self._tracking.files(SIGNAL_MODEL, version))
        return self.loaded[version]

    def scores(
        self,
        model: SignalModel,
        features: pd.DataFrame,
        pairs: tuple[str, ...],
        start: datetime,
        end: datetime,
    ) -> dict[str, dict[str, Floats]]:
        """Score, outside_share and distance of each member for the feature rows, as grids [hours, pairs].

        Stored predictions count where they are of the version that the model names. Elsewhere, as after the alias was
        moved back, that version scores the features again; these scores are not stored.
        """
        found, wanted = {}, set(features["timestamp_utc"].unique())
        for member, version in model.members.items():
            rows = self._rows(member, version, start, end, wanted)
            found[member] = {
                name: laid(rows, name, pairs, start, end).astype(np.float32).astype(np.float64)
                for name in FIGURES
            }
        return found

    def _rows(
        self, member: str, version: int, start: datetime, end: datetime, wanted: "set[pd.Timestamp]"
    ) -> pd.DataFrame:
        rows = stored(self._store, member, start, end)
        rows = rows[rows["version"] == version]
        done = set(rows["timestamp_utc"].unique())
        if not wanted - done:
            return rows
        fitted = load_registered(self._tracking, member, version)
        fresh = score_hours(self._store, fitted, start, end, done)
        return pd.concat([rows, fresh], ignore_index=True) if len(rows) else fresh

    def bounds(self, model: SignalModel) -> dict[str, Floats]:
        """The bounds of outside_share and distance of each member [members], by name; NaN where none was kept."""
        rows = {
            (row["member"], row["model_version"]): row
            for row in self._store.database.rows(
                "select member, model_version, max_outside_share, max_distance from ml.model_versions "
                "where member = any($1) and label_known_at is not null",
                (list(model.members),),
            )
        }
        held = [rows.get(one, {}) for one in model.members.items()]
        return {
            name: np.array([row.get(f"max_{name}") for row in held], dtype=np.float64) for name in FIGURES[1:]
        }


def expected_rows(
    models: ModelScores, features: pd.DataFrame, start: datetime, end: datetime, version: int | None
) -> tuple[pd.DataFrame, str, bool]:
    """The feature rows of [start, end) with what the version expects of them; why it cannot be used, if so.

    The last value is whether that is a failure that someone must see to.
    """
    rows = features[["pair", "timestamp_utc"]].assign(**dict.fromkeys((*UNKNOWN, "model_version"), np.nan))
    if version is None:
        return rows, "", False
    pairs = tuple(sorted(features["pair"].unique()))
    try:
        model = models.model(version)
        grids = models.scores(model, features, pairs, start, end)
        scores = {member: figures["score"] for member, figures in grids.items()}
        found = model.expected(scores, laid(features, VOLATILITY, pairs, start, end))
    except (OkxSignalError, FeatureStoreError) as error:
        return rows, f"version {version} cannot be used: {error}", True
    hours = ((rows["timestamp_utc"] - start) // pd.Timedelta(hours=1)).to_numpy(np.int64)
    places = hours, pd.Index(pairs).get_indexer(pd.Index(rows["pair"]))
    expected = {name: getattr(found, attribute) for name, attribute in EXPECTED.items()}
    for name, grid in {**expected, **_furthest(grids, models.bounds(model))}.items():
        rows[name] = grid[places]
    rows["model_version"] = float(version)
    return rows, "", False


def _furthest(grids: dict[str, dict[str, Floats]], bounds: dict[str, Floats]) -> dict[str, Floats]:
    """Figures and bounds of the member that exceeds its bound most, as grids by column."""
    found: dict[str, Floats] = {}
    for name, limits in bounds.items():
        value, bound = furthest(np.stack([figures[name] for figures in grids.values()]), limits)
        found |= {RANGE_COLUMNS[name]: value, f"max_{RANGE_COLUMNS[name]}": bound}
    return found
