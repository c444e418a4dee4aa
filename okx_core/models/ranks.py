"""Ranks inside the hour and correlations of ranks, compiled. A grid has shape [hours, pairs], NaN where unknown."""

import numpy as np
import numpy.typing as npt

from okx_core.compilation import compiled

Floats = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float32]
Whole = npt.NDArray[np.int64]


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


@compiled
def matrix_ranks(values: Matrix, hours: Whole) -> Matrix:
    """Each column of a matrix [rows, features] ranked inside its hour, -0.5 to 0.5, unknown values at 0.

    Rows must be sorted by `hours` [rows], and the rows of an hour must be complete.
    """
    rows, columns = values.shape
    out = np.empty((rows, columns), dtype=np.float32)
    first = 0
    while first < rows:
        last = first
        while last < rows and hours[last] == hours[first]:
            last += 1
        for column in range(columns):
            ranks = centred_ranks(values[first:last, column].astype(np.float64))
            for place in range(last - first):
                rank = ranks[place]
                out[first + place, column] = 0.0 if np.isnan(rank) else rank
        first = last
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
