"""Compiled exponential means and what is built of them, seeded as TA-Lib seeds them.

Arrays are [pairs, bars]. A missing bar (NaN) clears the state, the mean starts again on the bars after
it; leading NaN only delays the seed, so means of means can be chained. As in `recursions`, callers
anchor the arrays' first bar at a fixed point in time.
"""

import numpy as np
from numpy.typing import NDArray

from okx_core.compilation import compiled

Array = NDArray[np.float64]
LANES = 4


@compiled
def ema(values: Array, period: int) -> Array:
    """Exponential mean, alpha = 2 / (period + 1), seeded with the simple mean of the first `period`."""
    out = np.full(values.shape, np.nan)
    pair = 0
    while pair < values.shape[0]:
        first = _known_from(values, pair) if pair + LANES <= values.shape[0] else -1
        if first >= 0 and first + period <= values.shape[1]:
            _ema_of_four(values[pair : pair + LANES], first, period, out[pair : pair + LANES])
            pair += LANES
        else:
            _ema_of_one(values[pair], period, out[pair])
            pair += 1
    return out


@compiled
def _known_from(values: Array, pair: int) -> int:
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
def _ema_of_four(values: Array, first: int, period: int, out: Array) -> None:
    """As `_ema_of_one`, four at a time: each waits for its own last value, not for the others'."""
    gain = 2.0 / (period + 1.0)
    keep = 1.0 - gain
    one, two, three, four = 0.0, 0.0, 0.0, 0.0
    seeded = first + period - 1
    for bar in range(first, seeded + 1):
        one += values[0, bar]
        two += values[1, bar]
        three += values[2, bar]
        four += values[3, bar]
    one, two, three, four = one / period, two / period, three / period, four / period
    out[0, seeded], out[1, seeded], out[2, seeded], out[3, seeded] = one, two, three, four
    for bar in range(seeded + 1, values.shape[1]):
        one = keep * one + gain * values[0, bar]
        two = keep * two + gain * values[1, bar]
        three = keep * three + gain * values[2, bar]
        four = keep * four + gain * values[3, bar]
        out[0, bar], out[1, bar], out[2, bar], out[3, bar] = one, two, three, four


@compiled
def _ema_of_one(values: Array, period: int, out: Array) -> None:
    gain = 2.0 / (period + 1.0)
    keep = 1.0 - gain
    seen = 0
    level = 0.0
    for bar in range(values.size):
        value = values[bar]
        if value != value:
            seen = 0
            level = 0.0
            continue
        seen += 1
        if seen > period:
            level = keep * level + gain * value
            out[bar] = level
        else:
            level += value
            if seen == period:
                level /= period
                out[bar] = level


@compiled
def price_oscillator(
    values: Array, fast_period: int, slow_period: int, signal_period: int
) -> tuple[Array, Array, Array]:
    """Fast less slow exponential mean, its own exponential mean, and the slow one.

    As in TA-Lib fast and slow are seeded on bar `slow_period` of a run, the fast one with the last
    `fast_period` values, and the signal with its first `signal_period` differences.
    """
    line, signal, base = (
        np.full(values.shape, np.nan),
        np.full(values.shape, np.nan),
        np.full(values.shape, np.nan),
    )
    fast_gain, slow_gain = 2.0 / (fast_period + 1.0), 2.0 / (slow_period + 1.0)
    signal_gain = 2.0 / (signal_period + 1.0)
    fast_keep, slow_keep, signal_keep = 1.0 - fast_gain, 1.0 - slow_gain, 1.0 - signal_gain
    seeded = slow_period + signal_period - 1
    for pair in range(values.shape[0]):
        seen = 0
        fast, slow, mean = 0.0, 0.0, 0.0
        for bar in range(values.shape[1]):
            value = values[pair, bar]
            if value != value:
                seen = 0
                fast, slow, mean = 0.0, 0.0, 0.0
                continue
            seen += 1
            if seen > slow_period:
                fast = fast_keep * fast + fast_gain * value
                slow = slow_keep * slow + slow_gain * value
            else:
                slow += value
                if seen > slow_period - fast_period:
                    fast += value
                if seen < slow_period:
                    continue
                fast, slow = fast / fast_period, slow / slow_period
            gap = fast - slow
            line[pair, bar], base[pair, bar] = gap, slow
            if seen > seeded:
                mean = signal_keep * mean + signal_gain * gap
            else:
                mean += gap
                if seen < seeded:
                    continue
                mean /= signal_period
            signal[pair, bar] = mean
    return line, signal, base


@compiled
def kama(close: Array, path: Array, period: int) -> Array:
    """Adaptive mean of Kaufman (1995) between 2 and 30 bars, in price units; first valid on bar period + 1.

    `path` is the sum of the last `period` absolute changes. The mean starts from the close before its
    first bar; a price that has not moved counts as a straight way, as in TA-Lib.
    """
    out = np.full(close.shape, np.nan)
    slowest, fastest = 2.0 / 31.0, 2.0 / 3.0
    for pair in range(close.shape[0]):
        level = np.nan
        for bar in range(period, close.shape[1]):
            walked = path[pair, bar]
            if walked != walked:
                level = np.nan
                continue
            price = close[pair, bar]
            if level != level:
                level = close[pair, bar - 1]
            moved = price - close[pair, bar - period]
            efficiency = abs(moved / walked) if walked > moved and walked != 0.0 else 1.0
            gain = efficiency * (fastest - slowest) + slowest
            level += (price - level) * (gain * gain)
            out[pair, bar] = level
    return out


@compiled
def volume_force(high: Array, low: Array, close: Array, volume: Array) -> Array:
    """Klinger's (1997) volume force: volume x |2 range / range of the trend - 1| x trend x 100.

    The trend is the direction of high + low + close; its range adds up from the bar before its turn.
    A price unchanged but for rounding keeps the trend, up at first; without any range the force is the full volume.
    """
    out = np.full(close.shape, np.nan)
    for pair in range(close.shape[0]):
        trend, travelled = 1.0, 0.0
        before, range_before = np.nan, np.nan
        for bar in range(close.shape[1]):
            price = high[pair, bar] + low[pair, bar] + close[pair, bar]
            spread = high[pair, bar] - low[pair, bar]
            if price == price and before == before:
                moved = abs(price - before) > 1e-12 * price
                turned = moved and (price > before) != (trend > 0.0)
                trend = -trend if turned else trend
                travelled = (range_before if turned else travelled) + spread
                part = spread / travelled if travelled > 0.0 else 0.0
                out[pair, bar] = 100.0 * trend * volume[pair, bar] * abs(2.0 * part - 1.0)
            else:
                trend, travelled = 1.0, spread if price == price else 0.0
            before, range_before = price, spread
    return out
