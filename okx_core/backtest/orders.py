"""Deciding at the close of an hour, and filling the orders at the open of the next: exits first, then entries."""

import numpy as np
from numpy.typing import NDArray

from okx_core.backtest.fills import (
    Distances,
    Holdings,
    Steps,
    buy,
    offset_of,
    sell,
    volume_to_close,
    volume_to_open,
)
from okx_core.backtest.terms import Bars, Plan, Terms
from okx_core.compilation import compiled
from okx_core.decisions.costs import Costs
from okx_core.decisions.exits import HORIZON, PREDICTION, STAYS
from okx_core.decisions.protection_state import (
    NOT_REFUSED,
    ProtectionState,
    add_entry,
    entries_left,
    refused_by,
)
from okx_core.decisions.protections import DAILY_TRADES
from okx_core.decisions.sizing import order_core, with_positions

Array = NDArray[np.float64]


@compiled
def decide(
    held: Holdings, state: ProtectionState, bars: Bars, plan: Plan, hour: int, costs: Costs, steps: Steps, now: float,
    terms: Terms, trades: Array,
) -> tuple[float, int]:  # fmt: skip
    """Decide at the close of an hour and fill at the open of the next; returns cost and number of positions closed."""
    pairs = held.quantity.size
    held_hours, orders, prices = np.empty(pairs), np.empty(pairs), np.empty(pairs)
    leaves = np.empty(pairs, np.bool_)
    for pair in range(pairs):
        held_hours[pair] = now - held.entry_hour[pair]
        is_flat = held.quantity[pair] == 0.0  # then a bar of this hour is needed to buy it
        prices[pair] = bars.close[hour, pair] if is_flat else held.mark_price[pair]
        leaves[pair] = plan.leaves[hour, pair] or (not is_flat and held.closing_reason[pair] != STAYS)
    _order(
        state, now, plan.predicted_excess_pct[hour], plan.tradable[hour], leaves, held.quantity, held_hours, prices,
        plan.size_multiplier[hour], held.cash[0], terms, costs, bars.past_close,
        len(bars.past_close) - len(bars.close) + hour, orders,
    )  # fmt: skip
    sold, closed = _fill_exits(held, orders, bars, hour + 1, costs, steps, now, terms, trades)
    distances = Distances(plan.distances.stop_pct[hour], plan.distances.trail_pct[hour])
    bought = _fill_entries(held, state, orders, bars, hour + 1, costs, distances, steps, now, terms)
    return sold + bought, closed


@compiled
def _order(
    state: ProtectionState, now: float, prediction: Array, tradable: NDArray[np.bool_], leaves: NDArray[np.bool_],
    held_base: Array, held_hours: Array, prices: Array, multiplier: Array, cash: float, terms: Terms, costs: Costs,
    past_close: Array, row: int, orders: Array,
) -> None:  # fmt: skip
    """Write the orders of an hour that the protections let through; arrays are [pairs] as in `order_core`."""
    sizing, room, left = terms.sizing, 0, 0
    if terms.protections.is_on:
        positions = int(np.count_nonzero(held_base))
        tradable = _unprotected(state, now, tradable, held_base, prediction)
        room = sizing.max_positions - positions
        left = entries_left(state, terms.protections, room)
        sizing = with_positions(sizing, positions + left)
    order_core(
        prediction, tradable, leaves, held_base, held_hours, prices, multiplier, cash, sizing, costs, past_close,
        row, orders,
    )  # fmt: skip
    if left < room and np.sum(orders > 0.0) == left:
        _count_left_out(state, tradable, held_base, prediction, orders)


@compiled
def _unprotected(
    state: ProtectionState, now: float, tradable: NDArray[np.bool_], held_base: Array, predicted_excess_pct: Array
) -> NDArray[np.bool_]:  # fmt: skip
    """`tradable` without the pairs that a protection refuses, which are counted where they were wanted."""
    if not now < state.latest_pause[0]:
        return tradable
    out = np.zeros(tradable.size, np.bool_)
    for pair in range(tradable.size):
        if not tradable[pair]:
            continue
        protection = refused_by(state, now, pair)
        out[pair] = protection == NOT_REFUSED
        if not out[pair] and held_base[pair] == 0.0 and predicted_excess_pct[pair] > 0.0:
            state.refused[protection] += 1
    return out


@compiled
def _count_left_out(
    state: ProtectionState, tradable: NDArray[np.bool_], held_base: Array, predicted_excess_pct: Array, orders: Array
) -> None:  # fmt: skip
    """Count what was wanted in an hour in which the day's last entry was ordered, and was not ordered itself."""
    for pair in range(tradable.size):
        wanted = tradable[pair] and predicted_excess_pct[pair] > 0.0
        if wanted and held_base[pair] == 0.0 and orders[pair] == 0.0:
            state.refused[DAILY_TRADES] += 1


@compiled
def _fill_exits(
    held: Holdings, orders: Array, bars: Bars, hour: int, costs: Costs, steps: Steps, now: float, terms: Terms,
    trades: Array,
) -> tuple[float, int]:  # fmt: skip
    """Fill the sales whose bar exists, a row of `trades` for each position closed; returns cost and number."""
    cost, closed = 0.0, 0
    for pair in range(orders.size):
        mid = bars.open[hour, pair]
        if not (orders[pair] < 0.0 and mid > 0.0):
            continue
        reason = int(held.closing_reason[pair])
        if reason == STAYS:
            over_time = now - held.entry_hour[pair] >= terms.sizing.horizon_hours
            reason = HORIZON if over_time else PREDICTION
        room = volume_to_close(bars.quote_volume[hour, pair], terms.volume_share, 0.0)
        offset = offset_of(min(held.quantity[pair] * mid, room), costs, pair)
        paid, over = sell(held, pair, mid, room, offset, costs, steps, now, reason, trades[closed])
        cost += paid
        closed += over
    return cost, closed


@compiled
def _fill_entries(
    held: Holdings, state: ProtectionState, orders: Array, bars: Bars, hour: int, costs: Costs, distances: Distances,
    steps: Steps, now: float, terms: Terms,
) -> float:  # fmt: skip
    """Fill the buys whose bar exists; returns their cost."""
    cost = 0.0
    for pair in range(orders.size):
        mid = bars.open[hour, pair]
        if orders[pair] > 0.0 and mid > 0.0:
            room = volume_to_open(bars.quote_volume[hour, pair], terms.volume_share)
            cost += buy(held, pair, min(orders[pair], room), mid, costs, distances, steps, now, terms.exits)
            held.mark_price[pair] = bars.close[hour - 1, pair]  # by which it was sized, until its first close
            if held.quantity[pair] > 0.0:
                add_entry(state, terms.protections, now)
    return cost
