"""Dagster's storage in PostgreSQL, with one row for a planned check instead of one row for every hour of the run."""

from collections.abc import Mapping
from typing import Any

from dagster import EventLogEntry
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationPlanned
from dagster._record import replace
from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage, PostgresEventLogStorage


class EventLog(PostgresEventLogStorage):
    """Our checks have no partitions: one looks at the whole window of its run.

    A run over a range names its hours in the planned event of every check all the same, and Dagster writes that
    event once for each of them: for the candles of 84 days that was half the time, for years it grows with
    the square of the hours.
    """

    def store_asset_check_event(self, event: EventLogEntry, event_id: int | None) -> None:
        """Store a check that is planned, or was evaluated, in one row."""
        super().store_asset_check_event(_without_partitions(event), event_id)


def _without_partitions(event: EventLogEntry) -> EventLogEntry:
    inner = event.dagster_event
    planned = inner.event_specific_data if inner is not None else None
    if inner is None or not isinstance(planned, AssetCheckEvaluationPlanned):
        return event
    return event._replace(
        dagster_event=inner._replace(event_specific_data=replace(planned, partitions_subset=None))
    )


class Storage(DagsterPostgresStorage):
    """What dagster.yaml names as the storage."""

    def __init__(self, postgres_url: str, **others: Any) -> None:
        super().__init__(postgres_url, **others)
        self._event_log_storage = EventLog(postgres_url, self.should_autocreate_tables)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "Storage":
        return cls(config_value["postgres_url"], inst_data=inst_data)
