"""The compiled loop over hours: mark, decide, fill. All arrays are [hours, pairs] or [pairs]."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from okx_core.compilation import compiled
from okx_core.decisions.portfolio import SizingTerms, order_core
from okx_core.order_book import book_terms, fill_offset_bps

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
    prediction_pct: Array,
    tradable: NDArray[np.bool_],
    turnover_24h_quote: Array,
    size_multiplier: Array,
    holdings: Holdings,
    first_hour: float,
    fee_rate: float,
    terms: SizingTerms,
) -> tuple[Array, Array, float]:
    """Trade every hour of `prediction_pct`; opens and closes hold one hour more.

    Returns records [hours, (equity, cash, exposure %, cost)], trades [trades, TRADE_FIELDS] and the
    closing cash.
    """
    hours, pairs = prediction_pct.shape
    records = np.empty((hours, 4))
    most = hours * min(int(terms.max_positions), pairs) + pairs
    trades = np.empty((most, len(TRADE_FIELDS)))
    held_hours = np.empty(pairs)
    orders = np.empty(pairs)
    closed = 0
    for hour in range(hours):
        held = 0.0
        now = first_hour + hour + 1.0
        for pair in range(pairs):
            if closes[hour, pair] == closes[hour, pair]:
                holdings.mark[pair] = closes[hour, pair]
            held_hours[pair] = now - holdings.entry_hour[pair]
            if holdings.base[pair] != 0.0:
                held += holdings.base[pair] * holdings.mark[pair]
        equity = holdings.cash[0] + held
        records[hour, 0], records[hour, 1], records[hour, 2] = equity, holdings.cash[0], 100.0 * held / equity
        order_core(
            prediction_pct[hour],
            tradable[hour],
            holdings.base,
            held_hours,
            holdings.mark,
            size_multiplier[hour],
            holdings.cash[0],
            terms,
            orders,
        )
        cost = 0.0
        for pair in range(pairs):
            if orders[pair] < 0.0 and opens[hour + 1, pair] > 0.0:
                reason = 0.0 if held_hours[pair] >= terms.horizon_hours else 1.0
                mid, turnover = opens[hour + 1, pair], turnover_24h_quote[hour, pair]
                cost += _sell(holdings, pair, mid, turnover, fee_rate, now, reason, trades[closed])
                closed += 1
        for pair in range(pairs):
            if orders[pair] > 0.0 and opens[hour + 1, pair] > 0.0:
                mid, turnover = opens[hour + 1, pair], turnover_24h_quote[hour, pair]
                cost += _buy(holdings, pair, orders[pair], mid, turnover, fee_rate, now)
        records[hour, 3] = cost
    return records, trades[:closed], holdings.cash[0]


@compiled
def _offset(notional_quote: float, turnover_24h_quote: float) -> float:
    """Average distance from mid as a fraction, at most the whole price."""
    spread_bps, depth_quote = book_terms(turnover_24h_quote)
    distance: float = fill_offset_bps(notional_quote, spread_bps, depth_quote)
    return min(1e-4 * distance, 1.0)


@compiled
def _sell(
    holdings: Holdings,
    pair: int,
    mid: float,
    turnover_24h_quote: float,
    fee_rate: float,
    now: float,
    reason: float,
    trade: Array,
) -> float:
    """Sell the whole position and write its trade; returns the cost in quote."""
    base = holdings.base[pair]
    price = mid * (1.0 - _offset(base * mid, turnover_24h_quote))
    proceeds = base * price * (1.0 - fee_rate)
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
    turnover_24h_quote: float,
    fee_rate: float,
    now: float,
) -> float:
    """Spend `order_quote`, never more than the cash that is there; returns the cost in quote."""
    spent = min(order_quote, holdings.cash[0])
    price = mid * (1.0 + _offset(spent, turnover_24h_quote))
    base = spent / price * (1.0 - fee_rate)
    cost: float = spent - base * mid
    holdings.cash[0] -= spent
    holdings.base[pair] = base
    holdings.entry_hour[pair] = now
    holdings.entry_price[pair] = price
    holdings.entry_quote[pair] = spent
    holdings.entry_cost[pair] = cost
    return cost
