"""The state of the market: calm or excited, trending or ranging, and how sure that is."""

import numpy as np

from okx_core.features.bars import Bars, flag, memoized
from okx_core.features.declaration import Array, feature
from okx_core.features.kernels import windows

CALM, EXCITED = 0.25, 0.75
TRENDING_ADX, RANGING_ADX, NEUTRAL_ADX = 25.0, 20.0, 22.5
RANK = "r is the share of the means of 6, 12 .. 84 bars ago below mean_12(ln(high / low)^2), ties half"
MIDDLE = "r is 0.5 in a flat market"


@memoized
def volatility_rank(bars: Bars) -> Array:
    """Place of the range volatility of 12 bars among those of the last 84 bars, 0 lowest, 1 highest."""
    return windows.share_below(windows.rolling_sum(bars.squared_log_range, 12), 6, 14)


@feature(
    "regime", "0 or 1", 96, formula=f"r <= 0.25; {RANK}", inputs=("high", "low"), undefined=MIDDLE
)  # fmt: skip
def low_volatility(bars: Bars) -> Array:
    """Whether the volatility of 12 bars is low for the last four days."""
    return flag(volatility_rank(bars) <= CALM, volatility_rank(bars))


@feature("regime", "0 or 1", 96, formula=f"r >= 0.75; {RANK}", inputs=("high", "low"), undefined=MIDDLE)
def high_volatility(bars: Bars) -> Array:
    """Whether the volatility of 12 bars is high for the last four days."""
    return flag(volatility_rank(bars) >= EXCITED, volatility_rank(bars))


@feature("regime", "0..1", 96, formula=f"|2 r - 1|; {RANK}", inputs=("high", "low"), undefined=MIDDLE)
def volatility_regime_confidence(bars: Bars) -> Array:
    """How far the volatility is from its middle rank."""
    return np.abs(2.0 * volatility_rank(bars) - 1.0)


WILDER = "Wilder 1978"


@feature("regime", "0 or 1", 48, formula="adx >= 25", source=WILDER, inputs=("high", "low"), anchored=True)
def trending(bars: Bars) -> Array:
    """Whether the market has a direction."""
    return flag(bars.directional_14[0] >= TRENDING_ADX, bars.directional_14[0])


@feature("regime", "0 or 1", 48, formula="adx <= 20", source=WILDER, inputs=("high", "low"), anchored=True)
def ranging(bars: Bars) -> Array:
    """Whether the market has no direction."""
    return flag(bars.directional_14[0] <= RANGING_ADX, bars.directional_14[0])


@feature(
    "regime", "0..1", 48, formula="min(|adx - 22.5| / 22.5, 1)", source=WILDER, inputs=("high", "low"), anchored=True
)  # fmt: skip
def trend_regime_confidence(bars: Bars) -> Array:
    """How far the strength of the trend is from the neutral one."""
    return np.minimum(np.abs(bars.directional_14[0] - NEUTRAL_ADX) / NEUTRAL_ADX, 1.0)
