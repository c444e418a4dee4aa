"""Compiled formulas of single bars: one pass over the arrays [pairs, bars], none made in between."""

import numpy as np
from numpy.typing import NDArray

from okx_core.compilation import compiled

Array = NDArray[np.float64]


@compiled
def typical_price(high: Array, low: Array, close: Array) -> Array:
    """(high + low + close) / 3, in price units."""
    out = np.empty(close.shape)
    for pair in range(close.shape[0]):
        tops, bottoms, ends, target = high[pair], low[pair], close[pair], out[pair]
        for bar in range(target.size):
            target[bar] = (tops[bar] + bottoms[bar] + ends[bar]) / 3.0
    return out


@compiled
def distance_pct(values: Array, base: Array) -> Array:
    """100 (values / base - 1)."""
    out = np.empty(values.shape)
    for pair in range(values.shape[0]):
        tops, bottoms, target = values[pair], base[pair], out[pair]
        for bar in range(target.size):
            target[bar] = 100.0 * (tops[bar] / bottoms[bar] - 1.0)
    return out


@compiled
def absolute_change(values: Array) -> Array:
    """|values - the bar before|, same unit; NaN on the first bar."""
    out = np.empty(values.shape)
    out[:, :1] = np.nan
    for pair in range(values.shape[0]):
        now, before, target = values[pair, 1:], values[pair, :-1], out[pair, 1:]
        for bar in range(target.size):
            target[bar] = abs(now[bar] - before[bar])
    return out


@compiled
def williams_r(close: Array, highest: Array, lowest: Array) -> Array:
    """-100 (highest - close) / (highest - lowest); -50 where the range is 0."""
    out = np.empty(close.shape)
    for pair in range(close.shape[0]):
        ends, tops, bottoms, target = close[pair], highest[pair], lowest[pair], out[pair]
        for bar in range(target.size):
            below, spread = tops[bar] - ends[bar], tops[bar] - bottoms[bar]
            share = 0.5 + (below - below) if spread == 0.0 else below / spread
            target[bar] = -100.0 * share
    return out


@compiled
def channel_index(typical: Array, mean: Array, spread: Array) -> Array:
    """(typical - mean) / (0.015 spread), Lambert's (1980) scale; 0 where the spread is 0."""
    out = np.empty(typical.shape)
    for pair in range(typical.shape[0]):
        prices, means, spreads, target = typical[pair], mean[pair], spread[pair], out[pair]
        for bar in range(target.size):
            gap, unit = prices[bar] - means[bar], 0.015 * spreads[bar]
            target[bar] = 0.0 + (gap - gap) if unit == 0.0 else gap / unit
    return out


@compiled
def deviation(squares: Array, window: int) -> Array:
    """sqrt(squares / window): the population deviation of windows whose squared deviations add up to `squares`."""
    out = np.empty(squares.shape)
    for pair in range(squares.shape[0]):
        sums, target = squares[pair], out[pair]
        for bar in range(target.size):
            target[bar] = np.sqrt(sums[bar] / window)
    return out


@compiled
def change_of_volume(volume: Array, largest: float) -> Array:
    """Change against the bar before in percent, at most `largest`; after a bar without volume 0 or `largest`."""
    out = np.full(volume.shape, np.nan)
    for pair in range(volume.shape[0]):
        for bar in range(1, volume.shape[1]):
            now, before = volume[pair, bar], volume[pair, bar - 1]
            grown = 100.0 * (now / before - 1.0)
            grown = 0.0 * now if before == 0.0 and now == 0.0 else grown
            out[pair, bar] = largest if grown > largest else grown
    return out
