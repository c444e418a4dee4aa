"""Ranks inside the hour and correlations of ranks, compiled. A grid has shape [hours, pairs], NaN where unknown."""

import numpy as np
import numpy.typing as npt

from okx_core.compilation import compiled

Floats = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float32]
Whole = npt.NDArray[np.int64]

RANKED_AT_ONCE = 16  # hours, so that the keys of 100 pairs stay in the cache of a processor
UNKNOWN, LOWER, HALF = np.uint64(2**64 - 1), np.uint64(2**32 - 1), np.uint64(32)
SIGN, SIZE, INFINITE = (
    np.uint64(2**31),
    np.uint64(2**31 - 1),
    np.uint64(0x7F800000),
)  # of the bits of a float32


@compiled
def ranks_of(values: Floats) -> Floats:
    """Ranks from 0 of one hour's known values, ties share the mean; NaN where a value is NaN."""
    out = np.full(values.shape[0], np.nan)
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(values[known])]
    first = 0
    while first < order.shape[0]:
        last = first
        while last + 1 < order.shape[0] and values[order[last + 1]] == values[order[first]]:
            last += 1
        for place in range(first, last + 1):
            out[order[place]] = 0.5 * (first + last)
        first = last + 1
    return out


@compiled
def centred_ranks(values: Floats) -> Floats:
    """Ranks of one hour's known values from -0.5 to 0.5; 0 for a value that is alone."""
    ranks = ranks_of(values)
    count = np.sum(~np.isnan(ranks))
    if count < 2:
        return ranks
    centred: Floats = ranks / (count - 1.0) - 0.5
    return centred


@compiled
def grid_ranks(grid: Floats, min_pairs: int) -> Floats:
    """`centred_ranks` of each hour of a grid; NaN for a whole hour with fewer than `min_pairs` known values."""
    out = np.full(grid.shape, np.nan)
    for hour in range(grid.shape[0]):
        if np.sum(~np.isnan(grid[hour])) >= min_pairs:
            out[hour] = centred_ranks(grid[hour])
    return out


def matrix_ranks(values: Matrix, hours: Whole, kept: Whole | None = None) -> Matrix:
    """Each column of a matrix [rows, features] ranked inside its hour, -0.5 to 0.5, unknown values at 0.

    Rows must be sorted by `hours` [rows], and the rows of an hour must be complete. Ties share the mean. `kept` are
    the rows that are given back, ascending, all by default; each is ranked among all rows of its hour.
    Value and place are one whole number: NumPy sorts these many times faster than places by value.
    """
    kept = np.arange(len(values)) if kept is None else kept
    out = np.empty((len(kept), values.shape[1]), dtype=np.float32)
    columns = np.ascontiguousarray(values.T, dtype=np.float32).view(np.uint32)
    edges = np.concatenate((np.flatnonzero(np.diff(hours, prepend=-1)), [len(values)]))
    for first in range(0, len(edges) - 1, RANKED_AT_ONCE):
        part = edges[first : first + RANKED_AT_ONCE + 1]
        keys = _keys(columns, part, int(np.diff(part).max()))
        keys.sort(axis=2)
        low, high = np.searchsorted(kept, (part[0], part[-1]))
        out[low:high] = _ranks_of_keys(keys, part - part[0])[kept[low:high] - part[0]]
    return out


@compiled
def _keys(columns: npt.NDArray[np.uint32], edges: Whole, most: int) -> npt.NDArray[np.uint64]:
    """Keys [hours, features, rows of an hour] in the order of the values; UNKNOWN for NaN and where there is no row.

    The upper half is the float's bits so turned that they are in its order, the lower half the row's place in the hour.
    """
    out = np.full((edges.size - 1, columns.shape[0], most), UNKNOWN, dtype=np.uint64)
    for hour in range(edges.size - 1):
        begin, rows = edges[hour], edges[hour + 1] - edges[hour]
        for column in range(columns.shape[0]):
            held, keys = columns[column, begin : begin + rows], out[hour, column]
            for place in range(rows):
                found = np.uint64(held[place])
                size = found & SIZE
                found = size if size == np.uint64(0) else found  # minus nought is nought
                ordered = ~found & LOWER if found > SIZE else found | SIGN
                keys[place] = UNKNOWN if size > INFINITE else (ordered << HALF) | np.uint64(place)
    return out


@compiled
def _ranks_of_keys(keys: npt.NDArray[np.uint64], edges: Whole) -> Matrix:
    """Ranks [rows, features] of sorted keys, in the order of the rows that they come from; 0 where unknown."""
    out = np.zeros((edges[-1], keys.shape[1]), dtype=np.float32)
    hours, columns, most = keys.shape
    for hour in range(hours):
        begin = edges[hour]
        for column in range(columns):
            held = keys[hour, column]
            known = most
            while known > 0 and held[known - 1] == UNKNOWN:
                known -= 1
            first = 0
            while first < known and known > 1:
                last = first
                while last + 1 < known and held[last + 1] >> HALF == held[first] >> HALF:
                    last += 1
                for place in range(first, last + 1):
                    row = begin + np.int64(held[place] & LOWER)
                    out[row, column] = 0.5 * (first + last) / (known - 1.0) - 0.5
                first = last + 1
    return out


@compiled
def correlation(left: Floats, right: Floats) -> float:
    """Pearson correlation of two vectors without NaN; NaN where one of them is constant."""
    a, b = left - left.mean(), right - right.mean()
    spread = np.sqrt((a * a).sum() * (b * b).sum())
    return float((a * b).sum() / spread) if spread > 0.0 else np.nan


@compiled
def hourly_correlations(
    score: Floats, outcome: Floats, control: Floats, neutral: bool, fewest: int
) -> Floats:
    """Spearman correlation per hour of two grids; with `neutral` the partial one, given the ranks of `control`.

    Only pairs known on all sides take part. NaN with fewer than `fewest` of them or without spread.
    """
    out = np.full(score.shape[0], np.nan)
    for hour in range(score.shape[0]):
        known = ~np.isnan(score[hour]) & ~np.isnan(outcome[hour])
        if neutral:
            known = known & ~np.isnan(control[hour])
        if known.sum() < fewest:
            continue
        a, b = ranks_of(score[hour][known]), ranks_of(outcome[hour][known])
        raw = correlation(a, b)
        if neutral:
            c = ranks_of(control[hour][known])
            left, right = correlation(a, c), correlation(b, c)
            rest = (1.0 - left * left) * (1.0 - right * right)
            raw = (raw - left * right) / np.sqrt(rest) if rest > 1e-12 else np.nan
        out[hour] = raw
    return out
