"""The weekly comparison of the ensemble in charge with its challengers, from stored predictions alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from okx_core.models.champions.comparison import Comparison, compare
from okx_core.models.evaluation.top_k import top_k
from okx_core.models.ranks import Floats
from okx_services.research.lifecycle.challengers import daily_members, shadow_members
from okx_services.research.track_record import midnight, read_record
from okx_services.research.trials import ensemble_name
from resources.feature_store.store import FeatureStore
from resources.postgres.database import Database
from resources.postgres.queries import query
from resources.registry.tracking import SIGNAL_MODEL

TABLE = "ml.model_comparison"


@dataclass(frozen=True)
class Series:
    """Hourly series of the next day's excess after costs in percent [hours], from `first_hour` (since 1970) on."""

    first_hour: int
    excess_pct: Floats


@dataclass(frozen=True)
class WeekComparison:
    """The comparisons of a week by challenger, and the series behind them; empty without a record of the champion."""

    week: date
    champion: str
    rows: dict[str, Comparison]
    series: dict[str, Series]


def compare_week(
    store: FeatureStore, members: Sequence[str], week: date, now: datetime, further: Sequence[str] = ()
) -> WeekComparison:
    """Compare on the hours before a week, and store it.

    The champion is the ensemble that is in charge of the week, or that of `members` while none is. Each challenger is
    an ensemble that could be in charge: the daily refits of its members, or its members and one more that a search
    found or `further` names.
    """
    database = store.database
    champion = _in_charge(database, week) or tuple(sorted(members))
    sets = {ensemble_name(one): one for one in _challengers(database, champion, further)}
    name = ensemble_name(champion)
    series = {}
    for key, one in ((name, champion), *sets.items()):
        found = _series(store, one, week)
        if found is not None:
            series[key] = found
    rows = {}
    if name in series:
        for key in sets:
            if key in series:
                rows[key] = compare(*_aligned(series[name], series[key]), compared=len(sets))
    database.upsert(
        TABLE, ["week", "challenger"], [_row(week, name, key, row, now) for key, row in rows.items()]
    )
    return WeekComparison(week, name, rows, series)


def _in_charge(database: Database, week: date) -> tuple[str, ...]:
    rows = database.rows(query("members_in_charge"), (week, SIGNAL_MODEL))
    return tuple(sorted(rows[0]["members"])) if rows else ()


def _challengers(
    database: Database, champion: Sequence[str], further: Sequence[str]
) -> list[tuple[str, ...]]:
    """The sets of members of which all have a version."""
    daily = daily_members(champion)
    found = [name for name in shadow_members(database, champion, further) if name not in daily]
    trained = {row["member"] for row in database.rows("select distinct member from ml.model_versions")}
    sets = [tuple(sorted(daily)), *(tuple(sorted((*champion, name))) for name in found)]
    return [one for one in sets if one and trained.issuperset(one)]


def _series(store: FeatureStore, members: Sequence[str], week: date) -> Series | None:
    record = read_record(store, sorted(members), midnight(week))
    if record is None:
        return None
    held = record.until(len(record.closes))
    everyone = np.logical_and.reduce([~np.isnan(grid) for grid in held.members.values()])
    # An hour without one of the members is an hour of another ensemble.
    score = np.where(everyone, held.score, np.nan)
    return Series(record.first_hour, top_k(score, held.closes).daily_excess_pct)


def _aligned(one: Series, other: Series) -> tuple[Floats, Floats]:
    """Both series on the hours from the first of the later one to the last of the earlier one."""
    first = max(one.first_hour, other.first_hour)
    stop = min(one.first_hour + len(one.excess_pct), other.first_hour + len(other.excess_pct))
    cut = [part.excess_pct[first - part.first_hour : stop - part.first_hour] for part in (one, other)]
    return cut[0], cut[1]


def _row(week: date, champion: str, challenger: str, found: Comparison, now: datetime) -> dict[str, object]:
    figures = {
        name: None if np.isnan(getattr(found, name)) else float(getattr(found, name))
        for name in ("champion_bp", "challenger_bp", "difference_bp", "t", "low_bp", "high_bp", "probability")
    }
    return {
        "week": week, "challenger": challenger, "champion": champion, "hours": found.hours, **figures,
        "is_warranted": found.is_warranted, "conclusion": found.words(challenger), "compared_at": now,
    }  # fmt: skip
