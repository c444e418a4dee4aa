"""Dagster's storage in PostgreSQL: a planned check is one row, not one for every hour; connections are kept."""

from collections.abc import Mapping
from typing import Any

from dagster import EventLogEntry
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationPlanned
from dagster._record import replace
from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage, PostgresEventLogStorage
from sqlalchemy import create_engine


class EventLog(PostgresEventLogStorage):
    """Our checks have no partitions: one looks at the whole window of its run.

    A run over a range names its hours in the planned event of every check all the same, and Dagster writes that
    event once for each of them: for the candles of 84 days that was half the time, for years it grows with
    the square of the hours.
    """

    def store_asset_check_event(self, event: EventLogEntry, event_id: int | None) -> None:
        """Store a check that is planned, or was evaluated, in one row."""
        super().store_asset_check_event(_without_partitions(event), event_id)

    def dispose(self) -> None:
        """Also close the connections that the storages of the instance keep."""
        super().dispose()
        self._engine.dispose()


def _without_partitions(event: EventLogEntry) -> EventLogEntry:
    inner = event.dagster_event
    planned = inner.event_specific_data if inner is not None else None
    if inner is None or not isinstance(planned, AssetCheckEvaluationPlanned):
        return event
    return event._replace(
        dagster_event=inner._replace(event_specific_data=replace(planned, partitions_subset=None))
    )


class Storage(DagsterPostgresStorage):
    """What dagster.yaml names as the storage.

    dagster-postgres connects anew for each statement: a run has hundreds, and each connection starts a process of
    the server. Here the three storages of an instance keep one connection, and more while threads need them.
    """

    def __init__(self, postgres_url: str, **others: Any) -> None:
        super().__init__(postgres_url, **others)
        self._event_log_storage = EventLog(postgres_url, self.should_autocreate_tables)
        engine = create_engine(
            postgres_url, isolation_level="AUTOCOMMIT", pool_size=1, max_overflow=-1, pool_pre_ping=True
        )
        for storage in (self._run_storage, self._event_log_storage, self._schedule_storage):
            storage._engine = engine

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "Storage":
        return cls(config_value["postgres_url"], inst_data=inst_data)
