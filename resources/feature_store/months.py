"""Months of UTC time: how a window is cut into files."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from resources.feature_store.errors import FeatureStoreError


@dataclass(frozen=True)
class MonthPart:
    """The part [start, end) of a window that lies in one month."""

    month: date
    start: datetime
    end: datetime


def start_of(month: date) -> datetime:
    """Midnight UTC that begins the month."""
    return datetime(month.year, month.month, 1, tzinfo=UTC)


def following(month: date) -> date:
    """The first day of the next month."""
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


def month_of(moment: datetime) -> date:
    """The first day of the UTC month in which a moment lies; a time without a zone is refused."""
    if moment.tzinfo is None:
        raise FeatureStoreError(f"{moment.isoformat()} has no time zone: give UTC times")
    return moment.astimezone(UTC).date().replace(day=1)


def month_parts(start: datetime, end: datetime) -> Iterator[MonthPart]:
    """The window [start, end) cut at month starts, oldest first; empty when it is."""
    month = month_of(start)
    month_of(end)
    while start < end:
        stop = min(end, start_of(following(month)))
        yield MonthPart(month, start, stop)
        start, month = stop, following(month)
