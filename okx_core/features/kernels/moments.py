"""Compiled moments over trailing windows: means, deviations, and how two series move together.

Windows are joined pairwise (Chan, Golub and LeVeque 1979; Pebay 2008): no cancellation at any price
scale, and a window of equal values gives exactly 0. As in `windows`, a value depends on nothing
outside its window, a window that reaches before the array gives NaN, and of a window with NaN the known
values count: their sums are scaled to the whole window.
"""

import numpy as np
from numpy.typing import NDArray

from okx_core.compilation import compiled
from okx_core.features.kernels.missing import gapped
from okx_core.features.kernels.windows import copied

Array = NDArray[np.float64]
APART = 40  # bars between scratch rows: rows a whole page apart wait for each other's stores


@compiled
def rolling_moments(values: Array, window: int, moments: int) -> Array:
    """Mean (`moments` 1), sums of squared (2), and of cubed and fourth-power deviations (4) of each window.

    [moments, pairs, bars].
    """
    pairs, bars = values.shape
    out = np.empty((moments, pairs, bars))
    out[:, :, : window - 1] = np.nan
    scratch = np.empty((5, moments, bars + APART))  # three for the levels and the first total, two for totals
    for pair in range(pairs if bars >= window else 0):
        span = 4 if moments == 2 and window % 4 == 0 else 1
        if span == 1:
            _of_single_bars(values[pair], scratch[0])
        else:
            _of_four_bars(values[pair], scratch[0])
        level, total = scratch[0], scratch[0]
        covered = 0
        slot, held, joined = 0, -1, 3
        while True:
            if window & span:
                if covered == 0:
                    total, held = level, slot
                else:
                    _merge(total, covered, level, span, scratch[joined])
                    total, joined = scratch[joined], 7 - joined
                covered += span
            if covered == window:
                break
            slot = (slot + 1) % 3
            slot = (slot + 1) % 3 if slot == held else slot
            if moments > 2 or window & (2 * span):
                _merge(level, span, level, span, scratch[slot])
                span *= 2
            else:
                _merge_four(level, span, scratch[slot])
                span *= 4
            level = scratch[slot]
        for moment in range(moments):
            copied(total[moment, window - 1 : bars], out[moment, pair, window - 1 :])
    _mend(values, window, out)
    return out


@compiled
def _mend(values: Array, window: int, out: Array) -> None:
    """The moments of windows with gaps."""
    for pair in range(values.shape[0]):
        for bar in gapped(values[pair], window):
            _of_known(values[pair, bar - window + 1 : bar + 1], out[:, pair, bar])


@compiled
def _of_known(window: Array, out: Array) -> None:
    """Moments of the known values of one window, into out [moments]."""
    values = window[np.isfinite(window)]
    mean = _mean(values)
    gaps, scale = values - mean, window.size / values.size
    powers = gaps.copy()
    out[0] = mean
    for moment in range(1, out.size):
        powers *= gaps
        out[moment] = np.sum(powers) * scale


@compiled
def _mean(values: Array) -> float:
    """From the first value on, so that the mean of equal values is that value."""
    return float(values[0] + np.mean(values - values[0]))


@compiled
def _of_single_bars(values: Array, out: Array) -> None:
    """Moments of windows of one bar: the value, and 0 where it is known."""
    copied(values, out[0])
    for moment in range(1, out.shape[0]):
        target = out[moment]
        for bar in range(values.size):
            target[bar] = values[bar] - values[bar]


@compiled
def _of_four_bars(values: Array, out: Array) -> None:
    """Two moments of windows of four bars: what `_merge_four` makes of single ones."""
    bars = values.size - 3
    a, b, c, d = values[3:], values[2 : 2 + bars], values[1 : 1 + bars], values[:bars]
    means, squares = out[0, 3:], out[1, 3:]
    for bar in range(bars):
        near, far = b[bar] - a[bar], d[bar] - c[bar]
        newer, older = a[bar] + near * 0.5, c[bar] + far * 0.5
        gap = older - newer
        means[bar] = newer + gap * 0.5
        squares[bar] = near * near * 0.5 + far * far * 0.5 + gap * gap


@compiled
def _merge(newer: Array, newer_bars: int, older: Array, older_bars: int, out: Array) -> None:
    """out = moments of `newer` joined with `older` moved `newer_bars` back; out is neither of them."""
    total = newer_bars + older_bars
    share = older_bars / total
    square = newer_bars * share
    bars = older.shape[1] - newer_bars
    mean_a, mean_b, mean = newer[0, newer_bars:], older[0, :bars], out[0, newer_bars:]
    for bar in range(bars):
        mean[bar] = mean_a[bar] + (mean_b[bar] - mean_a[bar]) * share
    if out.shape[0] > 1:
        square_a, square_b, squares = newer[1, newer_bars:], older[1, :bars], out[1, newer_bars:]
        for bar in range(bars):
            gap = mean_b[bar] - mean_a[bar]
            squares[bar] = square_a[bar] + square_b[bar] + gap * gap * square
    if out.shape[0] > 2:
        _merge_higher(newer, newer_bars, older, older_bars, out)


@compiled
def _merge_four(level: Array, span: int, out: Array) -> None:
    """The same as doubling `level` twice by `_merge`, in one pass; up to two moments."""
    bars = level.shape[1] - 3 * span
    two, one = 2 * span, span
    a, b = level[0, 3 * span :], level[0, two : two + bars]
    c, d, mean = level[0, one : one + bars], level[0, :bars], out[0, 3 * span :]
    for bar in range(bars):
        newer = a[bar] + (b[bar] - a[bar]) * 0.5
        older = c[bar] + (d[bar] - c[bar]) * 0.5
        mean[bar] = newer + (older - newer) * 0.5
    if out.shape[0] > 1:
        half = 0.5 * span
        aa, bb = level[1, 3 * span :], level[1, two : two + bars]
        cc, dd, squares = level[1, one : one + bars], level[1, :bars], out[1, 3 * span :]
        for bar in range(bars):
            near, far = b[bar] - a[bar], d[bar] - c[bar]
            gap = (c[bar] + far * 0.5) - (a[bar] + near * 0.5)
            newer = aa[bar] + bb[bar] + near * near * half
            older = cc[bar] + dd[bar] + far * far * half
            squares[bar] = newer + older + gap * gap * span


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
    for bar in range(bars):
        gap = mean_b[bar] - mean_a[bar]
        spread = lighter * lighter * square_b[bar] + heavier * heavier * square_a[bar]
        lean = lighter * cube_b[bar] - heavier * cube_a[bar]
        fourths[bar] = (
            fourth_a[bar] + fourth_b[bar] + gap * (gap * (gap * gap * fourth + 6.0 * spread) + 4.0 * lean)
        )


@compiled
def rolling_comoments(one: Array, other: Array, window: int) -> tuple[Array, Array, Array]:
    """Sums of squared deviations of `one`, of `other`, and of the products of both, of each window."""
    pairs, bars = one.shape
    out = np.empty((3, pairs, bars))
    out[:, :, : window - 1] = np.nan
    scratch = np.empty((5, 5, bars + APART))
    for pair in range(pairs if bars >= window else 0):
        level, total = scratch[0], scratch[0]
        _pair_of_single_bars(one[pair], other[pair], level)
        covered, span = 0, 1
        slot, held, joined = 0, -1, 3
        while True:
            if window & span:
                if covered == 0:
                    total, held = level, slot
                else:
                    _merge_pair(total, covered, level, span, scratch[joined])
                    total, joined = scratch[joined], 7 - joined
                covered += span
            if covered == window:
                break
            slot = (slot + 1) % 3
            slot = (slot + 1) % 3 if slot == held else slot
            _merge_pair(level, span, level, span, scratch[slot])
            level = scratch[slot]
            span *= 2
        for moment in range(3):
            copied(total[2 + moment, window - 1 : bars], out[moment, pair, window - 1 :])
    _mend_pairs(one, other, window, out)
    return out[0], out[1], out[2]


@compiled
def _mend_pairs(one: Array, other: Array, window: int, out: Array) -> None:
    """The sums of windows with gaps."""
    for pair in range(one.shape[0]):
        for bar in gapped(one[pair] + other[pair], window):
            some = slice(bar - window + 1, bar + 1)
            out[:, pair, bar] = _of_known_pairs(one[pair, some], other[pair, some])


@compiled
def _of_known_pairs(one: Array, other: Array) -> Array:
    """The three sums [3] over the bars of one window where both are known, scaled to the window."""
    both = np.isfinite(one + other)
    ones, others = one[both] - _mean(one[both]), other[both] - _mean(other[both])
    sums = np.array([np.sum(ones * ones), np.sum(others * others), np.sum(ones * others)])
    return sums * (one.size / ones.size)


@compiled
def _pair_of_single_bars(one: Array, other: Array, out: Array) -> None:
    copied(one, out[0])
    copied(other, out[1])
    xx, yy, xy = out[2], out[3], out[4]
    for bar in range(one.size):
        xx[bar] = one[bar] - one[bar]
        yy[bar] = other[bar] - other[bar]
        xy[bar] = one[bar] - one[bar] + other[bar] - other[bar]


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
    _joined(x_a, x_b, share, x)
    _joined(y_a, y_b, share, y)
    _joined_products(xx_a, xx_b, x_a, x_b, x_a, x_b, square, xx)
    _joined_products(yy_a, yy_b, y_a, y_b, y_a, y_b, square, yy)
    _joined_products(xy_a, xy_b, x_a, x_b, y_a, y_b, square, xy)


@compiled
def _joined(newer: Array, older: Array, share: float, out: Array) -> None:
    for bar in range(older.size):
        out[bar] = newer[bar] + (older[bar] - newer[bar]) * share


@compiled
def _joined_products(
    newer: Array, older: Array, x_a: Array, x_b: Array, y_a: Array, y_b: Array, square: float, out: Array
) -> None:
    for bar in range(older.size):
        out[bar] = newer[bar] + older[bar] + (x_b[bar] - x_a[bar]) * (y_b[bar] - y_a[bar]) * square
