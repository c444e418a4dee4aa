"""When the tape's path triggers an algo order: pure functions of the path and the order's row.

The answer for a stretch of time is the same however often the stretch was looked at in parts: a
trailing order looks at all of the path since it was placed.
"""

from decimal import Decimal

import numpy as np

from okx_simulator.ledger.rows import AlgoRow
from okx_simulator.tape.bars import Floats
from okx_simulator.tape.crossings import ROUNDING, first_crossing
from okx_simulator.tape.tape_paths import Stretch

Trigger = tuple[int, str]  # moment, and which of tp and sl it was, '' for neither


def first_trigger(algo: AlgoRow, stretch: Stretch, from_ms: int, to_ms: int) -> Trigger | None:
    """The first trigger in [from_ms, to_ms]; of take-profit and stop-loss at one moment the stop-loss."""
    if algo.ord_type == "move_order_stop":
        moment = _trailing_moment(algo, stretch, to_ms)
        return None if moment is None or moment < from_ms else (moment, "")
    buying = algo.side == "buy"
    found = []
    for text, rises, name in (
        (algo.sl_trigger, buying, "sl"),
        (algo.tp_trigger, not buying, "tp"),
        (algo.trigger_price, algo.rises == "true", ""),
    ):
        if text:
            moment = first_crossing(stretch, "sell" if rises else "buy", Decimal(text), from_ms, to_ms)
            if moment is not None:
                found.append((moment, name))
    return min(found, key=lambda trigger: trigger[0]) if found else None


def _trailing_moment(algo: AlgoRow, stretch: Stretch, to_ms: int) -> int | None:
    """When the path has come back from its extreme by the distance; None up to `to_ms`.

    A sell trails the highest price since it became active, a buy the lowest one.
    """
    active_ms: int | None = algo.rests_from_ms + 1
    if algo.active_price:
        price = Decimal(algo.active_price)
        active_ms = first_crossing(stretch, algo.side, price, algo.rests_from_ms + 1, to_ms)
    if active_ms is None or active_ms > to_ms:
        return None
    moments, prices = stretch.steps(active_ms, to_ms)
    mirrored = prices if algo.side == "sell" else -prices
    extremes = np.maximum.accumulate(mirrored)
    reach = extremes - _distances(algo, extremes)
    hits = np.flatnonzero(mirrored <= reach + ROUNDING * np.abs(reach))
    return int(moments[hits[0]]) if len(hits) else None


def _distances(algo: AlgoRow, extremes: Floats) -> Floats:
    """How far from each extreme the order fires: a fraction of the price, or an amount of quote."""
    if algo.callback_ratio:
        return np.abs(extremes) * float(algo.callback_ratio)
    return np.full_like(extremes, float(algo.callback_spread))
