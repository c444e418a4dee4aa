"""When the tape's path first reaches the price of a resting order: pure functions of bars.

The answer for a stretch of time is the same however often the stretch was looked at in parts.
"""

import math
from decimal import Decimal
from itertools import pairwise

import numpy as np

from okx_simulator.protocol.clock import HOUR_MS
from okx_simulator.tape.bars import Bars, path_points

ROUNDING = 1e-12  # a price on the tick may be off by one unit in the last place of a float


def first_crossing(bars: Bars, side: str, price: Decimal, from_ms: int, to_ms: int) -> int | None:
    """The first millisecond in [from_ms, to_ms] at which the path is at `price` or better; None if never.

    A buy is reached when the path is at or below its price, a sell when it is at or above.
    """
    sign = 1 if side == "buy" else -1
    reach = sign * float(price) * (1 + sign * ROUNDING)
    best = bars.low if side == "buy" else bars.high
    for index in np.flatnonzero(sign * best <= reach).tolist():
        moment = _within_bar(bars[index : index + 1], sign, reach, from_ms, to_ms)
        if moment is not None:
            return moment
    return None


def _within_bar(bar: Bars, sign: int, reach: float, from_ms: int, to_ms: int) -> int | None:
    """The same for one bar; `reach` and the path are mirrored for sells, so that lower is better."""
    opened_ms = int(bar.hours[0]) * HOUR_MS
    times, prices = path_points(bar)
    stamps = [opened_ms + round(at * HOUR_MS) for at in times.tolist()]
    points: list[tuple[int, float]] = list(zip(stamps, (sign * prices).tolist(), strict=True))
    for (start, here), (end, there) in pairwise(points):
        if here > reach and there > reach:
            continue
        first, last = start, end
        if here > reach:
            first += math.ceil((here - reach) / (here - there) * (end - start))
        elif there > reach:
            last = start + math.floor((reach - here) / (there - here) * (end - start))
        moment = max(first, from_ms)
        if moment <= min(last, to_ms):
            return moment
    return None
