"""Where time is anchored: bar numbers, months, and how far back each timeframe is read.

A bar is numbered by its open: minutes since 1970-01-01T00Z divided by the timeframe's minutes, so 4h
and 1d bars are aligned to UTC buckets. Recursive indicators of a row start at the first bar of the row's
month less `anchor_bars`. That point does not depend on which rows are asked for, so incremental,
rolling and full computation give the same bytes. A timeframe without recursions is read
`anchor_bars` back from the row itself.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from okx_core.errors import OkxSignalError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Timeframe:
    """A bar length and the warm-up that recursions get before the first bar of a month."""

    name: str
    minutes: int
    anchor_bars: int
    recursive: bool = True

    @property
    def bars_per_day(self) -> int:
        return MINUTES_PER_DAY // self.minutes

    def usable_bar(self, hour: int) -> int:
        """The newest bar that has closed when the hourly bar numbered `hour` closes."""
        return (hour + 1) * 60 // self.minutes - 1

    def usable_bars(self, first: int, stop: int) -> NDArray[np.int64]:
        """`usable_bar` of the hourly bars [first, stop)."""
        return np.arange(first + 1, stop + 1) * 60 // self.minutes - 1

    def month_start(self, bar: int) -> int:
        """First bar of the UTC month in which `bar` opens."""
        month = np.datetime64(bar * self.minutes, "m").astype("datetime64[M]")
        return int(month.astype("datetime64[m]").astype(np.int64)) // self.minutes

    def anchor(self, bar: int) -> int:
        """The bar at which recursions of `bar` start; without recursions, the oldest that `bar` reads."""
        return (self.month_start(bar) if self.recursive else bar) - self.anchor_bars

    def months(self, first: int, stop: int) -> Iterator[tuple[int, int]]:
        """The bars [first, stop) cut at month starts."""
        while first < stop:
            following = self.month_start(self.month_start(first) + 32 * self.bars_per_day)
            yield first, min(following, stop)
            first = min(following, stop)


MINUTES_PER_DAY = 24 * 60
QUARTER_HOURLY = Timeframe("15m", 15, 128, recursive=False)
HOURLY = Timeframe("1h", 60, 600)
FOUR_HOURLY = Timeframe("4h", 240, 360)
DAILY = Timeframe("1d", MINUTES_PER_DAY, 180)
TIMEFRAMES = {timeframe.name: timeframe for timeframe in (QUARTER_HOURLY, HOURLY, FOUR_HOURLY, DAILY)}


def history_start(start: datetime, timeframe: str | None = None) -> datetime:
    """Open of the earliest candle that rows from `start` on depend on.

    Of one timeframe's candles ('15m', '1h', '4h' or '1d'), or of all of them when none is named.
    """
    if timeframe is None:
        return min(history_start(start, name) for name in TIMEFRAMES)
    frame = TIMEFRAMES[timeframe]
    anchor = frame.anchor(frame.usable_bar(hour_number(start)))
    return EPOCH + timedelta(minutes=anchor * frame.minutes)


def touched_until(changed: datetime) -> datetime:
    """Open of the first row that no longer depends on the hourly candle that opens at `changed`."""
    hours = range(9 * 31 * 24)
    beyond = bisect_right(hours, changed, key=lambda hour: history_start(changed + timedelta(hours=hour)))
    return changed + timedelta(hours=beyond)


def hour_number(moment: datetime) -> int:
    """Hours since 1970-01-01T00Z of a whole UTC hour."""
    if moment.tzinfo is None:
        raise OkxSignalError(f"{moment.isoformat()} has no time zone: give UTC times")
    hours, rest = divmod(moment - EPOCH, timedelta(hours=1))
    if rest:
        raise OkxSignalError(f"{moment.isoformat()} is not a whole hour: rows are named by the open of a bar")
    return hours


def bar_numbers(opens: pd.Series, timeframe: Timeframe) -> NDArray[np.int64]:
    """Bar numbers [rows] of a column of UTC opens; an open off the grid is refused."""
    micros = opens.to_numpy(dtype="datetime64[us]").view(np.int64)
    numbers = micros // (60_000_000 * timeframe.minutes)
    off = micros != numbers * (60_000_000 * timeframe.minutes)
    if off.any():
        odd = opens.iloc[int(np.flatnonzero(off)[0])]
        raise OkxSignalError(
            f"candle at {odd} does not open on a {timeframe.name} UTC boundary: read it again"
        )
    return numbers
