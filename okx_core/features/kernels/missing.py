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
    first = first_known(values)
    rest = has_unknown(values[first:])
    stop = values.size if rest else min(first + window - 1, values.size)
    found = np.empty(max(stop - window + 1, 0) if first > 0 or rest else 0, dtype=np.int64)
    count, known, fewest = 0, 0, fewest_known(window)
    for bar in range(stop if found.size > 0 else 0):
        known += values[bar] == values[bar]
        if bar >= window:
            known -= values[bar - window] == values[bar - window]
        if bar >= window - 1 and fewest <= known < window:
            found[count] = bar
            count += 1
    return found[:count]


@compiled
def first_known(row: Array) -> int:
    """The first known bar of a row [bars]; its size where none is."""
    first = 0
    while first < row.size and row[first] != row[first]:
        first += 1
    return first


@compiled
def mend_sums(values: Array, window: int, out: Array) -> None:
    """Into out [pairs, bars], where a window has gaps: the mean of its known values, times all of the window."""
    for pair in range(values.shape[0]):
        for bar in gapped(values[pair], window):
            out[pair, bar] = window * np.nanmean(values[pair, bar - window + 1 : bar + 1])


@compiled
def mend_extremes(values: Array, window: int, largest: bool, out: Array) -> None:
    """The same with the largest or smallest known value."""
    for pair in range(values.shape[0]):
        for bar in gapped(values[pair], window):
            some = values[pair, bar - window + 1 : bar + 1]
            out[pair, bar] = np.nanmax(some) if largest else np.nanmin(some)


@compiled
def mend_ages(values: Array, window: int, out: Array) -> None:
    """The same with the age of the largest known value, the newest of equal ones."""
    for pair in range(values.shape[0]):
        for bar in gapped(values[pair], window):
            highest = -np.inf
            for past in range(bar - window + 1, bar + 1):
                if values[pair, past] >= highest:
                    highest, out[pair, bar] = values[pair, past], bar - past


@compiled
def mend_deviations(values: Array, mean: Array, window: int, out: Array) -> None:
    """The same with the mean absolute distance of the known values from `mean` [pairs, bars]."""
    for pair in range(values.shape[0]):
        for bar in gapped(values[pair], window):
            distances = np.abs(values[pair, bar - window + 1 : bar + 1] - mean[pair, bar])
            out[pair, bar] = np.nanmean(distances)


@compiled
def mend_shares(row: Array, step: int, count: int, below: Array) -> None:
    """Where unknown: the share of the known values `step`, 2 `step` .. before a known bar that are below; ties half."""
    reach = step * count
    for bar in range(reach, row.size):
        now, lower, known = row[bar], 0.0, 0
        if below[bar - reach] == below[bar - reach] or now != now:
            continue
        for past in range(bar - reach, bar, step):
            then = row[past]
            lower += 0.5 * (then < now) + 0.5 * (then <= now)
            known += then == then
        if known >= fewest_known(count):
            below[bar - reach] = lower / known


@compiled
def last_known(values: Array) -> Array:
    """The newest known value before each bar, same unit; NaN where the `MAX_HELD` + 1 bars before it are unknown."""
    out = np.empty(values.shape)
    for pair in range(values.shape[0]):
        row, target = values[pair], out[pair]
        target[:1] = np.nan
        for bar in range(1, row.size):
            target[bar] = row[bar - 1]
        if row_has_gap(row):
            _hold(target)
    return out


@compiled
def _hold(row: Array) -> None:
    """Each unknown value of a row [bars] becomes the one before it, for `MAX_HELD` bars."""
    age = 0
    for bar in range(1, row.size):
        age = 0 if row[bar] == row[bar] else age + 1
        if 0 < age <= MAX_HELD:
            row[bar] = row[bar - 1]


@compiled
def row_has_gap(row: Array) -> bool:
    """Whether a row [bars] has an unknown bar after its first known one."""
    return has_unknown(row[first_known(row) :])


@compiled
def has_gap(values: Array) -> bool:
    """Whether a pair [pairs, bars] has an unknown bar after its first known one."""
    for pair in range(values.shape[0]):  # noqa: SIM110 - compiled code has no generator
        if row_has_gap(values[pair]):
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
