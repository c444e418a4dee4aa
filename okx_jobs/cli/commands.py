"""The commands, after their options are parsed."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
from rich.console import Console

from okx_assets import keys
from okx_core.hours import DAY, HOUR, LABEL_HORIZON_HOURS, floor_hour, newest_closed_hour
from okx_jobs.cli.gap_report import print_gaps
from okx_jobs.cli.introduction import introduction
from okx_jobs.cli.summary import print_rows, print_summary
from okx_jobs.dagster_jobs.hour_ranges import DAY_FORMAT, HOUR_FORMAT
from okx_jobs.runs.demo import Demo
from okx_jobs.runs.market_choice import (
    DemoRequest,
    RequestError,
    recorded_market,
    require_partition,
    synthetic_market,
)
from okx_jobs.runs.progress import shown_fetch
from okx_jobs.runs.runner import Pipeline, quiet_instance
from okx_jobs.stack import services
from okx_jobs.stack.home_command import command_for
from resources.config.settings import Settings
from resources.simulator.admin import SimulatorAdmin
from resources.stores import open_database, open_exchange


def run_demo(request: DemoRequest, console: Console) -> None:
    """Choose the market and the home, then run the pipeline on it."""
    market = recorded_market(request) if request.tape is not None else synthetic_market(request)
    settings, stretch = market.settings, market.stretch
    services.require_stack_stopped(settings.home)
    console.print(introduction(settings, stretch), highlight=False, soft_wrap=True)
    clock = f"fixed:{stretch.history_end:%Y-%m-%dT%H:%M:%SZ}"
    with services.working_services(settings, clock), quiet_instance(settings.home) as instance:
        market.remember()
        demo = Demo(
            Pipeline(instance), SimulatorAdmin(settings.simulator_admin_url), stretch, console,
            lambda: services.wait_for_mlflow(settings),
            lambda: print_rows(console, open_database(settings.database)),
        )  # fmt: skip
        demo.run()
        _validate_once(Pipeline(instance), console)
        print_summary(console, open_database(settings.database), settings, command_for(settings.home))


def _validate_once(pipeline: Pipeline, console: Console) -> None:
    """The checks of the features, which `up` repeats each night: without them their page would say skipped."""
    if not pipeline.is_validated():
        began = time.monotonic()
        with console.status("validating the features"):
            pipeline.run("validate_features")
        console.print(f"  {'validation':<14} done in {time.monotonic() - began:.0f} s")


def run_backfill(
    start: datetime, end: datetime | None, again: bool, settings: Settings, console: Console
) -> None:
    """Candles, features and labels of [start, end); hours that are there already stay, unless `again`."""
    with services.working_services(settings), quiet_instance(settings.home) as instance:
        pipeline, now = Pipeline(instance), open_exchange(settings.exchange).now()
        end = min(end or floor_hour(now), floor_hour(now))
        require_partition(start)
        if start >= end:
            raise RequestError(
                f"--from {start:%Y-%m-%d %H:%M} is not before {end:%Y-%m-%d %H:%M}, the end of what has closed"
            )
        with console.status("universe"):
            days = _backfill_universe(pipeline, start, end)
        console.print(f"universe     {days:>7,} days")
        stages: dict[str, tuple[Sequence[dg.AssetKey], int]] = {
            "candles": (keys.HOURLY_CANDLES, 0),
            "funding": ([keys.FUNDING_RATES], 0),
            "features": ([keys.FEATURES_1H], 0),
            **{key.path[-1]: ([key], LABEL_HORIZON_HOURS[name]) for name, key in keys.LABELS.items()},
        }
        for name, (assets, horizon) in stages.items():
            last = end - horizon * HOUR
            with shown_fetch(console, name):
                hours = _run_hours(pipeline, assets, start, last, again)
            console.print(f"{name:<12} {hours:>7,} hours")
        if pipeline.resolve_due_gaps():
            print_gaps(open_database(settings.database), console)


def _backfill_universe(pipeline: Pipeline, start: datetime, end: datetime) -> int:
    """The days that were missing, as one run; how many they were."""
    days = [(start.replace(hour=0) + n * DAY).strftime(DAY_FORMAT) for n in range((end - start).days + 2)]
    missing = [day for day in pipeline.missing_keys(keys.UNIVERSE, days) if day <= end.strftime(DAY_FORMAT)]
    if missing:
        pipeline.run_range([keys.UNIVERSE], missing[0], missing[-1])
    return len(missing)


def _run_hours(
    pipeline: Pipeline, assets: Sequence[dg.AssetKey], start: datetime, end: datetime, again: bool
) -> int:
    if end <= start:
        return 0
    if not again:
        return pipeline.run_missing_hours(assets, start, end)
    pipeline.run_range(assets, start.strftime(HOUR_FORMAT), (end - HOUR).strftime(HOUR_FORMAT))
    return (end - start) // HOUR


def run_gaps(repair: bool, settings: Settings, console: Console) -> None:
    """Show the gap ledger, after one more attempt at every due gap if asked for. Showing needs the database only."""
    services.require_home(settings)
    if not repair:
        with services.working_database(settings):
            print_gaps(open_database(settings.database), console)
        return
    with services.working_services(settings), quiet_instance(settings.home) as instance:
        with console.status("asking the exchange again"):
            Pipeline(instance).run("repair_gaps")
        print_gaps(open_database(settings.database), console)


def run_one_hour(hour: datetime | None, settings: Settings, console: Console) -> None:
    """The hourly job for one hour; prints what the execution op did."""
    with services.working_services(settings), quiet_instance(settings.home) as instance:
        services.wait_for_mlflow(settings)
        newest = newest_closed_hour(open_exchange(settings.exchange).now())
        chosen = floor_hour(hour) if hour is not None else newest
        require_partition(chosen)
        if chosen > newest:
            raise RequestError(
                f"hour {chosen:%Y-%m-%d %H:%M} has not closed at the exchange; the newest is {newest:%Y-%m-%d %H:%M}"
            )
        pipeline = Pipeline(instance)
        _backfill_universe(pipeline, chosen, chosen + HOUR)
        with console.status(f"hour {chosen:%Y-%m-%d %H:%M}"):
            result = pipeline.run("trade_hour", partition_key=chosen.strftime(HOUR_FORMAT))
        facts = result.asset_materializations_for_node("execution")[0].metadata
        for name in ("placed", "rejected", "settled", "unresolved", "rejection_reason", "skipped"):
            console.print(f"{name:<12} {facts[name].value}")


def arm_live(arming: Path, console: Console) -> None:
    """Write the second opt-in after the user has typed what it means."""
    answer = console.input(
        "Real orders with real money will be placed from this home. Type 'trade live' to arm: "
    )
    if answer.strip() != "trade live":
        raise RequestError("not armed: the words were not 'trade live'")
    arming.parent.mkdir(parents=True, exist_ok=True)
    arming.write_text(f"armed at {datetime.now(UTC).isoformat()}\n", encoding="utf-8")
    console.print(f"armed: {arming}; delete the file to disarm")
