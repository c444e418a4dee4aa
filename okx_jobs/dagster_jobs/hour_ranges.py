"""Stretches of hourly partitions: which are missing, and the run that fills one."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import dagster as dg

from okx_assets.partitions import DAILY, HOURLY, MEMBERS
from okx_core.candles.windows import stretches
from okx_core.hours import HOUR, floor_hour, newest_closed_hour

LOOK_BACK = timedelta(days=60)
GRACE = timedelta(minutes=25)  # the schedule's own run comes first
RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"
HOUR_FORMAT = HOURLY.fmt
DAY_FORMAT = DAILY.fmt


def member_key(week: str, member: str) -> str:
    """The partition of a member and a week."""
    return f"{week}|{member}"


def member_range(first_week: str, last_week: str) -> tuple[str, str]:
    """First and last partition of all members of some weeks; they follow each other."""
    return member_key(first_week, MEMBERS[0]), member_key(last_week, MEMBERS[-1])


def hour_of(key: str) -> datetime:
    """The hour that a partition key names."""
    return datetime.strptime(key, HOUR_FORMAT).replace(tzinfo=UTC)


def missing_runs(materialized: Iterable[str], now: datetime) -> list[tuple[datetime, datetime]]:
    """Stretches of hours (first, last) since the first known one, at most LOOK_BACK old, that are missing.

    The scheduler catches up at most five ticks after an outage; whatever is older is found here.
    """
    known = {hour_of(key) for key in materialized}
    if not known:
        return []
    newest_expected = newest_closed_hour(now - GRACE)
    first = max(min(known), floor_hour(now) - LOOK_BACK)
    expected = (first + number * HOUR for number in range((newest_expected - first) // HOUR + 1))
    missing = [hour for hour in expected if hour not in known]
    return [(start, end - HOUR) for start, end in stretches(missing, HOUR)]


def backfill_request(job: str, first: datetime, last: datetime, now: datetime) -> dg.RunRequest:
    """One run for a stretch of hours; asked for again an hour later if it has not helped by then."""
    start, end = first.strftime(HOUR_FORMAT), last.strftime(HOUR_FORMAT)
    return dg.RunRequest(
        run_key=f"{job} {start}..{end}@{now:%Y-%m-%dT%H}",
        job_name=job,
        tags={RANGE_START: start, RANGE_END: end},
    )
