"""`okxsignal doctor`: what is in order, what is not, and what to do about it."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from okx_core.errors import OkxSignalError
from okx_jobs.cli.account_check import diagnose_account
from okx_jobs.cli.diagnosis import Diagnosis
from okx_jobs.stack import programs, services
from okx_jobs.stack.processes import answers, is_free
from okx_services.ingest.feed_health import HEALTHY, STARTING, WAITING, health_file, utc_now
from resources.config.parts import DatabaseSettings
from resources.config.settings import Settings, places_of_settings
from resources.feature_store.months import start_of
from resources.postgres.database import Database
from resources.postgres.embedded import ROOT_RUNS_AS, EmbeddedPostgres
from resources.stores import market_identity, open_database, open_exchange

MAX_CLOCK_OFFSET_SECONDS = 5.0
MIN_FREE_GIB = 5.0
STOPPED = "embedded, stopped; it starts with `okxsignal up`"


def examine(settings: Settings, console: Console) -> bool:
    """Print every diagnosis; True when nothing needs a remedy."""
    table = Table(
        "", "found", "what to do", title=f"OKXsignal in {escape(str(settings.home))}", title_justify="left"
    )
    sound = True
    for diagnosis in diagnoses(settings):
        sound &= not diagnosis.remedy
        table.add_row(diagnosis.subject, diagnosis.state, diagnosis.remedy or "nothing")
    console.print(table)
    return sound


def diagnoses(settings: Settings) -> Iterator[Diagnosis]:
    """Everything worth looking at, cheapest first."""
    yield Diagnosis("mode", f"{settings.mode}: {market_identity(settings.market)}")
    yield Diagnosis("settings", f"from {places_of_settings(settings.home)}")
    place = next(place for place in (settings.home, *settings.home.parents) if place.exists())
    free = shutil.disk_usage(place).free / 2**30
    yield Diagnosis(
        "disk",
        f"{free:.0f} GiB free",
        "" if free >= MIN_FREE_GIB else f"free at least {MIN_FREE_GIB:.0f} GiB",
    )
    is_up = services.running_launcher(settings.home) is not None
    yield Diagnosis("stack", "up" if is_up else "down (start it with `okxsignal up`)")
    yield from diagnose_ports(settings)
    if is_up:
        yield _live_feed(settings.home)
    database = _database(settings.database)
    yield database
    yield from diagnose_place(settings.database)
    if not database.remedy and database.state != STOPPED:
        yield from diagnose_history(open_database(settings.database))
    if not settings.exchange.is_local or answers(programs.simulator(settings)):
        yield from _exchange(settings)
    else:
        yield Diagnosis("exchange", "the simulator starts with `okxsignal up`")
    yield Diagnosis(
        "mlflow", "answers" if answers(programs.mlflow_server(settings)) else "starts with `okxsignal up`"
    )


def diagnose_ports(settings: Settings) -> Iterator[Diagnosis]:
    """Ports of the stack on which somebody else listens, so that it could not start or does not answer there."""
    _, records = services.process_registry(settings.home).read()
    mine = {record.name for record in records if record.process() is not None}
    for service in programs.stack(settings):
        for port, setting in service.ports if service.name not in mine else ():
            if not is_free(port):
                remedy = f"stop it, or set {setting} to a free port"
                yield Diagnosis(f"port {port}", f"for {service.name}, taken by {listener(port)}", remedy)


def listener(port: int) -> str:
    """Who listens on a port, as far as this user may know."""
    for process in psutil.process_iter(["pid", "name"]):
        try:
            found = process.net_connections(kind="tcp")
        except psutil.Error:
            continue
        if any(item.status == psutil.CONN_LISTEN and item.laddr.port == port for item in found):
            return f"{process.info['name']} (pid {process.info['pid']})"
    return "another program"


def _live_feed(home: Path) -> Diagnosis:
    health = health_file(home).read()
    if health is None:
        return Diagnosis("live feed", "has not said yet how it is")
    sound = health.state in (HEALTHY, STARTING, WAITING)
    remedy = "" if sound else f"see {services.logs(home) / 'live-feed.log'}; candles come hourly over REST"
    return Diagnosis("live feed", health.words(utc_now()), remedy)


def diagnose_place(server: DatabaseSettings) -> Iterator[Diagnosis]:
    """Say where the database lies when that is not the home: a copy of the home would lack it."""
    embedded = EmbeddedPostgres(server.home)
    if server.is_embedded and not embedded.cluster.is_relative_to(server.home):
        closed = embedded.closed_folder()
        why = (
            f", because {ROOT_RUNS_AS} cannot enter {closed}"
            if closed is not None
            else ", from an earlier version"
        )
        yield Diagnosis("database files", f"{embedded.cluster}, outside the home{why}: copy both, or neither")


def _database(server: DatabaseSettings) -> Diagnosis:
    if server.is_embedded and not EmbeddedPostgres(server.home).is_running():
        return Diagnosis("database", STOPPED)
    return _attempt(
        "database", lambda: str(open_database(server).scalar("select version()")).split(" on ")[0]
    )


def diagnose_history(database: Database) -> Iterator[Diagnosis]:
    """Whether the feature store goes back as far as SQL: in a home from before the store it does not.

    Its hours count as materialised, so that no backfill would fill the store by itself.
    """
    if database.scalar("select to_regclass('features.files')") is None:
        return
    oldest = database.scalar("select min(timestamp_utc) from features.features_1h")
    months = database.scalar(
        "select min(month) from features.files where table_name = 'features.features_1h' and superseded_at is null"
    )
    if oldest is not None and (months is None or start_of(months) > oldest):
        since = "is empty" if months is None else f"begins in {months:%Y-%m}"
        yield Diagnosis(
            "feature store",
            f"{since}, but features were computed from {oldest:%Y-%m-%d} on",
            "`okxsignal refresh full` fills it from the stored candles",
        )
    elif months is not None:
        yield Diagnosis("feature store", f"months from {months:%Y-%m} on; see `okxsignal store`")


def _exchange(settings: Settings) -> Iterator[Diagnosis]:
    client = open_exchange(settings.exchange)
    try:
        offset = (client.server_time() - datetime.now(UTC)).total_seconds()
    except OkxSignalError as error:
        yield Diagnosis("exchange", f"{settings.exchange.url} does not answer", str(error))
        return
    yield Diagnosis("exchange", f"{settings.exchange.url} answers")
    late = abs(offset) > MAX_CLOCK_OFFSET_SECONDS and not settings.market.clock_is_fixed
    yield Diagnosis(
        "exchange clock", f"{offset:+.2f} s from ours", "synchronise this machine's clock" if late else ""
    )
    yield from diagnose_account(client, settings)


def _attempt(subject: str, look: Callable[[], str]) -> Diagnosis:
    try:
        return Diagnosis(subject, look())
    except OkxSignalError as error:
        return Diagnosis(subject, "fails", str(error))
