"""Bars shorter than an hour, cut from the path that the price takes inside each hourly bar.

All bars of an hour together have its open, high, low, close and volume. Their turnover is their own volume
at their own typical price, as for the forming hour.
"""

import math
from dataclasses import dataclass

import numpy as np

from okx_simulator.protocol.clock import HOUR_MS
from okx_simulator.tape.bars import Bars, Floats, Hours, path_points

MINUTE_MS = 60_000
MINUTE_SIZES = {"1m": 1, "3m": 3, "5m": 5, "15m": 15, "30m": 30}
PRICE_DIGITS = 12  # significant ones: prices may be as small as 1e-9


@dataclass(frozen=True)
class MinuteBars:
    """Bars [n], oldest first: opens in ms, and open, high, low, close, volume, turnover as rows [6, n]."""

    open_ms: Hours
    values: Floats

    def chosen(self, rows: "np.typing.NDArray[np.bool_]") -> "MinuteBars":
        return MinuteBars(self.open_ms[rows], self.values[:, rows])


def cut(hourly: Bars, minutes: int, now_ms: int) -> MinuteBars:
    """The bars of so many minutes in the hourly ones that have opened by `now_ms`; the last one so far."""
    parts = [_cut_hour(hourly[row : row + 1], minutes, now_ms) for row in range(len(hourly))]
    opens = np.concatenate([np.empty(0, np.int64), *(part.open_ms for part in parts)])
    return MinuteBars(opens, np.concatenate([np.empty((6, 0)), *(part.values for part in parts)], axis=1))


def _cut_hour(bar: Bars, minutes: int, now_ms: int) -> MinuteBars:
    count, start_ms = 60 // minutes, int(bar.hours[0]) * HOUR_MS
    open_ms = start_ms + np.arange(count) * minutes * MINUTE_MS
    open_ms = open_ms[open_ms <= now_ms]
    times, prices = path_points(bar)
    first = (open_ms - start_ms) / HOUR_MS
    last = np.minimum(first + minutes / 60, max(now_ms - start_ms, 0) / HOUR_MS)
    opened, closed = np.interp(first, times, prices), np.interp(last, times, prices)
    inside = (times[1:-1, None] > first) & (times[1:-1, None] <= last)
    turns = prices[1:-1, None]
    high = np.maximum(np.maximum(opened, closed), np.where(inside, turns, -np.inf).max(axis=0))
    low = np.minimum(np.minimum(opened, closed), np.where(inside, turns, np.inf).min(axis=0))
    decimals = PRICE_DIGITS - 1 - math.floor(math.log10(float(bar.high[0])))
    sides = [np.round(side, decimals) for side in (opened, high, low, closed)]
    volume = _shares(float(bar.volume[0]), first, last)
    turnover = np.round(volume * (sides[1] + sides[2] + sides[3]) / 3.0, 8)
    return MinuteBars(open_ms, np.stack([*sides, volume, turnover]))


def _shares(volume: float, first: Floats, last: Floats) -> Floats:
    """The volume traded between two fractions of the hour; the parts of an hour sum up to it."""
    shares: Floats = np.round(volume * last, 8) - np.round(volume * first, 8)
    return np.round(shares, 8)


def minute_rows(
    hourly: Bars, minutes: int, now_ms: int, after_ms: int, before_ms: int
) -> tuple[MinuteBars, int]:
    """Bars with before < open < after (both exclusive), and the open in ms of the forming one."""
    bars = cut(hourly, minutes, now_ms)
    forming_ms = now_ms // (minutes * MINUTE_MS) * minutes * MINUTE_MS
    return bars.chosen((bars.open_ms > before_ms) & (bars.open_ms < after_ms)), forming_ms
