"""Hours, days and weeks of a stretch of history."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from okx_core.errors import OkxSignalError

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK = timedelta(weeks=1)
WARM_UP = timedelta(weeks=9)  # features need a month before they speak, a model six weeks of labels


class StretchError(OkxSignalError):
    """The stretch of history is too short or runs backwards."""


def floor_hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def sunday_on_or_after(moment: datetime) -> datetime:
    """The first week that begins at or after `moment`."""
    midnight = floor_hour(moment + DAY - HOUR).replace(hour=0)
    return midnight + timedelta(days=(6 - midnight.weekday()) % 7)


@dataclass(frozen=True)
class Stretch:
    """Bars that open in [start, end), split into a history and the last hours, which are lived through."""

    start: datetime
    end: datetime
    live_hours: int

    def __post_init__(self) -> None:
        if self.end - self.start < WARM_UP + 2 * WEEK:
            raise StretchError(
                f"{self.start:%Y-%m-%d} to {self.end:%Y-%m-%d} is too short: training needs "
                f"{WARM_UP.days} days of history and the backtest a whole week after it; take at least "
                f"{(WARM_UP + 2 * WEEK).days} days (--days, or --from and --to)"
            )

    @property
    def history_end(self) -> datetime:
        return self.end - self.live_hours * HOUR

    @property
    def first_week(self) -> datetime:
        """The first week with enough history for a model."""
        return sunday_on_or_after(self.start + WARM_UP)

    def days(self) -> Iterator[datetime]:
        """Every day that a bar of the stretch opens in, and the one it ends in."""
        day = self.start.replace(hour=0)
        while day <= self.end:
            yield day
            day += DAY

    def weeks(self, end: datetime) -> Iterator[datetime]:
        """Weeks from the first trainable one that have begun before `end`."""
        week = self.first_week
        while week < end:
            yield week
            week += WEEK
