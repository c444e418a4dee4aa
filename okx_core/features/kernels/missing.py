"""What a missing bar (NaN) costs: the one rule of all kernels and of the look-back of features.

A statistic over a trailing window is that of the window's known bars, where at least `MIN_SHARE` of them
are known; a sum is scaled to the whole window. A recursion keeps its state over a gap of up to `MAX_HELD`
bars and starts again after a longer one. Nothing is filled in, and no value depends on a later bar.
"""

import numpy as np
from numpy.typing import NDArray

from okx_core.compilation import compiled

Array = NDArray[np.float64]
Bars = NDArray[np.int64]

MIN_SHARE = 0.75
MAX_HELD = 31  # above a quarter of the longest look-back of a recursive feature


@compiled
def fewest_known(window: int) -> int:
    """Bars of a window that must be known: three quarters, rounded up."""
    return (3 * window + 3) // 4


@compiled
def has_unknown(values: Array) -> bool:
    """Whether a row [bars] holds a NaN."""
    unknown = 0
    for bar in range(values.size):
        unknown += values[bar] != values[bar]
    return unknown > 0


@compiled
def gapped(values: Array, window: int) -> Bars:
    """The bars of a row [bars] whose window lies in the array and is known enough, but not altogether."""
    if not has_unknown(values):
        return np.empty(0, dtype=np.int64)
    found = np.empty(values.size, dtype=np.int64)
    count, known, fewest = 0, 0, fewest_known(window)
    for bar in range(values.size):
        known += values[bar] == values[bar]
        if bar >= window:
            known -= values[bar - window] == values[bar - window]
        if bar >= window - 1 and fewest <= known < window:
            found[count] = bar
            count += 1
    return found[:count]


@compiled
def scaled_sum(window: Array) -> float:
    """The mean of the known values, times all of the window."""
    total, known = 0.0, 0
    for value in window:
        if value == value:
            total += value
            known += 1
    return total * window.size / known


@compiled
def age_of_highest(window: Array) -> float:
    """Age of the largest known value, the newest of equal ones."""
    highest, age = -np.inf, 0
    for place in range(window.size):
        if window[place] >= highest:
            highest, age = window[place], window.size - 1 - place
    return float(age)


@compiled
def known_share_below(row: Array, bar: int, step: int, count: int) -> float:
    """Share of the known values `step`, 2 `step` .. `count` x `step` bars before `bar` that are below; ties half."""
    below, known = 0.0, 0
    for place in range(1, count + 1):
        then = row[bar - place * step]
        below += 0.5 * (then < row[bar]) + 0.5 * (then <= row[bar])
        known += then == then
    return below / known if known >= fewest_known(count) else np.nan


@compiled
def last_known(values: Array) -> Array:
    """The newest known value before each bar, same unit; NaN where the `MAX_HELD` + 1 bars before it are unknown."""
    out = np.empty(values.shape)
    for pair in range(values.shape[0]):
        before, age = np.nan, 0
        for bar in range(values.shape[1]):
            out[pair, bar] = before if age <= MAX_HELD else np.nan
            value = values[pair, bar]
            age = 0 if value == value else age + 1
            before = value if value == value else before
    return out


@compiled
def has_gap(values: Array) -> bool:
    """Whether a pair [pairs, bars] has an unknown bar after its first known one."""
    for pair in range(values.shape[0]):
        row = values[pair]
        first = 0
        while first < row.size and row[first] != row[first]:
            first += 1
        if has_unknown(row[first:]):
            return True
    return False


@compiled
def support(values: Array, lookback: int) -> Array:
    """`lookback` where a value with this look-back may be known, else 0; like a run of known bars [pairs, bars].

    The bar itself is known, and so are three quarters of the last `lookback` bars. They all lie behind the
    pair's first bar, and behind its last gap of more than a quarter of `lookback`.
    """
    out = np.zeros(values.shape)
    longest, fewest = lookback // 4, fewest_known(lookback)
    for pair in range(values.shape[0]):
        row = values[pair]
        age, gap, known = 0, 0, 0
        for bar in range(row.size):
            here = row[bar] == row[bar]
            gap = 0 if here else gap + 1
            age = age + 1 if here or (age > 0 and gap <= longest) else 0
            known += here
            if bar >= lookback:
                known -= row[bar - lookback] == row[bar - lookback]
            if here and age >= lookback and known >= fewest:
                out[pair, bar] = lookback
    return out
