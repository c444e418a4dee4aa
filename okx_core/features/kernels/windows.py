"""Compiled statistics over trailing windows, each a pure function of the window's own values.

Every kernel takes arrays [pairs, bars] and returns the same shape; value t covers bars
t - window + 1 .. t. Windows are built by doubling (1, 2, 4, ... bars, then the binary digits of the
window length), so a result depends on nothing outside its window: no running sum drifts, a spike or
a NaN is forgotten as soon as it leaves, and the bytes are the same wherever the array starts.
A window that reaches before the array gives NaN. Of a window with NaN the known values count, see `missing`.
"""

import numpy as np
from numpy.typing import NDArray

from okx_core.compilation import compiled
from okx_core.features.kernels import missing

Array = NDArray[np.float64]


@compiled
def rolling_sum(values: Array, window: int) -> Array:
    """Sum of each window, scaled to the window where some of it is missing; same unit as `values`."""
    pairs, bars = values.shape
    out = np.empty((pairs, bars))
    out[:, : window - 1] = np.nan
    scratch = np.empty((5, bars))  # three for the levels and the first sum, two for the sums
    for pair in range(pairs if bars >= window else 0):
        level, total, target = values[pair], values[pair], out[pair]
        covered, span = 0, 1
        slot, held, joined = 0, -1, 3
        while True:
            if window & span:
                if covered == 0:
                    total, held = level, slot
                else:
                    wider = target if covered + span == window else scratch[joined]
                    _add_older(total, level, covered, wider)
                    total, joined = wider, 7 - joined
                covered += span
            if covered == window:
                break
            slot = (slot + 1) % 3
            slot = (slot + 1) % 3 if slot == held else slot
            if window & (2 * span):
                _add_older(level, level, span, scratch[slot])
                span *= 2
            else:
                _add_four(level, span, scratch[slot])
                span *= 4
            level = scratch[slot]
        if window == span:
            copied(total, target)
        target[: window - 1] = np.nan
    missing.mend_sums(values, window, out)
    return out


@compiled
def copied(source: Array, target: Array) -> None:
    """`source` into `target`, both [bars]; what assigning a slice does, several bars at a time."""
    for bar in range(source.size):
        target[bar] = source[bar]


@compiled
def _add_older(newer: Array, older: Array, shift: int, out: Array) -> None:
    """out[t] = newer[t] + older[t - shift] from bar `shift` on; what lies before is not asked for."""
    bars = newer.size - shift
    now, then, target = newer[shift:], older[:bars], out[shift:]
    for bar in range(bars):
        target[bar] = now[bar] + then[bar]


@compiled
def _add_four(level: Array, span: int, out: Array) -> None:
    """The same as doubling twice by `_add_older`, in one pass: four times `span` bars."""
    bars = level.size - 3 * span
    a, b = level[3 * span :], level[2 * span : 2 * span + bars]
    c, d, target = level[span : span + bars], level[:bars], out[3 * span :]
    for bar in range(bars):
        target[bar] = (a[bar] + b[bar]) + (c[bar] + d[bar])


def rolling_max(values: Array, window: int) -> Array:
    """Largest value of each window; same unit as `values`."""
    return _rolling_extreme(values, window, True)


def rolling_min(values: Array, window: int) -> Array:
    """Smallest value of each window; same unit as `values`."""
    return _rolling_extreme(values, window, False)


@compiled
def _rolling_extreme(values: Array, window: int, largest: bool) -> Array:
    """Every pass widens the windows fourfold; the last one stops at `window`, where some bars count twice."""
    pairs, bars = values.shape
    out = np.empty((pairs, bars))
    out[:, : window - 1] = np.nan
    free, wider = np.empty(bars), np.empty(bars)
    for pair in range(pairs if bars >= window else 0):
        level = values[pair]
        span = 1
        while span * 4 < window:
            _extreme_of_four(level, span, 2 * span, 3 * span, largest, free)
            free, wider = wider, free
            level = wider
            span *= 4
        rest = window - span
        _extreme_of_four(level, min(span, rest), min(2 * span, rest), rest, largest, out[pair])
        out[pair, : window - 1] = np.nan
    missing.mend_extremes(values, window, largest, out)
    return out


@compiled
def _extreme_of_four(level: Array, one: int, two: int, three: int, largest: bool, out: Array) -> None:
    """Of each value and those `one`, `two` and `three` bars before (ascending); NaN among them gives NaN."""
    bars = level.size - three
    a, b = level[three:], level[three - one : level.size - one]
    c, d, target = level[three - two : level.size - two], level[:bars], out[three:]
    if largest:
        for bar in range(bars):
            target[bar] = _larger(_larger(a[bar], b[bar]), _larger(c[bar], d[bar]))
    else:
        for bar in range(bars):
            target[bar] = _smaller(_smaller(a[bar], b[bar]), _smaller(c[bar], d[bar]))


@compiled
def _larger(one: float, other: float) -> float:
    higher = one if one > other else other
    return higher if one == one else one


@compiled
def _smaller(one: float, other: float) -> float:
    lower = one if one < other else other
    return lower if one == one else one


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
    missing.mend_ages(values, window, out)
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
        if missing.has_unknown(below):
            missing.mend_shares(values[pair], step, count, below)
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
        for age in range(0, window // 4 * 4, 4):
            _add_four_distances(values[pair], centre, window - 1 - age, total)
        for age in range(window // 4 * 4, window):
            lagged = values[pair, window - 1 - age : bars - age]
            for bar in range(total.size):
                total[bar] += abs(lagged[bar] - centre[bar])
        for bar in range(total.size):
            total[bar] /= window
    missing.mend_deviations(values, mean, window, out)
    return out


@compiled
def _add_four_distances(values: Array, centre: Array, newest: int, total: Array) -> None:
    """Add |values - centre| of the bars `newest`, and one, two and three before it, one after the other."""
    bars = total.size
    a, b = values[newest : newest + bars], values[newest - 1 : newest - 1 + bars]
    c, d = values[newest - 2 : newest - 2 + bars], values[newest - 3 : newest - 3 + bars]
    for bar in range(bars):
        middle = centre[bar]
        total[bar] = (
            total[bar]
            + abs(a[bar] - middle)
            + abs(b[bar] - middle)
            + abs(c[bar] - middle)
            + abs(d[bar] - middle)
        )


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


@compiled
def standardised(values: Array, mean: Array, deviation: Array, extreme: float) -> Array:
    """Distance of each value from the mean a bar before, in the deviations a bar before, within +-`extreme`.

    After a window without deviation 0 for the same value, else +-`extreme`.
    """
    out = np.full(values.shape, np.nan)
    for pair in range(values.shape[0]):
        for bar in range(1, values.shape[1]):
            gap = values[pair, bar] - mean[pair, bar - 1]
            unit = deviation[pair, bar - 1]
            score = gap / unit if unit != 0.0 else gap * np.inf
            score = 0.0 if gap == 0.0 else score
            score = extreme if score > extreme else score
            out[pair, bar] = -extreme if score < -extreme else score
    return out


@compiled
def signed_by_change(price: Array, size: Array) -> Array:
    """`size`, negative where price fell against the last known one and 0 where it did not change."""
    out = np.empty(price.shape)
    earlier = missing.last_known(price)
    for pair in range(price.shape[0]):
        for bar in range(price.shape[1]):
            now, before = price[pair, bar], earlier[pair, bar]
            way = 1.0 * (now > before) - 1.0 * (now < before)
            out[pair, bar] = way * size[pair, bar] + (before - before)
    return out
