"""Support and resistance from past closed bars, and breaks through them."""

import numpy as np

from okx_core.compilation import compiled
from okx_core.features import windows
from okx_core.features.bars import Bars, aged, shared
from okx_core.features.declaration import HIGH_LOW_CLOSE, Array, feature

WING_BARS = 5  # a swing high is the highest of 5 bars before and 5 after it: known 5 bars later
LEVEL_BARS = 96
CHANNEL_BARS = 20
CONFIRMING_ATRS = 0.5
CONFIRMING_VOLUME = 1.5
SWING = "the highest high of 11 bars with 5 on each side, all of them within the last 96 bars"


@compiled
def _nearest_above(close: Array, high: Array, crest: Array, top: Array, wing: int, window: int) -> Array:
    """Lowest confirmed swing high of the window that is not below close; `top` where there is none.

    `crest` is the highest of 2 x wing + 1 bars: a swing high stands `wing` bars before a bar whose
    crest it is.
    """
    out = np.full(close.shape, np.nan)
    peaks = np.empty(close.shape[1], dtype=np.int64)
    for pair in range(close.shape[0]):
        oldest, newest = 0, 0
        for bar in range(window - 1, close.shape[1]):
            if bar == window - 1:
                for past in range(2 * wing, bar):
                    peaks[newest] = past - wing
                    newest += high[pair, past - wing] == crest[pair, past]
            peaks[newest] = bar - wing
            newest += high[pair, bar - wing] == crest[pair, bar]
            while oldest < newest and peaks[oldest] - wing <= bar - window:
                oldest += 1
            price, level = close[pair, bar], top[pair, bar]
            for place in range(oldest, newest):
                peak = high[pair, peaks[place]]
                level = peak if price <= peak < level else level
            out[pair, bar] = level
    return out


def nearest_above(close: Array, high: Array) -> Array:
    """The nearest swing high at or above close, else the highest high of the window."""
    crest = windows.rolling_max(high, 2 * WING_BARS + 1)
    top = windows.rolling_max(high, LEVEL_BARS)
    return _nearest_above(close, high, crest, top, WING_BARS, LEVEL_BARS)


@shared
def _resistance(bars: Bars) -> Array:
    return nearest_above(bars.close, bars.high)


@shared
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


@shared
def _breakout(bars: Bars) -> Array:
    """Close beyond the channel of the 20 bars before, in ATRs; `bars` begin at the anchor."""
    top, bottom = aged(bars.highest(CHANNEL_BARS), 1), aged(bars.lowest(CHANNEL_BARS), 1)
    beyond = np.maximum(bars.close - top, 0.0) - np.maximum(bottom - bars.close, 0.0)
    return windows.ratio(beyond, bars.atr_14, 0.0)


@feature(
    "levels", "ATRs", 28, inputs=HIGH_LOW_CLOSE, anchored=True,
    formula="(close - max_20(high[1])) / atr above it, (close - min_20(low[1])) / atr below it, 0 between",
    undefined="0 in a flat market",
)  # fmt: skip
def breakout_distance_atr(bars: Bars) -> Array:
    """How far close has left the channel of the 20 bars before: positive above, negative below."""
    return bars.cut(_breakout(bars.since_anchor))


@feature(
    "levels", "-1, 0 or 1", 28, inputs=(*HIGH_LOW_CLOSE, "volume"), anchored=True,
    formula="sign(breakout) where |breakout_distance_atr| >= 0.5 and volume >= 1.5 mean_20(volume[1])",
    undefined="0 in a flat market",
)  # fmt: skip
def confirmed_breakout(bars: Bars) -> Array:
    """Breakout of half an ATR or more on one and a half times the usual volume: 1 up, -1 down."""
    whole = bars.since_anchor
    distance = _breakout(whole)
    usual = aged(whole.traded(CHANNEL_BARS), 1) / CHANNEL_BARS
    confirmed = (np.abs(distance) >= CONFIRMING_ATRS) & (whole.volume >= CONFIRMING_VOLUME * usual)
    return bars.cut(np.sign(distance) * confirmed)
