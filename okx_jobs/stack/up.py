"""`okxsignal up`, `down` and `status`: the whole stack of a home, started and stopped in order."""

import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen

import dagster as dg
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from okx_assets import keys
from okx_jobs.stack import services
from okx_jobs.stack.processes import (
    ProcessRecord,
    Service,
    answers,
    record_of,
    require_distinct_ports,
    require_free_port,
    stop,
    stop_child,
    wait_until_healthy,
)
from okx_jobs.stack.time_grid import with_time_grid
from okx_services.ingest.feed_health import health_file, utc_now
from resources.config.parts import DatabaseSettings
from resources.config.settings import Mode, Settings
from resources.postgres.database import psql_command
from resources.postgres.embedded import EmbeddedPostgres
from resources.stores import claim_market, open_database
from resources.tracking import MODEL_NAME
from resources.web_pages import asset_graph_page, asset_page, model_page

RUN_GRACE_SECONDS = 45.0
LAST = (services.LIVE_FEED, "daemon")
UNFINISHED = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.CANCELING]


def sweep_orphans(instance: dg.DagsterInstance) -> list[str]:
    """Fail the runs whose worker is gone; the ids. Only right while no code server is alive.

    A killed worker leaves its run STARTED for ever, holding a run slot and a pool slot.
    """
    swept = []
    for run in instance.get_runs(dg.RunsFilter(statuses=UNFINISHED)):
        instance.report_run_failed(run, message="orphaned: its worker died with the last `okxsignal up`")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
        swept.append(run.run_id)
    return swept


def clear_leftovers(home: Path) -> None:
    """Stop children that outlived a killed launcher."""
    launcher, children = services.process_registry(home).read()
    if launcher is not None and launcher.process() is None:
        for record in reversed(children):
            stop(record, RUN_GRACE_SECONDS if record.name == "code-server" else 10)
        services.process_registry(home).clear()


def stack(settings: Settings) -> list[Service]:
    """Every service in the order of starting."""
    exchange = [services.simulator(settings)] if settings.exchange.is_local else []
    return [
        *exchange,
        services.mlflow_server(settings),
        services.code_server(settings),
        services.webserver(settings),
        services.live_feed(settings),
        services.daemon(settings),
    ]


def up(settings: Settings, console: Console) -> None:
    """Run the stack until Ctrl-C or SIGTERM."""
    services.require_stack_stopped(settings.home)
    clear_leftovers(settings.home)
    wanted = stack(settings)
    require_distinct_ports(wanted)
    for service in wanted:
        require_free_port(service)
    stopped = threading.Event()
    with _stop_on_signal(stopped):
        with console.status("database"):
            services.start_database(settings)
            services.require_store_owner(settings)
            with dg.DagsterInstance.get() as instance:
                swept = sweep_orphans(instance)
                wanted = with_time_grid(wanted, settings, instance)
        if swept:
            console.print(f"swept {len(swept)} orphaned runs: {', '.join(run[:8] for run in swept)}")
        children: list[tuple[Service, Popen[bytes]]] = []
        try:
            children = _start(settings, wanted, console, stopped)
            claim_market(settings.database, settings.market)
            _announce(settings, console)
            _watch(settings.home, children, stopped)
        finally:
            _stop_all(settings.database, children, console)


def _start(
    settings: Settings, wanted: list[Service], console: Console, stopped: threading.Event
) -> list[tuple[Service, Popen[bytes]]]:
    """Start everything side by side, but what needs all the others when they answer."""
    first = [service for service in wanted if service.name not in LAST]
    children = services.launch(settings.home, first)
    _write_registry(settings.home, children)
    with console.status("starting ") as status:
        for service, process in children:
            if stopped.is_set():
                return children
            status.update(f"waiting for {service.name}")
            wait_until_healthy(service, process, services.logs(settings.home))
    children += services.launch(settings.home, [service for service in wanted if service.name in LAST])
    _write_registry(settings.home, children)
    return children


def _write_registry(home: Path, children: list[tuple[Service, Popen[bytes]]]) -> None:
    records = [record_of(service.name, process.pid) for service, process in children]
    services.process_registry(home).write(record_of("okxsignal up", os.getpid()), records)


def _announce(settings: Settings, console: Console) -> None:
    table = Table(
        show_header=False, box=None, title=f"OKXsignal is up, mode {settings.mode}", title_justify="left"
    )
    table.add_row("Dagster", asset_graph_page(settings.dagster_url))
    table.add_row("  equity", asset_page(settings.dagster_url, keys.BACKTEST_EQUITY.path))
    table.add_row("  signals", asset_page(settings.dagster_url, keys.SIGNALS.path))
    table.add_row("  positions", asset_page(settings.dagster_url, keys.POSITIONS.path))
    table.add_row("MLflow", model_page(settings.tracking_url, MODEL_NAME))
    if settings.exchange.is_local:
        prices = (
            "simulated" if settings.mode is Mode.SIMULATED else f"prices of {settings.okx_host}, orders here"
        )
        table.add_row(
            "Exchange", f"{settings.simulator_url}  ({prices}; admin {settings.simulator_admin_url})"
        )
    table.add_row("PostgreSQL", psql_command(open_database(settings.database)))
    table.add_row("Logs", escape(str(services.logs(settings.home))))
    console.print(table, soft_wrap=True)
    console.print("Ctrl-C stops everything in order; so does `okxsignal down` from another shell.")


def _watch(home: Path, children: list[tuple[Service, Popen[bytes]]], stopped: threading.Event) -> None:
    """Wait for the signal; a service that dies takes the stack down with its last words."""
    while not stopped.wait(1.0):
        for service, process in children:
            if process.poll() is not None:
                wait_until_healthy(service, process, services.logs(home), timeout=0.1)


def _stop_all(
    server: DatabaseSettings, children: list[tuple[Service, Popen[bytes]]], console: Console
) -> None:
    """Daemon first, so that nothing new starts; the database last, when nobody writes any more."""
    for service, process in reversed(children):
        if process.poll() is None:
            console.print(f"stopping {service.name}")
            stop_child(process, RUN_GRACE_SECONDS if service.name == "code-server" else 15)
    services.stop_database(server)
    services.process_registry(server.home).clear()
    console.print("stopped")


@contextmanager
def _stop_on_signal(stopped: threading.Event) -> Iterator[None]:
    def note(_number: int, _frame: object) -> None:
        stopped.set()

    previous = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def down(settings: Settings, console: Console, *, forget: bool = False) -> None:
    """Stop the stack of this home from another shell; with `forget` delete its database and files too."""
    launcher = services.running_launcher(settings.home)
    if launcher is not None:
        _ask_to_stop(launcher, console)
    clear_leftovers(settings.home)
    services.stop_database(settings.database)
    if forget and settings.database.is_embedded:
        EmbeddedPostgres(settings.home).forget()
        # Without the manifest nobody knows what these files are.
        shutil.rmtree(settings.home / "feature_store", ignore_errors=True)
    console.print("nothing runs any more" if launcher is not None else "nothing was running")


def _ask_to_stop(launcher: ProcessRecord, console: Console) -> None:
    process = launcher.process()
    if process is None:
        return
    process.terminate()
    deadline = time.monotonic() + RUN_GRACE_SECONDS + 60
    with console.status(f"stopping {launcher.name} (pid {launcher.pid})"):
        while launcher.process() is not None and time.monotonic() < deadline:
            time.sleep(0.2)


def _state(home: Path, service: Service, alive: bool) -> str:
    """Whether a service runs, and of the live feed how it is."""
    health = health_file(home).read() if alive and service.name == services.LIVE_FEED else None
    return f"running, {health.words(utc_now())}" if health else "running" if alive else "stopped"


def status(settings: Settings, console: Console) -> bool:
    """Print what runs; True when the whole stack does."""
    launcher = services.running_launcher(settings.home)
    _, records = services.process_registry(settings.home).read()
    pids = {record.name: record for record in records}
    table = Table(
        "service",
        "pid",
        "port",
        "state",
        title=f"{escape(str(settings.home))}, mode {settings.mode}",
        title_justify="left",
    )
    healthy = launcher is not None
    database = "external" if not settings.database.is_embedded else "embedded"
    running = not settings.database.is_embedded or EmbeddedPostgres(settings.home).is_running()
    table.add_row(f"postgres ({database})", "", "", "running" if running else "stopped")
    for service in stack(settings):
        record = pids.get(service.name)
        alive = record is not None and record.process() is not None and answers(service)
        healthy &= alive
        table.add_row(
            service.name,
            str(record.pid) if record else "",
            str(service.port or ""),
            _state(settings.home, service, alive),
        )
    console.print(table)
    return healthy
