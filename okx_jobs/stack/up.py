"""`okxsignal up`: the whole stack of a home, started and stopped in order."""

import os
import threading
import time
from pathlib import Path
from subprocess import Popen

import dagster as dg
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from okx_assets import keys
from okx_jobs.stack import services
from okx_jobs.stack.down import RUN_GRACE_SECONDS, clear_leftovers
from okx_jobs.stack.home_command import command_for
from okx_jobs.stack.log_files import ROTATE_EVERY_SECONDS, rotate_all
from okx_jobs.stack.processes import (
    Service,
    record_of,
    require_distinct_ports,
    require_free_port,
    stop_child,
    wait_until_healthy,
)
from okx_jobs.stack.programs import CODE_SERVER, DAEMON, LIVE_FEED, stack, write_workspace
from okx_jobs.stack.signals import stop_on_signal
from okx_jobs.stack.time_grid import with_time_grid
from resources.config.parts import DatabaseSettings
from resources.config.settings import Mode, Settings
from resources.postgres.database import psql_command
from resources.registry.tracking import SIGNAL_MODEL
from resources.stores import claim_market, open_database
from resources.web_pages import asset_graph_page, asset_page, model_page

LAST = (LIVE_FEED, DAEMON)
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


def up(settings: Settings, console: Console) -> None:
    """Run the stack until Ctrl-C, SIGTERM or a closed terminal, then stop it in order."""
    wanted = require_startable(settings)
    write_workspace(settings.home, settings.code_server_port)
    stopped = threading.Event()
    children: list[tuple[Service, Popen[bytes]]] = []
    with stop_on_signal(stopped):
        try:
            with console.status("database"):
                services.start_database(settings)
                services.require_store_owner(settings)
                with dg.DagsterInstance.get() as instance:
                    swept = sweep_orphans(instance)
                    wanted = with_time_grid(wanted, settings, instance)
            if swept:
                console.print(f"swept {len(swept)} orphaned runs: {', '.join(run[:8] for run in swept)}")
            _start(settings, wanted, console, stopped, children)
            claim_market(settings.database, settings.market)
            _announce(settings, console)
            _watch(settings.home, children, stopped)
        finally:
            _stop_all(settings.database, children, console)


def require_startable(settings: Settings) -> list[Service]:
    """The services to start; refuses when the home is in use or a port is taken."""
    services.require_stack_stopped(settings.home)
    clear_leftovers(settings.home)
    wanted = stack(settings)
    require_distinct_ports(wanted)
    for service in wanted:
        require_free_port(service)
    return wanted


def _start(
    settings: Settings,
    wanted: list[Service],
    console: Console,
    stopped: threading.Event,
    children: list[tuple[Service, Popen[bytes]]],
) -> None:
    """Start everything side by side, but what needs all the others when they answer; `children` grows with it."""
    children += services.launch(settings.home, [service for service in wanted if service.name not in LAST])
    _write_registry(settings.home, children)
    with console.status("starting ") as status:
        for service, process in children:
            if stopped.is_set():
                return
            status.update(f"waiting for {service.name}")
            wait_until_healthy(service, process, services.logs(settings.home))
    children += services.launch(settings.home, [service for service in wanted if service.name in LAST])
    _write_registry(settings.home, children)


def _write_registry(home: Path, children: list[tuple[Service, Popen[bytes]]]) -> None:
    records = [record_of(service.name, process.pid) for service, process in children]
    services.process_registry(home).write(record_of("okxsignal up", os.getpid()), records)


def _announce(settings: Settings, console: Console) -> None:
    console.print(addresses(settings), soft_wrap=True)
    _warn_when_empty(settings, console)
    console.print(
        f"Ctrl-C stops everything in order; so does `{command_for(settings.home)} down` from another shell.",
        soft_wrap=True,
        highlight=False,
    )


def addresses(settings: Settings) -> Table:
    """Where to look at what runs."""
    table = Table(
        show_header=False, box=None, title=f"OKXsignal is up, mode {settings.mode}", title_justify="left"
    )
    table.add_row("Dagster", asset_graph_page(settings.dagster_url))
    table.add_row("  equity", asset_page(settings.dagster_url, keys.BACKTEST_EQUITY.path))
    table.add_row("  signals", asset_page(settings.dagster_url, keys.SIGNALS.path))
    table.add_row("  positions", asset_page(settings.dagster_url, keys.POSITIONS.path))
    table.add_row("MLflow", model_page(settings.tracking_url, SIGNAL_MODEL))
    if settings.exchange.is_local:
        prices = (
            "simulated" if settings.mode is Mode.SIMULATED else f"prices of {settings.okx_host}, orders here"
        )
        table.add_row(
            "Exchange", f"{settings.simulator_url}  ({prices}; admin {settings.simulator_admin_url})"
        )
    table.add_row("PostgreSQL", psql_command(open_database(settings.database)))
    table.add_row("Logs", escape(str(services.logs(settings.home))))
    return table


def _warn_when_empty(settings: Settings, console: Console) -> None:
    """In a home without candles nothing is traded before there is history; say how it comes."""
    if open_database(settings.database).scalar("select 1 from market.candles_1h limit 1") is None:
        command = command_for(settings.home)
        console.print(
            "[bold]This home is empty.[/bold] It collects from now on, but models need weeks of history. Fetch "
            f"it from another shell with `{command} backfill --from 2026-01-01`, or see a whole example: "
            f"`{command} down`, then `{command} demo`.",
            soft_wrap=True, highlight=False,
        )  # fmt: skip


def _watch(home: Path, children: list[tuple[Service, Popen[bytes]]], stopped: threading.Event) -> None:
    """Wait for the signal; a service that dies takes the stack down with its last words."""
    rotated = time.monotonic()
    while not stopped.wait(1.0):
        if time.monotonic() - rotated > ROTATE_EVERY_SECONDS:
            rotate_all([services.logs(home), home / "postgres"])
            rotated = time.monotonic()
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
            stop_child(process, RUN_GRACE_SECONDS if service.name == CODE_SERVER else 15)
    services.stop_database(server)
    services.process_registry(server.home).clear()
    console.print("stopped")
