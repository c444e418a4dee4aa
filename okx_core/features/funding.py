"""How long after each bar's close the next funding is due, from the payments known by then."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from okx_core.compilation import compiled
from okx_core.features.declaration import Array
from okx_core.features.grid import pair_places

MINUTE_US, HOUR_US = 60_000_000, 3_600_000_000
USUAL_HOURS = 8  # most swaps are paid at 00, 08 and 16 UTC; no swap of OKX is paid less often
MEMORY_HOURS = 72  # payments further back are not asked for, so that a row depends on no longer a history


def usual_hours_to_funding(hours: NDArray[np.int64]) -> Array:
    """Hours from the close of the hourly bars numbered `hours` to the next of 00, 08 and 16 UTC; 8 when one is due."""
    return (USUAL_HOURS - (hours + 1) % USUAL_HOURS).astype(np.float64)


def hours_to_funding(payments: pd.DataFrame, pairs: tuple[str, ...], first: int, stop: int) -> Array:
    """Hours from the close T of the hourly bars [first, stop) to the next funding of each pair [pairs, bars].

    `payments` has pair and timestamp_utc, in any order. With P the last payment at or before T, and the interval
    between it and the one before: interval - (T - P) mod interval. The interval is 8 h where only one payment
    of the last three days is known, and where the two are further apart: then one between them is not known. Without
    any payment, `usual_hours_to_funding`. Milliseconds that a payment came late are cut off.
    """
    places = pair_places(payments["pair"], pairs)
    paid = paid_at(payments)
    order = np.lexsort((paid, places))
    starts = np.searchsorted(places[order], np.arange(len(pairs) + 1))
    closes = np.arange(first + 1, stop + 1) * HOUR_US
    out = np.tile(usual_hours_to_funding(np.arange(first, stop)), (len(pairs), 1))
    _fill(paid[order], starts, closes, out)
    return out


def paid_at(payments: pd.DataFrame) -> NDArray[np.int64]:
    """Microseconds since 1970 of each payment, in whole minutes."""
    micros = payments["timestamp_utc"].to_numpy(dtype="datetime64[us]").view(np.int64)
    return micros // MINUTE_US * MINUTE_US


@compiled
def _fill(paid: NDArray[np.int64], starts: NDArray[np.int64], closes: NDArray[np.int64], out: Array) -> None:
    """Overwrite `out` where a payment is known; those of pair p are paid[starts[p] : starts[p + 1]], oldest first."""
    for pair in range(out.shape[0]):
        following = starts[pair]
        last = before = np.int64(-1)
        for bar in range(closes.size):
            close = closes[bar]
            while following < starts[pair + 1] and paid[following] <= close:
                if paid[following] != last:
                    before, last = last, paid[following]
                following += 1
            oldest = close - MEMORY_HOURS * HOUR_US
            if last <= oldest:
                continue
            interval = last - before if before > oldest else USUAL_HOURS * HOUR_US
            interval = min(interval, USUAL_HOURS * HOUR_US)
            out[pair, bar] = (interval - (close - last) % interval) / HOUR_US
