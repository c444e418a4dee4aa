"""`okxsignal doctor`: what is in order, what is not, and what to do about it."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table

from okx_core.errors import OkxSignalError
from okx_jobs import services
from okx_jobs.account_check import account_findings
from okx_jobs.findings import Finding
from okx_jobs.live.health import HEALTHY, STARTING, WAITING, health_file, utc_now
from okx_jobs.processes import answers
from resources.embedded_postgres import EmbeddedPostgres
from resources.settings import Mode, Settings
from resources.stores import market_identity, open_database, open_exchange

MOST_CLOCK_OFFSET_SECONDS = 5.0
LEAST_FREE_GIB = 5.0


def examine(settings: Settings, console: Console) -> bool:
    """Print every finding; True when nothing needs a remedy."""
    table = Table("", "found", "what to do", title=f"OKXsignal in {settings.home}", title_justify="left")
    sound = True
    for finding in findings(settings):
        sound &= not finding.remedy
        table.add_row(finding.subject, finding.state, finding.remedy or "nothing")
    console.print(table)
    return sound


def findings(settings: Settings) -> Iterator[Finding]:
    """Everything worth looking at, cheapest first."""
    yield Finding("mode", f"{settings.mode}: {market_identity(settings)}")
    place = next(place for place in (settings.home, *settings.home.parents) if place.exists())
    free = shutil.disk_usage(place).free / 2**30
    yield Finding(
        "disk",
        f"{free:.0f} GiB free",
        "" if free >= LEAST_FREE_GIB else f"free at least {LEAST_FREE_GIB:.0f} GiB",
    )
    is_up = services.running_launcher(settings) is not None
    yield Finding("stack", "up" if is_up else "down (start it with `okxsignal up`)")
    if is_up:
        yield _live_feed(settings)
    yield _database(settings)
    if not settings.trades_locally or answers(services.simulator(settings)):
        yield from _exchange(settings)
    else:
        yield Finding("exchange", "the simulator starts with `okxsignal up`")
    yield Finding(
        "mlflow", "answers" if answers(services.mlflow_server(settings)) else "starts with `okxsignal up`"
    )


def _live_feed(settings: Settings) -> Finding:
    health = health_file(settings).read()
    if health is None:
        return Finding("live feed", "has not said yet how it is")
    sound = health.state in (HEALTHY, STARTING, WAITING)
    remedy = (
        "" if sound else f"see {services.logs(settings) / 'live-feed.log'}; candles come hourly over REST"
    )
    return Finding("live feed", health.words(utc_now()), remedy)


def _database(settings: Settings) -> Finding:
    if settings.database_url is None and not EmbeddedPostgres(settings.home).is_running():
        return Finding("database", "embedded, stopped; it starts with `okxsignal up`")
    return _attempt(
        "database", lambda: str(open_database(settings).scalar("select version()")).split(" on ")[0]
    )


def _exchange(settings: Settings) -> Iterator[Finding]:
    client = open_exchange(settings)
    try:
        offset = (client.server_time() - datetime.now(UTC)).total_seconds()
    except OkxSignalError as error:
        yield Finding("exchange", f"{settings.exchange_url} does not answer", str(error))
        return
    yield Finding("exchange", f"{settings.exchange_url} answers")
    stepped = settings.mode is Mode.SIMULATED and settings.clock != "real"
    late = abs(offset) > MOST_CLOCK_OFFSET_SECONDS and not stepped
    yield Finding(
        "exchange clock", f"{offset:+.2f} s from ours", "synchronise this machine's clock" if late else ""
    )
    yield from account_findings(client, settings)


def _attempt(subject: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(subject, look())
    except OkxSignalError as error:
        return Finding(subject, "fails", str(error))
