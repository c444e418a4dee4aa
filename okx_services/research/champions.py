"""The weekly decision which version of the signal model is in charge, its evidence, and the alias @champion."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from okx_core.hours import WEEK, week_start
from okx_core.models.champions.decision import Decision, Standing, decide
from okx_core.models.champions.evidence import Evidence, evidence
from okx_core.models.champions.record import TrackRecord
from okx_services.research.signal_versions import SignalVersion, recorded
from okx_services.research.track_record import midnight, place_of, read_record
from okx_services.research.trials import ensemble_name, note_sharpes, number_of_trials
from resources.feature_store.store import FeatureStore
from resources.postgres.database import Database
from resources.registry.tracking import CHALLENGER, CHAMPION, SIGNAL_MODEL, Tracking

BY_GATE, BY_COMMAND, BY_HAND = "gate", "command", "by hand"


@dataclass(frozen=True)
class WeekDecision:
    """The decision of a week, the version it concerns, and the evidence for the newest version."""

    week: date
    decision: Decision
    members: tuple[str, ...]
    trained_for: date | None
    evidence: Evidence | None


def decide_weeks(
    store: FeatureStore, tracking: Tracking, weeks: Sequence[date], now: datetime, max_age_weeks: int
) -> list[WeekDecision]:
    """Decide on each week with what was known when it began, and store it; the current week moves @champion.

    Raises TrackingError when the current week's decision cannot be made known to MLflow; it is not stored then.
    """
    ordered = sorted(weeks)
    records = _Records(store, midnight(ordered[-1]))
    found = []
    for week in ordered:
        made = _decide(store, records, week, max_age_weeks)
        if week == week_start(now).date():
            move_champion(store.database, tracking, made.decision.version, BY_GATE, made.decision.reason, now)
            name_challenger(store.database, tracking)
        store.database.upsert("ml.champions", ["week"], [_row(made, now)])
        found.append(made)
    return found


class _Records:
    """The record of each set of members up to the last week, read once."""

    def __init__(self, store: FeatureStore, until: datetime) -> None:
        self._store, self._until = store, until
        self._held: dict[str, TrackRecord | None] = {}

    def of(self, members: Sequence[str]) -> TrackRecord | None:
        name = ensemble_name(members)
        if name not in self._held:
            self._held[name] = read_record(self._store, members, self._until)
        return self._held[name]


def _decide(store: FeatureStore, records: _Records, week: date, max_age_weeks: int) -> WeekDecision:
    versions = recorded(store.database, week)
    candidate = _standing(store.database, records, versions[-1], week) if versions else None
    incumbent_version = incumbent_of(store.database, week)
    incumbent = None
    for one in versions:
        if one.version == incumbent_version:
            same = candidate is not None and set(one.members) == set(candidate.members)
            incumbent = (
                Standing(one.version, one.week, candidate.members, candidate.evidence)
                if same and candidate is not None
                else _standing(store.database, records, one, week)
            )
    decision = decide(candidate, incumbent, week, max_age_weeks)
    if candidate is not None:
        note_sharpes(store.database, candidate.members, candidate.evidence.sharpes, week)
    chosen = next((one for one in versions if one.version == decision.version), None)
    return WeekDecision(
        week, decision,
        tuple(sorted(chosen.members)) if chosen else (candidate.members if candidate else ()),
        chosen.week if chosen else None,
        candidate.evidence if candidate else None,
    )  # fmt: skip


def _standing(database: Database, records: _Records, version: SignalVersion, week: date) -> Standing:
    """The version with the evidence of its members' predictions of the hours before the week."""
    members = tuple(sorted(version.members))
    record = records.of(members)
    assert record is not None, "a version is made of members that have versions"
    past = record.until(place_of(record, midnight(week)))
    return Standing(
        version.version, version.week, members,
        evidence(past, number_of_trials(database), _history_weeks(database, members)),
    )  # fmt: skip


def _history_weeks(database: Database, members: Sequence[str]) -> float:
    """Weeks of history that the oldest version of the members was trained on."""
    weeks = database.scalar(
        "select history_weeks from ml.model_versions where member = any($1) order by week, history_weeks limit 1",
        (list(members),),
    )
    return float("nan") if weeks is None else float(weeks)


def incumbent_of(database: Database, week: date) -> int | None:
    """The version that was in charge before the week: the gate's, or the one that was put there in its last week."""
    moved = database.rows(
        "select model_version from ml.promotions where decided_by <> $1 and decided_at >= $2 and decided_at < $3 "
        "order by promotion_id desc limit 1",
        (BY_GATE, midnight(week - WEEK), midnight(week)),
    )
    if moved:
        return None if moved[0]["model_version"] is None else int(moved[0]["model_version"])
    version: int | None = database.scalar(
        "select model_version from ml.champions where week < $1 and model_name = $2 order by week desc limit 1",
        (week, SIGNAL_MODEL),
    )
    return version


def _row(made: WeekDecision, now: datetime) -> dict[str, object]:
    rules = [] if made.evidence is None else [rule.to_json() for rule in made.evidence.rules]
    return {
        "week": made.week,
        "model_name": SIGNAL_MODEL,
        "model_version": made.decision.version,
        "members": ", ".join(made.members) or None,
        "trained_for_week": made.trained_for,
        "outcome": made.decision.outcome,
        "evidence": json.dumps(rules),
        "reason": made.decision.reason,
        "decided_at": now,
    }


def move_champion(
    database: Database, tracking: Tracking, version: int | None, by: str, because: str, now: datetime
) -> bool:
    """Point @champion at a version, or at none, and record it; False when it was there already.

    A move by hand that no hour has seen yet is recorded before it.
    """
    before = tracking.aliased(CHAMPION)
    note_champion_moved_by_hand(database, before, now)
    if before == version:
        return False
    tracking.promote(version)
    _note(database, version, before, by, because, now)
    return True


def _note(
    database: Database, version: int | None, before: int | None, by: str, because: str, now: datetime
) -> None:
    database.execute(
        "insert into ml.promotions (decided_at, model_name, model_version, previous_version, decided_by, because) "
        "values ($1, $2, $3, $4, $5, $6)",
        (now, SIGNAL_MODEL, version, before, by, because),
    )


def name_challenger(database: Database, tracking: Tracking) -> None:
    """Point @challenger at the newest version while another one, or none, is in charge."""
    versions = recorded(database)
    newest = versions[-1].version if versions else None
    tracking.point(CHALLENGER, None if newest == tracking.aliased(CHAMPION) else newest)


class Promotion(NamedTuple):
    """Who is in charge since the last promotion (None: nobody), who was before, and who decided."""

    model_version: int | None
    previous_version: int | None
    decided_by: str


def last_promotion(database: Database) -> Promotion | None:
    """The newest row of ml.promotions; None without one."""
    rows = database.rows(
        "select model_version, previous_version, decided_by from ml.promotions where model_name = $1 "
        "order by promotion_id desc limit 1",
        (SIGNAL_MODEL,),
    )
    return Promotion(**rows[0]) if rows else None


def note_champion_moved_by_hand(database: Database, version: int | None, now: datetime) -> bool:
    """Record that @champion is behind another version than the last recorded promotion left it; whether it is."""
    last = last_promotion(database)
    known = None if last is None else last.model_version
    if known == version:
        return False
    _note(database, version, known, BY_HAND, "the alias @champion was moved in MLflow", now)
    return True
