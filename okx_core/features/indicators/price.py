"""Price action: single bars, and moves over a few of them."""

import numpy as np

from okx_core.features.bars import Bars, change_pct, lag
from okx_core.features.declaration import HIGH_LOW_CLOSE, Array, feature
from okx_core.features.kernels import elementwise

VELOCITY_BARS = 3


@feature("price", "ln", 2, formula="ln(close / close[1])", inputs=("close",))
def log_return(bars: Bars) -> Array:
    """Log return of the bar."""
    return bars.log_return


@feature("price", "%", 2, formula="100 (close / close[1] - 1)", inputs=("close",))
def prev_close_change_pct(bars: Bars) -> Array:
    """Change of close against the previous close."""
    return change_pct(bars.close, 1)


@feature("price", "%", 2, formula="100 (open / close[1] - 1)", inputs=("open", "close"))
def gap_open(bars: Bars) -> Array:
    """Gap between the previous close and the open."""
    return 100.0 * (bars.open / lag(bars.close, 1) - 1.0)


@feature("price", "%", 1, formula="100 (close / open - 1)", inputs=("open", "close"))
def candle_body_size(bars: Bars) -> Array:
    """Body of the candle, signed."""
    return 100.0 * (bars.close / bars.open - 1.0)


@feature("price", "%", 1, formula="100 (high - max(open, close)) / close", inputs=("open", "high", "close"))
def upper_shadow(bars: Bars) -> Array:
    """Shadow above the candle's body."""
    return 100.0 * (bars.high - np.maximum(bars.open, bars.close)) / bars.close


@feature("price", "%", 1, formula="100 (min(open, close) - low) / close", inputs=("open", "low", "close"))
def lower_shadow(bars: Bars) -> Array:
    """Shadow below the candle's body."""
    return 100.0 * (np.minimum(bars.open, bars.close) - bars.low) / bars.close


@feature(
    "price",
    "0..1",
    1,
    formula="(close - low) / (high - low)",
    inputs=HIGH_LOW_CLOSE,
    undefined="0.5 where high = low",
)
def relative_close_position(bars: Bars) -> Array:
    """Place of close in the bar's range: 0 low, 1 high."""
    return elementwise.ratio(bars.close - bars.low, bars.range, 0.5)


def _velocity(bars: Bars) -> Array:
    return change_pct(bars.close, VELOCITY_BARS) / VELOCITY_BARS


@feature("price", "%/bar", 4, formula="100 (close / close[3] - 1) / 3", inputs=("close",))
def price_velocity(bars: Bars) -> Array:
    """Change of close per bar over 3 bars."""
    return _velocity(bars)


@feature("price", "%/bar^2", 7, formula="(price_velocity - price_velocity[3]) / 3", inputs=("close",))
def price_acceleration(bars: Bars) -> Array:
    """Change of price_velocity per bar over 3 bars."""
    velocity = _velocity(bars)
    return (velocity - lag(velocity, VELOCITY_BARS)) / VELOCITY_BARS


@feature("price", "%", 11, formula="100 (close / close[10] - 1)", inputs=("close",))
def roc_10(bars: Bars) -> Array:
    """Rate of change over 10 bars."""
    return change_pct(bars.close, 10)


@feature("price", "%", 25, formula="100 (close / close[24] - 1)", inputs=("close",))
def roc_24(bars: Bars) -> Array:
    """Rate of change over 24 bars."""
    return bars.return_24_pct
