"""Features of 15-minute bars, as of the last one closed when the row's hour closes (D5)."""

import numpy as np

from okx_core.features.bars import Bars, lag, rolling_z_score
from okx_core.features.declaration import Array, feature
from okx_core.features.kernels import windows

GROUP = "volatility_15m"
MISSING = "NULL where 15-minute candles are missing"


@feature(
    GROUP, "%", 6, formula="mean of 5 true ranges / close", inputs=("high", "low", "close"), timeframe="15m",
    may_be_unknown=MISSING, source="Wilder 1978, as a simple mean: nothing recursive is read from 15m bars",
)  # fmt: skip
def atr_5_15m(bars: Bars) -> Array:
    """Average true range of five 15-minute bars over close."""
    before = lag(bars.close, 1)
    true_range = np.maximum(bars.high, before) - np.minimum(bars.low, before)
    return 100.0 * windows.rolling_sum(true_range, 5) / 5.0 / bars.close


@feature(
    "volume_15m", "deviations", 97, formula="(volume - mean96) / deviation96, within +-10", inputs=("volume",),
    timeframe="15m", undefined="0 or +-10 after constant volume", may_be_unknown=MISSING,
)  # fmt: skip
def volume_spike_15m(bars: Bars) -> Array:
    """Volume of the 15-minute bar against the day of bars before it."""
    return rolling_z_score(bars.volume, 96)
