"""Drift of the models in charge: their features against what they were trained on, their IC against its own record."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import numpy as np

from okx_core.errors import OkxSignalError
from okx_core.models.drift import IcFall, fall_of_ic
from okx_core.models.evaluation.scores import neutral_rank_ic
from okx_core.models.members import Fitted
from okx_core.models.ranks import Floats
from okx_core.models.search.folds import EVERY_HOURS
from okx_core.models.training_range import PART_HOURS
from okx_core.models.walk_forward import inputs_of
from okx_services.research.predictions import Versions, registered_versions
from okx_services.research.track_record import midnight, read_record
from resources.feature_store.store import FeatureStore
from resources.feature_store.training_rows import feature_rows
from resources.registry.tracking import Tracking

TABLE = "ml.drift"
ENSEMBLE = "ensemble"
SHOWN_FEATURES = 10


@dataclass(frozen=True)
class Drift:
    """What was found of a member in charge, or of the ensemble; NaN where unknown."""

    model: str
    version: int | None
    psi: dict[str, float]
    max_psi: float
    ic: IcFall
    failure: str = ""
    hourly_ic: Floats = field(repr=False, default_factory=lambda: np.empty(0))

    @property
    def mean_psi(self) -> float:
        """Mean over the features."""
        return float(np.mean(list(self.psi.values()))) if self.psi else float("nan")

    @property
    def reason(self) -> str:
        """What has drifted, in words; empty when nothing has."""
        words = []
        if self.mean_psi > self.max_psi:
            words.append(
                f"mean PSI of its features {self.mean_psi:.3f} > {self.max_psi:.3f}, the largest of its training rows"
            )
        if self.ic.is_below:
            words.append(
                f"neutral IC of eight weeks {self.ic.recent:+.3f} < {self.ic.low:+.3f}, the band of its record"
            )
        return "; ".join(words)


def check_drift(
    store: FeatureStore, tracking: Tracking, members: Sequence[str], day: date, now: datetime
) -> list[Drift]:
    """Check every member in charge, and their ensemble, with what was known when the day began; store it.

    A member that cannot be loaded is checked by its IC alone, with the failure.
    """
    record = read_record(store, sorted(members), midnight(day))
    versions = registered_versions(store.database, members)
    found = []
    if record is not None:
        outcome = record.outcome
        for name, one in versions.items():
            hourly = neutral_rank_ic(record.members[name], outcome, record.volatility)
            found.append(_of_member(store, tracking, one, day, hourly))
        hourly = neutral_rank_ic(record.score, outcome, record.volatility)
        found.append(Drift(ENSEMBLE, None, {}, float("nan"), fall_of_ic(hourly), hourly_ic=hourly))
    store.database.upsert(TABLE, ["day", "model"], [_row(one, day, now) for one in found])
    return found


def _of_member(
    store: FeatureStore, tracking: Tracking, versions: Versions, day: date, hourly: Floats
) -> Drift:
    weeks = [week for week in versions.by_week if week <= day]
    version = versions.by_week[max(weeks)] if weeks else None
    fall, unknown = fall_of_ic(hourly), float("nan")
    if version is None:
        return Drift(versions.member, None, {}, unknown, fall, hourly_ic=hourly)
    try:
        fitted = versions.load(tracking, version)
        psi = _psi(store, fitted, midnight(day))
    except OkxSignalError as error:
        return Drift(versions.member, version, {}, unknown, fall, str(error), hourly)
    bound = unknown if fitted.training_range is None else float(fitted.training_range.max_psi[0])
    return Drift(versions.member, version, psi, bound, fall, hourly_ic=hourly)


def _psi(store: FeatureStore, fitted: Fitted, end: datetime) -> dict[str, float]:
    """PSI of each feature in the newest four weeks, of whole hours; empty without a range or rows."""
    if fitted.training_range is None:
        return {}
    parts = []
    for _, rows in feature_rows(store, fitted.names, end - timedelta(hours=PART_HOURS), end):
        kept = rows.hours % EVERY_HOURS == 0
        parts.append(inputs_of(fitted, rows.matrix[kept], fitted.names, rows.hours[kept])[0])
    if not parts or not sum(len(part) for part in parts):
        return {}
    values = fitted.training_range.psi(np.concatenate(parts))
    return dict(zip(fitted.names, values.tolist(), strict=True))


def _row(found: Drift, day: date, now: datetime) -> dict[str, object]:
    worst = {
        name: round(value, 4)
        for name, value in sorted(found.psi.items(), key=lambda one: -one[1])[:SHOWN_FEATURES]
    }
    return {
        "day": day, "model": found.model, "model_version": found.version, "mean_psi": _known(found.mean_psi),
        "max_psi": _known(found.max_psi), "worst_features": json.dumps(worst),
        "recent_ic": _known(found.ic.recent), "earlier_ic": _known(found.ic.earlier), "lowest_ic": _known(found.ic.low),
        "drifted": bool(found.reason), "reason": found.reason or found.failure, "checked_at": now,
    }  # fmt: skip


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
