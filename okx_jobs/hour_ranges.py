"""Stretches of hourly partitions: which are missing, and the run that makes up for one."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import dagster as dg

from okx_assets.partitions import HOURLY

HOUR = timedelta(hours=1)
LOOK_BACK = timedelta(days=60)
GRACE = timedelta(minutes=25)  # the schedule's own run comes first
RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"
PARTITION_FORMAT = HOURLY.fmt


def hour_of(key: str) -> datetime:
    """The hour that a partition key names."""
    return datetime.strptime(key, PARTITION_FORMAT).replace(tzinfo=UTC)


def missing_runs(materialized: Iterable[str], now: datetime) -> list[tuple[datetime, datetime]]:
    """Stretches of hours (first, last) since the first known one, at most LOOK_BACK old, that are missing.

    The scheduler catches up at most five ticks after an outage; whatever is older is found here.
    """
    known = {hour_of(key) for key in materialized}
    if not known:
        return []
    newest_expected = (now - GRACE).replace(minute=0, second=0, microsecond=0) - HOUR
    hour = max(min(known), now.replace(minute=0, second=0, microsecond=0) - LOOK_BACK)
    stretches: list[tuple[datetime, datetime]] = []
    while hour <= newest_expected:
        if hour not in known:
            if stretches and stretches[-1][1] == hour - HOUR:
                stretches[-1] = (stretches[-1][0], hour)
            else:
                stretches.append((hour, hour))
        hour += HOUR
    return stretches


def make_up(job: str, first: datetime, last: datetime, now: datetime) -> dg.RunRequest:
    """One run for a stretch of hours; asked for again an hour later if it has not helped by then."""
    start, end = first.strftime(PARTITION_FORMAT), last.strftime(PARTITION_FORMAT)
    return dg.RunRequest(
        run_key=f"{job} {start}..{end}@{now:%Y-%m-%dT%H}",
        job_name=job,
        tags={RANGE_START: start, RANGE_END: end},
    )
