"""Price action of single bars."""

import numpy as np

from okx_core.features import windows
from okx_core.features.bars import Bars, change_pct
from okx_core.features.declaration import Array, Feature


def log_return(bars: Bars) -> Array:
    return bars.log_return


def candle_body_size(bars: Bars) -> Array:
    return 100.0 * (bars.close / bars.open - 1.0)


def upper_shadow(bars: Bars) -> Array:
    return 100.0 * (bars.high - np.maximum(bars.open, bars.close)) / bars.close


def lower_shadow(bars: Bars) -> Array:
    return 100.0 * (np.minimum(bars.open, bars.close) - bars.low) / bars.close


def relative_close_position(bars: Bars) -> Array:
    return windows.ratio(bars.close - bars.low, bars.high - bars.low, 0.5)


def roc_10(bars: Bars) -> Array:
    return change_pct(bars.close, 10)


def roc_24(bars: Bars) -> Array:
    return bars.return_24_pct


FEATURES = (
    Feature("log_return", "price", "ln(close / previous close)", "ln", 2, log_return),
    Feature("candle_body_size", "price", "close / open - 1, signed", "%", 1, candle_body_size),
    Feature("upper_shadow", "price", "(high - max(open, close)) / close", "%", 1, upper_shadow),
    Feature("lower_shadow", "price", "(min(open, close) - low) / close", "%", 1, lower_shadow),
    Feature(
        "relative_close_position",
        "price",
        "(close - low) / (high - low)",
        "0..1",
        1,
        relative_close_position,
        undefined="0.5 where high = low",
    ),
    Feature("roc_10", "price", "Rate of change: close / close 10 bars ago - 1", "%", 11, roc_10),
    Feature("roc_24", "price", "Rate of change: close / close 24 bars ago - 1", "%", 25, roc_24),
)
