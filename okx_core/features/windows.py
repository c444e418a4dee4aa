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
def bars_since_highest(values: Array, window: int) -> Array:
    """Age in bars of the largest value of each window, the newest of equal ones; 0 .. window - 1."""
    pairs, bars = values.shape
    out = np.full((pairs, bars), np.nan)
    level, wider = np.empty((2, bars)), np.empty((2, bars))
    for pair in range(pairs if bars >= window else 0):
        level[0, :] = values[pair]
        level[1, :] = 0.0
        span = 1
        while span < window:
            shift = min(span, window - span)
            _widen_highest(level, wider, shift)
            level, wider = wider, level
            span += shift
        for bar in range(window - 1, bars):
            out[pair, bar] = level[1, bar] + (level[0, bar] - level[0, bar])
    return out


@compiled
def _widen_highest(level: Array, out: Array, shift: int) -> None:
    """The larger of each value and the one `shift` bars before, with its age; NaN on either side stays."""
    bars = level.shape[1] - shift
    newer, newer_age = level[0, shift:], level[1, shift:]
    older, older_age = level[0, :bars], level[1, :bars]
    value, age = out[0, shift:], out[1, shift:]
    for bar in range(bars):
        a = newer[bar]
        b = older[bar]
        behind = b > a
        value[bar] = (b if behind else a) + (a - a) + (b - b)
        age[bar] = older_age[bar] + shift if behind else newer_age[bar]
    out[:, :shift] = np.nan


@compiled
def share_below(values: Array, step: int, count: int) -> Array:
    """Share of the values `step`, 2 `step` .. `count` x `step` bars ago that are below; equal ones count half."""
    pairs, bars = values.shape
    out = np.full((pairs, bars), np.nan)
    reach = step * count
    for pair in range(pairs if bars > reach else 0):
        now = values[pair, reach:]
        below = out[pair, reach:]
        below[:] = 0.0
        for place in range(1, count + 1):
            then = values[pair, reach - place * step : bars - place * step]
            for bar in range(now.size):
                a, b = now[bar], then[bar]
                below[bar] += 0.5 * (b < a) + 0.5 * (b <= a) + (a - a) + (b - b)
        for bar in range(now.size):
            below[bar] /= count
    return out


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


def log_ratio(newer: Array, older: Array) -> Array:
    """ln(newer / older), both [pairs, bars]."""
    change: Array = np.log(newer / older)
    return change


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
