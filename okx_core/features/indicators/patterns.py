"""Candlestick patterns by their shape alone: markets that never close have no gaps between bars."""

import numpy as np
from numpy.typing import NDArray

from okx_core.compilation import compiled
from okx_core.features.bars import Bars, memoized
from okx_core.features.declaration import PRICES, Array, feature

NISON = "Nison 1991"
THIN, SMALL, LONG = 0.1, 0.3, 0.5  # of the range, of the first body, of the range


@compiled
def candle_shapes(open_: Array, high: Array, low: Array, close: Array) -> Array:
    """Doji, hammer, engulfing, morning star and evening star; [5, pairs, bars], unknown on the first two bars."""
    pairs, bars = close.shape
    out = np.full((5, pairs, bars), np.nan)
    for pair in range(pairs):
        for bar in range(2, bars):
            o, h, lo, c = open_[pair, bar], high[pair, bar], low[pair, bar], close[pair, bar]
            before, after = open_[pair, bar - 1], close[pair, bar - 1]
            first_open, first_close = open_[pair, bar - 2], close[pair, bar - 2]
            spread, body = h - lo, abs(c - o)
            out[0, pair, bar] = 1.0 * (body <= THIN * spread)
            under, over = min(o, c) - lo, h - max(o, c)
            out[1, pair, bar] = 1.0 * ((spread > 0.0) & (under >= 2.0 * body) & (over <= THIN * spread))
            up = (c > o) & (after < before) & (((c >= before) & (o < after)) | ((c > before) & (o <= after)))
            down = (
                (c < o) & (after > before) & (((o >= after) & (c < before)) | ((o > after) & (c <= before)))
            )
            out[2, pair, bar] = 1.0 * up - 1.0 * down
            first_body = abs(first_close - first_open)
            long_first = first_body >= LONG * (high[pair, bar - 2] - low[pair, bar - 2])
            pause = (abs(after - before) <= SMALL * first_body) & (first_body > 0.0) & long_first
            middle = 0.5 * (first_open + first_close)
            out[3, pair, bar] = 1.0 * (pause & (first_close < first_open) & (c > o) & (c > middle))
            out[4, pair, bar] = 1.0 * (pause & (first_close > first_open) & (c < o) & (c < middle))
    return out


@memoized
def _shapes(bars: Bars) -> tuple[Array, ...]:
    return tuple(candle_shapes(bars.open, bars.high, bars.low, bars.close))


@feature(
    "patterns", "0 or 1", 3, formula="|close - open| <= 0.1 (high - low)", source=NISON, inputs=PRICES,
    undefined="1 where high = low",
)  # fmt: skip
def doji(bars: Bars) -> Array:
    """Doji: open and close are nearly the same."""
    return _shapes(bars)[0]


@feature(
    "patterns", "0 or 1", 3, source=NISON, inputs=PRICES,
    formula="lower shadow >= 2 |close - open| and upper shadow <= 0.1 (high - low)",
    undefined="0 where high = low",
)  # fmt: skip
def hammer(bars: Bars) -> Array:
    """Hammer: a long lower shadow under a body at the top of the range."""
    return _shapes(bars)[1]


@feature(
    "patterns", "-1, 0 or 1", 3, source=NISON, inputs=("open", "close"),
    formula="1 a rising body around the falling one before, -1 a falling around a rising one; one end may be equal",
    undefined="a bar that closes where it opened neither rises nor falls",
)  # fmt: skip
def engulfing(bars: Bars) -> Array:
    """Engulfing body: 1 bullish, -1 bearish."""
    return _shapes(bars)[2]


@feature(
    "patterns", "0 or 1", 3, source=NISON, inputs=PRICES,
    formula="a falling body of half its range or more, a body of at most 0.3 of it, a rising close beyond its middle",
    undefined="0 in a flat market",
)  # fmt: skip
def morning_star(bars: Bars) -> Array:
    """Morning star: a fall, a pause and a rise over three bars."""
    return _shapes(bars)[3]


@feature(
    "patterns", "0 or 1", 3, source=NISON, inputs=PRICES,
    formula="a rising body of half its range or more, a body of at most 0.3 of it, a falling close beyond its middle",
    undefined="0 in a flat market",
)  # fmt: skip
def evening_star(bars: Bars) -> Array:
    """Evening star: a rise, a pause and a fall over three bars."""
    return _shapes(bars)[4]


@feature("patterns", "0 or 1", 2, formula="high < high[1] and low > low[1]", inputs=("high", "low"))
def inside_bar(bars: Bars) -> Array:
    """Inside bar: within the range of the bar before."""
    narrower = (bars.high[:, 1:] < bars.high[:, :-1]) & (bars.low[:, 1:] > bars.low[:, :-1])
    return _from_second(narrower, bars)


@feature("patterns", "0 or 1", 2, formula="high > high[1] and low < low[1]", inputs=("high", "low"))
def outside_bar(bars: Bars) -> Array:
    """Outside bar: beyond the range of the bar before on both sides."""
    wider = (bars.high[:, 1:] > bars.high[:, :-1]) & (bars.low[:, 1:] < bars.low[:, :-1])
    return _from_second(wider, bars)


def _from_second(flags: NDArray[np.bool_], bars: Bars) -> Array:
    out = np.full(bars.close.shape, np.nan)
    out[:, 1:] = flags
    return out
