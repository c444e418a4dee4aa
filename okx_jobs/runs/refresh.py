"""Features and labels computed anew from stored candles: new rows, the last days, or everything."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

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
from resources.stores import open_database

DERIVED = (*keys.DERIVED_CANDLES, keys.FEATURES_1H)
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
    """The window of each stage; stages with nothing to do are left out."""
    newest = newest_candle(database)
    if newest is None:
        raise RequestError("there are no candles to compute from: run `okxsignal backfill --from 2026-01-01`")
    oldest = database.scalar("select min(timestamp_utc) from market.candles_1h")
    for name, (assets, horizon) in STAGES.items():
        end = newest + HOUR - horizon * HOUR
        start = oldest
        if mode == "rolling":
            start = max(oldest, end - length)
        elif mode == "incremental":
            stored = Manifest(database).newest(table_of(assets[-1]))
            start = oldest if stored is None else stored + HOUR
        if start < end:
            yield Stage(name, assets, start, end)


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
