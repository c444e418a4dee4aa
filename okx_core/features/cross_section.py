"""Statistics over the pairs of one bar: every kernel takes and returns [pairs, bars].

A NaN pair takes no part and gets none. Pairs are added in their order, so the bytes do not depend on
how many bars are computed.
"""

import numpy as np
from numpy.typing import NDArray

from okx_core.compilation import compiled

Array = NDArray[np.float64]
FEWEST_PAIRS = 2
SIGN = np.uint32(0x80000000)


@compiled
def market_mean(values: Array, fewest: int) -> Array:
    """Mean over the known pairs of each bar, the same for every pair; NaN with fewer than `fewest`."""
    total = np.zeros(values.shape[1])
    known = np.zeros(values.shape[1])
    for pair in range(values.shape[0]):
        for bar in range(values.shape[1]):
            value = values[pair, bar]
            if value == value:
                total[bar] += value
                known[bar] += 1.0
    out = np.empty(values.shape)
    for pair in range(values.shape[0]):
        for bar in range(values.shape[1]):
            out[pair, bar] = total[bar] / known[bar] if known[bar] >= fewest else np.nan
    return out


def market_deviation(values: Array) -> Array:
    """Population standard deviation over the known pairs of each bar, the same for every pair."""
    gap = values - market_mean(values, FEWEST_PAIRS)
    root: Array = np.sqrt(market_mean(gap * gap, FEWEST_PAIRS))
    return root


def market_rank(values: Array) -> Array:
    """Rank of each pair among the known pairs of its bar: 0 smallest, 1 largest, ties share the mean.

    Compared as float32: each value becomes the upper half of an integer that sorts like it, its pair
    the lower half, so one sort of plain integers orders a bar.
    """
    keys = _sort_keys(values)
    keys.sort(axis=1)
    return _ranks(keys, values.shape[0], FEWEST_PAIRS)


def _sort_keys(values: Array) -> NDArray[np.uint64]:
    """[bars, pairs]: the order-preserving bits of float32, then the pair; unknown ones sort last."""
    single = (values.T + 0.0).astype(np.float32, order="C")
    bits = single.view(np.uint32)
    ordered = np.where(bits & SIGN, ~bits, bits | SIGN)
    ordered[np.isnan(single)] = np.uint32(0xFFFFFFFF)
    return (ordered.astype(np.uint64) << np.uint64(32)) | np.arange(values.shape[0], dtype=np.uint64)


@compiled
def _ranks(keys: NDArray[np.uint64], pairs: int, fewest: int) -> Array:
    """Ranks [pairs, bars] from sorted keys [bars, pairs]."""
    out = np.full((pairs, keys.shape[0]), np.nan)
    unknown = np.uint64(0xFFFFFFFF)
    low = np.uint64(0xFFFFFFFF)
    shift = np.uint64(32)
    for bar in range(keys.shape[0]):
        known = pairs
        while known > 0 and keys[bar, known - 1] >> shift == unknown:
            known -= 1
        place = 0
        while place < known and known >= fewest:
            last = place
            value = keys[bar, place] >> shift
            while last + 1 < known and keys[bar, last + 1] >> shift == value:
                last += 1
            rank = 0.5 * (place + last) / (known - 1.0)
            for tied in range(place, last + 1):
                out[np.int64(keys[bar, tied] & low), bar] = rank
            place = last + 1
    return out
