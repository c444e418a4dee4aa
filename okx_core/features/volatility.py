"""Volatility: ranges, bands, realised volatility and drawdown."""

import math

import numpy as np

from okx_core.features import windows
from okx_core.features.bars import Bars, mean_and_deviation
from okx_core.features.declaration import Array, Feature

HOURS_PER_YEAR = 8760.0


def normalized_atr_14(bars: Bars) -> Array:
    return 100.0 * bars.atr_14 / bars.close


def bollinger_width(bars: Bars) -> Array:
    mean, deviation = bars.band_20
    return 100.0 * 4.0 * deviation / mean


def bollinger_percent_b(bars: Bars) -> Array:
    mean, deviation = bars.band_20
    return windows.ratio(bars.close - (mean - 2.0 * deviation), 4.0 * deviation, 0.5)


def donchian_channel_width(bars: Bars) -> Array:
    return 100.0 * (bars.highest(20) - bars.lowest(20)) / bars.close


def historical_vol_30(bars: Bars) -> Array:
    _, deviation = mean_and_deviation(bars.log_return, 30)
    return 100.0 * math.sqrt(HOURS_PER_YEAR * 30.0 / 29.0) * deviation


def volatility_ratio_6_48(bars: Bars) -> Array:
    squares = bars.log_return * bars.log_return
    recent, usual = windows.rolling_sum(squares, 6) / 6.0, windows.rolling_sum(squares, 48) / 48.0
    root: Array = np.sqrt(windows.ratio(recent, usual, 1.0))
    return root


def ulcer_14(bars: Bars) -> Array:
    drawdown = 100.0 * (bars.close / windows.rolling_max(bars.close, 14) - 1.0)
    root: Array = np.sqrt(windows.rolling_sum(drawdown * drawdown, 14) / 14.0)
    return root


NORMALIZED_ATR_14 = Feature(
    "normalized_atr_14",
    "volatility",
    "Average true range of 14 bars (Wilder 1978) over close",
    "%",
    28,
    normalized_atr_14,
    anchored=True,
)
BOLLINGER_WIDTH = Feature(
    "bollinger_width",
    "volatility",
    "Width of the Bollinger band (20 bars, 2 population deviations) over its middle",
    "%",
    20,
    bollinger_width,
    undefined="0 in a flat market",
)

FEATURES = (
    NORMALIZED_ATR_14,
    BOLLINGER_WIDTH,
    Feature(
        "bollinger_percent_b",
        "volatility",
        "Place of close in the Bollinger band(20, 2): 0 lower, 1 upper",
        "ratio",
        20,
        bollinger_percent_b,
        undefined="0.5 in a flat market",
    ),
    Feature(
        "donchian_channel_width",
        "volatility",
        "(highest high - lowest low of 20 bars) / close",
        "%",
        20,
        donchian_channel_width,
    ),
    Feature(
        "historical_vol_30",
        "volatility",
        "Sample deviation of 30 log returns, annualised by sqrt(8760)",
        "% a year",
        31,
        historical_vol_30,
    ),
    Feature(
        "volatility_ratio_6_48",
        "volatility",
        "Root mean square log return of 6 bars over that of 48",
        "ratio",
        49,
        volatility_ratio_6_48,
        undefined="1 in a flat market",
    ),
    Feature(
        "ulcer_14",
        "volatility",
        "Ulcer index (Martin 1987): root mean square drawdown of 14 bars, each "
        "against the highest close of its own 14 bars",
        "%",
        27,
        ulcer_14,
    ),
)
