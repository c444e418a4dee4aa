"""What Dagster keeps of old runs: what its partitions and checks are known by, and nothing else.

Dagster itself removes old ticks only. Runs, their events and the results of checks stay for ever: for hourly assets
some hundred rows an hour. An old run can go; the newest materialisation of each partition may not, because by it
Dagster knows that the partition is there, nor the newest result of each check.
"""

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from resources.postgres.database import Database

# The newest of each partition, and of each asset without partitions.
KEPT_EVENTS = (
    "select max(id) from event_logs where asset_key is not null and dagster_event_type in "
    "('ASSET_MATERIALIZATION', 'ASSET_OBSERVATION') group by asset_key, dagster_event_type, partition"
)
# Of each check the newest result of either kind, and what is planned.
KEPT_CHECKS = (
    "select max(id) from asset_check_executions group by asset_key, check_name, execution_status "
    "having execution_status <> 'PLANNED'"
)
# A run that has ended, unless an asset names it as the one that made it.
ENDED = "status in ('SUCCESS', 'FAILURE', 'CANCELED')"
STATEMENTS = {
    "events": f"delete from event_logs where timestamp < $1 and id not in ({KEPT_EVENTS})",  # noqa: S608
    "tags": "delete from asset_event_tags where event_timestamp < $1 and event_id not in (select id from event_logs)",
    "checks": "delete from asset_check_executions where evaluation_event_timestamp < $1 "  # noqa: S608
    f"and id not in ({KEPT_CHECKS})",
    "runs": f"delete from runs where update_timestamp < $1 and {ENDED} and run_id not in "  # noqa: S608
    "(select last_run_id from asset_keys where last_run_id is not null)",
}


@dataclass(frozen=True)
class Forgotten:
    """Rows and folders that were removed."""

    events: int
    checks: int
    runs: int
    output_folders: int


def forget_old_runs(dagster: Database, home: Path, kept: timedelta) -> Forgotten:
    """Remove runs that ended longer ago than `kept`, with their events, results of checks and output.

    `home` is Dagster's; `dagster` its database. Each kind is one transaction.
    """
    before = datetime.now(UTC) - kept
    moment = before.replace(tzinfo=None)  # the columns hold UTC without a zone
    rows = {name: dagster.execute(statement, (moment,)) for name, statement in STATEMENTS.items()}
    return Forgotten(rows["events"], rows["checks"], rows["runs"], _remove_output(home / "storage", before))


def _remove_output(folder: Path, before: datetime) -> int:
    """Remove what steps of old runs printed: a folder a run."""
    old = [place for place in folder.glob("*") if place.is_dir() and _changed(place) < before]
    for place in old:
        shutil.rmtree(place, ignore_errors=True)
    return len(old)


def _changed(place: Path) -> datetime:
    return datetime.fromtimestamp(place.stat().st_mtime, UTC)
