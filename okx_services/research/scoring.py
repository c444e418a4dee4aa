"""Signals of a window: what each pair and hour is expected to earn, the result of every gate, and the model.

The newest closed hour uses the version behind the alias @champion. An older hour uses the version that
`ml.champions` names for its week, so a backfill never uses a later model.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd

from okx_core.contracts import require_contract
from okx_core.decisions.gates import PASS, evaluate_gates
from okx_core.decisions.range_gates import with_range_gates
from okx_core.decisions.rules import DecisionRules
from okx_core.hours import DAY, HOUR, week_start
from okx_core.models.champions.decision import is_expired
from okx_core.models.champions.signal_model import SignalModel
from okx_services.research.champions import BY_HAND, last_promotion
from okx_services.research.model_scores import UNKNOWN, ModelScores, expected_rows
from okx_services.trading.costs import read_market_state, with_costs
from resources.feature_store.sql_window import SqlWindow
from resources.feature_store.store import FeatureStore
from resources.postgres.database import Database
from resources.postgres.queries import query
from resources.registry.tracking import CHAMPION, SIGNAL_MODEL, Tracking, TrackingError

FEATURES = "features.features_1h"
SIGNALS = "trading.signals"
NOBODY = f"no version of {SIGNAL_MODEL} is in charge: none has passed the promotion gate, see ml/champion"
COLUMNS = [
    "pair", "timestamp_utc", "predicted_excess_pct", "excess_probability", "interval_low_pct", "interval_high_pct",
    "outside_share", "training_distance", "turnover_24h_quote", "taker_fee_rate", "book_spread_bps",
    "book_depth_quote", "book_source", "gate_model", "gate_outside", "gate_distance", "gate_universe", "gate_market",
    "gate_probability", "gate_fee", "gate_slippage", "gate_liquidity", "tradable", "risk_multiplier", "model_name",
    "model_version", "live",
]  # fmt: skip


@dataclass(frozen=True)
class Assignment:
    """The version for a stretch of hours, or why there is none; `live` for the newest closed hour.

    `answered`: MLflow has said which version is behind @champion, if any.
    """

    start: datetime
    end: datetime
    version: int | None
    reason: str = ""
    live: bool = False
    answered: bool = False


@dataclass(frozen=True)
class Scored:
    """The signals of a window, the models used by version, and why hours are without one, by reason.

    `failures` are those reasons that someone must see to: a version that cannot be used, MLflow that is down.
    `champion` is the version behind @champion where MLflow was asked and has answered.
    """

    rows: pd.DataFrame
    models: Mapping[int, SignalModel]
    feature_rows: int
    reasons: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    champion: int | None = None
    asked_champion: bool = False


def score_window(
    feature_store: FeatureStore,
    tracking: Tracking,
    start: datetime,
    end: datetime,
    live_hour: datetime,
    max_age_weeks: int,
    rules: DecisionRules,
) -> Scored:
    """What the hours of [start, end) are expected to earn, with every gate; rows of `trading.signals`, not yet stored.

    Every feature row has a signal. Without a usable model it is expected to earn nothing known, gate_model says why,
    and it opens no position; nothing is raised for that.
    """
    database = feature_store.database
    features = SqlWindow(feature_store, FEATURES).read(start, end)
    parts, models, reasons, failures = [], ModelScores(feature_store, tracking), [], []
    assigned, champion = assignments(database, tracking, start, end, live_hour)
    for part in assigned:
        inside = features["timestamp_utc"].between(part.start, part.end, inclusive="left")
        if inside.any():
            rows, reason, failed = expected_rows(models, features[inside], part.start, part.end, part.version)
            reason = reason or part.reason
            gate = reason or _age_rejection(models, part, max_age_weeks)
            parts.append(rows.assign(gate_model=gate or PASS))
            reasons += [gate] if gate else []
            failures += (
                [reason] if failed or (part.live and part.version is None and part.reason != NOBODY) else []
            )
    found = pd.concat(parts, ignore_index=True) if parts else _no_rows()
    signals = apply_gates(database, found, start, end, rules, tracking)
    signals["live"] = signals["timestamp_utc"] == live_hour
    require_contract(SIGNALS, signals)
    return Scored(
        signals[COLUMNS], models.loaded, len(features), tuple(dict.fromkeys(reasons)), tuple(dict.fromkeys(failures)),
        champion, any(part.answered for part in assigned),
    )  # fmt: skip


def assignments(
    database: Database, tracking: Tracking, start: datetime, end: datetime, live_hour: datetime
) -> tuple[list[Assignment], int | None]:
    """Which version scores which hours of [start, end), cut at weeks and at the live hour; and @champion if asked."""
    decided = _decided(database)
    found: list[Assignment] = []
    champion: int | None = None
    while start < end:
        week = week_start(start)
        stop = min(end, week + 7 * DAY)
        if start <= live_hour < stop:
            stop = live_hour if start < live_hour else live_hour + HOUR
        if start == live_hour:
            one = _live(database, tracking, start)
            champion = one.version
            found.append(one)
        else:
            version = decided.get(week.date())
            found.append(Assignment(start, stop, version, "" if version is not None else NOBODY))
        start = stop
    return found, champion


def _decided(database: Database) -> dict[date, int | None]:
    """The version in charge of each week that was decided on."""
    rows = database.rows(
        "select week, model_version from ml.champions where model_name = $1", (SIGNAL_MODEL,)
    )
    return {row["week"]: row["model_version"] for row in rows}


def _live(database: Database, tracking: Tracking, hour: datetime) -> Assignment:
    try:
        version = tracking.aliased(CHAMPION)
        reason = "" if version is not None else _without_champion(database, tracking)
    except TrackingError as error:
        return Assignment(hour, hour + HOUR, None, str(error), live=True)
    return Assignment(hour, hour + HOUR, version, reason, live=True, answered=True)


def _without_champion(database: Database, tracking: Tracking) -> str:
    """Why @champion is behind no version: the gate left it so, or somebody took it away in MLflow."""
    last = last_promotion(database)
    lost = None if last is None else last.model_version
    if lost is None and last is not None and last.decided_by == BY_HAND:
        lost = last.previous_version
    if lost is None:
        return NOBODY
    gone = "" if tracking.has(SIGNAL_MODEL, lost) else ", which has been deleted"
    return (
        f"no version of {SIGNAL_MODEL} is in charge: @champion was taken from version {lost}{gone}, in MLflow; "
        "`okxsignal promote VERSION --because ...` names another"
    )


def _age_rejection(models: ModelScores, part: Assignment, max_age_weeks: int) -> str:
    """Why the version is too old to open positions, empty when it is not."""
    if part.version is None or part.version not in models.loaded:
        return ""
    trained = date.fromisoformat(models.loaded[part.version].week)
    if not is_expired(trained, part.start.date(), max_age_weeks):
        return ""
    return f"version {part.version} was trained for {trained}, more than {max_age_weeks} weeks ago"


def _no_rows() -> pd.DataFrame:
    keys = {"pair": pd.array([], "str"), "timestamp_utc": pd.DatetimeIndex([], tz="UTC").as_unit("us")}
    return pd.DataFrame(keys | {name: np.empty(0) for name in (*UNKNOWN, "model_version")}).assign(
        gate_model=PASS
    )


def known_in_time(database: Database, rows: pd.DataFrame) -> list[str]:
    """Signals that rest on what was known later only, a line per version: none when all is well.

    Asked of the rows: the hour that each signal is decided in, and the newest outcome and label behind its version and
    the versions of its members, as they were recorded when these were made.
    """
    known = rows.dropna(subset=["model_version"])
    firsts = known.groupby("model_version")["timestamp_utc"].min() + HOUR
    late = []
    for version, decided_at in firsts.items():
        found = database.rows(query("knowledge_of_version"), (SIGNAL_MODEL, int(float(str(version)))))
        if not found:
            late.append(f"version {version} is not on record")
        elif found[0]["known_at"] is not None and found[0]["known_at"] > decided_at:
            late.append(
                f"version {version} knows {found[0]['known_at']}, its first signal is of {decided_at}"
            )
        elif found[0]["week"] > decided_at.date():
            late.append(
                f"version {version} was made for {found[0]['week']}, its first signal is of {decided_at}"
            )
    return late


def apply_gates(
    database: Database,
    predicted: pd.DataFrame,
    start: datetime,
    end: datetime,
    rules: DecisionRules,
    tracking: Tracking | None = None,
) -> pd.DataFrame:
    """Add costs, the result of the universe and of every gate to the predictions of [start, end).

    Without `tracking` no slippage model can be loaded: costs are those of the books.
    """
    state = read_market_state(database, start, end)
    rows = predicted.merge(state, how="left", on=["pair", "timestamp_utc"])
    rows = with_costs(database, rows, state, start, end, tracking)
    rows["day"] = (rows["timestamp_utc"] + HOUR).dt.floor("D")
    gated = with_range_gates(evaluate_gates(_with_universe(database, rows), rules))
    gated["tradable"] &= (gated["gate_universe"] == PASS) & (gated["gate_model"] == PASS)
    gated["model_version"] = gated["model_version"].astype("Int64")
    gated["model_name"] = SIGNAL_MODEL
    return gated.sort_values(["timestamp_utc", "pair"], ignore_index=True)


def _with_universe(database: Database, rows: pd.DataFrame) -> pd.DataFrame:
    """gate_universe and risk_multiplier as of the last universe day that is not after the decision."""
    universe = database.frame(
        "select day, pair, enabled, reason, risk_multiplier from market.universe order by day"
    )
    universe["day"] = pd.to_datetime(universe["day"]).dt.tz_localize(UTC).astype(rows["day"].dtype)
    joined = pd.merge_asof(rows.sort_values("day"), universe, on="day", by="pair")
    known = joined["enabled"].notna()
    reason = joined["reason"].where(known, "not in the universe")
    joined["gate_universe"] = reason.mask(known & joined["enabled"].eq(True), PASS)
    joined["risk_multiplier"] = joined["risk_multiplier"].fillna(0.0)
    return joined


def keep_signals(database: Database, rows: pd.DataFrame, start: datetime, end: datetime) -> int:
    """Store the signals of [start, end) in place of older ones; how many of `rows` are stored afterwards.

    An hour that orders were decided from keeps the signals that they were decided from: they say why.
    """
    decided = [row["timestamp_utc"] for row in database.rows(query("signals_decided_from"), (start, end))]
    kept = rows["timestamp_utc"].isin(decided)
    condition = (
        "timestamp_utc >= $1 and timestamp_utc < $2 "
        "and timestamp_utc not in (select signal_hour from trading.executed_hours) "
        "and timestamp_utc not in (select signal_hour from trading.intents)"
    )
    return database.replace_rows(SIGNALS, rows[~kept], condition, (start, end)) + int(kept.sum())


def new_failures(database: Database, scored: Scored, live_hour: datetime) -> list[str]:
    """Failures of the newest hour that the hour before did not have: each is worth one alert, not one an hour."""
    live = scored.rows[scored.rows["live"]]
    held = set(live["gate_model"]) & set(scored.failures)
    before = database.rows(
        "select distinct gate_model from trading.signals where timestamp_utc = $1", (live_hour - HOUR,)
    )
    return sorted(held - {row["gate_model"] for row in before})
