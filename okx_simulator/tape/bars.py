"""The tape interface: hourly bars of named pairs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

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
    """Where prices come from. `end_hour` is the first hour the tape has not got; None means endless.

    `seed`, `comovement`, the correlation of the pairs' hourly returns, and `walked_share` of the wicks belong to
    the paths inside the hours.
    """

    @property
    def pairs(self) -> tuple[str, ...]: ...

    @property
    def start_hour(self) -> int: ...

    @property
    def end_hour(self) -> int | None: ...

    @property
    def seed(self) -> int: ...

    @property
    def comovement(self) -> float: ...

    def walked_share(self, pair: str) -> float:
        """The share of the pair's wicks that a random walk would have made, see `wicks.walked_share`."""
        ...

    def bars(self, pair: str, end_hour: int) -> Bars:
        """Every bar of `pair` that opens before `end_hour`."""
        ...

    def last_hour(self, pair: str) -> int | None:
        """The open of the pair's last bar; None means endless."""
        ...

    def describe(self) -> dict[str, object]:
        """A description of the tape, for the admin port and for people."""
        ...
