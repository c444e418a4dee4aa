"""The compiled loop over hours: mark, decide, fill. All arrays are [hours, pairs] or [pairs]."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from okx_core.compilation import compiled
from okx_core.decisions.costs import Costs
from okx_core.decisions.sizing import SizingTerms, order_core
from okx_core.market.book_model import THINNEST_DEPTH_QUOTE, WIDEST_SPREAD_BPS, fill_offset_bps

Array = NDArray[np.float64]

TRADE_FIELDS = (
    "pair",
    "entry_hour",
    "exit_hour",
    "quantity",
    "entry_price",
    "exit_price",
    "spent",
    "proceeds",
    "cost",
    "reason",
)


class Holdings(NamedTuple):
    """The portfolio as arrays [pairs], changed in place; `cash` is [1]."""

    cash: Array
    base: Array
    entry_hour: Array
    entry_price: Array
    entry_quote: Array
    entry_cost: Array
    mark: Array


@compiled
def trade_hours(
    opens: Array,
    closes: Array,
    predicted_excess_pct: Array,
    tradable: NDArray[np.bool_],
    costs: Costs,
    size_multiplier: Array,
    holdings: Holdings,
    first_hour: float,
    terms: SizingTerms,
) -> tuple[Array, Array, float]:
    """Trade every hour of `predicted_excess_pct`; opens and closes hold one hour more.

    `costs` are those that the orders of the hour are sized for and pay. An unknown book sizes nothing, and exits in
    it pay the worst one. Returns records [hours, (equity, cash, exposure %, cost)], trades [trades, TRADE_FIELDS] and
    the closing cash.
    """
    hours, pairs = predicted_excess_pct.shape
    records = np.empty((hours, 4))
    most = hours * min(int(terms.max_positions), pairs) + pairs
    trades = np.empty((most, len(TRADE_FIELDS)))
    held_hours, orders = np.empty(pairs), np.empty(pairs)
    closed = 0
    for hour in range(hours):
        now = first_hour + hour + 1.0
        held = _mark(holdings, closes[hour], now, held_hours)
        cash = holdings.cash[0]
        scale = size_multiplier[hour]
        signal, allowed = predicted_excess_pct[hour], tradable[hour]
        paid = Costs(costs.fee_rate[hour], costs.spread_bps[hour], costs.depth_quote[hour])
        order_core(
            signal, allowed, holdings.base, held_hours, holdings.mark, scale, cash, terms, paid, orders
        )
        sold, exits = _fill_exits(
            holdings, orders, opens[hour + 1], paid, now, terms.horizon_hours, trades[closed:]
        )
        bought = _fill_entries(holdings, orders, opens[hour + 1], paid, now)
        closed += exits
        records[hour, 0], records[hour, 1] = cash + held, cash
        records[hour, 2], records[hour, 3] = 100.0 * held / (cash + held), sold + bought
    return records, trades[:closed], holdings.cash[0]


@compiled
def _mark(holdings: Holdings, closes: Array, now: float, held_hours: Array) -> float:
    """Take over the known closes and write the ages of the positions; returns the positions' value."""
    held = 0.0
    for pair in range(closes.size):
        if closes[pair] == closes[pair]:
            holdings.mark[pair] = closes[pair]
        held_hours[pair] = now - holdings.entry_hour[pair]
        if holdings.base[pair] != 0.0:
            held += holdings.base[pair] * holdings.mark[pair]
    return held


@compiled
def _fill_exits(
    holdings: Holdings,
    orders: Array,
    opens: Array,
    costs: Costs,
    now: float,
    horizon_hours: float,
    trades: Array,
) -> tuple[float, int]:
    """Fill the sales whose bar exists, writing one row of `trades` each; returns cost and number."""
    cost, closed = 0.0, 0
    for pair in range(orders.size):
        if orders[pair] < 0.0 and opens[pair] > 0.0:
            reason = 0.0 if now - holdings.entry_hour[pair] >= horizon_hours else 1.0
            cost += _sell(holdings, pair, opens[pair], costs, now, reason, trades[closed])
            closed += 1
    return cost, closed


@compiled
def _fill_entries(
    holdings: Holdings,
    orders: Array,
    opens: Array,
    costs: Costs,
    now: float,
) -> float:
    """Fill the buys whose bar exists; returns their cost."""
    cost = 0.0
    for pair in range(orders.size):
        if orders[pair] > 0.0 and opens[pair] > 0.0:
            cost += _buy(holdings, pair, orders[pair], opens[pair], costs, now)
    return cost


@compiled
def _offset(notional_quote: float, costs: Costs, pair: int) -> float:
    """Average distance from mid as a fraction, at most the whole price; an unknown book is the worst one."""
    distance: float = fill_offset_bps(notional_quote, costs.spread_bps[pair], costs.depth_quote[pair])
    if np.isnan(distance):
        distance = fill_offset_bps(notional_quote, WIDEST_SPREAD_BPS, THINNEST_DEPTH_QUOTE)
    return min(1e-4 * distance, 1.0)


@compiled
def _sell(
    holdings: Holdings,
    pair: int,
    mid: float,
    costs: Costs,
    now: float,
    reason: float,
    trade: Array,
) -> float:
    """Sell the whole position and write its trade; returns the cost in quote."""
    base = holdings.base[pair]
    price = mid * (1.0 - _offset(base * mid, costs, pair))
    proceeds = base * price * (1.0 - costs.fee_rate[pair])
    cost: float = base * mid - proceeds
    trade[0], trade[1], trade[2] = pair, holdings.entry_hour[pair], now
    trade[3], trade[4], trade[5] = base, holdings.entry_price[pair], price
    trade[6], trade[7] = holdings.entry_quote[pair], proceeds
    trade[8], trade[9] = holdings.entry_cost[pair] + cost, reason
    holdings.cash[0] += proceeds
    holdings.base[pair] = 0.0
    return cost


@compiled
def _buy(
    holdings: Holdings,
    pair: int,
    order_quote: float,
    mid: float,
    costs: Costs,
    now: float,
) -> float:
    """Spend `order_quote`, never more than the cash that is there; returns the cost in quote."""
    spent = min(order_quote, holdings.cash[0])
    price = mid * (1.0 + _offset(spent, costs, pair))
    base = spent / price * (1.0 - costs.fee_rate[pair])
    cost: float = spent - base * mid
    holdings.cash[0] -= spent
    holdings.base[pair] = base
    holdings.entry_hour[pair] = now
    holdings.entry_price[pair] = price
    holdings.entry_quote[pair] = spent
    holdings.entry_cost[pair] = cost
    return cost
