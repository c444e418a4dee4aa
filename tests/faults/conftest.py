"""A Dagster instance on PostgreSQL, entered as every process of a home enters it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest

from resources.config.settings import Settings
from resources.postgres.database import Database, sibling


@dataclass(frozen=True)
class Entered:
    """A home this process has entered: its settings, its empty market database, its Dagster instance."""

    settings: Settings
    store: Database
    instance: dg.DagsterInstance


@pytest.fixture(scope="module")
def entered(new_database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Entered]:
    from resources.config.settings import load_settings
    from resources.environment import enter

    before = dict(os.environ)
    here = Path.cwd()
    home = tmp_path_factory.mktemp("home")
    with new_database() as store:
        try:
            for name in [
                name for name in os.environ if name.startswith(("OKXSIGNAL_", "DAGSTER_", "MLFLOW_"))
            ]:
                del os.environ[name]
            os.environ |= {"OKXSIGNAL_HOME": str(home), "OKXSIGNAL_DATABASE_URL": store.url}
            os.chdir(home)
            settings = load_settings()
            enter(settings.database, settings.tracking_url)
            with dg.DagsterInstance.get() as instance:
                instance.wipe()  # the homes of a worker's tests share Dagster's database
                Database(sibling(store.url, "dagster")).execute("delete from asset_check_executions")
                yield Entered(settings, store, instance)
        finally:
            os.chdir(here)
            os.environ.clear()
            os.environ.update(before)
