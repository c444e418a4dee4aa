"""What a feature function reads: the bars of some pairs, and the quantities that features share.

Arrays are [pairs, bars] float64. The last `rows` bars are the rows that are asked for, before them
stand enough bars for every window. Recursive indicators run on a longer stretch that begins at the
month's anchor and are cut to the same bars.
"""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from okx_core.features import recursions, windows

Array = NDArray[np.float64]
KNOWN_EXTREME = 10.0


class Bars:
    """Bars numbered `first_bar` onwards, cut from `anchored` arrays that end on the same bar."""

    def __init__(self, anchored: dict[str, Array], bars: int, first_bar: int) -> None:
        self._anchored = anchored
        self._bars = bars
        self.first_bar = first_bar
        self.open = self._tail(anchored["open"])
        self.high = self._tail(anchored["high"])
        self.low = self._tail(anchored["low"])
        self.close = self._tail(anchored["close"])
        self.volume = self._tail(anchored["volume"])

    def _tail(self, anchored: Array) -> Array:
        return np.ascontiguousarray(anchored[:, anchored.shape[1] - self._bars :])

    def numbers(self) -> NDArray[np.int64]:
        """Bar number of every column [bars]."""
        return np.arange(self.first_bar, self.first_bar + self._bars)

    @cached_property
    def unbroken(self) -> Array:
        """Known bars in a row up to each bar, counted from the anchor."""
        return self._tail(windows.run_length(self._anchored["close"]))

    @cached_property
    def quote_volume(self) -> Array:
        """Turnover of the bar in quote units; volume x close where the source has none."""
        reported = self._tail(self._anchored["quote_volume"])
        return np.where(np.isnan(reported), self.volume * self.close, reported)

    @cached_property
    def typical_price(self) -> Array:
        return (self.high + self.low + self.close) / 3.0

    @cached_property
    def log_return(self) -> Array:
        """ln(close / previous close)."""
        return windows.log_ratio(self.close, aged(self.close, 1))

    @cached_property
    def return_24_pct(self) -> Array:
        return change_pct(self.close, 24)

    @cached_property
    def rsi_14(self) -> Array:
        return self._tail(recursions.rsi(self._anchored["close"], 14))

    @cached_property
    def atr_14(self) -> Array:
        fields = self._anchored
        return self._tail(recursions.atr(fields["high"], fields["low"], fields["close"], 14))

    @cached_property
    def directional_14(self) -> tuple[Array, Array, Array]:
        """ADX, +DI, -DI."""
        fields = self._anchored
        adx, plus, minus = recursions.directional_movement(fields["high"], fields["low"], fields["close"], 14)
        return self._tail(adx), self._tail(plus), self._tail(minus)

    @cached_property
    def macd_histogram(self) -> Array:
        return self._tail(recursions.macd_histogram(self._anchored["close"]))

    def ema(self, period: int) -> Array:
        return self._tail(recursions.ema(self._anchored["close"], period))

    @cached_property
    def band_20(self) -> tuple[Array, Array]:
        """Mean and population standard deviation of the last 20 closes."""
        return mean_and_deviation(self.close, 20)

    def highest(self, window: int) -> Array:
        """Highest high of the window."""
        return windows.rolling_max(self.high, window)

    def lowest(self, window: int) -> Array:
        """Lowest low of the window."""
        return -windows.rolling_max(-self.low, window)


def aged(values: Array, bars: int) -> Array:
    """`values` as they were `bars` bars ago; NaN where the array does not reach back."""
    reached = min(bars, values.shape[1])
    out = np.empty(values.shape)
    out[:, :reached] = np.nan
    out[:, reached:] = values[:, : values.shape[1] - reached]
    return out


def change_pct(values: Array, bars: int) -> Array:
    """Change over `bars` bars in percent of the older value."""
    return 100.0 * (values / aged(values, bars) - 1.0)


def mean_and_deviation(values: Array, window: int) -> tuple[Array, Array]:
    """Mean and population standard deviation of each window."""
    mean, squares, _ = windows.rolling_moments(values, window)
    return mean, np.sqrt(squares / window)


def surprise(values: Array, window: int) -> Array:
    """Distance of each value from the mean of the `window` values before it, in their deviations.

    Bounded at +-10, which is also the value after a window without any variation.
    """
    mean, deviation = mean_and_deviation(aged(values, 1), window)
    gap = values - mean
    flat = np.sign(gap) * KNOWN_EXTREME
    score = np.where(deviation == 0.0, flat, gap / np.where(deviation == 0.0, 1.0, deviation))
    return np.clip(score, -KNOWN_EXTREME, KNOWN_EXTREME)


def correlation(one: Array, other: Array, window: int) -> Array:
    """Pearson correlation over each window, from variances of sum and difference; 0 when one is flat."""
    _, sum_squares, _ = windows.rolling_moments(one + other, window)
    _, gap_squares, _ = windows.rolling_moments(one - other, window)
    _, one_squares, _ = windows.rolling_moments(one, window)
    _, other_squares, _ = windows.rolling_moments(other, window)
    scale = 4.0 * np.sqrt(one_squares) * np.sqrt(other_squares)
    return np.clip(windows.ratio(sum_squares - gap_squares, scale, 0.0), -1.0, 1.0)
