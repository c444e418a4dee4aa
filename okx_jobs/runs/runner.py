"""Runs of the project's own jobs inside this process, recorded in the Dagster instance like any other run."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.asset_check_execution_record import (
    COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES,
)

from okx_assets.feature_validation import feature_validation
from okx_core.errors import OkxSignalError
from okx_core.hours import HOUR
from okx_jobs.dagster_jobs.hour_ranges import HOUR_FORMAT, RANGE_END, RANGE_START
from okx_jobs.definitions import definitions
from okx_jobs.stack.signals import interruptible
from resources.config.settings import load_settings
from resources.environment import dagster_home
from resources.market.gap_ledger import due_gaps
from resources.stores import open_database, open_exchange

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
IMPLICIT_JOB = "__ASSET_JOB"
WRAPPING = re.compile("Dagster|RetryRequested")
QUALIFIED_NAME = re.compile(r"^(okx_core|okx_services|okx_assets|okx_jobs|resources)\.[\w.]+: ")


@contextmanager
def quiet_instance(home: Path) -> Iterator[dg.DagsterInstance]:
    """The home's instance for runs inside a command, which keeps no raw output of steps.

    Keeping it takes four helper processes a run, which also get a terminal's Ctrl-C and print tracebacks.
    """
    nothing = {"module": "dagster._core.storage.noop_compute_log_manager", "class": "NoOpComputeLogManager"}
    reference = InstanceRef.from_dir(str(dagster_home(home)), overrides={"compute_logs": nothing})
    with dg.DagsterInstance.from_ref(reference) as instance:
        yield instance


class RunFailedError(OkxSignalError):
    """A run of the pipeline failed; the message is that of the step."""


@dataclass(frozen=True)
class Pipeline:
    """The definitions, run in process on one instance."""

    instance: dg.DagsterInstance

    @cached_property
    def _jobs(self) -> dict[str, dg.JobDefinition]:
        return {}

    def _job(self, name: str) -> dg.JobDefinition:
        if name not in self._jobs:
            self._jobs[name] = definitions.resolve_job_def(name)
        return self._jobs[name]

    def run(
        self,
        job: str,
        *,
        partition_key: str | None = None,
        assets: Sequence[dg.AssetKey] | None = None,
        tags: Mapping[str, str] | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> dg.ExecuteInProcessResult:
        """One run, `config` for its steps; raises RunFailedError with the message of the step that failed."""
        with interruptible():
            result = self._job(job).execute_in_process(
                run_config={**QUIET, **(config or {})},
                instance=self.instance,
                partition_key=partition_key,
                asset_selection=None if assets is None else list(assets),
                tags=dict(tags or {}),
                raise_on_error=False,
            )
        if not result.success:
            raise RunFailedError(_first_failure(result))
        return result

    def run_range(self, assets: Sequence[dg.AssetKey], first: str, last: str) -> dg.ExecuteInProcessResult:
        """One run over a range of partitions of assets that share a partitioning."""
        return self.run(IMPLICIT_JOB, assets=assets, tags={RANGE_START: first, RANGE_END: last})

    def missing_hours(self, asset: dg.AssetKey, start: datetime, end: datetime) -> list[datetime]:
        """Hours of [start, end) that the asset has not been materialised for."""
        done = self.instance.get_materialized_partitions(asset)
        hours = (start + n * HOUR for n in range((end - start) // HOUR))
        return [hour for hour in hours if hour.strftime(HOUR_FORMAT) not in done]

    def missing_keys(self, asset: dg.AssetKey, keys: Iterable[str]) -> list[str]:
        """The partition keys among `keys` that the asset has not been materialised for."""
        done = self.instance.get_materialized_partitions(asset)
        return [key for key in keys if key not in done]

    def run_missing_hours(self, assets: Sequence[dg.AssetKey], start: datetime, end: datetime) -> int:
        """Materialise what the last of `assets` lacks in [start, end), as one run; the hours covered."""
        missing = self.missing_hours(assets[-1], start, end)
        if not missing:
            return 0
        self.run_range(assets, missing[0].strftime(HOUR_FORMAT), missing[-1].strftime(HOUR_FORMAT))
        return len(missing)

    def is_validated(self) -> bool:
        """Whether the checks of `validate_features` have ever been evaluated here."""
        check = next(iter(feature_validation.check_keys))
        newest = self.instance.event_log_storage.get_asset_check_execution_history(
            check, limit=1, status=COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES
        )
        return bool(newest)

    def resolve_due_gaps(self) -> int:
        """One more attempt at every gap that is due; how many were. One that is old is closed with a reason."""
        settings = load_settings()
        now, database = open_exchange(settings.exchange).now(), open_database(settings.database)
        due = due_gaps(database, now)
        if due:
            self.run("repair_gaps")
        return due


def _first_failure(result: dg.ExecuteInProcessResult) -> str:
    """The first failed step and why: a failure's description, or the message of our error."""
    for event in result.all_events:
        data: Any = event.event_specific_data
        if event.is_step_failure:
            user_failure = getattr(data, "user_failure_data", None)
            if user_failure is not None and user_failure.description:
                return f"{event.step_key}: {user_failure.description}"
            error = data.error
            while error.cause is not None and WRAPPING.match(str(error.cls_name)):
                error = error.cause  # Dagster's wrapping says nothing; our own error is the one to read
            if error.cls_name == "DagsterExecutionInterruptedError":
                return (
                    f"interrupted in {event.step_key}: finished work is kept, run the command again to go on"
                )
            return f"{event.step_key}: {QUALIFIED_NAME.sub('', error.message.strip())}"
    return f"run {result.run_id} failed before its first step: open it in the Dagster UI"
