"""Which pairs are compared with each other in an hour: the universe of the day in which the bar opens."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from okx_core.features.grid import pair_places


def members(
    universe: pd.DataFrame | None, pairs: tuple[str, ...], hours: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Whether each pair belongs to the universe of each hour [pairs, hours].

    `universe` has a row per day and pair with `enabled`; a pair without a row of that day, or one that
    is not enabled, does not belong. On a day without any row the universe is unknown and every pair
    belongs. `hours` are the numbers of consecutive hourly bars.
    """
    days = hours // 24
    first, count = int(days[0]), int(days[-1] - days[0]) + 1
    enabled = np.zeros((len(pairs), count), dtype=bool)
    known = np.zeros(count, dtype=bool)
    if universe is not None and len(universe):
        opened = pd.to_datetime(universe["day"]).to_numpy(dtype="datetime64[D]").astype(np.int64) - first
        rows = pair_places(universe["pair"], pairs)
        inside = (opened >= 0) & (opened < count)
        known[opened[inside]] = True
        inside &= rows >= 0
        enabled[rows[inside], opened[inside]] = universe["enabled"].to_numpy(dtype=bool)[inside]
    return (enabled | ~known)[:, days - first]
