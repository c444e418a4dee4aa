"""The programs of the stack and how each is called."""

import os
import sys
from pathlib import Path

import yaml

from okx_jobs.stack.processes import Service
from resources.config.parts import MarketSettings
from resources.config.settings import Mode, Settings
from resources.environment import mlflow_database

PYTHON = sys.executable
LOCATION = "okx"
LIVE_FEED = "live-feed"
CODE_SERVER = "code-server"
DAEMON = "daemon"


def stack(settings: Settings) -> list[Service]:
    """Every service in the order of starting."""
    exchange = [simulator(settings)] if settings.exchange.is_local else []
    return [
        *exchange,
        mlflow_server(settings),
        code_server(settings),
        webserver(settings),
        live_feed(settings),
        daemon(settings),
    ]


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
    file = workspace(settings.home)
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
    file = workspace(settings.home)
    command = [PYTHON, "-m", "dagster._daemon", "run", "-w", str(file)]
    return Service(DAEMON, command, None, "", None)


def workspace(home: Path) -> Path:
    """The file that points the webserver and the daemon at the one code server."""
    return home / "workspace.yaml"


def write_workspace(home: Path, code_server_port: int) -> Path:
    """Write that file, where it is not there yet or names another port."""
    path = workspace(home)
    server = {"host": "127.0.0.1", "port": code_server_port, "location_name": LOCATION}
    path.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump({"load_from": [{"grpc_server": server}]})
    # The daemon reads the file again and again, and ends when it finds half of it: never write it in place.
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        draft = path.with_suffix(f".{os.getpid()}")
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    return path
