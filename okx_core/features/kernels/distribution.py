"""Compiled measures of how returns are distributed over a window: order patterns and persistence."""

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from okx_core.compilation import compiled
from okx_core.features.kernels.missing import fewest_known
from okx_core.features.kernels.windows import rolling_sum

Array = NDArray[np.float64]
UNIT = 2.0**50  # of the entropy, in which its parts are whole numbers
HURST_LAGS = 4  # moves over 1, 2, 4 and 8 bars


@compiled
def order_entropy(values: Array, window: int) -> Array:
    """Shannon entropy of the six orders of three consecutive values, over `window` triples, 0..1.

    Permutation entropy of Bandt and Pompe (2002); of equal values the older counts as smaller. Counts
    and parts of the sum are whole numbers, so a sum that runs on is still a function of its window.
    """
    pairs, bars = values.shape
    out = np.full((pairs, bars), np.nan)
    part = np.zeros(window + 1, dtype=np.int64)
    for count in range(1, window + 1):
        part[count] = np.int64(round(-UNIT * count / window * math.log(count / window) / math.log(6.0)))
    code = np.full(bars, -1, dtype=np.int64)
    for pair in range(pairs):
        counts = np.zeros(8, dtype=np.int64)
        known, total = 0, 0
        for bar in range(2, bars):
            a, b, c = values[pair, bar - 2], values[pair, bar - 1], values[pair, bar]
            kind = 1 * (a <= b) + 2 * (b <= c) + 4 * (a <= c)
            kind = kind if a == a and b == b and c == c else -1
            gone = code[bar - window] if bar >= window + 2 else -1
            code[bar] = kind
            if gone >= 0:
                known -= 1
                total += part[counts[gone] - 1] - part[counts[gone]]
                counts[gone] -= 1
            if kind >= 0:
                known += 1
                total += part[counts[kind] + 1] - part[counts[kind]]
                counts[kind] += 1
            if bar > window and known == window:
                out[pair, bar] = total / UNIT
            elif bar > window and known >= fewest_known(window):
                out[pair, bar] = _entropy(counts, known)
    return out


@compiled
def _entropy(counts: NDArray[np.int64], known: int) -> float:
    """Shannon entropy of the orders that were counted, over ln 6."""
    total = 0.0
    for count in counts:
        total -= count / known * math.log(count / known) if count > 0 else 0.0
    return total / math.log(6.0)


@compiled
def _steepness(one: Array, two: Array, four: Array, eight: Array) -> Array:
    """(eight / one)^3 x four / two; 2^10 on a random walk, infinite where nothing moved."""
    out = np.empty(one.shape)
    for pair in range(one.shape[0]):
        for bar in range(one.shape[1]):
            a, b, c, d = one[pair, bar], two[pair, bar], four[pair, bar], eight[pair, bar]
            still = a * b * c * d == 0.0
            growth = d / a
            out[pair, bar] = np.inf if still else growth * growth * growth * (c / b)
    return out


@compiled
def _exponent(growth: Array, unit: float, bias: float) -> Array:
    """growth / unit - bias within 0..1; 0.5 where the growth is infinite."""
    out = np.empty(growth.shape)
    for pair in range(growth.shape[0]):
        for bar in range(growth.shape[1]):
            value = growth[pair, bar] / unit - bias
            value = 0.5 if value == np.inf else value
            value = 0.0 if value < 0.0 else value
            out[pair, bar] = 1.0 if value > 1.0 else value
    return out


def hurst(returns: Array, moves: int) -> Array:
    """Hurst exponent of log returns, 0..1, from the structure function of order 2.

    H is half the least-squares slope of ln M(q) on ln q, q = 1, 2, 4, 8, with M(q) the mean square of
    the last `moves` moves over q bars (Di Matteo, Aste and Dacorogna 2005). M(q) is unbiased; its
    logarithm is not, by about half its relative variance, which a Gaussian random walk has in closed
    form and which is taken off.
    """
    means = []
    move = returns
    for power in range(HURST_LAGS):
        lag = 2**power
        means.append(rolling_sum(move * move, moves))
        older = np.full(move.shape, np.nan)
        older[:, lag:] = move[:, :-lag]
        move = move + older
    growth = np.log(_steepness(means[0], means[1], means[2], means[3]))
    return _exponent(growth, 20.0 * math.log(2.0), hurst_bias(moves))


@cache
def hurst_bias(moves: int) -> float:
    """Bias of the estimate on a Gaussian random walk, from the logarithms."""
    biases = [-0.5 * _relative_variance(2**power, moves) for power in range(HURST_LAGS)]
    return (3.0 * (biases[3] - biases[0]) + biases[2] - biases[1]) / (20.0 * math.log(2.0))


def _relative_variance(lag: int, moves: int) -> float:
    """Variance of M(lag) over its squared mean: squares of jointly normal moves that overlap."""
    ages = np.arange(-lag + 1, lag)
    overlap = 1.0 - np.abs(ages) / lag
    return float(2.0 * np.sum((moves - np.abs(ages)) * overlap * overlap) / moves**2)
