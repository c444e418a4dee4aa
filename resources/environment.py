"""What every process of a home must find in its environment: one definition, used by all starters."""

import os
from pathlib import Path

from resources.config.settings import PROJECT, Settings
from resources.postgres.database import sibling, with_driver
from resources.stores import open_database
from resources.tracking import prepare_environment

SECRET_NAMES = ("OKXSIGNAL_OKX_API_KEY", "OKXSIGNAL_OKX_API_SECRET", "OKXSIGNAL_OKX_PASSPHRASE")

MLFLOW_DATABASE = "OKXSIGNAL_MLFLOW_DATABASE"


def dagster_home(settings: Settings) -> Path:
    return settings.home / "dagster"


def process_environment(settings: Settings) -> dict[str, str]:
    """Variables of Dagster and of ours. Without the two batch settings each partition costs 28 ms of
    bookkeeping, and a five-year backfill 20 minutes of it."""
    url = open_database(settings).url
    return {
        "OKXSIGNAL_HOME": str(settings.home),
        "DAGSTER_HOME": str(dagster_home(settings)),
        "DAGSTER_PG_URL": with_driver(sibling(url, "dagster"), "psycopg2"),
        "DAGSTER_EVENT_BATCH_SIZE": "1000",
        "DAGSTER_EMIT_PARTITION_SUBSET_IN_PLANNED_EVENTS": "true",
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        "MLFLOW_TRACKING_URI": settings.tracking_url,
        MLFLOW_DATABASE: with_driver(sibling(url, "mlflow"), "psycopg2"),
        "PYTHONPATH": os.pathsep.join([str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])]),
        "GIT_PYTHON_REFRESH": "quiet",
    }


def enter(settings: Settings) -> None:
    """Make this process one of the home's: its variables, its Dagster home, its tracking server."""
    os.environ.update(process_environment(settings))
    prepare_environment(settings.tracking_url)
    home = dagster_home(settings)
    home.mkdir(parents=True, exist_ok=True)
    template = (Path(__file__).parent / "dagster.yaml").read_text(encoding="utf-8")
    target = home / "dagster.yaml"
    if not target.exists() or target.read_text(encoding="utf-8") != template:
        target.write_text(template, encoding="utf-8")


def without_secrets(environment: dict[str, str]) -> dict[str, str]:
    """The environment of a process that does not trade."""
    return {name: value for name, value in environment.items() if name not in SECRET_NAMES}
