"""The tape interface: hourly bars of named pairs, and the path of the price inside a bar."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from okx_simulator.protocol.clock import HOUR_MS

Floats = NDArray[np.float64]
Hours = NDArray[np.int64]


@dataclass(frozen=True)
class Bars:
    """Bars [n], oldest first; `hours` counts the opens in hours since 1970. Missing hours are absent."""

    hours: Hours
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    quote_volume: Floats

    def __len__(self) -> int:
        return len(self.hours)

    def __getitem__(self, rows: slice) -> "Bars":
        return Bars(
            self.hours[rows],
            self.open[rows],
            self.high[rows],
            self.low[rows],
            self.close[rows],
            self.volume[rows],
            self.quote_volume[rows],
        )

    def values(self) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats]:
        """Open, high, low, close, volume, quote_volume."""
        return self.open, self.high, self.low, self.close, self.volume, self.quote_volume

    def between(self, start_hour: int, end_hour: int) -> "Bars":
        """The bars that open in [start_hour, end_hour), as views."""
        first, last = np.searchsorted(self.hours, (start_hour, end_hour))
        return self[int(first) : int(last)]


def joined(parts: Sequence[Bars]) -> Bars:
    """Bars of all parts, one after the other."""
    hours = np.concatenate([part.hours for part in parts])
    columns = zip(*(part.values() for part in parts), strict=True)
    return Bars(hours, *(np.concatenate(column) for column in columns))


class Tape(Protocol):
    """Where prices come from. `end_hour` is the first hour the tape has not got; None means endless."""

    @property
    def pairs(self) -> tuple[str, ...]: ...

    @property
    def start_hour(self) -> int: ...

    @property
    def end_hour(self) -> int | None: ...

    def bars(self, pair: str, end_hour: int) -> Bars:
        """Every bar of `pair` that opens before `end_hour`."""
        ...

    def last_hour(self, pair: str) -> int | None:
        """The open of the pair's last bar; None means endless."""
        ...

    def describe(self) -> dict[str, object]:
        """A description of the tape, for the admin port and for people."""
        ...


PATH_FRACTIONS = np.array([0.0, 1 / 3, 2 / 3, 1.0])


def path_corners(bars: Bars) -> Floats:
    """Prices [n, 4] at PATH_FRACTIONS of every bar's hour; the path runs straight between them.

    A rising bar dips first (open, low, high, close), a falling one peaks first.
    """
    rising = bars.close >= bars.open
    first, second = np.where(rising, bars.low, bars.high), np.where(rising, bars.high, bars.low)
    return np.stack([bars.open, first, second, bars.close], axis=1)


def path_points(bar: Bars) -> tuple[Floats, Floats]:
    """Fractions of the hour and prices the path of one bar goes through."""
    return PATH_FRACTIONS, path_corners(bar)[0]


def forming_bar(bar: Bars, now_ms: int) -> Bars:
    """The bar as far as it has come at `now_ms`: nothing of its future shows in any column."""
    fraction = min(max((now_ms - int(bar.hours[0]) * HOUR_MS) / HOUR_MS, 0.0), 1.0)
    times, prices = path_points(bar)
    price = float(np.interp(fraction, times, prices))
    seen = np.append(prices[times <= fraction], price)
    high, low = float(seen.max()), float(seen.min())
    volume = round(float(bar.volume[0]) * fraction, 8)
    turnover = round(volume * (high + low + price) / 3.0, 8)
    opened = float(bar.open[0])
    now = (np.array([value]) for value in (opened, high, low, price, volume, turnover))
    return Bars(bar.hours, *now)
