"""The compiled loop over hours: levels inside the bar, mark, decide, fill. Arrays are [hours, pairs] or [pairs].

Of bar t, in this order: stops and targets that were set before it fill inside it; the portfolio is marked at its close
and stops are moved; what is no longer traded is closed at its last price; the strategy decides. At the open of bar
t + 1 its exits fill, then its entries, and with them the stops that hold inside bar t + 1.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from okx_core.backtest.fills import (
    TRADE_FIELDS,
    Distances,
    Holdings,
    Steps,
    buy,
    offset_of,
    sell,
    volume_to_close,
    volume_to_open,
)
from okx_core.compilation import compiled
from okx_core.decisions.costs import Costs
from okx_core.decisions.exits import (
    DELISTED,
    HORIZON,
    PREDICTION,
    STAYS,
    TARGET,
    ExitTerms,
    bar_exit,
    moved_stop,
)
from okx_core.decisions.sizing import SizingTerms, order_core
from okx_core.market.book_model import THINNEST_DEPTH_QUOTE, WIDEST_SPREAD_BPS

Array = NDArray[np.float64]


class Bars(NamedTuple):
    """Bars [hours + 1, pairs], NaN where there is none: the last is that of which only the open is known."""

    open: Array
    high: Array
    low: Array
    close: Array
    quote_volume: Array


class Plan(NamedTuple):
    """What is wanted at the close of each bar [hours, pairs]."""

    predicted_excess_pct: Array
    tradable: NDArray[np.bool_]
    leaves: NDArray[np.bool_]
    size_multiplier: Array
    distances: Distances


class Terms(NamedTuple):
    """The numbers of a strategy; `volume_share` of a bar's volume may be traded in it, infinite for no such cap."""

    sizing: SizingTerms
    exits: ExitTerms
    volume_share: float


@compiled
def trade_hours(
    bars: Bars, plan: Plan, costs: Costs, steps: Steps, held: Holdings, first_hour: float, terms: Terms
) -> tuple[Array, Array]:
    """Trade every hour of `plan`.

    `costs` are those that the orders of the hour are sized for and pay, and its stops. An unknown book sizes nothing,
    and exits in it pay the worst one. Returns records [hours, (equity, cash, exposure %, cost)], where the cost is that
    of the levels hit inside the bar and of the orders given at its close, and trades [trades, TRADE_FIELDS].
    """
    hours, pairs = plan.predicted_excess_pct.shape
    records = np.empty((hours, 4))
    most = hours * min(int(terms.sizing.max_positions), pairs) + pairs
    trades = np.empty((most, len(TRADE_FIELDS)))
    wanted = _any_tradable(plan.tradable)
    mine = np.flatnonzero(held.quantity)
    stops_move = terms.exits.break_even_after_pct == terms.exits.break_even_after_pct
    closed: int = 0
    for hour in range(hours):
        if mine.size == 0 and not wanted[hour]:  # most hours of most pairs
            records[hour, 0] = records[hour, 1] = held.cash[0]
            records[hour, 2] = records[hour, 3] = 0.0
            continue
        now = first_hour + hour + 1.0
        cost = 0.0
        if _any_touched(held, mine, bars, hour):
            cost, exits = _fill_levels(
                held, mine, bars, hour, _of_hour(costs, hour), steps, now - 1.0, terms, trades[closed:]
            )
            closed += exits
            mine = np.flatnonzero(held.quantity)
        worth, over, ends = 0.0, False, False
        for own in mine:
            if bars.close[hour, own] == bars.close[hour, own]:
                held.mark_price[own] = bars.close[hour, own]
            if stops_move or held.trail_pct[own] == held.trail_pct[own]:
                _move_stop(held, int(own), bars.high[hour, own], steps, terms.exits)
            held.filled_quote[own] = 0.0
            worth += held.quantity[own] * held.mark_price[own]
            is_over = now - held.entry_hour[own] >= terms.sizing.horizon_hours
            over |= is_over or plan.leaves[hour, own] or held.closing_reason[own] != STAYS
            ends |= steps.delisted_hour[own] <= now
        if ends:
            gone, exits = _close_delisted(held, mine, _of_hour(costs, hour), steps, now, trades[closed:])
            closed += exits
            cost += gone
            mine = np.flatnonzero(held.quantity)
            worth = 0.0
            for own in mine:
                worth += held.quantity[own] * held.mark_price[own]
        cash = held.cash[0]
        records[hour, 0], records[hour, 1], records[hour, 2] = (
            cash + worth,
            cash,
            100.0 * worth / (cash + worth),
        )
        records[hour, 3] = cost
        if not wanted[hour] and not over:
            continue
        paid, exits = _decide(
            held, bars, plan, hour, _of_hour(costs, hour), steps, now, terms, trades[closed:]
        )
        closed += exits
        records[hour, 3] += paid
        mine = np.flatnonzero(held.quantity)
    return records, trades[:closed]


@compiled
def _any_tradable(tradable: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether any pair may be bought [hours]."""
    out = np.zeros(len(tradable), np.bool_)
    for hour in range(len(tradable)):
        for pair in range(tradable.shape[1]):
            if tradable[hour, pair]:
                out[hour] = True
                break
    return out


@compiled
def _decide(
    held: Holdings, bars: Bars, plan: Plan, hour: int, costs: Costs, steps: Steps, now: float, terms: Terms,
    trades: Array,
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
    order_core(
        plan.predicted_excess_pct[hour], plan.tradable[hour], leaves, held.quantity, held_hours, prices,
        plan.size_multiplier[hour], held.cash[0], terms.sizing, costs, orders,
    )  # fmt: skip
    sold, closed = _fill_exits(held, orders, bars, hour + 1, costs, steps, now, terms, trades)
    distances = Distances(plan.distances.stop_pct[hour], plan.distances.trail_pct[hour])
    bought = _fill_entries(held, orders, bars, hour + 1, costs, distances, steps, now, terms)
    return sold + bought, closed


@compiled
def _of_hour(costs: Costs, hour: int) -> Costs:
    """The costs of all pairs in an hour."""
    return Costs(costs.fee_rate[hour], costs.spread_bps[hour], costs.depth_quote[hour])


@compiled
def _any_touched(held: Holdings, mine: NDArray[np.int64], bars: Bars, hour: int) -> bool:
    """Whether the bar reaches a stop or a target; a level that is NaN is none."""
    for pair in mine:
        stop, target = held.stop_price[pair], held.target_price[pair]
        if stop != stop and target != target:
            continue
        opened, high, low = bars.open[hour, pair], bars.high[hour, pair], bars.low[hour, pair]
        if low <= stop or opened <= stop or high > target or opened > target:
            return True
    return False


@compiled
def _move_stop(held: Holdings, pair: int, high: float, steps: Steps, terms: ExitTerms) -> None:
    """Move the stop of a position after a bar."""
    if high > held.highest_price[pair]:
        held.highest_price[pair] = high
    held.stop_price[pair], held.stop_reason[pair] = moved_stop(
        held.stop_price[pair], int(held.stop_reason[pair]), held.entry_price[pair], held.highest_price[pair],
        held.trail_pct[pair], steps.tick[pair], terms,
    )  # fmt: skip


@compiled
def _fill_levels(
    held: Holdings, mine: NDArray[np.int64], bars: Bars, hour: int, costs: Costs, steps: Steps, now: float,
    terms: Terms, trades: Array,
) -> tuple[float, int]:  # fmt: skip
    """Fill the stops and targets that the bar reaches; returns cost and number of positions closed.

    A stop is a market order at its price, a target a limit order that pays no spread.
    """
    cost, closed = 0.0, 0
    for pair in mine:
        opened = bars.open[hour, pair]
        if held.quantity[pair] == 0.0 or not opened > 0.0:
            continue
        price, reason = bar_exit(
            opened, bars.high[hour, pair], bars.low[hour, pair], held.stop_price[pair], held.target_price[pair],
            int(held.stop_reason[pair]),
        )  # fmt: skip
        if reason == STAYS:
            continue
        room = volume_to_close(bars.quote_volume[hour, pair], terms.volume_share, held.filled_quote[pair])
        offset = 0.0 if reason == TARGET else offset_of(min(held.quantity[pair] * price, room), costs, pair)
        paid, over = sell(held, pair, price, room, offset, costs, steps, now, reason, trades[closed])
        cost += paid
        closed += over
    return cost, closed


@compiled
def _close_delisted(
    held: Holdings, mine: NDArray[np.int64], costs: Costs, steps: Steps, now: float, trades: Array
) -> tuple[float, int]:
    """Close what is no longer traded at its last price in the worst book; returns cost and number."""
    cost, closed = 0.0, 0
    for pair in mine:
        if held.quantity[pair] == 0.0 or not steps.delisted_hour[pair] <= now:
            continue
        mid = held.mark_price[pair]
        worst = Costs(costs.fee_rate, np.full(costs.spread_bps.size, WIDEST_SPREAD_BPS),
                      np.full(costs.depth_quote.size, THINNEST_DEPTH_QUOTE))  # fmt: skip
        offset = offset_of(held.quantity[pair] * mid, worst, pair)
        paid, over = sell(held, pair, mid, np.inf, offset, worst, steps, now, DELISTED, trades[closed])
        cost += paid
        closed += over
    return cost, closed


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
    held: Holdings, orders: Array, bars: Bars, hour: int, costs: Costs, distances: Distances, steps: Steps,
    now: float, terms: Terms,
) -> float:  # fmt: skip
    """Fill the buys whose bar exists; returns their cost."""
    cost = 0.0
    for pair in range(orders.size):
        mid = bars.open[hour, pair]
        if orders[pair] > 0.0 and mid > 0.0:
            room = volume_to_open(bars.quote_volume[hour, pair], terms.volume_share)
            cost += buy(held, pair, min(orders[pair], room), mid, costs, distances, steps, now, terms.exits)
            held.mark_price[pair] = bars.close[hour - 1, pair]  # by which it was sized, until its first close
    return cost
