"""The programs of the stack and how each is called."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen

import yaml

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
from resources.config.parts import DatabaseSettings, MarketSettings
from resources.config.settings import Mode, Settings
from resources.environment import enter, mlflow_database, without_secrets
from resources.postgres.embedded import EmbeddedPostgres
from resources.stores import claim_market, open_feature_store, prepare_database, require_own_server

PYTHON = sys.executable
LOCATION = "okx"
LIVE_FEED = "live-feed"
CODE_SERVER = "code-server"


def process_registry(home: Path) -> ProcessRegistry:
    return ProcessRegistry(home / "services.json")


def logs(home: Path) -> Path:
    return home / "logs"


def simulator(settings: Settings, clock: str | None = None) -> Service:
    """The simulated exchange on the home's tape."""
    tape = _relay(settings.okx_host) if settings.mode is Mode.PAPER else _tape(settings.market, clock)
    command = [
        PYTHON, "-m", "okx_simulator", "--port", str(settings.simulator_port),
        "--admin-port", str(settings.simulator_admin_port), "--home", str(settings.home / "simulator"),
        "--no-rate-limits", *tape,
    ]  # fmt: skip
    return Service(
        "simulator", command, settings.simulator_port, "OKXSIGNAL_SIMULATOR_PORT",
        f"{settings.simulator_admin_url}/health",
        further_ports=((settings.simulator_admin_port, "OKXSIGNAL_SIMULATOR_ADMIN_PORT"),),
    )  # fmt: skip


def _relay(okx_host: str) -> list[str]:
    return ["--tape", f"relay:{okx_host}"]


def _tape(market: MarketSettings, clock: str | None) -> list[str]:
    command = [
        "--tape", market.tape, "--seed", str(market.tape_seed), "--strength", str(market.tape_strength),
        "--pairs", ",".join(market.pairs), "--clock", clock or market.clock,
    ]  # fmt: skip
    if market.tape_from is not None:
        command += ["--from", market.tape_from.isoformat()]
    if market.tape_to is not None:
        command += ["--to", market.tape_to.isoformat()]
    return command


def mlflow_server(settings: Settings) -> Service:
    """MLflow without its job runner, which would cost eight more processes and 2 GB."""
    command = [
        PYTHON, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(settings.mlflow_port),
        "--artifacts-destination", settings.artifacts.as_uri(), "--workers", "1",
        "--allowed-hosts", "127.0.0.1:*,localhost:*",
    ]  # fmt: skip
    return Service(
        "mlflow", command, settings.mlflow_port, "OKXSIGNAL_MLFLOW_PORT", f"{settings.tracking_url}/health",
        # Not on the command line, which every user of the machine can read: the URL may hold a password.
        variables={
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            "MLFLOW_BACKEND_STORE_URI": mlflow_database(settings.database),
        },
    )  # fmt: skip


def code_server(settings: Settings) -> Service:
    """The one process that loads our code, starts runs and, in demo and live mode, holds the keys."""
    command = [
        PYTHON, "-m", "dagster", "api", "grpc", "-h", "127.0.0.1", "-p", str(settings.code_server_port),
        "-m", "okx_jobs.definitions", "--location-name", LOCATION,
    ]  # fmt: skip
    return Service(
        CODE_SERVER,
        command,
        settings.code_server_port,
        "OKXSIGNAL_CODE_SERVER_PORT",
        None,
        needs_secrets=True,
    )


def webserver(settings: Settings) -> Service:
    file = workspace(settings.home, settings.code_server_port)
    command = [
        PYTHON, "-m", "okx_jobs.stack.webserver_guard", "-w", str(file),
        "-h", settings.bind_host, "-p", str(settings.dagster_port),
    ]  # fmt: skip
    return Service(
        "dagster", command, settings.dagster_port, "OKXSIGNAL_DAGSTER_PORT",
        f"http://127.0.0.1:{settings.dagster_port}/server_info",
    )  # fmt: skip


def live_feed(settings: Settings) -> Service:  # noqa: ARG001 - it finds its home in the environment
    """Candles as they close. It has no port: it writes its state to a file of the home."""
    return Service(LIVE_FEED, [PYTHON, "-m", "okx_jobs.stack.live_feed"], None, "", None)


def daemon(settings: Settings) -> Service:
    """Schedules, sensors, backfills and the run queue: exactly one per database."""
    file = workspace(settings.home, settings.code_server_port)
    command = [PYTHON, "-m", "dagster._daemon", "run", "-w", str(file)]
    return Service("daemon", command, None, "", None)


def workspace(home: Path, code_server_port: int) -> Path:
    """A workspace file that points the webserver and the daemon at the one code server."""
    path = home / "workspace.yaml"
    server = {"host": "127.0.0.1", "port": code_server_port, "location_name": LOCATION}
    path.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump({"load_from": [{"grpc_server": server}]})
    # The daemon reads the file again and again, and ends when it finds half of it: never write it in place.
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        draft = path.with_suffix(f".{os.getpid()}")
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    return path


def environment_of(service: Service) -> dict[str, str]:
    """The environment of one child: no secrets for those that do not trade."""
    environment = os.environ | service.variables
    if service.name == "mlflow":
        environment.pop("MLFLOW_TRACKING_URI", None)
    return environment if service.needs_secrets else without_secrets(environment)


def launch(home: Path, services: Sequence[Service]) -> list[tuple[Service, Popen[bytes]]]:
    """Start the services side by side, without waiting for them."""
    return [(service, start(service, environment_of(service), logs(home))) for service in services]


def start_database(settings: Settings) -> bool:
    """Bring up the database and everything in it; True if this call started the embedded server."""
    started = settings.database.is_embedded and EmbeddedPostgres(settings.home).start()
    prepare_database(settings.database, settings.market)
    enter(settings.database, settings.tracking_url)
    return started


def require_store_owner(settings: Settings) -> None:
    """Refuse before any work when the files of features and labels belong to another database."""
    open_feature_store(settings.database, settings.feature_store).ownership.require()


@contextmanager
def working_database(settings: Settings) -> Iterator[None]:
    """The database alone for the length of a command; one that already runs is used and left alone."""
    require_own_server(settings.database)
    running = not settings.database.is_embedded or EmbeddedPostgres(settings.home).is_running()
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
            f"{launcher.name} is running in {home} (pid {launcher.pid}): stop it with `okxsignal down`"
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
    started_database = False
    try:
        # The exchange first: a tape that does not play leaves no trace in any database.
        children += launch(settings.home, exchange)
        _note_children(settings.home, children)
        for service, process in children:
            wait_until_healthy(service, process, logs(settings.home))
        started_database = start_database(settings)
        require_store_owner(settings)
        children += launch(settings.home, [tracking])
        _note_children(settings.home, children)
        claim_market(settings.database, settings.market)
        yield
    finally:
        for _, process in reversed(children):
            stop_child(process)
        process_registry(settings.home).clear()
        if started_database:
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
