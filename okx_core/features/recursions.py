"""Compiled indicators of Wilder (1978) that carry a state from bar to bar, seeded as TA-Lib seeds them.

Every kernel takes arrays [pairs, bars] and returns the same shape. A missing bar (NaN) clears the
state: the recursion starts again on the bars after it, and values are NaN until TA-Lib's own first
valid bar of that run. Callers anchor the arrays' first bar at a fixed point in time (see
`timeframes`), which makes the result independent of how much history was read.
"""

import numpy as np
from numpy.typing import NDArray

from okx_core.compilation import compiled

Array = NDArray[np.float64]


@compiled
def rsi(close: Array, period: int) -> Array:
    """Relative strength index (Wilder, 1978), 0..100; first valid on bar period + 1 of a run.

    50 where nothing moved since the seed: neither side is stronger (TA-Lib writes 0 there).
    """
    out = np.full(close.shape, np.nan)
    gain = 1.0 / period
    keep = 1.0 - gain
    for pair in range(close.shape[0]):
        seen = 0
        up, down, before = 0.0, 0.0, np.nan
        for bar in range(close.shape[1]):
            change = close[pair, bar] - before
            before = close[pair, bar]
            if change != change:
                seen = 0
                up, down = 0.0, 0.0
                continue
            seen += 1
            rise = change if change > 0.0 else 0.0
            fall = rise - change
            if seen > period:
                up = keep * up + gain * rise
                down = keep * down + gain * fall
            else:
                up += gain * rise
                down += gain * fall
                if seen < period:
                    continue
            moved = up + down
            out[pair, bar] = 100.0 * up / moved if moved > 0.0 else 50.0
    return out


@compiled
def atr(high: Array, low: Array, close: Array, period: int) -> Array:
    """Average true range (Wilder, 1978) in price units; first valid on bar period + 1 of a run."""
    out = np.full(close.shape, np.nan)
    gain = 1.0 / period
    keep = 1.0 - gain
    for pair in range(close.shape[0]):
        seen = 0
        level, before = 0.0, np.nan
        for bar in range(close.shape[1]):
            top = high[pair, bar]
            bottom = low[pair, bar]
            known = before == before
            top = before if before > top else top
            bottom = before if before < bottom else bottom
            before = close[pair, bar]
            spread = top - bottom
            if not (known and before == before):
                seen = 0
                level = 0.0
                continue
            seen += 1
            if seen > period:
                level = keep * level + gain * spread
                out[pair, bar] = level
            else:
                level += gain * spread
                if seen == period:
                    out[pair, bar] = level
    return out


@compiled
def directional_movement(high: Array, low: Array, close: Array, period: int) -> tuple[Array, Array, Array]:
    """ADX, +DI and -DI (Wilder, 1978), each 0..100.

    The DIs are first valid on bar period + 1 of a run, the ADX on bar 2 * period. Where the true
    range is 0 both DIs are 0; where neither side moved the ADX keeps its value (as TA-Lib), and an
    ADX that never saw a move is 0.
    """
    shape = close.shape
    adx_out, plus_out, minus_out = np.full(shape, np.nan), np.full(shape, np.nan), np.full(shape, np.nan)
    keep = 1.0 - 1.0 / period
    for pair in range(close.shape[0]):
        seen = 0
        plus, minus, spread, adx = 0.0, 0.0, 0.0, 0.0
        for bar in range(close.shape[1]):
            before = close[pair, bar - 1] if bar > 0 else np.nan
            top, bottom = high[pair, bar], low[pair, bar]
            if not (before == before and top == top):
                seen = 0
                plus, minus, spread, adx = 0.0, 0.0, 0.0, 0.0
                continue
            seen += 1
            rise, fall = top - high[pair, bar - 1], low[pair, bar - 1] - bottom
            fade = keep if seen >= period else 1.0
            plus = fade * plus + (rise if rise > fall and rise > 0.0 else 0.0)
            minus = fade * minus + (fall if fall > rise and fall > 0.0 else 0.0)
            spread = fade * spread + max(top, before) - min(bottom, before)
            if seen < period:
                continue
            plus_di = 100.0 * plus / spread if spread > 0.0 else 0.0
            minus_di = 100.0 * minus / spread if spread > 0.0 else 0.0
            both = plus + minus
            dx = 100.0 * abs(plus - minus) / both if both > 0.0 else 0.0
            if seen < 2 * period:
                adx += dx / period
            elif both > 0.0:
                adx = keep * adx + dx / period
            plus_out[pair, bar], minus_out[pair, bar] = plus_di, minus_di
            adx_out[pair, bar] = adx if seen >= 2 * period - 1 else np.nan
    return adx_out, plus_out, minus_out


@compiled
def parabolic_sar(high: Array, low: Array, step: float, most: float) -> Array:
    """Parabolic stop and reverse (Wilder, 1978) as TA-Lib has it, in price units; from bar 2 of a run.

    The first trend is down if the second bar's low fell by more than its high rose, else up. A falling
    trend is followed in the mirror: `way` -1 turns prices over, so that one rule serves both.
    """
    out = np.full(high.shape, np.nan)
    for pair in range(high.shape[0]):
        started = False
        way, stop, extreme, speed, floor_before, top_before = 1.0, 0.0, 0.0, step, 0.0, 0.0
        for bar in range(1, high.shape[1]):
            top, bottom = high[pair, bar], low[pair, bar]
            if not (top == top and high[pair, bar - 1] == high[pair, bar - 1]):
                started = False
                continue
            if not started:
                started = True
                fall, rise = low[pair, bar - 1] - bottom, top - high[pair, bar - 1]
                way = -1.0 if fall > 0.0 and fall > rise else 1.0
                stop = low[pair, bar - 1] if way > 0.0 else -high[pair, bar - 1]
                extreme, speed = (top if way > 0.0 else -bottom), step
                top_before, floor_before = extreme, bottom if way > 0.0 else -top
            reach, floor = (top, bottom) if way > 0.0 else (-bottom, -top)
            if floor <= stop:
                ceiling = reach if reach > top_before else top_before
                stop = -(extreme if extreme > ceiling else ceiling)
                way, speed, extreme = -way, step, -floor
                reach, floor, floor_before = -floor, -reach, -top_before
                out[pair, bar] = way * stop
            else:
                out[pair, bar] = way * stop
                faster = speed + step if speed + step < most else most
                speed = faster if reach > extreme else speed
                extreme = reach if reach > extreme else extreme
            lowest = floor if floor < floor_before else floor_before
            stop += speed * (extreme - stop)
            stop = stop if stop < lowest else lowest
            top_before, floor_before = reach, floor
    return out
