"""Compiled exponential means and what is built of them, seeded as TA-Lib seeds them.

Arrays are [pairs, bars]. A missing bar (NaN) gives NaN and changes no state, see `missing`; leading NaN only
delays the seed, so means of means can be chained. As in `recursions`, callers anchor the arrays' first bar at a
fixed point in time.
"""

import numpy as np
from numpy.typing import NDArray

from okx_core.compilation import compiled
from okx_core.features.kernels.missing import MAX_HELD

Array = NDArray[np.float64]
LANES = 4


@compiled
def ema(values: Array, period: int) -> Array:
    """Exponential mean, alpha = 2 / (period + 1), seeded with the simple mean of the first `period`."""
    return _exponential(values, period, 2.0 / (period + 1.0), 1.0, float(period))


@compiled
def wilder(values: Array, period: int) -> Array:
    """The same with alpha = 1 / period, as Wilder (1978) has it."""
    return _exponential(values, period, 1.0 / period, 1.0 / period, 1.0)


@compiled
def _exponential(values: Array, period: int, gain: float, share: float, divisor: float) -> Array:
    """Recursive mean; its seed is the sum of the first `period` values times `share`, by `divisor`."""
    out = np.empty(values.shape)
    pair = 0
    while pair < values.shape[0]:
        first = known_from(values, pair) if pair + LANES <= values.shape[0] else -1
        if first >= 0 and first + period <= values.shape[1]:
            some = slice(pair, pair + LANES)
            out[some, : first + period - 1] = np.nan
            _mean_of_four(values[some], first, period, gain, share, divisor, out[some])
            pair += LANES
        else:
            _mean_of_one(values[pair], period, gain, share, divisor, out[pair])
            pair += 1
    return out


@compiled
def known_from(values: Array, pair: int) -> int:
    """First known bar of four pairs that start together and have no gap; -1 where they do not."""
    first = 0
    while first < values.shape[1] and values[pair, first] != values[pair, first]:
        first += 1
    for row in range(pair, pair + LANES):
        early, late = values[row, :first], values[row, first:]
        odd = 0
        for bar in range(early.size):
            odd += early[bar] == early[bar]
        for bar in range(late.size):
            odd += late[bar] != late[bar]
        if odd > 0:
            return -1
    return first


@compiled
def _mean_of_four(
    values: Array, first: int, period: int, gain: float, share: float, divisor: float, out: Array
) -> None:
    """As `_mean_of_one`, four at a time: each waits for its own last value, not for the others'."""
    keep = 1.0 - gain
    one, two, three, four = 0.0, 0.0, 0.0, 0.0
    seeded = first + period - 1
    for bar in range(first, seeded + 1):
        one += share * values[0, bar]
        two += share * values[1, bar]
        three += share * values[2, bar]
        four += share * values[3, bar]
    one, two, three, four = one / divisor, two / divisor, three / divisor, four / divisor
    out[0, seeded], out[1, seeded], out[2, seeded], out[3, seeded] = one, two, three, four
    for bar in range(seeded + 1, values.shape[1]):
        one = keep * one + gain * values[0, bar]
        two = keep * two + gain * values[1, bar]
        three = keep * three + gain * values[2, bar]
        four = keep * four + gain * values[3, bar]
        out[0, bar], out[1, bar], out[2, bar], out[3, bar] = one, two, three, four


@compiled
def _mean_of_one(values: Array, period: int, gain: float, share: float, divisor: float, out: Array) -> None:
    keep = 1.0 - gain
    seen, gap = 0, 0
    level = 0.0
    for bar in range(values.size):
        value = values[bar]
        out[bar] = np.nan
        gap = 0 if value == value else gap + 1
        if gap > MAX_HELD:
            seen = 0
            level = 0.0
        if gap > 0:
            continue
        seen += 1
        if seen > period:
            level = keep * level + gain * value
            out[bar] = level
        else:
            level += share * value
            if seen == period:
                level /= divisor
                out[bar] = level


@compiled
def kama(close: Array, path: Array, period: int) -> Array:
    """Adaptive mean of Kaufman (1995) between 2 and 30 bars, in price units; first valid on bar period + 1.

    `path` is the sum of the last `period` absolute changes. The mean starts from the close before its
    first bar; a price that has not moved counts as a straight way, as in TA-Lib.
    """
    out, gain = np.full(close.shape, np.nan), np.empty(close.shape)
    gain[:, :period] = np.nan
    for pair in range(close.shape[0]):
        _kama_gain(close[pair], path[pair], period, gain[pair])
    pair = 0
    while pair < close.shape[0]:
        first = known_from(gain, pair) if pair + LANES <= close.shape[0] else -1
        if period <= first < close.shape[1]:
            some = slice(pair, pair + LANES)
            _kama_of_four(close[some], gain[some], first, out[some])
            pair += LANES
        else:
            _kama_of_one(close[pair], gain[pair], out[pair])
            pair += 1
    return out


@compiled
def _kama_gain(close: Array, path: Array, period: int, out: Array) -> None:
    """KAMA smoothing constant, from bar `period` on; NaN where the path or one of its ends is unknown."""
    slowest, fastest = 2.0 / 31.0, 2.0 / 3.0
    now, then, walk, target = close[period:], close[: close.size - period], path[period:], out[period:]
    for bar in range(now.size):
        walked, moved = walk[bar], now[bar] - then[bar]
        efficiency = abs(moved / walked) if (walked > moved) & (walked != 0.0) else 1.0
        gain = efficiency * (fastest - slowest) + slowest
        target[bar] = gain * gain + (walked - walked) + (moved - moved)


@compiled
def _kama_of_four(close: Array, gain: Array, first: int, out: Array) -> None:
    """As `_kama_of_one` without gaps from bar `first` on, four at a time."""
    one, two, three, four = close[0, first - 1], close[1, first - 1], close[2, first - 1], close[3, first - 1]
    for bar in range(first, close.shape[1]):
        one += (close[0, bar] - one) * gain[0, bar]
        two += (close[1, bar] - two) * gain[1, bar]
        three += (close[2, bar] - three) * gain[2, bar]
        four += (close[3, bar] - four) * gain[3, bar]
        out[0, bar], out[1, bar], out[2, bar], out[3, bar] = one, two, three, four


@compiled
def _kama_of_one(close: Array, gain: Array, out: Array) -> None:
    level, gap = np.nan, 0
    for bar in range(1, close.size):
        gap = 0 if gain[bar] == gain[bar] else gap + 1
        level = level if gap <= MAX_HELD else np.nan
        if gap == 0:
            level = close[bar - 1] if level != level else level
            level += (close[bar] - level) * gain[bar]
            out[bar] = level


@compiled
def volume_force(high: Array, low: Array, close: Array, volume: Array) -> Array:
    """Klinger's (1997) volume force: volume x |2 range / range of the trend - 1| x trend x 100.

    The trend is the direction of high + low + close; its range adds up from the bar before its turn.
    A price unchanged but for rounding keeps the trend, up at first; without any range the force is the full volume.
    """
    out = np.full(close.shape, np.nan)
    for pair in range(close.shape[0]):
        trend, travelled, gap = 1.0, 0.0, 0
        before, range_before = np.nan, np.nan
        for bar in range(close.shape[1]):
            price = high[pair, bar] + low[pair, bar] + close[pair, bar]
            spread = high[pair, bar] - low[pair, bar]
            gap = 0 if price == price else gap + 1
            before = before if gap <= MAX_HELD else np.nan
            if gap > 0:
                continue
            if before == before:
                moved = abs(price - before) > 1e-12 * price
                turned = moved and (price > before) != (trend > 0.0)
                trend = -trend if turned else trend
                travelled = (range_before if turned else travelled) + spread
                part = spread / travelled if travelled > 0.0 else 0.0
                out[pair, bar] = 100.0 * trend * volume[pair, bar] * abs(2.0 * part - 1.0)
            else:
                trend, travelled = 1.0, spread
            before, range_before = price, spread
    return out
