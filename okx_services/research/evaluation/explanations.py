"""Why the pairs of an hour were expected to do better or worse: top features of those that were nearly traded."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pandas as pd

from okx_core.decisions.gates import PASS
from okx_core.errors import OkxSignalError
from okx_core.hours import HOUR
from okx_core.models.explanations import (
    BASE,
    Contributions,
    joint_contributions,
    largest,
    member_contributions,
)
from okx_core.models.members import Fitted
from okx_services.reports.signals import GATES
from okx_services.research.predictions import load_registered, stored
from resources.feature_store.errors import FeatureStoreError
from resources.feature_store.store import FeatureStore
from resources.feature_store.training_rows import FeatureRows, feature_rows
from resources.registry.served_signal import signal_model_from
from resources.registry.tracking import SIGNAL_MODEL, Tracking

TABLE = "ml.explanations"
COLUMNS = [
    "pair",
    "timestamp_utc",
    "place",
    "feature",
    "value",
    "contribution",
    "relative_score",
    "model_version",
]
TOP = 10
MAX_HOURS = 24  # of a run, its newest: an explanation is for people who look at an hour
MAX_PAIRS = 20
TOLERANCE = 1e-4  # stored scores are of single precision


@dataclass(frozen=True)
class Explained:
    """Rows of `ml.explanations`, and where contributions do not add up to the stored score of a member."""

    rows: pd.DataFrame
    differing: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()


@dataclass
class _Models:
    """Signal models with their members, loaded once."""

    tracking: Tracking
    loaded: dict[int, tuple[Mapping[str, float], dict[str, tuple[int, Fitted]]]] = field(default_factory=dict)

    def of(self, version: int) -> tuple[Mapping[str, float], dict[str, tuple[int, Fitted]]]:
        if version not in self.loaded:
            model = signal_model_from(self.tracking.files(SIGNAL_MODEL, version))
            members = {
                name: (number, load_registered(self.tracking, name, number))
                for name, number in model.members.items()
            }
            self.loaded[version] = (model.weights, members)
        return self.loaded[version]


def explain_hours(store: FeatureStore, tracking: Tracking, start: datetime, end: datetime) -> Explained:
    """Explain the traded and nearly traded signals of [start, end), at most its newest `MAX_HOURS`; not yet stored.

    A version that cannot be loaded leaves its hours without, and says why.
    """
    start = max(start, end - MAX_HOURS * HOUR)
    signals = store.database.frame(
        "select * from trading.signals where timestamp_utc >= $1 and timestamp_utc < $2 "
        "and model_version is not null order by timestamp_utc, pair",
        (start, end),
    )
    models, rows, differing, failures = _Models(tracking), [], [], []
    for _, group in signals.groupby(["timestamp_utc", "model_version"]):
        hour, version = group["timestamp_utc"].iloc[0].to_pydatetime(), int(group["model_version"].iloc[0])
        if not (chosen := nearly_traded(group)):
            continue
        try:
            found, differ = _explain(store, hour, *models.of(version), chosen)
        except (OkxSignalError, FeatureStoreError) as error:
            failures.append(f"{hour:%Y-%m-%d %H:%M}: {error}")
            continue
        rows += [{**row, "timestamp_utc": hour, "model_version": version} for row in found]
        differing += [f"{hour:%Y-%m-%d %H:%M} {words}" for words in differ]
    return Explained(pd.DataFrame(rows, columns=COLUMNS), tuple(differing), tuple(failures))


def nearly_traded(signals: pd.DataFrame) -> list[str]:
    """Pairs of an hour that every gate let pass, or that one alone rejected; the highest predictions first."""
    known = signals[signals["predicted_excess_pct"].notna()]
    rejections = (known[list(GATES)] != PASS).sum(axis=1)
    kept = known[rejections <= 1].sort_values("predicted_excess_pct", ascending=False)
    return [str(pair) for pair in kept["pair"].head(MAX_PAIRS)]


def _explain(
    store: FeatureStore, hour: datetime, weights: Mapping[str, float], members: Mapping[str, tuple[int, Fitted]],
    pairs: list[str],
) -> tuple[list[dict[str, object]], list[str]]:  # fmt: skip
    names = tuple(dict.fromkeys(name for _, fitted in members.values() for name in fitted.names))
    parts = [rows for _, rows in feature_rows(store, names, hour, hour + HOUR) if len(rows.hours)]
    if not parts:
        return [], []
    rows = parts[0]
    each = {
        name: member_contributions(fitted, rows.matrix, names, rows.hours)
        for name, (_, fitted) in members.items()
    }
    joint = joint_contributions(list(each.values()), [weights[name] for name in each])
    differing = [
        words
        for name, (version, _) in members.items()
        if (words := _difference(store, hour, name, version, rows, each[name]))
    ]
    places = {str(pair): place for place, pair in enumerate(rows.pairs)}
    return [
        one for pair in pairs if pair in places for one in _rows_of(joint, rows, names, pair, places[pair])
    ], differing


def _difference(
    store: FeatureStore, hour: datetime, member: str, version: int, rows: FeatureRows, found: Contributions
) -> str:
    """Which pairs' contributions do not add up to the score that was stored, empty when all do."""
    held = stored(store, member, hour, hour + HOUR)
    held = held[held["version"] == version]
    scores = dict(zip(held["pair"], held["score"], strict=True))
    known = np.array([scores.get(str(pair), np.nan) for pair in rows.pairs])
    off = np.abs(found.score - known) > TOLERANCE
    return f"{member}: {', '.join(rows.pairs[off])}" if off.any() else ""


def _rows_of(
    joint: Contributions, rows: FeatureRows, names: tuple[str, ...], pair: str, place: int
) -> list[dict[str, object]]:
    score = float(joint.score[place])
    return [
        {
            "pair": pair, "place": number, "feature": feature, "contribution": contribution, "relative_score": score,
            "value": np.nan if feature == BASE else float(rows.matrix[place, names.index(feature)]),
        }
        for number, (feature, contribution) in enumerate(largest(joint, place, TOP), start=1)
    ]  # fmt: skip
