"""What a command needs while it works: the database alone, or exchange and MLflow too."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen

from okx_jobs.stack.home_command import command_for
from okx_jobs.stack.processes import (
    ProcessRecord,
    ProcessRegistry,
    Service,
    ServiceError,
    answers,
    record_of,
    require_free_port,
    start,
    stop_child,
    wait_until_healthy,
)
from okx_jobs.stack.programs import mlflow_server, simulator
from resources.config.declarations import variable_of
from resources.config.parts import DatabaseSettings
from resources.config.settings import Settings
from resources.environment import enter, without_secrets
from resources.postgres.embedded import EmbeddedPostgres
from resources.stores import claim_market, open_feature_store, prepare_database, require_own_server


def process_registry(home: Path) -> ProcessRegistry:
    return ProcessRegistry(home / "services.json")


def logs(home: Path) -> Path:
    return home / "logs"


def environment_of(service: Service) -> dict[str, str]:
    """The environment of one child: no secrets for those that do not trade."""
    environment = os.environ | service.variables
    if service.name == "mlflow":
        environment.pop("MLFLOW_TRACKING_URI", None)
    return environment if service.needs_secrets else without_secrets(environment)


def environment_for(home: Path) -> dict[str, str]:
    """This process's environment, with the home named: for a command of ours in a process of its own."""
    return os.environ | {variable_of("home"): str(home)}


def launch(home: Path, services: Sequence[Service]) -> list[tuple[Service, Popen[bytes]]]:
    """Start the services side by side, without waiting for them."""
    return [(service, start(service, environment_of(service), logs(home))) for service in services]


def start_database(settings: Settings) -> bool:
    """Bring up the database and everything in it; True if this call started the embedded server."""
    started = settings.database.is_embedded and EmbeddedPostgres(settings.home).start()
    prepare_database(settings.database, settings.market)
    enter(settings.database, settings.tracking_url)
    return started


def _database_runs(server: DatabaseSettings) -> bool:
    return not server.is_embedded or EmbeddedPostgres(server.home).is_running()


def require_home(settings: Settings) -> None:
    """Refuse a home that was never made: it is mistyped, and a command that only looks must not make it."""
    if settings.database.is_embedded and not EmbeddedPostgres(settings.home).exists():
        raise ServiceError(
            f"there is no home {settings.home}: correct --home or OKXSIGNAL_HOME, or make it with `okxsignal demo` or "
            "`okxsignal up`"
        )


def require_store_owner(settings: Settings) -> None:
    """Refuse before any work when the files of features and labels belong to another database."""
    open_feature_store(settings.database, settings.feature_store).ownership.require()


@contextmanager
def working_database(settings: Settings) -> Iterator[None]:
    """The database alone for the length of a command; one that already runs is used and left alone."""
    require_own_server(settings.database)
    running = _database_runs(settings.database)
    try:
        start_database(settings)
        yield
    finally:
        if not running:
            stop_database(settings.database)


def stop_database(server: DatabaseSettings) -> None:
    if server.is_embedded:
        EmbeddedPostgres(server.home).stop()


def running_launcher(home: Path) -> ProcessRecord | None:
    """The `okxsignal up` (or demo) that holds this home, None when none is alive."""
    launcher, _ = process_registry(home).read()
    return launcher if launcher is not None and launcher.process() is not None else None


def require_stack_stopped(home: Path) -> None:
    launcher = running_launcher(home)
    if launcher is not None and launcher.pid != os.getpid():
        raise ServiceError(
            f"{launcher.name} is running in {home} (pid {launcher.pid}): stop it with `{command_for(home)} down`"
        )


@contextmanager
def working_services(settings: Settings, clock: str | None = None) -> Iterator[None]:
    """Database, exchange and MLflow for the length of a command; what already runs is used and left alone."""
    require_own_server(settings.database)
    exchange = [simulator(settings, clock)] if settings.exchange.is_local else []
    tracking = mlflow_server(settings)
    if running_launcher(settings.home) is not None and all(
        answers(service) for service in (*exchange, tracking)
    ):
        start_database(settings)
        yield
        return
    for service in (*exchange, tracking):
        require_free_port(service)
    children: list[tuple[Service, Popen[bytes]]] = []
    database_ran = _database_runs(settings.database)
    try:
        # The exchange first: a tape that does not play leaves no trace in any database.
        children += launch(settings.home, exchange)
        _note_children(settings.home, children)
        for service, process in children:
            wait_until_healthy(service, process, logs(settings.home))
        start_database(settings)
        require_store_owner(settings)
        children += launch(settings.home, [tracking])
        _note_children(settings.home, children)
        claim_market(settings.database, settings.market)
        yield
    finally:
        for _, process in reversed(children):
            stop_child(process)
        process_registry(settings.home).clear()
        if not database_ran:
            stop_database(settings.database)


def _note_children(home: Path, children: Sequence[tuple[Service, Popen[bytes]]]) -> None:
    records = [record_of(service.name, process.pid) for service, process in children]
    process_registry(home).write(record_of("a command", os.getpid()), records)


def wait_for_mlflow(settings: Settings) -> None:
    """MLflow takes the longest to come up; callers do other work first and then wait here."""
    service = mlflow_server(settings)
    _, records = process_registry(settings.home).read()
    for record in records:
        if record.name == "mlflow":
            _wait_for_record(service, record, settings.home)


def _wait_for_record(service: Service, record: ProcessRecord, home: Path) -> None:
    import time

    deadline = time.monotonic() + 120
    while not answers(service):
        if record.process() is None or time.monotonic() > deadline:
            raise ServiceError(f"mlflow did not come up: see {logs(home) / 'mlflow.log'}")
        time.sleep(0.2)
