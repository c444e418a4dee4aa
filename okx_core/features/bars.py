"""The input of feature functions: the bars of some pairs, and quantities that features share.

Arrays are [pairs, bars] float64. The last `rows` bars are the rows that are asked for, before them
there are enough bars for every window. Recursive indicators run on a longer stretch that begins at the
month's anchor and are cut to the same bars.
"""

from collections.abc import Callable
from functools import cached_property, wraps
from typing import Protocol, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from okx_core.features.funding import usual_hours_to_funding
from okx_core.features.kernels import elementwise, missing, recursions, smoothing, windows
from okx_core.features.kernels.elementwise import deviation, distance_pct, typical_price
from okx_core.features.kernels.moments import rolling_comoments, rolling_moments

Array = NDArray[np.float64]
KNOWN_EXTREME = 10.0
LARGEST_CHANGE_PCT = 1000.0  # of a quantity that may begin at almost nothing


class Bars:
    """Bars numbered `first_bar` onwards, cut from `anchored` arrays that end on the same bar.

    A field is copied out of them, contiguous, when a feature first reads it.
    """

    def __init__(self, anchored: dict[str, Array], bars: int, first_bar: int) -> None:
        self._anchored = anchored
        self._bars = bars
        self.known: dict[object, object] = {}
        self.first_bar = first_bar

    @cached_property
    def open(self) -> Array:
        return self._tail(self._anchored["open"])

    @cached_property
    def high(self) -> Array:
        return self._tail(self._anchored["high"])

    @cached_property
    def low(self) -> Array:
        return self._tail(self._anchored["low"])

    @cached_property
    def close(self) -> Array:
        return self._tail(self._anchored["close"])

    @cached_property
    def volume(self) -> Array:
        return self._tail(self._anchored["volume"])

    def _tail(self, anchored: Array) -> Array:
        return np.ascontiguousarray(anchored[:, anchored.shape[1] - self._bars :])

    def numbers(self) -> NDArray[np.int64]:
        """Bar number of every column [bars]."""
        return np.arange(self.first_bar, self.first_bar + self._bars)

    @cached_property
    def hours_to_funding(self) -> Array:
        """Hours from each close to the next funding, by the payments that are known, see `features.funding`."""
        if "hours_to_funding" in self._anchored:
            return self._tail(self._anchored["hours_to_funding"])
        return np.tile(usual_hours_to_funding(self.numbers()), (self._anchored["close"].shape[0], 1))

    def support(self, lookback: int) -> Array:
        """At least `lookback` where a value with this look-back may be known, see `missing.support`."""
        if not self._has_gap:
            return self._since_first
        return self._once(
            ("support", lookback), lambda: self.cut(missing.support(self.since_anchor.close, lookback))
        )

    @cached_property
    def _has_gap(self) -> bool:
        return missing.has_gap(self.since_anchor.close)

    @cached_property
    def _since_first(self) -> Array:
        """Bars since each pair's first one since the anchor, where there is no gap."""
        return self.cut(windows.run_length(self.since_anchor.close))

    @cached_property
    def quote_volume(self) -> Array:
        """Turnover of the bar in quote units; volume x close where the source has none."""
        reported = self._tail(self._anchored["quote_volume"])
        return np.where(np.isnan(reported), self.volume * self.close, reported)

    @cached_property
    def taker_buy_base(self) -> Array:
        """Volume that takers bought; NaN where the source does not tell."""
        return self._tail(self._anchored["taker_buy_base"])

    @property
    def since_anchor(self) -> "Bars":
        """The same bars from the anchor on: where recursions run. `cut` brings a result back."""
        return self if self._anchored["close"].shape[1] == self._bars else self._whole

    @cached_property
    def _whole(self) -> "Bars":
        """Never these bars themselves: a cycle would keep all arrays of a pass until the next collection."""
        bars = self._anchored["close"].shape[1]
        return Bars(self._anchored, bars, self.first_bar + self._bars - bars)

    def cut(self, values: Array) -> Array:
        """Values computed since the anchor, for these bars alone."""
        return values if values.shape[1] == self._bars else self._tail(values)

    @cached_property
    def typical_price(self) -> Array:
        return typical_price(self.high, self.low, self.close)

    @cached_property
    def range(self) -> Array:
        return self.high - self.low

    @cached_property
    def true_range(self) -> Array:
        before = lag(self.close, 1)
        return np.maximum(self.high, before) - np.minimum(self.low, before)

    @cached_property
    def signed_volume(self) -> Array:
        """Volume, negative where close fell and 0 where it did not change."""
        return elementwise.signed_by_change(self.close, self.volume)

    @cached_property
    def log_return(self) -> Array:
        """ln(close / previous close)."""
        return elementwise.log_ratio(self.close, lag(self.close, 1))

    @cached_property
    def squared_return(self) -> Array:
        return self.log_return * self.log_return

    @cached_property
    def squared_log_range(self) -> Array:
        """ln(high / low) squared."""
        spread = elementwise.log_ratio(self.high, self.low)
        return spread * spread

    @cached_property
    def return_24_pct(self) -> Array:
        return change_pct(self.close, 24)

    @cached_property
    def rsi_14(self) -> Array:
        whole = self.since_anchor
        return recursions.rsi(self.close, 14) if whole is self else self.cut(whole.rsi_14)

    @cached_property
    def atr_14(self) -> Array:
        whole = self.since_anchor
        if whole is self:
            return recursions.atr(self.high, self.low, self.close, 14)
        return self.cut(whole.atr_14)

    @cached_property
    def directional_14(self) -> tuple[Array, Array, Array]:
        """ADX, +DI, -DI."""
        whole = self.since_anchor
        adx, plus, minus = recursions.directional_movement(whole.high, whole.low, whole.close, 14)
        return self.cut(adx), self.cut(plus), self.cut(minus)

    def ema(self, period: int) -> Array:
        """Exponential mean of close."""
        return self.cut(smoothing.ema(self.since_anchor.close, period))

    def sma(self, window: int) -> Array:
        """Mean of close."""
        return self._once(("sma", window), lambda: windows.rolling_sum(self.close, window) / window)

    @cached_property
    def band_20(self) -> tuple[Array, Array]:
        """Mean and population standard deviation of the last 20 closes."""
        return mean_and_deviation(self.close, 20)

    def highest(self, window: int) -> Array:
        """Highest high of the window."""
        return self._once(("highest", window), lambda: windows.rolling_max(self.high, window))

    def lowest(self, window: int) -> Array:
        """Lowest low of the window."""
        return self._once(("lowest", window), lambda: windows.rolling_min(self.low, window))

    def since_highest(self, window: int) -> Array:
        """Bars since the highest high of the window."""
        return self._once(("since_highest", window), lambda: windows.bars_since_highest(self.high, window))

    def since_lowest(self, window: int) -> Array:
        """Bars since the lowest low of the window."""
        return self._once(("since_lowest", window), lambda: windows.bars_since_highest(-self.low, window))

    def traded(self, window: int) -> Array:
        """Sum of volume."""
        return self._once(("traded", window), lambda: windows.rolling_sum(self.volume, window))

    def vwma(self, window: int) -> Array:
        """Volume-weighted mean of close; the close itself where nothing was traded."""

        def weighted() -> Array:
            paid = windows.rolling_sum(self._turnover, window)
            mean = elementwise.ratio(paid, self.traded(window), np.nan)
            return np.where(self.traded(window) == 0.0, self.close, mean)

        return self._once(("vwma", window), weighted)

    @cached_property
    def _turnover(self) -> Array:
        return self.close * self.volume

    def _once(self, key: tuple[str, int], compute: Callable[[], Array]) -> Array:
        if key not in self.known:
            self.known[key] = compute()
        return cast(Array, self.known[key])


Computed = TypeVar("Computed")


class Knows(Protocol):
    """A holder of arrays that several features or labels use."""

    known: dict[object, object]


Source = TypeVar("Source", bound=Knows)


def memoized(compute: Callable[[Source], Computed]) -> Callable[[Source], Computed]:
    """`compute`, done once per bars for all the features that ask for it."""

    @wraps(compute)
    def known(bars: Source) -> Computed:
        if compute not in bars.known:
            bars.known[compute] = compute(bars)
        return cast(Computed, bars.known[compute])

    return known


def flag(holds: NDArray[np.bool_], known: Array) -> Array:
    """1 where `holds`, else 0; NaN where `known` is NaN."""
    return np.where(np.isnan(known), np.nan, holds.astype(np.float64))


def lag(values: Array, bars: int) -> Array:
    """`values` as they were `bars` bars ago; NaN where the array does not reach back."""
    reached = min(bars, values.shape[1])
    out = np.empty(values.shape)
    out[:, :reached] = np.nan
    out[:, reached:] = values[:, : values.shape[1] - reached]
    return out


def change_pct(values: Array, bars: int) -> Array:
    """Change over `bars` bars in percent of the older value."""
    return distance_pct(values, lag(values, bars))


def mean_and_deviation(values: Array, window: int) -> tuple[Array, Array]:
    """Mean and population standard deviation of each window."""
    mean, squares = rolling_moments(values, window, 2)
    return mean, deviation(squares, window)


def rolling_z_score(values: Array, window: int) -> Array:
    """Distance of each value from the mean of the `window` values before it, in their deviations.

    Bounded at +-10, which is also the value after a window without any variation.
    """
    mean, deviation = mean_and_deviation(values, window)
    return elementwise.standardised(values, mean, deviation, KNOWN_EXTREME)


def correlation(one: Array, other: Array, window: int) -> Array:
    """Pearson correlation over each window; 0 when one is flat."""
    ones, others, both = rolling_comoments(one, other, window)
    return np.clip(elementwise.ratio(both, np.sqrt(ones) * np.sqrt(others), 0.0), -1.0, 1.0)
