"""`okxsignal down` and `status`: what runs in a home, and the end of it."""

import shutil
import time
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from okx_jobs.stack import services
from okx_jobs.stack.processes import ProcessRecord, Service, ServiceError, answers, stop
from okx_jobs.stack.programs import CODE_SERVER, LIVE_FEED, stack
from okx_services.ingest.feed_health import health_file, utc_now
from resources.config.settings import Settings, places_of_settings
from resources.postgres.embedded import EmbeddedPostgres

RUN_GRACE_SECONDS = 45.0


def clear_leftovers(home: Path) -> list[str]:
    """Stop children that outlived a killed launcher; their names."""
    launcher, children = services.process_registry(home).read()
    if launcher is None or launcher.process() is not None:
        return []
    alive = [record for record in reversed(children) if record.process() is not None]
    for record in reversed(children):
        stop(record, RUN_GRACE_SECONDS if record.name == CODE_SERVER else 10)
    services.process_registry(home).clear()
    return [f"{record.name} (pid {record.pid})" for record in alive]


def down(settings: Settings, console: Console, *, forget: bool = False) -> None:
    """Stop the stack of this home from another shell; with `forget` delete its database and files too."""
    ended, server = [], EmbeddedPostgres(settings.home)
    launcher = services.running_launcher(settings.home)
    if launcher is not None:
        _ask_to_stop(launcher, console)
        ended.append(f"{launcher.name} (pid {launcher.pid})")
    ended += clear_leftovers(settings.home)
    if settings.database.is_embedded and server.is_running():
        server.stop()
        ended.append("postgres")
    forgotten = forget and settings.database.is_embedded and server.exists()
    if forget and settings.database.is_embedded:
        server.forget()
        # Without the manifest nobody knows what these files are.
        shutil.rmtree(settings.home / "feature_store", ignore_errors=True)
    if not settings.home.exists():
        console.print(f"nothing was running: there is no home {escape(str(settings.home))}", soft_wrap=True)
    elif ended:
        console.print(
            f"stopped {', '.join(ended)}; nothing runs any more in {escape(str(settings.home))}",
            soft_wrap=True,
        )
    else:
        console.print(f"nothing was running in {escape(str(settings.home))}", soft_wrap=True)
    if forgotten:
        console.print("the database and the feature store of this home are deleted")


def _ask_to_stop(launcher: ProcessRecord, console: Console) -> None:
    process = launcher.process()
    if process is None:
        return
    process.terminate()
    deadline = time.monotonic() + RUN_GRACE_SECONDS + 60
    with console.status(f"stopping {launcher.name} (pid {launcher.pid})"):
        while launcher.process() is not None and time.monotonic() < deadline:
            time.sleep(0.2)
    if launcher.process() is not None:
        raise ServiceError(
            f"{launcher.name} (pid {launcher.pid}) has not ended after {RUN_GRACE_SECONDS + 60:.0f} s: a run may still "
            f"be at work; call `okxsignal down` again, or end it with kill -9 {launcher.pid}"
        )


def _state(home: Path, service: Service, alive: bool) -> str:
    """Whether a service runs, and of the live feed how it is."""
    health = health_file(home).read() if alive and service.name == LIVE_FEED else None
    return f"running, {health.words(utc_now())}" if health else "running" if alive else "stopped"


def status(settings: Settings, console: Console) -> bool:
    """Print what runs; True when the whole stack does. Changes nothing, and makes no home."""
    if not settings.home.exists():
        console.print(
            f"there is no home {escape(str(settings.home))}: correct --home or OKXSIGNAL_HOME, or make it with "
            "`okxsignal demo` or `okxsignal up`",
            soft_wrap=True,
        )
        return False
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
    console.print(f"settings from {places_of_settings(settings.home)}", soft_wrap=True, highlight=False)
    return healthy
