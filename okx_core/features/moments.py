"""Compiled moments over trailing windows: means, deviations, and how two series move together.

Windows are joined pairwise (Chan, Golub and LeVeque 1979; Pebay 2008): no cancellation at any price
scale, and a window of equal values gives exactly 0. As in `windows`, a value depends on nothing
outside its window, and a window that reaches before the array or contains NaN gives NaN.
"""

import numpy as np
from numpy.typing import NDArray

from okx_core.compilation import compiled

Array = NDArray[np.float64]


@compiled
def rolling_moments(values: Array, window: int, moments: int) -> Array:
    """Mean (`moments` 1), sums of squared (2), and of cubed and fourth-power deviations (4) of each window.

    [moments, pairs, bars].
    """
    pairs, bars = values.shape
    out = np.empty((moments, pairs, bars))
    out[:, :, : window - 1] = np.nan
    level, wider = np.empty((moments, bars)), np.empty((moments, bars))
    total, joined = np.empty((moments, bars)), np.empty((moments, bars))
    for pair in range(pairs if bars >= window else 0):
        level[0, :] = values[pair]
        for moment in range(1, moments):
            for bar in range(bars):
                level[moment, bar] = values[pair, bar] - values[pair, bar]
        covered = 0
        span = 1
        while True:
            if window & span:
                if covered == 0:
                    total[:] = level
                else:
                    _merge(total, covered, level, span, joined)
                    total, joined = joined, total
                covered += span
            if covered == window:
                break
            _merge(level, span, level, span, wider)
            level, wider = wider, level
            span *= 2
        for moment in range(moments):
            out[moment, pair, window - 1 :] = total[moment, window - 1 :]
    return out


@compiled
def _merge(newer: Array, newer_bars: int, older: Array, older_bars: int, out: Array) -> None:
    """out = moments of `newer` joined with `older` moved `newer_bars` back; out is neither of them."""
    total = newer_bars + older_bars
    share = older_bars / total
    square = newer_bars * share
    bars = older.shape[1] - newer_bars
    mean_a, mean_b, mean = newer[0, newer_bars:], older[0, :bars], out[0, newer_bars:]
    if out.shape[0] == 1:
        for bar in range(bars):
            mean[bar] = mean_a[bar] + (mean_b[bar] - mean_a[bar]) * share
    else:
        square_a, square_b, squares = newer[1, newer_bars:], older[1, :bars], out[1, newer_bars:]
        for bar in range(bars):
            gap = mean_b[bar] - mean_a[bar]
            mean[bar] = mean_a[bar] + gap * share
            squares[bar] = square_a[bar] + square_b[bar] + gap * gap * square
    if out.shape[0] > 2:
        _merge_higher(newer, newer_bars, older, older_bars, out)
    out[:, :newer_bars] = np.nan


@compiled
def _merge_higher(newer: Array, newer_bars: int, older: Array, older_bars: int, out: Array) -> None:
    """Third and fourth moments of the same join."""
    total = newer_bars + older_bars
    lighter, heavier = newer_bars / total, older_bars / total
    square = newer_bars * heavier
    cube = square * (lighter - heavier)
    fourth = square * (lighter * lighter - lighter * heavier + heavier * heavier)
    bars = older.shape[1] - newer_bars
    mean_a, square_a = newer[0, newer_bars:], newer[1, newer_bars:]
    cube_a, fourth_a = newer[2, newer_bars:], newer[3, newer_bars:]
    mean_b, square_b, cube_b, fourth_b = older[0, :bars], older[1, :bars], older[2, :bars], older[3, :bars]
    cubes, fourths = out[2, newer_bars:], out[3, newer_bars:]
    for bar in range(bars):
        gap = mean_b[bar] - mean_a[bar]
        tilt = lighter * square_b[bar] - heavier * square_a[bar]
        cubes[bar] = cube_a[bar] + cube_b[bar] + gap * (gap * gap * cube + 3.0 * tilt)
        spread = lighter * lighter * square_b[bar] + heavier * heavier * square_a[bar]
        lean = lighter * cube_b[bar] - heavier * cube_a[bar]
        fourths[bar] = (
            fourth_a[bar] + fourth_b[bar] + gap * (gap * (gap * gap * fourth + 6.0 * spread) + 4.0 * lean)
        )


@compiled
def rolling_comoments(one: Array, other: Array, window: int) -> tuple[Array, Array, Array]:
    """Sums of squared deviations of `one`, of `other`, and of the products of both, of each window."""
    pairs, bars = one.shape
    out = np.full((3, pairs, bars), np.nan)
    level, wider = np.empty((5, bars)), np.empty((5, bars))
    total, joined = np.empty((5, bars)), np.empty((5, bars))
    for pair in range(pairs if bars >= window else 0):
        for bar in range(bars):
            x, y = one[pair, bar], other[pair, bar]
            level[0, bar], level[1, bar] = x, y
            level[2, bar], level[3, bar], level[4, bar] = x - x, y - y, x - x + y - y
        covered = 0
        span = 1
        while True:
            if window & span:
                if covered == 0:
                    total[:] = level
                else:
                    _merge_pair(total, covered, level, span, joined)
                    total, joined = joined, total
                covered += span
            if covered == window:
                break
            _merge_pair(level, span, level, span, wider)
            level, wider = wider, level
            span *= 2
        for moment in range(3):
            out[moment, pair, window - 1 :] = total[2 + moment, window - 1 :]
    return out[0], out[1], out[2]


@compiled
def _merge_pair(newer: Array, newer_bars: int, older: Array, older_bars: int, out: Array) -> None:
    """As `_merge`, for rows of two means, two sums of squares and the sum of products."""
    total = newer_bars + older_bars
    share = older_bars / total
    square = newer_bars * share
    bars = older.shape[1] - newer_bars
    x_a, y_a = newer[0, newer_bars:], newer[1, newer_bars:]
    xx_a, yy_a, xy_a = newer[2, newer_bars:], newer[3, newer_bars:], newer[4, newer_bars:]
    x_b, y_b, xx_b, yy_b, xy_b = (
        older[0, :bars],
        older[1, :bars],
        older[2, :bars],
        older[3, :bars],
        older[4, :bars],
    )
    x, y = out[0, newer_bars:], out[1, newer_bars:]
    xx, yy, xy = out[2, newer_bars:], out[3, newer_bars:], out[4, newer_bars:]
    for bar in range(bars):
        right = x_b[bar] - x_a[bar]
        up = y_b[bar] - y_a[bar]
        x[bar] = x_a[bar] + right * share
        y[bar] = y_a[bar] + up * share
        xx[bar] = xx_a[bar] + xx_b[bar] + right * right * square
        yy[bar] = yy_a[bar] + yy_b[bar] + up * up * square
        xy[bar] = xy_a[bar] + xy_b[bar] + right * up * square
    out[:, :newer_bars] = np.nan
