"""Bar sizes the exchange serves, and hourly bars gathered into larger ones."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from okx_simulator.tape.bars import Bars, Floats, Hours


@dataclass(frozen=True)
class BarSize:
    """`hours` per bar; bars open at multiples of it, shifted by `shift` hours from 00:00 UTC."""

    hours: int
    shift: int = 0

    def open_of(self, hour: int) -> int:
        """The open, in hours since 1970, of the bar that `hour` falls into."""
        return (hour - self.shift) // self.hours * self.hours + self.shift

    def opens_of(self, hours: Hours) -> Hours:
        return (hours - self.shift) // self.hours * self.hours + self.shift


# Bars above four hours without the suffix follow the Hong Kong day, which opens at 16:00 UTC.
BAR_SIZES = {
    "1H": BarSize(1),
    "2H": BarSize(2),
    "4H": BarSize(4),
    "6Hutc": BarSize(6),
    "12Hutc": BarSize(12),
    "1Dutc": BarSize(24),
    "1Wutc": BarSize(168, 96),  # weeks open on Mondays; 1970 began on a Thursday
    "6H": BarSize(6, 4),
    "12H": BarSize(12, 4),
    "1D": BarSize(24, 16),
    "1W": BarSize(168, 88),
}


def _sums(column: Floats, first: NDArray[np.intp]) -> Floats:
    """Sums [m] of the runs that start at `first`, without the noise of adding floats."""
    return np.asarray(np.round(np.add.reduceat(column, first), 8), np.float64)


def gather(hourly: Bars, size: BarSize) -> Bars:
    """Hourly bars [n] into bars of `size`; a bucket with missing hours holds what is there."""
    if size.hours == 1 or len(hourly) == 0:
        return hourly
    opens = size.opens_of(hourly.hours)
    first = np.flatnonzero(np.r_[True, opens[1:] != opens[:-1]])
    last = np.r_[first[1:], len(opens)] - 1
    return Bars(
        hours=opens[first],
        open=hourly.open[first],
        high=np.maximum.reduceat(hourly.high, first),
        low=np.minimum.reduceat(hourly.low, first),
        close=hourly.close[last],
        volume=_sums(hourly.volume, first),
        quote_volume=_sums(hourly.quote_volume, first),
    )
