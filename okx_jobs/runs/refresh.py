"""Features and labels computed anew from stored candles: missing rows, the last days, or everything."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

import dagster as dg
from rich.console import Console

from okx_assets import keys
from okx_assets.keys import table_of
from okx_core.hours import DAY, HOUR, LABEL_HORIZON_HOURS
from okx_jobs.dagster_jobs.hour_ranges import HOUR_FORMAT
from okx_jobs.runs.market_choice import RequestError
from okx_jobs.runs.runner import Pipeline, quiet_instance
from okx_jobs.stack import services
from resources.config.settings import Settings
from resources.feature_store.manifest import Manifest
from resources.feature_store.sql_window import newest_candle
from resources.postgres.database import Database
from resources.postgres.queries import query
from resources.stores import open_database

DERIVED = (*keys.DERIVED_CANDLES, keys.FEATURES_1H)
Window = tuple[datetime, datetime]
# What each stage makes, and how many hours its newest row waits for.
STAGES: dict[str, tuple[Sequence[dg.AssetKey], int]] = {
    "features": (DERIVED, 0),
    **{key.path[-1]: ([key], LABEL_HORIZON_HOURS[name]) for name, key in keys.LABELS.items()},
}


@dataclass(frozen=True)
class Stage:
    """One run: assets over the bars [start, end)."""

    name: str
    assets: Sequence[dg.AssetKey]
    start: datetime
    end: datetime


def run_refresh(mode: str, hours: int | None, days: int | None, settings: Settings, console: Console) -> None:
    """One run per stage through Dagster, so that what was computed by which code is on record."""
    length = _length(mode, hours, days)
    with services.working_services(settings), quiet_instance(settings.home) as instance:
        pipeline, database = Pipeline(instance), open_database(settings.database)
        for stage in stages(mode, length, database):
            run_stage(pipeline, stage, console)


def _length(mode: str, hours: int | None, days: int | None) -> timedelta:
    """How far `rolling` goes back; the other modes take no length."""
    if (mode == "rolling") != (hours is not None or days is not None):
        raise RequestError("--hours or --days belongs to `refresh rolling`, which needs one of them")
    return (hours or 0) * HOUR + (days or 0) * DAY


def stages(mode: str, length: timedelta, database: Database) -> Iterator[Stage]:
    """The windows of each stage, in order of time; those with nothing to do are left out."""
    newest = newest_candle(database)
    if newest is None:
        raise RequestError("there are no candles to compute from: run `okxsignal backfill --from 2026-01-01`")
    oldest = database.scalar("select min(timestamp_utc) from market.candles_1h")
    for name, (assets, horizon) in STAGES.items():
        end = newest + HOUR - horizon * HOUR
        windows = [(oldest, end)]
        if mode == "rolling":
            windows = [(max(oldest, end - length), end)]
        elif mode == "incremental":
            windows = missing_windows(database, table_of(assets[-1]), horizon, (oldest, end))
        yield from (Stage(name, assets, first, last) for first, last in windows if first < last)


def missing_windows(database: Database, table: str, horizon: int, window: Window) -> list[Window]:
    """What of `window` the table's history lacks: months with another number of rows than their candles make, and
    what is newer than its newest row.
    """
    oldest, end = window
    manifest = Manifest(database)
    stored = manifest.newest(table)
    if stored is None:
        return [window]
    held = {
        file.month: file.row_count
        for file in manifest.current(table, oldest.date().replace(day=1), stored.date())
    }
    found: list[Window] = []
    for row in database.rows(query("expected_rows"), (horizon, stored)):
        if held.get(row["month"], 0) != row["expected"]:
            first = datetime.combine(row["month"], time(), UTC)
            following = (first + timedelta(days=32)).replace(day=1)
            found.append((max(first, oldest), min(following, stored + HOUR, end)))
    joined: list[Window] = []
    for first, last in [*found, (stored + HOUR, end)]:
        if joined and joined[-1][1] == first:
            joined[-1] = (joined[-1][0], max(last, first))
        else:
            joined.append((first, last))
    return joined


def run_stage(pipeline: Pipeline, stage: Stage, console: Console) -> None:
    """The run, and a line about it."""
    with console.status(stage.name):
        pipeline.run_range(
            stage.assets, stage.start.strftime(HOUR_FORMAT), (stage.end - HOUR).strftime(HOUR_FORMAT)
        )
    console.print(
        f"{stage.name:<12} {(stage.end - stage.start) // HOUR:>7,} hours, {stage.start:%Y-%m-%d %H:%M} "
        f"to {stage.end:%Y-%m-%d %H:%M}"
    )
