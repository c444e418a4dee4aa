"""The environment of every process of a home: one definition, used by all starters."""

import os
from pathlib import Path

from resources.config.declarations import KEYS, PROJECT, variable_of
from resources.config.parts import DatabaseSettings
from resources.postgres.database import sibling, with_driver
from resources.registry.tracking import prepare_environment
from resources.stores import open_database

SECRET_NAMES = tuple(variable_of(name) for name in KEYS)


def dagster_home(home: Path) -> Path:
    return home / "dagster"


def mlflow_database(server: DatabaseSettings) -> str:
    """The URL of MLflow's own database on the server."""
    return with_driver(sibling(open_database(server).url, "mlflow"), "psycopg2")


def process_environment(server: DatabaseSettings, tracking_url: str) -> dict[str, str]:
    """Variables of Dagster and of ours. Without the two batch settings each partition costs 28 ms of
    bookkeeping, and a five-year backfill 20 minutes of it."""
    return {
        "OKXSIGNAL_HOME": str(server.home),
        "DAGSTER_HOME": str(dagster_home(server.home)),
        "DAGSTER_PG_URL": with_driver(sibling(open_database(server).url, "dagster"), "psycopg2"),
        "DAGSTER_EVENT_BATCH_SIZE": "1000",
        "DAGSTER_EMIT_PARTITION_SUBSET_IN_PLANNED_EVENTS": "true",
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        "MLFLOW_TRACKING_URI": tracking_url,
        "PYTHONPATH": os.pathsep.join([str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])]),
        "GIT_PYTHON_REFRESH": "quiet",
    }


def enter(server: DatabaseSettings, tracking_url: str) -> None:
    """Make this process one of the home's: its variables, its Dagster home, its tracking server."""
    os.environ.update(process_environment(server, tracking_url))
    prepare_environment(tracking_url)
    home = dagster_home(server.home)
    home.mkdir(parents=True, exist_ok=True)
    template = (Path(__file__).parent / "dagster.yaml").read_text(encoding="utf-8")
    target = home / "dagster.yaml"
    if not target.exists() or target.read_text(encoding="utf-8") != template:
        target.write_text(template, encoding="utf-8")


def without_secrets(environment: dict[str, str]) -> dict[str, str]:
    """The environment of a process that does not trade."""
    return {name: value for name, value in environment.items() if name not in SECRET_NAMES}
