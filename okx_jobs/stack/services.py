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
from resources.config.settings import Mode, Settings
from resources.environment import MLFLOW_DATABASE, enter, without_secrets
from resources.postgres.embedded import EmbeddedPostgres
from resources.stores import claim_market, prepare_database, require_own_server

PYTHON = sys.executable
LOCATION = "okx"
LIVE_FEED = "live-feed"


def process_registry(settings: Settings) -> ProcessRegistry:
    return ProcessRegistry(settings.home / "services.json")


def logs(settings: Settings) -> Path:
    return settings.home / "logs"


def simulator(settings: Settings, clock: str | None = None) -> Service:
    """The simulated exchange on the home's tape."""
    command = [
        PYTHON, "-m", "okx_simulator", "--port", str(settings.simulator_port),
        "--admin-port", str(settings.simulator_admin_port), "--home", str(settings.home / "simulator"),
        "--no-rate-limits", *(_relay(settings) if settings.mode is Mode.PAPER else _tape(settings, clock)),
    ]  # fmt: skip
    return Service(
        "simulator", command, settings.simulator_port, "OKXSIGNAL_SIMULATOR_PORT",
        f"{settings.simulator_admin_url}/health",
        further_ports=((settings.simulator_admin_port, "OKXSIGNAL_SIMULATOR_ADMIN_PORT"),),
    )  # fmt: skip


def _relay(settings: Settings) -> list[str]:
    return ["--tape", f"relay:{settings.okx_host}"]


def _tape(settings: Settings, clock: str | None) -> list[str]:
    command = [
        "--tape", settings.tape, "--seed", str(settings.tape_seed), "--strength", str(settings.tape_strength),
        "--pairs", ",".join(settings.pair_list), "--clock", clock or settings.clock,
    ]  # fmt: skip
    if settings.tape_from is not None:
        command += ["--from", settings.tape_from.isoformat()]
    if settings.tape_to is not None:
        command += ["--to", settings.tape_to.isoformat()]
    return command


def mlflow_server(settings: Settings) -> Service:
    """MLflow without its job runner, which would cost eight more processes and 2 GB."""
    command = [
        PYTHON, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(settings.mlflow_port),
        "--artifacts-destination", str(settings.artifacts), "--workers", "1",
        "--allowed-hosts", "127.0.0.1:*,localhost:*",
    ]  # fmt: skip
    return Service(
        "mlflow", command, settings.mlflow_port, "OKXSIGNAL_MLFLOW_PORT", f"{settings.tracking_url}/health"
    )


def code_server(settings: Settings) -> Service:
    """The one process that loads our code, starts runs and, in demo and live mode, holds the keys."""
    command = [
        PYTHON, "-m", "dagster", "api", "grpc", "-h", "127.0.0.1", "-p", str(settings.code_server_port),
        "-m", "okx_jobs.definitions", "--location-name", LOCATION,
    ]  # fmt: skip
    return Service(
        "code-server",
        command,
        settings.code_server_port,
        "OKXSIGNAL_CODE_SERVER_PORT",
        None,
        needs_secrets=True,
    )


def webserver(settings: Settings) -> Service:
    command = [
        PYTHON, "-m", "okx_jobs.stack.webserver_guard", "-w", str(workspace(settings)),
        "-h", settings.bind_host, "-p", str(settings.dagster_port),
    ]  # fmt: skip
    return Service(
        "dagster", command, settings.dagster_port, "OKXSIGNAL_DAGSTER_PORT",
        f"http://127.0.0.1:{settings.dagster_port}/server_info",
    )  # fmt: skip


def live_feed(settings: Settings) -> Service:  # noqa: ARG001 - it finds its home in the environment
    """Candles as they close. It has no port: how it is stands in a file of the home."""
    return Service(LIVE_FEED, [PYTHON, "-m", "okx_jobs.stack.live_feed"], None, "", None)


def daemon(settings: Settings) -> Service:
    """Schedules, sensors, backfills and the run queue: exactly one per database."""
    command = [PYTHON, "-m", "dagster._daemon", "run", "-w", str(workspace(settings))]
    return Service("daemon", command, None, "", None)


def workspace(settings: Settings) -> Path:
    """A workspace file that points the webserver and the daemon at the one code server."""
    path = settings.home / "workspace.yaml"
    server = {"host": "127.0.0.1", "port": settings.code_server_port, "location_name": LOCATION}
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
    environment = dict(os.environ)
    if service.name == "mlflow":
        environment["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"
        environment.pop("MLFLOW_TRACKING_URI", None)
        # Not on the command line, which every user of the machine can read: the URL may hold a password.
        environment["MLFLOW_BACKEND_STORE_URI"] = environment.get(MLFLOW_DATABASE, "")
    return environment if service.needs_secrets else without_secrets(environment)


def launch(settings: Settings, services: Sequence[Service]) -> list[tuple[Service, Popen[bytes]]]:
    """Start the services side by side, without waiting for them."""
    return [(service, start(service, environment_of(service), logs(settings))) for service in services]


def start_database(settings: Settings) -> bool:
    """Bring up the database and everything in it; True if this call started the embedded server."""
    started = settings.database_url is None and EmbeddedPostgres(settings.home).start()
    prepare_database(settings)
    enter(settings)
    return started


@contextmanager
def working_database(settings: Settings) -> Iterator[None]:
    """The database alone for the length of a command; one that already runs is used and left alone."""
    require_own_server(settings)
    running = settings.database_url is not None or EmbeddedPostgres(settings.home).is_running()
    try:
        start_database(settings)
        yield
    finally:
        if not running:
            stop_database(settings)


def stop_database(settings: Settings) -> None:
    if settings.database_url is None:
        EmbeddedPostgres(settings.home).stop()


def running_launcher(settings: Settings) -> ProcessRecord | None:
    """The `okxsignal up` (or demo) that holds this home, None when none is alive."""
    launcher, _ = process_registry(settings).read()
    return launcher if launcher is not None and launcher.process() is not None else None


def require_stack_stopped(settings: Settings) -> None:
    launcher = running_launcher(settings)
    if launcher is not None and launcher.pid != os.getpid():
        raise ServiceError(
            f"{launcher.name} is running in {settings.home} (pid {launcher.pid}): stop it with `okxsignal down`"
        )


@contextmanager
def working_services(settings: Settings, clock: str | None = None) -> Iterator[None]:
    """Database, exchange and MLflow for the length of a command; what already runs is used and left alone."""
    require_own_server(settings)
    exchange = [simulator(settings, clock)] if settings.trades_locally else []
    tracking = mlflow_server(settings)
    if running_launcher(settings) is not None and all(answers(service) for service in (*exchange, tracking)):
        start_database(settings)
        yield
        return
    for service in (*exchange, tracking):
        require_free_port(service)
    children: list[tuple[Service, Popen[bytes]]] = []
    started_database = False
    try:
        # The exchange first: a tape that does not play leaves no trace in any database.
        children += launch(settings, exchange)
        _note_children(settings, children)
        for service, process in children:
            wait_until_healthy(service, process, logs(settings))
        started_database = start_database(settings)
        children += launch(settings, [tracking])
        _note_children(settings, children)
        claim_market(settings)
        yield
    finally:
        for _, process in reversed(children):
            stop_child(process)
        process_registry(settings).clear()
        if started_database:
            stop_database(settings)


def _note_children(settings: Settings, children: Sequence[tuple[Service, Popen[bytes]]]) -> None:
    records = [record_of(service.name, process.pid) for service, process in children]
    process_registry(settings).write(record_of("a command", os.getpid()), records)


def wait_for_mlflow(settings: Settings) -> None:
    """MLflow takes the longest to come up; callers do other work first and then wait here."""
    service = mlflow_server(settings)
    _, records = process_registry(settings).read()
    for record in records:
        if record.name == "mlflow":
            _wait_for_record(service, record, settings)


def _wait_for_record(service: Service, record: ProcessRecord, settings: Settings) -> None:
    import time

    deadline = time.monotonic() + 120
    while not answers(service):
        if record.process() is None or time.monotonic() > deadline:
            raise ServiceError(f"mlflow did not come up: see {logs(settings) / 'mlflow.log'}")
        time.sleep(0.2)
