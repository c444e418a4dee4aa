"""What the commands of the command line do, once their options are read."""

import hashlib
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
from rich.console import Console

from okx_core.errors import OkxSignalError
from okx_jobs import services
from okx_jobs.calendar import DAY, HOUR, Stretch, floor_hour
from okx_jobs.demo import CANDLES, FEATURES, LABELS, UNIVERSE, Demo
from okx_jobs.pipeline import DAY_FORMAT, HOUR_FORMAT, Pipeline
from okx_jobs.summary import print_summary
from resources.recorded_market import covering_pairs
from resources.settings import MARKET_FILE, Mode, Settings, load_settings
from resources.simulator_admin import SimulatorAdmin
from resources.stores import open_database, open_exchange


class RequestError(OkxSignalError):
    """The options of a command contradict each other or ask for what is not there."""


@dataclass(frozen=True)
class DemoRequest:
    """The options of `okxsignal demo` as given; None where left out."""

    tape: Path | None
    pairs: str | None
    start: datetime | None
    end: datetime | None
    days: int
    live_hours: int
    strength: float | None
    seed: int | None


def run_demo(request: DemoRequest, console: Console) -> None:
    """Choose the market and the home, then run the pipeline on it."""
    settings = _recorded_market(request) if request.tape is not None else _synthetic_market(request)
    if settings.mode is not Mode.SIMULATED:
        raise RequestError(f"demo runs in mode simulated only, OKXSIGNAL_MODE is {settings.mode}")
    stretch = _stretch(request, settings)
    services.require_nobody_home(settings)
    console.print(
        f"{settings.tape} tape, {len(settings.pair_list)} pairs, {stretch.start:%Y-%m-%d %H:%M} to "
        f"{stretch.end:%Y-%m-%d %H:%M} UTC; home {settings.home}", soft_wrap=True,
    )  # fmt: skip
    clock = f"fixed:{stretch.history_end:%Y-%m-%dT%H:%M:%SZ}"
    with services.working_services(settings, clock), dg.DagsterInstance.get() as instance:
        demo = Demo(
            Pipeline(instance), SimulatorAdmin(settings.simulator_admin_url), stretch, console,
            lambda: services.wait_for_mlflow(settings),
        )  # fmt: skip
        demo.run()
        command = "okxsignal" if request.tape is None else f"okxsignal --home {_short(settings.home)}"
        print_summary(console, open_database(settings), settings, command)


def _short(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _synthetic_market(request: DemoRequest) -> Settings:
    asked = {
        "OKXSIGNAL_PAIRS": request.pairs,
        "OKXSIGNAL_TAPE_STRENGTH": None if request.strength is None else repr(request.strength),
        "OKXSIGNAL_TAPE_SEED": None if request.seed is None else str(request.seed),
    }
    given = {name: value for name, value in asked.items() if value is not None}
    if given and "OKXSIGNAL_HOME" not in os.environ:
        digest = hashlib.sha256(repr(sorted(given.items())).encode()).hexdigest()[:8]
        os.environ["OKXSIGNAL_HOME"] = str(load_settings().home / "markets" / f"synthetic-{digest}")
    return _settle_market(given)


def _recorded_market(request: DemoRequest) -> Settings:
    """A home for the recorded tape: one per file and stretch, so that markets never mix."""
    if request.tape is None or not request.tape.is_file():
        raise RequestError(f"--tape {request.tape}: there is no such file")
    tape = request.tape.resolve()
    start, end, pairs = covering_pairs(tape, request.start, request.end, request.pairs)
    name = f"{tape.stem}-{start:%Y%m%d}-{end:%Y%m%d}"
    if "OKXSIGNAL_HOME" not in os.environ:
        digest = hashlib.sha256(f"{tape}{','.join(pairs)}".encode()).hexdigest()[:6]
        os.environ["OKXSIGNAL_HOME"] = str(load_settings().home / "markets" / f"{name}-{digest}")
    return _settle_market(
        {
            "OKXSIGNAL_TAPE": str(tape),
            "OKXSIGNAL_PAIRS": ",".join(pairs),
            "OKXSIGNAL_TAPE_FROM": start.isoformat(),
            "OKXSIGNAL_TAPE_TO": end.isoformat(),
            "OKXSIGNAL_CLOCK": f"fixed:{end:%Y-%m-%dT%H:%M:%SZ}",
        }
    )


def _settle_market(market: dict[str, str]) -> Settings:
    """Write the home's own market settings, so that `up` finds the same market later."""
    home = load_settings().home
    home.mkdir(parents=True, exist_ok=True)
    if market:
        lines = "".join(f"{name}={value!r}\n" for name, value in sorted(market.items()))
        (home / MARKET_FILE).write_text(lines, encoding="utf-8")
    return load_settings()


def _stretch(request: DemoRequest, settings: Settings) -> Stretch:
    if settings.tape != "synthetic" and settings.tape_from and settings.tape_to:
        return Stretch(_utc(settings.tape_from), _utc(settings.tape_to), request.live_hours)
    end = min(request.end or floor_hour(datetime.now(UTC)), floor_hour(datetime.now(UTC)))
    start = request.start or end - timedelta(days=request.days)
    return Stretch(floor_hour(start).replace(hour=0), floor_hour(end), request.live_hours)


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def run_backfill(
    start: datetime, end: datetime | None, again: bool, settings: Settings, console: Console
) -> None:
    """Candles, features and labels of [start, end); hours that are there already stay, unless `again`."""
    with services.working_services(settings), dg.DagsterInstance.get() as instance:
        pipeline, now = Pipeline(instance), open_exchange(settings).now()
        end = min(end or floor_hour(now), floor_hour(now))
        if start >= end:
            raise RequestError(
                f"--from {start:%Y-%m-%d %H:%M} is not before {end:%Y-%m-%d %H:%M}, the end of what has closed"
            )
        _backfill_universe(pipeline, start, end)
        stages = {"candles": (CANDLES, 0), "features": ([FEATURES], 0)}
        stages |= {name: ([["ml", name]], horizon) for name, horizon in LABELS.items()}
        for name, (assets, horizon) in stages.items():
            last = end - horizon * HOUR
            with console.status(name):
                hours = _run_hours(pipeline, assets, start, last, again)
            console.print(f"{name:<12} {hours:>7,} hours")


def _backfill_universe(pipeline: Pipeline, start: datetime, end: datetime) -> None:
    days = [(start.replace(hour=0) + n * DAY).strftime(DAY_FORMAT) for n in range((end - start).days + 2)]
    missing = [day for day in pipeline.missing_keys(UNIVERSE, days) if day <= end.strftime(DAY_FORMAT)]
    if missing:
        pipeline.run_range([UNIVERSE], missing[0], missing[-1])


def _run_hours(
    pipeline: Pipeline, assets: list[list[str]], start: datetime, end: datetime, again: bool
) -> int:
    if end <= start:
        return 0
    if not again:
        return pipeline.run_missing_hours(assets, start, end)
    pipeline.run_range(assets, start.strftime(HOUR_FORMAT), (end - HOUR).strftime(HOUR_FORMAT))
    return (end - start) // HOUR


def run_one_hour(hour: datetime | None, settings: Settings, console: Console) -> None:
    """The hourly job for one hour; prints what the execution op did."""
    with services.working_services(settings), dg.DagsterInstance.get() as instance:
        services.wait_for_mlflow(settings)
        newest = floor_hour(open_exchange(settings).now()) - HOUR
        chosen = floor_hour(hour) if hour is not None else newest
        if chosen > newest:
            raise RequestError(
                f"hour {chosen:%Y-%m-%d %H:%M} has not closed at the exchange; the newest is {newest:%Y-%m-%d %H:%M}"
            )
        pipeline = Pipeline(instance)
        _backfill_universe(pipeline, chosen, chosen + HOUR)
        with console.status(f"hour {chosen:%Y-%m-%d %H:%M}"):
            result = pipeline.run("trade_hour", partition_key=chosen.strftime(HOUR_FORMAT))
        facts = result.asset_materializations_for_node("execution")[0].metadata
        for name in ("placed", "rejected", "settled", "unresolved", "refusal", "skipped"):
            console.print(f"{name:<12} {facts[name].value}")


def arm_live(console: Console) -> None:
    """Write the second opt-in after the user has typed what it means."""
    answer = console.input(
        "Real orders with real money will be placed from this home. Type 'trade live' to arm: "
    )
    if answer.strip() != "trade live":
        raise RequestError("not armed: the words were not 'trade live'")
    arming = Settings().live_arming
    arming.parent.mkdir(parents=True, exist_ok=True)
    arming.write_text(f"armed at {datetime.now(UTC).isoformat()}\n", encoding="utf-8")
    console.print(f"armed: {arming}; delete the file to disarm")
