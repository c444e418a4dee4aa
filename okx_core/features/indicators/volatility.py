"""Volatility: ranges, channels, realised volatility and drawdown."""

import math

import numpy as np

from okx_core.features.bars import Bars, lag, mean_and_deviation, memoized
from okx_core.features.declaration import HIGH_LOW_CLOSE, Array, feature
from okx_core.features.kernels import elementwise, recursions, smoothing, windows
from okx_core.features.kernels.elementwise import distance_pct

BARS_PER_YEAR = 8760.0
WILDER = "Wilder 1978"
FLAT_IS_0 = "0 in a flat market"


@feature(
    "volatility", "quote", 2, formula="max(high, close[1]) - min(low, close[1])", source=WILDER,
    inputs=HIGH_LOW_CLOSE, scale_free=False,
)  # fmt: skip
def true_range(bars: Bars) -> Array:
    """True range in price units."""
    return bars.true_range


@feature("volatility", "%", 2, formula="100 true_range / close", source=WILDER, inputs=HIGH_LOW_CLOSE)
def true_range_pct(bars: Bars) -> Array:
    """True range over close."""
    return 100.0 * bars.true_range / bars.close


@feature(
    "volatility", "quote", 28, formula="Wilder mean of 14 true ranges", source=WILDER, inputs=HIGH_LOW_CLOSE,
    anchored=True, scale_free=False,
)  # fmt: skip
def atr(bars: Bars) -> Array:
    """Average true range of 14 bars in price units."""
    return bars.atr_14


@feature(
    "volatility", "%", 28, formula="100 atr / close", source=WILDER, inputs=HIGH_LOW_CLOSE, anchored=True
)
def normalized_atr_14(bars: Bars) -> Array:
    """Average true range of 14 bars over close."""
    return 100.0 * bars.atr_14 / bars.close


BOLLINGER = "Bollinger 1992"


@feature(
    "volatility", "%", 20, formula="100 x 4 population deviation_20(close) / mean_20(close)", source=BOLLINGER,
    inputs=("close",), undefined=FLAT_IS_0,
)  # fmt: skip
def bollinger_width(bars: Bars) -> Array:
    """Width of the Bollinger band (20, 2) over its middle."""
    mean, deviation = bars.band_20
    return 400.0 * deviation / mean


@feature(
    "volatility", "quote", 20, formula="4 population deviation_20(close)", source=BOLLINGER, inputs=("close",),
    scale_free=False, undefined=FLAT_IS_0,
)  # fmt: skip
def bollinger_width_quote(bars: Bars) -> Array:
    """Width of the Bollinger band (20, 2) in price units."""
    return 4.0 * bars.band_20[1]


@feature(
    "volatility", "ratio", 20, formula="(close - lower) / (upper - lower)", source=BOLLINGER,
    inputs=("close",), undefined="0.5 in a flat market",
)  # fmt: skip
def bollinger_percent_b(bars: Bars) -> Array:
    """Place of close in the Bollinger band (20, 2): 0 lower, 1 upper."""
    mean, deviation = bars.band_20
    return elementwise.ratio(bars.close - (mean - 2.0 * deviation), 4.0 * deviation, 0.5)


@feature(
    "volatility", "%", 20, formula="100 (max_20(high) - min_20(low)) / close", source="Donchian 1960",
    inputs=HIGH_LOW_CLOSE, undefined=FLAT_IS_0,
)  # fmt: skip
def donchian_channel_width(bars: Bars) -> Array:
    """Width of the Donchian channel of 20 bars over close."""
    return 100.0 * (bars.highest(20) - bars.lowest(20)) / bars.close


@feature(
    "volatility", "quote", 20, formula="max_20(high) - min_20(low)", source="Donchian 1960",
    inputs=("high", "low"), scale_free=False, undefined=FLAT_IS_0,
)  # fmt: skip
def donchian_channel_width_quote(bars: Bars) -> Array:
    """Width of the Donchian channel of 20 bars in price units."""
    return bars.highest(20) - bars.lowest(20)


@memoized
def _atr_10(bars: Bars) -> Array:
    whole = bars.since_anchor
    return bars.cut(recursions.atr(whole.high, whole.low, whole.close, 10))


@feature(
    "volatility", "%", 40, formula="100 x 4 ATR_10 / EMA_20(close)", source="Keltner 1960, Raschke 1990s",
    inputs=HIGH_LOW_CLOSE, anchored=True,
)  # fmt: skip
def keltner_channel_width(bars: Bars) -> Array:
    """Width of the Keltner channel (EMA 20, 2 ATR of 10 bars) over its middle."""
    return 400.0 * _atr_10(bars) / bars.ema(20)


@feature(
    "volatility", "quote", 20, formula="4 ATR_10", source="Keltner 1960, Raschke 1990s", inputs=HIGH_LOW_CLOSE,
    anchored=True, scale_free=False,
)  # fmt: skip
def keltner_channel_width_quote(bars: Bars) -> Array:
    """Width of the Keltner channel (2 ATR of 10 bars to each side) in price units."""
    return 4.0 * _atr_10(bars)


@feature(
    "volatility", "%", 30, formula="100 (e / e[10] - 1), e = EMA_10(high - low)", source="Chaikin 1980s",
    inputs=("high", "low"), anchored=True, undefined=FLAT_IS_0,
)  # fmt: skip
def chaikin_volatility(bars: Bars) -> Array:
    """Change over 10 bars of the mean range of 10 bars."""
    smooth = smoothing.ema(bars.since_anchor.range, 10)
    return bars.cut(100.0 * (elementwise.ratio(smooth, lag(smooth, 10), 1.0) - 1.0))


@feature(
    "volatility", "%", 30, formula="100 (close / SAR(0.02, 0.2) - 1)", source=WILDER, inputs=HIGH_LOW_CLOSE,
    anchored=True,
    undefined="begins anew at the anchor and after a gap, as TA-Lib begins: the trend by the second bar",
)  # fmt: skip
def parabolic_sar_distance(bars: Bars) -> Array:
    """Distance of close from the parabolic stop: positive in an uptrend."""
    whole = bars.since_anchor
    return distance_pct(bars.close, bars.cut(recursions.parabolic_sar(whole.high, whole.low, 0.02, 0.2)))


@feature(
    "volatility", "% a year", 31, formula="100 sqrt(8760) sample deviation_30(log_return)", inputs=("close",),
    undefined=FLAT_IS_0,
)  # fmt: skip
def historical_vol_30(bars: Bars) -> Array:
    """Volatility of 30 hourly log returns, annualised."""
    _, deviation = mean_and_deviation(bars.log_return, 30)
    return 100.0 * math.sqrt(BARS_PER_YEAR * 30.0 / 29.0) * deviation


@feature(
    "volatility", "% a year", 30, formula="100 sqrt(8760 mean_30(ln(high / low)^2) / (4 ln 2))",
    source="Parkinson 1980", inputs=("high", "low"), undefined=FLAT_IS_0,
)  # fmt: skip
def parkinson_30(bars: Bars) -> Array:
    """Volatility from the ranges of 30 hours, annualised."""
    variance = windows.rolling_sum(bars.squared_log_range, 30) / (30.0 * 4.0 * math.log(2.0))
    return 100.0 * np.sqrt(BARS_PER_YEAR * variance)


@feature(
    "volatility",
    "% a year",
    30,
    formula="100 sqrt(8760 mean_30(ln(high / low)^2 / 2 - (2 ln 2 - 1) ln(close / open)^2))",
    source="Garman and Klass 1980",
    inputs=("open", "high", "low", "close"),
    undefined=FLAT_IS_0,
)
def garman_klass_30(bars: Bars) -> Array:
    """Volatility from ranges and bodies of 30 hours, annualised."""
    body = elementwise.log_ratio(bars.close, bars.open)
    variance = 0.5 * bars.squared_log_range - (2.0 * math.log(2.0) - 1.0) * (body * body)
    return 100.0 * np.sqrt(BARS_PER_YEAR / 30.0 * windows.rolling_sum(variance, 30))


@feature(
    "volatility", "ratio", 49, formula="sqrt(mean_6(log_return^2) / mean_48(log_return^2))", inputs=("close",),
    undefined="1 in a flat market",
)  # fmt: skip
def volatility_ratio_6_48(bars: Bars) -> Array:
    """Realised-volatility ratio: 6 bars against 48."""
    squares = bars.squared_return
    recent, usual = windows.rolling_sum(squares, 6) / 6.0, windows.rolling_sum(squares, 48) / 48.0
    root: Array = np.sqrt(elementwise.ratio(recent, usual, 1.0))
    return root


@feature(
    "volatility", "%", 27, formula="sqrt(mean_14((100 (close / max_14(close) - 1))^2))",
    source="Martin and McCann 1989", inputs=("close",), undefined=FLAT_IS_0,
)  # fmt: skip
def ulcer_14(bars: Bars) -> Array:
    """Ulcer index: root mean square drawdown of 14 bars, each against the highest close of its own 14."""
    drawdown = distance_pct(bars.close, windows.rolling_max(bars.close, 14))
    root: Array = np.sqrt(windows.rolling_sum(drawdown * drawdown, 14) / 14.0)
    return root
