"""Compiled indicators of Wilder (1978) that carry a state from bar to bar, seeded as TA-Lib seeds them.

Every kernel takes arrays [pairs, bars] and returns the same shape. A missing bar (NaN) gives NaN and changes
no state; after a gap of more than `MAX_HELD` bars the recursion starts again, and values are NaN until
TA-Lib's own first valid bar. Callers anchor the arrays' first bar at a fixed point in time (see
`timeframes`), which makes the result independent of how much history was read.
"""

import numpy as np
from numpy.typing import NDArray

from okx_core.compilation import compiled
from okx_core.features.kernels.missing import MAX_HELD
from okx_core.features.kernels.smoothing import LANES, known_from, wilder

Array = NDArray[np.float64]
Trend = tuple[float, float, float, float, float, float]


@compiled
def rsi(close: Array, period: int) -> Array:
    """Relative strength index (Wilder, 1978), 0..100; first valid on bar period + 1 of a run.

    50 where nothing moved since the seed: neither side is stronger (TA-Lib writes 0 there).
    """
    out = np.full(close.shape, np.nan)
    gain = 1.0 / period
    keep = 1.0 - gain
    for pair in range(close.shape[0]):
        seen, gap = 0, 0
        up, down, before = 0.0, 0.0, np.nan
        for bar in range(close.shape[1]):
            value = close[pair, bar]
            gap = 0 if value == value else gap + 1
            if gap > MAX_HELD:
                seen = 0
                up, down, before = 0.0, 0.0, np.nan
            if gap > 0:
                continue
            change = value - before  # over a gap, the move since the last known close
            before = value
            if change != change:
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


def atr(high: Array, low: Array, close: Array, period: int) -> Array:
    """Average true range (Wilder, 1978) in price units; first valid on bar period + 1 of a run."""
    return wilder(true_range(high, low, close), period)


@compiled
def true_range(high: Array, low: Array, close: Array) -> Array:
    """max(high, close before) - min(low, close before), in price units; NaN where no close before is known."""
    out = np.empty(close.shape)
    out[:, :1] = np.nan
    for pair in range(close.shape[0]):
        tops, bottoms, befores, target = high[pair, 1:], low[pair, 1:], close[pair, :-1], out[pair, 1:]
        for bar in range(target.size):
            top, bottom, before = tops[bar], bottoms[bar], befores[bar]
            spread = (before if before > top else top) - (before if before < bottom else bottom)
            target[bar] = spread + (before - before)
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
        seen, last = 0, -1
        plus, minus, spread, adx = 0.0, 0.0, 0.0, 0.0
        for bar in range(close.shape[1]):
            top, bottom = high[pair, bar], low[pair, bar]
            if top != top:
                continue
            known, last = last, bar  # over a gap, the move since the last known bar
            if known < 0 or bar - known > MAX_HELD + 1:
                seen = 0
                plus, minus, spread, adx = 0.0, 0.0, 0.0, 0.0
                continue
            seen += 1
            before = close[pair, known]
            rise, fall = top - high[pair, known], low[pair, known] - bottom
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

    The first trend is down if the second bar's low fell by more than its high rose, else up.
    """
    out = np.full(high.shape, np.nan)
    pair = 0
    while pair < high.shape[0]:
        first = known_from(high, pair) if pair + LANES <= high.shape[0] else -1
        if first >= 0 and first + 1 < high.shape[1]:
            some = slice(pair, pair + LANES)
            _stops_of_four(high[some], low[some], first, step, most, out[some])
            pair += LANES
        else:
            _stops_of_one(high[pair], low[pair], step, most, out[pair])
            pair += 1
    return out


@compiled
def _stops_of_four(high: Array, low: Array, first: int, step: float, most: float, out: Array) -> None:
    """As `_stops_of_one` without gaps from bar `first` on, four at a time: each waits for its own last stop alone."""
    one = _first_stop(high[0], low[0], first + 1, step)
    two = _first_stop(high[1], low[1], first + 1, step)
    three = _first_stop(high[2], low[2], first + 1, step)
    four = _first_stop(high[3], low[3], first + 1, step)
    for bar in range(first + 1, high.shape[1]):
        one, out[0, bar] = _next_stop(one, high[0, bar], low[0, bar], step, most)
        two, out[1, bar] = _next_stop(two, high[1, bar], low[1, bar], step, most)
        three, out[2, bar] = _next_stop(three, high[2, bar], low[2, bar], step, most)
        four, out[3, bar] = _next_stop(four, high[3, bar], low[3, bar], step, most)


@compiled
def _stops_of_one(high: Array, low: Array, step: float, most: float, out: Array) -> None:
    trend = (1.0, 0.0, 0.0, step, 0.0, 0.0)
    started, gap = False, 0
    for bar in range(1, high.size):
        gap = 0 if high[bar] == high[bar] else gap + 1
        started = started and gap <= MAX_HELD
        if gap == 0 and not started and high[bar - 1] == high[bar - 1]:
            trend, started = _first_stop(high, low, bar, step), True
        if gap == 0 and started:
            trend, out[bar] = _next_stop(trend, high[bar], low[bar], step, most)


@compiled
def _first_stop(high: Array, low: Array, bar: int, step: float) -> Trend:
    """The trend that begins on `bar`; see `_next_stop`."""
    fall, rise = low[bar - 1] - low[bar], high[bar] - high[bar - 1]
    if fall > 0.0 and fall > rise:
        return 0.0, -high[bar - 1], -low[bar], step, -low[bar], -high[bar]
    return 1.0, low[bar - 1], high[bar], step, high[bar], low[bar]


@compiled
def _next_stop(trend: Trend, top: float, bottom: float, step: float, most: float) -> tuple[Trend, float]:
    """The trend after a bar, and the stop of the bar.

    A trend is up (1, or 0 down), stop, extreme, speed, and the reach and floor of the bar before. A falling
    one is followed in the mirror, prices turned over, so that one rule serves both. Every line chooses between two
    values that are there already, which is no branch: which way prices go cannot be guessed.
    """
    up, stop, extreme, speed, reach_before, floor_before = trend
    rises = up > 0.5
    reach, floor = top if rises else -bottom, bottom if rises else -top
    turned = floor <= stop
    furthest = reach if reach > extreme else extreme
    ceiling = furthest if furthest > reach_before else reach_before
    faster = speed + step if speed + step < most else most
    speed = faster if reach > extreme else speed
    speed = step if turned else speed
    up = 1.0 - up if turned else up
    stop = -ceiling if turned else stop
    shown = stop if up > 0.5 else -stop
    extreme = -floor if turned else furthest
    floor_before = -reach_before if turned else floor_before
    reach_now, floor_now = -floor if turned else reach, -reach if turned else floor
    lowest = floor_now if floor_now < floor_before else floor_before
    stop += speed * (extreme - stop)
    stop = stop if stop < lowest else lowest
    return (up, stop, extreme, speed, reach_now, floor_now), shown
