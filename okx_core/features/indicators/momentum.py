"""Oscillators: how far and how evenly price has moved, with TA-Lib's seeds unless said otherwise."""

import numpy as np

from okx_core.features.bars import Bars, lag, memoized
from okx_core.features.declaration import HIGH_LOW_CLOSE, Array, feature
from okx_core.features.kernels import elementwise, smoothing, windows
from okx_core.features.kernels.elementwise import channel_index, williams_r
from okx_core.features.kernels.missing import last_known
from okx_core.features.kernels.moments import rolling_moments

SLOPE_BARS = 3
FLAT_COUNTS_HALF = "a bar counts 50 where the range is 0"


@feature(
    "momentum",
    "0..100",
    28,
    formula="100 up / (up + down), Wilder means of 14 rises and falls of close",
    source="Wilder 1978",
    inputs=("close",),
    anchored=True,
    undefined="50 where nothing has moved",
)
def rsi(bars: Bars) -> Array:
    """Relative strength index of 14 bars."""
    return bars.rsi_14


@feature(
    "momentum",
    "points/bar",
    31,
    formula="(rsi - rsi[3]) / 3",
    inputs=("close",),
    anchored=True,
)
def rsi_slope(bars: Bars) -> Array:
    """Change of rsi per bar over 3 bars."""
    return (bars.rsi_14 - lag(bars.rsi_14, SLOPE_BARS)) / SLOPE_BARS


@feature(
    "momentum",
    "0..100",
    41,
    formula="100 (rsi - min_14(rsi)) / (max_14(rsi) - min_14(rsi))",
    source="Chande and Kroll 1994",
    inputs=("close",),
    anchored=True,
    undefined="50 where rsi was constant for 14 bars",
)
def stoch_rsi(bars: Bars) -> Array:
    """Place of rsi in its range of 14 bars (fast %K of TA-Lib's STOCHRSI)."""
    strength = bars.since_anchor.rsi_14
    lowest = windows.rolling_min(strength, 14)
    spread = windows.rolling_max(strength, 14) - lowest
    return bars.cut(100.0 * elementwise.ratio(strength - lowest, spread, 0.5))


@memoized
def _slow_stochastic(bars: Bars) -> Array:
    lowest = bars.lowest(14)
    fast = elementwise.ratio(bars.close - lowest, bars.highest(14) - lowest, 0.5)
    return 100.0 * windows.rolling_sum(fast, 3) / 3.0


@feature(
    "momentum",
    "0..100",
    16,
    formula="mean_3(100 (close - min_14(low)) / (max_14(high) - min_14(low)))",
    source="Lane 1984",
    inputs=HIGH_LOW_CLOSE,
    undefined=FLAT_COUNTS_HALF,
)
def stoch_k_14(bars: Bars) -> Array:
    """Slow stochastic %K."""
    return _slow_stochastic(bars)


@feature(
    "momentum",
    "0..100",
    18,
    formula="mean_3(stoch_k_14)",
    source="Lane 1984",
    inputs=HIGH_LOW_CLOSE,
    undefined=FLAT_COUNTS_HALF,
)
def stoch_d_14(bars: Bars) -> Array:
    """Slow stochastic %D, the signal of stoch_k_14."""
    return windows.rolling_sum(_slow_stochastic(bars), 3) / 3.0


@feature(
    "momentum",
    "-100..0",
    14,
    formula="-100 (max_14(high) - close) / (max_14(high) - min_14(low))",
    source="Williams 1973",
    inputs=HIGH_LOW_CLOSE,
    undefined="-50 where the range is 0",
)
def williams_r_14(bars: Bars) -> Array:
    """Williams %R."""
    return williams_r(bars.close, bars.highest(14), bars.lowest(14))


@feature(
    "momentum",
    "ratio",
    14,
    formula="(tp - mean_14(tp)) / (0.015 mean_14(|tp - mean|)), tp = (high + low + close) / 3",
    source="Lambert 1980",
    inputs=HIGH_LOW_CLOSE,
    undefined="0 in a flat market",
)
def cci_14(bars: Bars) -> Array:
    """Commodity channel index."""
    typical = bars.typical_price
    mean = rolling_moments(typical, 14, 1)[0]
    spread = windows.rolling_absolute_deviation(typical, mean, 14)
    return channel_index(typical, mean, spread)


@memoized
def _median_oscillator(bars: Bars) -> Array:
    median = 0.5 * (bars.high + bars.low)
    return windows.rolling_sum(median, 5) / 5.0 - windows.rolling_sum(median, 34) / 34.0


@feature(
    "momentum",
    "quote",
    34,
    formula="mean_5(m) - mean_34(m), m = (high + low) / 2",
    source="Williams 1995",
    inputs=("high", "low"),
    scale_free=False,
)
def awesome_oscillator(bars: Bars) -> Array:
    """Awesome oscillator in price units."""
    return _median_oscillator(bars)


@feature(
    "momentum",
    "%",
    34,
    formula="100 awesome_oscillator / close",
    source="Williams 1995",
    inputs=HIGH_LOW_CLOSE,
)
def awesome_oscillator_pct(bars: Bars) -> Array:
    """Awesome oscillator over close."""
    return 100.0 * _median_oscillator(bars) / bars.close


@feature(
    "momentum",
    "-100..100",
    76,
    formula="100 EMA_13(EMA_25(change)) / EMA_13(EMA_25(|change|)), change = close - close[1]",
    source="Blau 1991",
    inputs=("close",),
    anchored=True,
    undefined="0 where nothing has moved",
)
def tsi(bars: Bars) -> Array:
    """True strength index."""
    close = bars.since_anchor.close
    change = close - last_known(close)
    smooth, path = (smoothing.ema(smoothing.ema(x, 25), 13) for x in (change, np.abs(change)))
    return bars.cut(100.0 * elementwise.ratio(smooth, path, 0.0))
