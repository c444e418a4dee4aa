"""Bars shorter than an hour, cut from the path that the price takes inside each hourly bar.

All bars of an hour together have its open, high, low, close and volume. Their turnover is their volume at the
prices of the path, as for the forming hour.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from okx_simulator.protocol.clock import HOUR_MS
from okx_simulator.tape.bars import Bars, Floats, Hours
from okx_simulator.tape.hour_path import SLOTS, HourPath, slot_of

MINUTE_MS = 60_000
MINUTE_SLOTS = SLOTS // 60
MINUTE_SIZES = {"1m": 1, "3m": 3, "5m": 5, "15m": 15, "30m": 30}


@dataclass(frozen=True)
class MinuteBars:
    """Bars [n], oldest first: opens in ms, and open, high, low, close, volume, turnover as rows [6, n]."""

    open_ms: Hours
    values: Floats

    def chosen(self, rows: "np.typing.NDArray[np.bool_]") -> "MinuteBars":
        return MinuteBars(self.open_ms[rows], self.values[:, rows])


def cut(hourly: Iterable[tuple[Bars, HourPath]], minutes: int, now_ms: int) -> MinuteBars:
    """The bars of so many minutes in the hourly ones that have opened by `now_ms`; the last one so far."""
    parts = [_cut_hour(bar, path, minutes, now_ms) for bar, path in hourly]
    opens = np.concatenate([np.empty(0, np.int64), *(part.open_ms for part in parts)])
    return MinuteBars(opens, np.concatenate([np.empty((6, 0)), *(part.values for part in parts)], axis=1))


def _cut_hour(bar: Bars, path: HourPath, minutes: int, now_ms: int) -> MinuteBars:
    start_ms, length = int(bar.hours[0]) * HOUR_MS, minutes * MINUTE_SLOTS
    if now_ms < start_ms:
        return MinuteBars(np.empty(0, np.int64), np.empty((6, 0)))
    until = slot_of(start_ms, now_ms) + 1
    prices, traded = path.prices[:until], path.traded[:until]
    first = np.arange(0, until, length)
    last = np.minimum(first + length, until) - 1
    shares = np.diff(traded, prepend=0.0)
    volume, spent = float(bar.volume[0]) * np.stack(
        [np.add.reduceat(shares, first), np.add.reduceat(shares * prices, first)]
    )
    return MinuteBars(
        start_ms + first // MINUTE_SLOTS * MINUTE_MS,
        np.stack(
            [
                prices[first],
                np.maximum.reduceat(prices, first),
                np.minimum.reduceat(prices, first),
                prices[last],
                np.round(volume, 8),
                np.round(spent, 8),
            ]
        ),
    )


def minute_rows(
    hourly: Iterable[tuple[Bars, HourPath]], minutes: int, now_ms: int, after_ms: int, before_ms: int
) -> tuple[MinuteBars, int]:
    """Bars with before < open < after (both exclusive), and the open in ms of the forming one."""
    bars = cut(hourly, minutes, now_ms)
    forming_ms = now_ms // (minutes * MINUTE_MS) * minutes * MINUTE_MS
    return bars.chosen((bars.open_ms > before_ms) & (bars.open_ms < after_ms)), forming_ms
