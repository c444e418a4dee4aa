"""Compiled statistics over trailing windows, each a pure function of the window's own values.

Every kernel takes arrays [pairs, bars] and returns the same shape; value t covers bars
t - window + 1 .. t. Windows are built by doubling (1, 2, 4, ... bars, then the binary digits of the
window length), so a result depends on nothing outside its window: no running sum drifts, a spike or
a NaN is forgotten as soon as it leaves, and the bytes are the same wherever the array starts.
A window that reaches before the array, or contains NaN, gives NaN.
"""

import numpy as np
from numpy.typing import NDArray

from okx_core.compilation import compiled

Array = NDArray[np.float64]


@compiled
def rolling_sum(values: Array, window: int) -> Array:
    """Sum of each window; same unit as `values`."""
    pairs, bars = values.shape
    out = np.full((pairs, bars), np.nan)
    level = np.empty(bars)
    wider = np.empty(bars)
    for pair in range(pairs if bars >= window else 0):
        level[:] = values[pair]
        covered = 0
        span = 1
        while True:
            if window & span:
                _accumulate(out[pair], level, covered)
                covered += span
            if covered == window:
                break
            wider[:] = level
            _accumulate(wider, level, span)
            level, wider = wider, level
            span *= 2
        out[pair, : window - 1] = np.nan
    return out


@compiled
def _accumulate(total: Array, level: Array, covered: int) -> None:
    """Adds `level`, moved `covered` bars back, to `total`; the first level replaces it."""
    if covered == 0:
        total[:] = level
        return
    older = level[: level.size - covered]
    newer = total[covered:]
    for bar in range(older.size):
        newer[bar] = newer[bar] + older[bar]


@compiled
def rolling_max(values: Array, window: int) -> Array:
    """Largest value of each window; same unit as `values`. Negate twice for the smallest."""
    pairs, bars = values.shape
    out = np.full((pairs, bars), np.nan)
    level, wider = np.empty(bars), np.empty(bars)
    for pair in range(pairs if bars >= window else 0):
        level[:] = values[pair]
        span = 1
        while span < window:
            shift = min(span, window - span)
            _widen_max(level, wider, shift)
            level, wider = wider, level
            span += shift
        out[pair, window - 1 :] = level[window - 1 :]
    return out


@compiled
def _widen_max(level: Array, out: Array, shift: int) -> None:
    """out[t] = max(level[t], level[t - shift]) from bar `shift` on; NaN on either side gives NaN."""
    newer = level[shift:]
    older = level[: level.size - shift]
    target = out[shift:]
    for bar in range(older.size):
        a = newer[bar]
        b = older[bar]
        target[bar] = (a if a > b else b) + (a - a) + (b - b)
    out[:shift] = np.nan


@compiled
def rolling_moments(values: Array, window: int) -> tuple[Array, Array, Array]:
    """Mean, and sums of squared and cubed deviations from it, of each window.

    Pairwise combination of Chan, Golub and LeVeque (1979): no cancellation at any price scale, and
    a window of equal values gives exactly 0.
    """
    pairs, bars = values.shape
    mean = np.full(values.shape, np.nan)
    squares = np.full(values.shape, np.nan)
    cubes = np.full(values.shape, np.nan)
    level, wider = np.empty((3, bars)), np.empty((3, bars))
    total, joined = np.empty((3, bars)), np.empty((3, bars))
    for pair in range(pairs if bars >= window else 0):
        for bar in range(bars):
            value = values[pair, bar]
            level[0, bar], level[1, bar], level[2, bar] = value, value - value, value - value
        covered = 0
        span = 1
        while True:
            if window & span:
                _merge_moments(total, covered, level, span, joined)
                total, joined = joined, total
                covered += span
            if covered == window:
                break
            _merge_moments(level, span, level, span, wider)
            level, wider = wider, level
            span *= 2
        for bar in range(window - 1, bars):
            mean[pair, bar] = total[0, bar]
            squares[pair, bar] = total[1, bar]
            cubes[pair, bar] = total[2, bar]
    return mean, squares, cubes


@compiled
def _merge_moments(newer: Array, newer_bars: int, older: Array, older_bars: int, out: Array) -> None:
    """out = moments of `newer` joined with `older` moved `newer_bars` back (0: `older` alone).

    All arrays are [3, bars]: mean, squares, cubes; `out` must not be one of the others.
    """
    if newer_bars == 0:
        for moment in range(3):
            for bar in range(older.shape[1]):
                out[moment, bar] = older[moment, bar]
        return
    total = newer_bars + older_bars
    share = older_bars / total
    square = newer_bars * share
    cube = square * (newer_bars - older_bars) / total
    tilt_newer, tilt_older = 3.0 * newer_bars / total, 3.0 * older_bars / total
    bars = older.shape[1] - newer_bars
    mean_a, square_a, cube_a = newer[0, newer_bars:], newer[1, newer_bars:], newer[2, newer_bars:]
    mean_b, square_b, cube_b = older[0, :bars], older[1, :bars], older[2, :bars]
    mean, squares, cubes = out[0, newer_bars:], out[1, newer_bars:], out[2, newer_bars:]
    for bar in range(bars):
        gap = mean_b[bar] - mean_a[bar]
        tilt = tilt_newer * square_b[bar] - tilt_older * square_a[bar]
        mean[bar] = mean_a[bar] + gap * share
        squares[bar] = square_a[bar] + square_b[bar] + gap * gap * square
        cubes[bar] = cube_a[bar] + cube_b[bar] + gap * (gap * gap * cube + tilt)
    for bar in range(newer_bars):
        out[0, bar], out[1, bar], out[2, bar] = np.nan, np.nan, np.nan


@compiled
def rolling_absolute_deviation(values: Array, mean: Array, window: int) -> Array:
    """Mean absolute distance of each window's values from the window's `mean`."""
    pairs, bars = values.shape
    out = np.full((pairs, bars), np.nan)
    for pair in range(pairs if bars >= window else 0):
        centre = mean[pair, window - 1 :]
        total = out[pair, window - 1 :]
        total[:] = 0.0
        for age in range(window):
            aged = values[pair, window - 1 - age : bars - age]
            for bar in range(total.size):
                total[bar] += abs(aged[bar] - centre[bar])
        for bar in range(total.size):
            total[bar] /= window
    return out


@compiled
def run_length(values: Array) -> Array:
    """Number of consecutive known bars up to and including each bar, counted from the array's start."""
    pairs, bars = values.shape
    out = np.empty((pairs, bars))
    for pair in range(pairs):
        run = 0
        for bar in range(bars):
            run = run + 1 if values[pair, bar] == values[pair, bar] else 0
            out[pair, bar] = run
    return out


@compiled
def log_ratio(newer: Array, older: Array) -> Array:
    """ln(newer / older), both [pairs, bars]."""
    out = np.empty(newer.shape)
    for pair in range(newer.shape[0]):
        for bar in range(newer.shape[1]):
            out[pair, bar] = np.log(newer[pair, bar] / older[pair, bar])
    return out


@compiled
def ratio(part: Array, whole: Array, undefined: float) -> Array:
    """part / whole, `undefined` where whole is 0 and part is known; NaN stays NaN."""
    out = np.empty(part.shape)
    for pair in range(part.shape[0]):
        for bar in range(part.shape[1]):
            value = part[pair, bar]
            divisor = whole[pair, bar]
            out[pair, bar] = undefined + (value - value) if divisor == 0.0 else value / divisor
    return out
