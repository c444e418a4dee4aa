"""The compiled price oscillator: the difference of two exponential means, and the mean of the difference.

Arrays are [pairs, bars]; missing bars and the first one as in `smoothing`.
"""

import numpy as np
from numpy.typing import NDArray

from okx_core.compilation import compiled
from okx_core.features.kernels.missing import MAX_HELD
from okx_core.features.kernels.smoothing import LANES, known_from

Array = NDArray[np.float64]
Means = tuple[float, float, float]  # fast, slow, and the one of their difference
Periods = tuple[int, int, int]  # the same order


@compiled
def price_oscillator(values: Array, fast: int, slow: int, signal: int) -> tuple[Array, Array, Array]:
    """Fast less slow exponential mean, its own exponential mean, and the slow one.

    As in TA-Lib fast and slow are seeded on bar `slow` of a run, the fast one with the last `fast` values, and
    the signal with its first `signal` differences.
    """
    line, mean, base = np.empty(values.shape), np.empty(values.shape), np.empty(values.shape)
    periods = (fast, slow, signal)
    pair = 0
    while pair < values.shape[0]:
        first = known_from(values, pair) if pair + LANES <= values.shape[0] else -1
        if first >= 0 and first + slow + signal <= values.shape[1]:
            some = slice(pair, pair + LANES)
            _of_four(values[some], first, periods, line[some], mean[some], base[some])
            pair += LANES
        else:
            _of_one(values[pair], periods, line[pair], mean[pair], base[pair])
            pair += 1
    return line, mean, base


@compiled
def _of_four(values: Array, first: int, periods: Periods, line: Array, mean: Array, base: Array) -> None:
    """As `_of_one` without gaps from bar `first` on, four at a time: each waits for its own last value alone."""
    stop = first + periods[1] + periods[2] - 1
    one = _of_one(values[0, :stop], periods, line[0], mean[0], base[0])
    two = _of_one(values[1, :stop], periods, line[1], mean[1], base[1])
    three = _of_one(values[2, :stop], periods, line[2], mean[2], base[2])
    four = _of_one(values[3, :stop], periods, line[3], mean[3], base[3])
    keeps, gains = _weights(periods)
    for bar in range(stop, values.shape[1]):
        one, line[0, bar] = _next(one, values[0, bar], keeps, gains)
        two, line[1, bar] = _next(two, values[1, bar], keeps, gains)
        three, line[2, bar] = _next(three, values[2, bar], keeps, gains)
        four, line[3, bar] = _next(four, values[3, bar], keeps, gains)
        base[0, bar], base[1, bar], base[2, bar], base[3, bar] = one[1], two[1], three[1], four[1]
        mean[0, bar], mean[1, bar], mean[2, bar], mean[3, bar] = one[2], two[2], three[2], four[2]


@compiled
def _weights(periods: Periods) -> tuple[Means, Means]:
    """What each mean keeps of itself, and takes of the next value."""
    fast, slow, signal = 2.0 / (periods[0] + 1.0), 2.0 / (periods[1] + 1.0), 2.0 / (periods[2] + 1.0)
    return (1.0 - fast, 1.0 - slow, 1.0 - signal), (fast, slow, signal)


@compiled
def _next(means: Means, value: float, keeps: Means, gains: Means) -> tuple[Means, float]:
    """The means after one more value, and the difference of the first two."""
    fast = keeps[0] * means[0] + gains[0] * value
    slow = keeps[1] * means[1] + gains[1] * value
    gap = fast - slow
    return (fast, slow, keeps[2] * means[2] + gains[2] * gap), gap


@compiled
def _of_one(values: Array, periods: Periods, line: Array, mean: Array, base: Array) -> Means:
    """One pair's bars, with gaps; the means after the last of them."""
    keeps, gains = _weights(periods)
    seen, gap_bars = 0, 0
    means = (0.0, 0.0, 0.0)
    for bar in range(values.size):
        value = values[bar]
        line[bar], mean[bar], base[bar] = np.nan, np.nan, np.nan
        gap_bars = 0 if value == value else gap_bars + 1
        if gap_bars > MAX_HELD:
            seen, means = 0, (0.0, 0.0, 0.0)
        if gap_bars > 0:
            continue
        seen += 1
        means, gap = _first_or_next(means, value, seen, periods, keeps, gains)
        if seen >= periods[1]:
            line[bar], base[bar] = gap, means[1]
        if seen >= periods[1] + periods[2] - 1:
            mean[bar] = means[2]
    return means


@compiled
def _first_or_next(
    means: Means, value: float, seen: int, periods: Periods, keeps: Means, gains: Means
) -> tuple[Means, float]:
    """The means after the `seen`-th value: sums until they are seeded, and the difference of the first two."""
    fast, slow, signal = means
    if seen > periods[1]:
        fast = keeps[0] * fast + gains[0] * value
        slow = keeps[1] * slow + gains[1] * value
    else:
        slow += value
        fast += value if seen > periods[1] - periods[0] else 0.0
        if seen < periods[1]:
            return (fast, slow, signal), 0.0
        fast, slow = fast / periods[0], slow / periods[1]
    gap = fast - slow
    last = periods[1] + periods[2] - 1
    signal = keeps[2] * signal + gains[2] * gap if seen > last else signal + gap
    return (fast, slow, signal / periods[2] if seen == last else signal), gap
