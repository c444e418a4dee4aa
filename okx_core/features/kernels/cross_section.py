"""Statistics over the pairs of one bar: every kernel takes and returns [pairs, bars].

A NaN pair takes no part and gets none. Pairs are added in their order, so the bytes do not depend on
how many bars are computed.
"""

import numpy as np
from numpy.typing import NDArray

from okx_core.compilation import compiled

Array = NDArray[np.float64]
Keys = NDArray[np.uint64]
MIN_PAIRS = 2
BLOCK = 24_576  # keys that are sorted at a time
TILE = 16
SIGN = np.uint32(0x80000000)
ALL_BITS = np.uint32(0xFFFFFFFF)
UNKNOWN = np.uint64(ALL_BITS)
HALF = np.uint64(32)


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
    gap = values - market_mean(values, MIN_PAIRS)
    root: Array = np.sqrt(market_mean(gap * gap, MIN_PAIRS))
    return root


def market_rank(values: Array) -> Array:
    """Rank of each pair among the known pairs of its bar: 0 smallest, 1 largest, ties share the mean.

    Compared as float32: each value becomes the upper half of an integer that sorts like it, its pair
    the lower half, so one sort of plain integers orders a bar. Some bars at a time, which stay in cache.
    """
    pairs, bars = values.shape
    out = np.empty(values.shape)
    step = max(1, BLOCK // max(1, pairs))
    keys = np.empty((min(step, bars), pairs), dtype=np.uint64)
    for first in range(0, bars, step):
        some = slice(0, min(step, bars - first))
        _sort_keys(values, first, keys[some])
        keys[some].sort(axis=1)
        _ranks(keys[some], MIN_PAIRS, first, out)
    return out


@compiled
def _sort_keys(values: Array, first: int, out: Keys) -> None:
    """[bars, pairs]: the order-preserving bits of float32, then the pair; unknown ones sort last."""
    bars, pairs = out.shape
    single = np.empty(bars, dtype=np.float32)
    bits = single.view(np.uint32)
    ordered = np.empty((pairs, bars), dtype=np.uint32)
    for pair in range(pairs):
        source, target = values[pair, first : first + bars], ordered[pair]
        for bar in range(bars):
            single[bar] = np.float32(source[bar] + 0.0)
        for bar in range(bars):
            flipped = ~bits[bar] if bits[bar] & SIGN else bits[bar] | SIGN
            target[bar] = flipped if single[bar] == single[bar] else ALL_BITS
    for low in range(0, bars, TILE):
        for pair in range(pairs):
            for bar in range(low, min(low + TILE, bars)):
                out[bar, pair] = (np.uint64(ordered[pair, bar]) << HALF) | np.uint64(pair)


@compiled
def _ranks(keys: Keys, fewest: int, first: int, out: Array) -> None:
    """Ranks into out [pairs, bars] from bar `first` on, from sorted keys [bars, pairs]."""
    pairs = keys.shape[1]
    places = np.arange(pairs) / (pairs - 1.0)  # of bars whose pairs are all known, no two of them equal
    for bar in range(keys.shape[0]):
        row = keys[bar]
        odd = 1 * (pairs < fewest or row[pairs - 1] >> HALF == UNKNOWN)
        for place in range(1, pairs):
            odd += row[place] >> HALF == row[place - 1] >> HALF
        if odd:
            _shared_ranks(row, fewest, first + bar, out)
            continue
        for place in range(pairs):
            out[row[place] & UNKNOWN, first + bar] = places[place]


@compiled
def _shared_ranks(row: Keys, fewest: int, bar: int, out: Array) -> None:
    """The ranks of one bar in which some pairs are equal or unknown."""
    known = row.size
    while known > 0 and row[known - 1] >> HALF == UNKNOWN:
        known -= 1
    place = 0
    while place < known and known >= fewest:
        last = place
        value = row[place] >> HALF
        while last + 1 < known and row[last + 1] >> HALF == value:
            last += 1
        rank = 0.5 * (place + last) / (known - 1.0)
        for tied in range(place, last + 1):
            out[row[tied] & UNKNOWN, bar] = rank
        place = last + 1
    for unranked in range(place, row.size):
        out[row[unranked] & UNKNOWN, bar] = np.nan
