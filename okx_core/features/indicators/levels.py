"""Support and resistance from past closed bars, and breaks through them."""

import numpy as np

from okx_core.compilation import compiled
from okx_core.features.bars import Bars, flag, lag, memoized
from okx_core.features.declaration import HIGH_LOW_CLOSE, Array, feature
from okx_core.features.kernels import elementwise, windows

WING_BARS = 5  # a swing high is the highest of 5 bars before and 5 after it: known 5 bars later
LEVEL_BARS = 96
CHANNEL_BARS = 20
RANGE_BARS = 14
CONFIRMING_ATRS = 0.5
CONFIRMING_VOLUME = 1.5
SWING = "the highest high of 11 bars with 5 on each side, all of them within the last 96 bars"


@compiled
def _nearest_above(close: Array, high: Array, crest: Array, top: Array, wing: int, window: int) -> Array:
    """Lowest confirmed swing high of the window that is not below close; `top` where there is none.

    `crest` is the highest of 2 x wing + 1 bars: a swing high is `wing` bars before a bar whose
    crest it is.
    """
    out = np.full(close.shape, np.nan)
    peaks, heights = np.empty(close.shape[1], dtype=np.int64), np.empty(close.shape[1])
    for pair in range(close.shape[0]):
        oldest, newest = 0, 0
        for bar in range(window - 1, close.shape[1]):
            if bar == window - 1:
                for past in range(2 * wing, bar):
                    peaks[newest], heights[newest] = past - wing, high[pair, past - wing]
                    newest += heights[newest] == crest[pair, past]
            peaks[newest], heights[newest] = bar - wing, high[pair, bar - wing]
            newest += heights[newest] == crest[pair, bar]
            while oldest < newest and peaks[oldest] - wing <= bar - window:
                oldest += 1
            price, level = close[pair, bar], top[pair, bar]
            for place in range(oldest, newest):
                peak = heights[place]
                peak = peak if peak >= price else level
                level = peak if peak < level else level
            out[pair, bar] = level
    return out


def nearest_above(close: Array, high: Array) -> Array:
    """The nearest swing high at or above close, else the highest high of the window."""
    crest = windows.rolling_max(high, 2 * WING_BARS + 1)
    top = windows.rolling_max(high, LEVEL_BARS)
    return _nearest_above(close, high, crest, top, WING_BARS, LEVEL_BARS)


@memoized
def _resistance(bars: Bars) -> Array:
    return nearest_above(bars.close, bars.high)


@memoized
def _support(bars: Bars) -> Array:
    return -nearest_above(-bars.close, -bars.low)


@feature(
    "levels", "quote", LEVEL_BARS, inputs=("high", "close"), scale_free=False,
    formula=f"lowest swing high >= close, else max_96(high); a swing high is {SWING}",
)  # fmt: skip
def resistance_level(bars: Bars) -> Array:
    """Nearest confirmed swing high at or above close, in price units."""
    return _resistance(bars)


@feature(
    "levels", "quote", LEVEL_BARS, inputs=("low", "close"), scale_free=False,
    formula="highest swing low <= close, else min_96(low); swing lows mirror swing highs",
)  # fmt: skip
def support_level(bars: Bars) -> Array:
    """Nearest confirmed swing low at or below close, in price units."""
    return _support(bars)


@feature(
    "levels", "%", LEVEL_BARS, inputs=("high", "close"), formula="100 (resistance_level / close - 1)",
    undefined="0 in a flat market",
)  # fmt: skip
def resistance_distance(bars: Bars) -> Array:
    """How far above close the resistance is."""
    return 100.0 * (_resistance(bars) / bars.close - 1.0)


@feature(
    "levels", "%", LEVEL_BARS, inputs=("low", "close"), formula="100 (1 - support_level / close)",
    undefined="0 in a flat market",
)  # fmt: skip
def support_distance(bars: Bars) -> Array:
    """How far below close the support is."""
    return 100.0 * (1.0 - _support(bars) / bars.close)


@memoized
def _breakout(bars: Bars) -> Array:
    """Close beyond the channel of the 20 bars before, in mean true ranges."""
    top, bottom = lag(bars.highest(CHANNEL_BARS), 1), lag(bars.lowest(CHANNEL_BARS), 1)
    beyond = np.maximum(bars.close - top, 0.0) - np.maximum(bottom - bars.close, 0.0)
    return elementwise.ratio(beyond, windows.rolling_sum(bars.true_range, RANGE_BARS) / RANGE_BARS, 0.0)


@feature(
    "levels", "ATRs", 21, inputs=HIGH_LOW_CLOSE,
    formula="(close - max_20(high[1])) / a above it, (close - min_20(low[1])) / a below it, else 0;"
    " a = mean_14(true_range), a simple mean: nothing recursive", undefined="0 in a flat market",
)  # fmt: skip
def breakout_distance_atr(bars: Bars) -> Array:
    """How far close has left the channel of the 20 bars before: positive above, negative below."""
    return _breakout(bars)


@feature(
    "levels", "-1, 0 or 1", 21, inputs=(*HIGH_LOW_CLOSE, "volume"),
    formula="sign(breakout) where |breakout_distance_atr| >= 0.5 and volume >= 1.5 mean_20(volume[1])",
    undefined="0 in a flat market",
)  # fmt: skip
def confirmed_breakout(bars: Bars) -> Array:
    """Breakout of half an ATR or more on one and a half times the usual volume: 1 up, -1 down."""
    distance = _breakout(bars)
    usual = lag(bars.traded(CHANNEL_BARS), 1) / CHANNEL_BARS
    busy = flag(bars.volume >= CONFIRMING_VOLUME * usual, bars.volume + usual)
    return np.sign(distance) * (np.abs(distance) >= CONFIRMING_ATRS) * busy
