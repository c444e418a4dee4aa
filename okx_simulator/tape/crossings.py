"""When the tape's path first reaches the price of a resting order: pure functions of a stretch of the path.

The answer for a stretch of time is the same however often the stretch was looked at in parts.
"""

from decimal import Decimal

import numpy as np

from okx_simulator.tape.tape_paths import Stretch

ROUNDING = 1e-12  # a price on the tick may be off by one unit in the last place of a float


def first_crossing(stretch: Stretch, side: str, price: Decimal, from_ms: int, to_ms: int) -> int | None:
    """The first millisecond in [from_ms, to_ms] at which the path is at `price` or better; None if never.

    A buy is reached when the path is at or below its price, a sell when it is at or above.
    """
    sign = 1 if side == "buy" else -1
    reach = sign * float(price) * (1 + sign * ROUNDING)
    best = stretch.bars.low if side == "buy" else stretch.bars.high
    for row in np.flatnonzero(sign * best <= reach).tolist():
        moments, prices = stretch.hour(row, from_ms, to_ms)
        reached = np.flatnonzero(sign * prices <= reach)
        if len(reached):
            return int(moments[reached[0]])
    return None
