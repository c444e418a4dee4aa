"""How alike two pairs have moved."""

import numpy as np
from numpy.typing import NDArray

from okx_core.compilation import compiled

Array = NDArray[np.float64]


@compiled
def pair_correlation(closes: Array, row: int, hours: int, one: int, other: int) -> float:
    """Pearson correlation of the hourly returns of two pairs over the `hours` that end at `row` of `closes`
    [rows, pairs].

    Hours in which a return of either is unknown are left out. NaN where fewer than half of the hours, or fewer than
    three, are known, and where a pair does not move.
    """
    first = max(row - hours + 1, 1)
    count, sum_one, sum_other = 0, 0.0, 0.0
    for at in range(first, row + 1):
        x, y = closes[at, one] / closes[at - 1, one] - 1.0, closes[at, other] / closes[at - 1, other] - 1.0
        if np.isfinite(x) and np.isfinite(y):
            count, sum_one, sum_other = count + 1, sum_one + x, sum_other + y
    if count < 3 or 2 * count < hours:
        return np.nan
    both, own, theirs = 0.0, 0.0, 0.0
    for at in range(first, row + 1):
        x, y = closes[at, one] / closes[at - 1, one] - 1.0, closes[at, other] / closes[at - 1, other] - 1.0
        if np.isfinite(x) and np.isfinite(y):
            x, y = x - sum_one / count, y - sum_other / count
            both, own, theirs = both + x * y, own + x * x, theirs + y * y
    return float(both / np.sqrt(own * theirs)) if own > 0.0 and theirs > 0.0 else np.nan
