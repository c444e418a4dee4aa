"""When the tape's path triggers an algo order: pure functions of bars and the order's row.

The answer for a stretch of time is the same however often the stretch was looked at in parts: a
trailing order looks at all of the path since it was placed.
"""

import math
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from okx_simulator.ledger.rows import AlgoRow
from okx_simulator.protocol.clock import HOUR_MS
from okx_simulator.tape.bars import PATH_FRACTIONS, Bars, Floats, path_corners
from okx_simulator.tape.crossings import ROUNDING, first_crossing

Trigger = tuple[int, str]  # moment, and which of tp and sl it was, '' for neither


def first_trigger(algo: AlgoRow, bars: Bars, from_ms: int, to_ms: int) -> Trigger | None:
    """The first trigger in [from_ms, to_ms]; of take-profit and stop-loss at one moment the stop-loss."""
    if algo.ord_type == "move_order_stop":
        moment = _trailing_moment(algo, bars, to_ms)
        return None if moment is None or moment < from_ms else (moment, "")
    buying = algo.side == "buy"
    found = []
    for text, rises, name in (
        (algo.sl_trigger, buying, "sl"),
        (algo.tp_trigger, not buying, "tp"),
        (algo.trigger_price, algo.rises == "true", ""),
    ):
        if text:
            moment = first_crossing(bars, "sell" if rises else "buy", Decimal(text), from_ms, to_ms)
            if moment is not None:
                found.append((moment, name))
    return min(found, key=lambda trigger: trigger[0]) if found else None


def path_of(bars: Bars) -> tuple[NDArray[np.int64], Floats]:
    """Milliseconds and prices [5 n] of the path; each bar begins with the price the one before left."""
    corners = path_corners(bars)
    left = np.r_[corners[0, 0], corners[:-1, -1]]
    offsets = np.r_[0, np.rint(PATH_FRACTIONS * HOUR_MS).astype(np.int64)]
    stamps = (bars.hours * HOUR_MS)[:, None] + offsets
    return stamps.ravel(), np.column_stack([left, corners]).ravel()


def _trailing_moment(algo: AlgoRow, bars: Bars, to_ms: int) -> int | None:
    """When the path has come back from its extreme by the distance; None up to `to_ms`.

    A sell trails the highest price since it became active, a buy the lowest one.
    """
    active_ms: int | None = algo.rests_from_ms + 1
    if algo.active_price:
        active_ms = first_crossing(bars, algo.side, Decimal(algo.active_price), algo.rests_from_ms + 1, to_ms)
    if active_ms is None or active_ms > to_ms or len(bars) == 0:
        return None
    sign = 1.0 if algo.side == "sell" else -1.0
    stamps, prices = path_of(bars)
    first = int(np.searchsorted(stamps, active_ms, side="right"))
    start = float(np.interp(active_ms, stamps, prices))
    moments = np.r_[active_ms, stamps[first:]]
    mirrored = sign * np.r_[start, prices[first:]]
    extremes = np.maximum.accumulate(mirrored)
    reach = extremes - _distances(algo, extremes)
    hits = np.flatnonzero(mirrored <= reach + ROUNDING * np.abs(reach))
    if len(hits) == 0:
        return None
    hit = int(hits[0])
    before, after = float(mirrored[hit - 1]), float(mirrored[hit])
    share = (before - float(reach[hit])) / (before - after)
    span = int(moments[hit]) - int(moments[hit - 1])
    moment = int(moments[hit - 1]) + math.ceil(share * span)
    return moment if moment <= to_ms else None


def _distances(algo: AlgoRow, extremes: Floats) -> Floats:
    """How far from each extreme the order fires: a fraction of the price, or an amount of quote."""
    if algo.callback_ratio:
        return np.abs(extremes) * float(algo.callback_ratio)
    return np.full_like(extremes, float(algo.callback_spread))
