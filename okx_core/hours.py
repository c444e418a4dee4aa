"""Hours, weeks and horizons: the one definition of each. Every time is UTC.

An hour is named by its open and is known when it has closed. A week begins on Sunday 00:00.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from okx_core.errors import OkxSignalError

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK = timedelta(weeks=1)
MIN_HISTORY_WEEKS = 12  # before the first model
RECORD_WEEKS = 26  # of out-of-sample predictions whose outcome is known, before anything may trade
WARM_UP = timedelta(weeks=MIN_HISTORY_WEEKS)
RECORD = (RECORD_WEEKS + 1) * WEEK  # the last outcome is known a day after its week
MIN_STRETCH = WARM_UP + timedelta(weeks=2)  # and a whole week to trade
SUNDAY = 6

# Hours ahead that future returns are labelled for, by name.
HORIZON_HOURS = {"1h": 1, "4h": 4, "12h": 12, "1d": 24, "3d": 72, "1w": 168, "2w": 336}
# The longest horizon of each label table.
LABEL_HORIZON_HOURS = {name: HORIZON_HOURS[name] for name in ("1d", "2w")}
# How far ahead the signal models predict, and after how long a position is closed.
SIGNAL_HORIZON_HOURS = LABEL_HORIZON_HOURS["1d"]


class StretchError(OkxSignalError):
    """The stretch of history is too short or runs backwards."""


def floor_hour(moment: datetime) -> datetime:
    """Start of the hour that `moment` is in."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def newest_closed_hour(now: datetime) -> datetime:
    """Open of the newest bar that has closed at `now`."""
    return floor_hour(now) - HOUR


def week_start(moment: datetime) -> datetime:
    """Sunday 00:00 of the week that `moment` is in."""
    midnight = floor_hour(moment).replace(hour=0)
    return midnight - timedelta(days=(midnight.weekday() - SUNDAY) % 7)


def week_start_on_or_after(moment: datetime) -> datetime:
    """The first week that begins on the day of `moment` or later; a day that has begun counts from its next hour."""
    midnight = floor_hour(moment + DAY - HOUR).replace(hour=0)
    return week_start(midnight + WEEK - DAY)


@dataclass(frozen=True)
class Stretch:
    """Bars that open in [start, end), split into a history and the last hours, which are simulated one by one.

    Signals are made and traded for the newest `model_weeks` weeks, None for every week that may have a model.
    """

    start: datetime
    end: datetime
    live_hours: int
    model_weeks: int | None = None

    def __post_init__(self) -> None:
        if self.end - self.start < MIN_STRETCH:
            raise StretchError(
                f"{self.start:%Y-%m-%d} to {self.end:%Y-%m-%d} is too short: training needs "
                f"{WARM_UP.days} days of history and the backtest a whole week after it; take at least "
                f"{MIN_STRETCH.days} days (--days, or --from and --to)"
            )

    @property
    def history_end(self) -> datetime:
        return self.end - self.live_hours * HOUR

    @property
    def first_training(self) -> datetime:
        """The first week that has enough history to train for."""
        return week_start_on_or_after(self.start + WARM_UP)

    @property
    def may_trade(self) -> bool:
        """Whether the record of predictions can be long enough for a model to pass the gate."""
        return self.first_training + RECORD <= self.history_end

    @property
    def first_week(self) -> datetime:
        """The first week with signals: one with a record of predictions before it, where there is any such week."""
        first = (
            self.first_training + RECORD
            if self.first_training + RECORD + WEEK <= self.end
            else self.first_training
        )
        if self.model_weeks is None:
            return first
        return max(first, week_start_on_or_after(self.end - self.model_weeks * WEEK))

    def days(self) -> Iterator[datetime]:
        """Every day that a bar of the stretch opens in, and the one it ends in."""
        day = self.start.replace(hour=0)
        while day <= self.end:
            yield day
            day += DAY

    def weeks(self, end: datetime) -> Iterator[datetime]:
        """Weeks with signals that have begun before `end`."""
        yield from _weeks(self.first_week, end)

    def training_weeks(self, end: datetime) -> Iterator[datetime]:
        """Weeks from the first that can be trained for that have begun before `end`."""
        yield from _weeks(self.first_training, end)


def _weeks(week: datetime, end: datetime) -> Iterator[datetime]:
    while week < end:
        yield week
        week += WEEK
