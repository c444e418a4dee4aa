"""The versions of the signal model: made when a member has a new version, registered, recorded."""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from okx_core.hours import HOUR, week_start
from okx_core.models.algorithms.baselines import VOLATILITY
from okx_core.models.champions.evidence import Evidence, brier_difference, evidence
from okx_core.models.champions.record import HORIZON, TrackRecord
from okx_core.models.champions.signal_model import SignalModel
from okx_core.models.evaluation.calibration import Calibration
from okx_core.models.evaluation.scores import hourly_rank_ic
from okx_core.models.targets import future_return_pct
from okx_services.reports.explanations import ensemble_importance_figure
from okx_services.reports.figures import cumulative_figure, decile_figure, reliability_figure
from okx_services.reports.market_origin import market_note
from okx_services.research.evaluation.model_cards import (
    positive_outcome,
    probability_metrics,
    with_signal_card,
)
from okx_services.research.predictions import registered_versions
from okx_services.research.track_record import midnight, place_of, read_record
from okx_services.research.trials import count_ensemble, number_of_trials
from resources.config.code_version import code_version
from resources.feature_store.store import FeatureStore
from resources.postgres.database import Database
from resources.registry import served_signal
from resources.registry.new_version import NewVersion
from resources.registry.tracking import (
    SIGNAL_DESCRIPTION,
    SIGNAL_MODEL,
    Tracking,
    TrackingError,
    member_model,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DECILES = 10
NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")  # of metrics


@dataclass(frozen=True)
class SignalVersion:
    """A recorded version of the signal model."""

    version: int
    week: date
    members: dict[str, int]
    outcome_known_at: datetime | None


def recorded(database: Database, until: date | None = None) -> list[SignalVersion]:
    """The versions made for weeks up to `until`, the oldest first."""
    rows = database.rows(
        "select model_version, week, members, outcome_known_at from ml.signal_versions where model_name = $1 "
        "and ($2::date is null or week <= $2) order by week, model_version",
        (SIGNAL_MODEL, until),
    )
    return [
        SignalVersion(row["model_version"], row["week"], dict(row["members"]), row["outcome_known_at"])
        for row in rows
    ]


def make_versions(
    store: FeatureStore,
    tracking: Tracking,
    weeks: Sequence[date],
    members: Sequence[str],
    now: datetime,
    run_id: str,
) -> dict[date, int | None]:
    """The version of each week: a new one where a member has a new version since the last, else the last; None
    while a member has none. Raises TrackingError.
    """
    due = _due(store.database, weeks, members)
    made = sorted(week for week, held in due.items() if held)
    record = read_record(store, sorted(members), midnight(made[-1]), made) if made else None
    for week in made:
        assert record is not None, "a week is due only when its members have versions"
        _make(store, tracking, week, due[week], record, now, run_id)
    versions = recorded(store.database)
    return {
        week: next((one.version for one in reversed(versions) if one.week <= week), None) for week in weeks
    }


def _due(database: Database, weeks: Sequence[date], members: Sequence[str]) -> dict[date, dict[str, int]]:
    """The members' versions of each week that needs a new signal version; empty where it needs none."""
    versions = registered_versions(database, members)
    known = {one.week: one.members for one in recorded(database)}
    due: dict[date, dict[str, int]] = {}
    for week in sorted(weeks):
        held = {
            name: max((w, version) for w, version in versions[name].by_week.items() if w <= week)[1]
            for name in members
            if any(w <= week for w in versions[name].by_week)
        }
        before = [one for one in known if one <= week]
        is_new = not before or known[max(before)] != held
        due[week] = held if len(held) == len(members) and is_new else {}
        if due[week]:
            known[week] = held
    return due


def _make(
    store: FeatureStore, tracking: Tracking, week: date, members: dict[str, int], record: TrackRecord,
    now: datetime, run_id: str,
) -> None:  # fmt: skip
    place = place_of(record, midnight(week))
    past = record.until(place)
    weights = dict(zip(record.members, record.weights[record.dates.index(place)].tolist(), strict=True))
    calibration = record.calibration(place)
    has_skill = calibration is not None and brier_difference(past) <= 0
    model = SignalModel(f"{week}", members, weights, calibration, has_skill)
    newest = record.newest_outcome(place)
    known_at = None if newest is None else midnight(week) + (newest - place + HORIZON + 1) * HOUR
    market = str(store.database.scalar("select identity from ops.market_source") or "")
    is_newest = week >= week_start(now).date()
    figures = _figures(past, is_newest=is_newest)
    if is_newest:
        figures |= _importance(tracking, model)
    shown = evidence(past, number_of_trials(store.database), math.nan)
    metrics = {**_metrics(model), **_evidence_metrics(past, shown)}
    new = _new_version(model, known_at, market, run_id, figures, metrics)
    new = replace(new, tags={**new.tags, "data_fingerprint": _fingerprints(store.database, members)})
    registered = tracking.register(with_signal_card(new, model, shown))
    count_ensemble(store.database, list(members), now)
    row = {
        "model_name": SIGNAL_MODEL,
        "model_version": registered.version,
        "week": week,
        "members": json.dumps(members),
        "weights": json.dumps(weights),
        "calibration": None if calibration is None else json.dumps(model.to_json()["calibration"]),
        "has_skill": has_skill,
        "outcome_known_at": known_at,
        "run_id": registered.run_id,
        "code_version": code_version(),
        "trained_at": datetime.now(UTC),
    }
    store.database.upsert("ml.signal_versions", ["model_name", "model_version"], [row])


def _fingerprints(database: Database, members: dict[str, int]) -> str:
    """What each member's version was trained on: the fingerprint of its data."""
    rows = database.rows(
        "select member, data_fingerprint from ml.model_versions where (member, model_version) in "
        "(select * from unnest($1::text[], $2::int[])) order by member",
        (list(members), list(members.values())),
    )
    return ", ".join(f"{row['member']} {row['data_fingerprint']}" for row in rows)


def _figures(past: TrackRecord, *, is_newest: bool) -> dict[str, Any]:
    """What the scores until then were worth; nothing before any outcome is known, two figures for an old week."""
    outcome = past.outcome
    known = ~np.isnan(past.score) & ~np.isnan(outcome)
    if known.sum() < DECILES:
        return {}
    figures = {
        "deciles": decile_figure(past.score[known], outcome[known]),
        "reliability": reliability_figure(past.probability, positive_outcome(past)),
    }
    if is_newest:
        future = future_return_pct(past.closes, HORIZON)
        scores = {**past.members, "ensemble": past.score}
        series = {name: (past.first_hour, hourly_rank_ic(grid, future)) for name, grid in scores.items()}
        title = f"Out-of-sample rank IC with the next {HORIZON} hours"
        figures["cumulative_ic"] = cumulative_figure(series, "cumulative rank IC", title, bold="ensemble")
    return figures


def _importance(tracking: Tracking, model: SignalModel) -> dict[str, "Figure"]:
    """What the members' versions rest on, as they were logged, joined by weight; nothing where one was removed."""
    try:
        shares = {
            name: tracking.document(member_model(name), version, "importance")
            for name, version in model.members.items()
        }
    except TrackingError:
        return {}
    return {"importance": ensemble_importance_figure(shares, model.weights)}


def _new_version(
    model: SignalModel, known_at: datetime | None, market: str, run_id: str, figures: dict[str, Any],
    metrics: dict[str, float],
) -> NewVersion:  # fmt: skip
    example = pd.DataFrame(
        {name: [0.4, 0.1, -0.2, -0.3] for name in model.members} | {VOLATILITY: [60.0, 50.0, 80.0, 70.0]}
    )
    prediction = served_signal.ServedSignal(model).predict(example)
    return NewVersion(
        model_name=SIGNAL_MODEL,
        model_description=SIGNAL_DESCRIPTION,
        run_name=f"{model.week} signal",
        description=_description(model, known_at, market),
        files=served_signal.files_of(model),
        loader=served_signal.__name__,
        example=example,
        prediction=prediction,
        requirements=("numpy", "pandas"),
        parameters={f"weight.{name}": weight for name, weight in model.weights.items()},
        metrics=metrics,
        figures=figures,
        tags={
            "week": model.week,
            "members": ", ".join(f"{name} v{version}" for name, version in model.members.items()),
            "dagster_run_id": run_id,
            "code_version": code_version(),
            "market": market or "unknown",
        },
    )


def _metrics(model: SignalModel) -> dict[str, float]:
    found = model.calibration
    if found is None:
        return {}
    return {
        "excess_pct_per_score": found.slope,
        "excess_slope_t": found.slope_t,
        "base_rate": found.base_rate,
    }


def _evidence_metrics(past: TrackRecord, shown: Evidence) -> dict[str, float]:
    """Every figure of the gate when the version was made, and how far stated probabilities were from what came."""
    return {
        **{NOT_IN_NAMES.sub("_", rule.name.lower()).strip("_"): rule.value for rule in shown.rules},
        **probability_metrics(past),
    }


def _slope_words(found: Calibration | None, known_at: datetime | None) -> str:
    if found is None:
        return "nothing yet: too few outcomes were known."
    return (
        f"{found.slope:.3f} % of excess return over {HORIZON} h from the lowest rank to the highest "
        f"(t {found.slope_t:.1f}); outcomes known until {known_at:%Y-%m-%d %H:%M}."
    )


def _description(model: SignalModel, known_at: datetime | None, market: str) -> str:
    """What the version is made of, in Markdown."""
    members = "\n".join(
        f"- `{name}` version {version}, weight {model.weights[name]:.2f}"
        for name, version in model.members.items()
    )
    skill = (
        "better than the base rate" if model.has_skill else "no better than the base rate, so it states none"
    )
    lines = [
        f"Made for {model.week} (UTC) of\n\n{members}",
        f"**A score is expected to earn** {_slope_words(model.calibration, known_at)}",
        f"**Probability of excess > 0:** out of sample {skill}.",
        "**Evidence:** `ml.champions` and `okxsignal models`.",
        f"**Market:** {market or 'unknown'}. {market_note(market)}".rstrip(),
    ]
    return "\n\n".join(lines)
