"""The compiled loop over hours: levels inside the bar, mark, decide, fill. Arrays are [hours, pairs] or [pairs].

Of bar t, in this order: stops and targets that were set before it fill inside it; the portfolio is marked at its close
and stops are moved; what is no longer traded is closed at its last price; the strategy decides. At the open of bar
t + 1 its exits fill, then its entries, and with them the stops that hold inside bar t + 1.
"""

import numpy as np
from numpy.typing import NDArray

from okx_core.backtest.fills import TRADE_FIELDS, Holdings, Steps
from okx_core.backtest.levels import any_touched, close_delisted, fill_levels, move_stop
from okx_core.backtest.orders import decide
from okx_core.backtest.terms import Bars, Plan, Terms, of_hour
from okx_core.compilation import compiled
from okx_core.decisions.costs import Costs
from okx_core.decisions.exits import STAYS
from okx_core.decisions.protection_state import ProtectionState, add_equities, add_exit

Array = NDArray[np.float64]


@compiled
def trade_hours(
    bars: Bars, plan: Plan, costs: Costs, steps: Steps, held: Holdings, state: ProtectionState, first_hour: float,
    terms: Terms,
) -> tuple[Array, Array]:  # fmt: skip
    """Trade every hour of `plan`; `held` and `state` are changed in place.

    `costs` are those that the orders of the hour are sized for and pay, and its stops. An unknown book sizes nothing,
    and exits in it pay the worst one. Returns records [hours, (equity, cash, exposure %, cost)], where the cost is that
    of the levels hit inside the bar and of the orders given at its close, and trades [trades, TRADE_FIELDS].
    """
    hours, pairs = plan.predicted_excess_pct.shape
    records = np.empty((hours, 4))
    trades = np.empty((most_trades(hours, pairs, terms.sizing.max_positions), len(TRADE_FIELDS)))
    wanted = _any_tradable(plan.tradable)
    mine = np.flatnonzero(held.quantity)
    stops_move = terms.exits.break_even_after_pct == terms.exits.break_even_after_pct
    closed: int = 0
    seen: tuple[int, int] = (0, 0)  # hours and closed trades that the protections know of
    for hour in range(hours):
        if mine.size == 0 and not wanted[hour]:  # most hours of most pairs
            records[hour, 0] = records[hour, 1] = held.cash[0]
            records[hour, 2] = records[hour, 3] = 0.0
            continue
        now = first_hour + hour + 1.0
        cost = 0.0
        if any_touched(held, mine, bars, hour):
            cost, exits = fill_levels(
                held, mine, bars, hour, of_hour(costs, hour), steps, now - 1.0, terms, trades[closed:]
            )
            closed += exits
            mine = np.flatnonzero(held.quantity)
        worth, over, ends = 0.0, False, False
        for own in mine:
            if bars.close[hour, own] == bars.close[hour, own]:
                held.mark_price[own] = bars.close[hour, own]
            if stops_move or held.trail_pct[own] == held.trail_pct[own]:
                move_stop(held, int(own), bars.high[hour, own], steps, terms.exits)
            held.filled_quote[own] = 0.0
            worth += held.quantity[own] * held.mark_price[own]
            is_over = now - held.entry_hour[own] >= terms.sizing.horizon_hours
            over |= is_over or plan.leaves[hour, own] or held.closing_reason[own] != STAYS
            ends |= steps.delisted_hour[own] <= now
        if ends:
            gone, exits = close_delisted(held, mine, of_hour(costs, hour), steps, now, trades[closed:])
            closed += exits
            cost += gone
            mine = np.flatnonzero(held.quantity)
            worth = np.sum(held.quantity[mine] * held.mark_price[mine])
        equity = held.cash[0] + worth
        records[hour, 0], records[hour, 1] = equity, held.cash[0]
        records[hour, 2], records[hour, 3] = 100.0 * worth / equity, cost
        if wanted[hour] or over:
            seen = _protect(state, terms, records, trades, seen, hour + 1, closed, first_hour)
            paid, exits = decide(
                held, state, bars, plan, hour, of_hour(costs, hour), steps, now, terms, trades[closed:]
            )
            closed += exits
            records[hour, 3] += paid
            mine = np.flatnonzero(held.quantity)
    _protect(state, terms, records, trades, seen, hours, closed, first_hour)
    return records, trades[:closed]


@compiled
def most_trades(hours: int, pairs: int, max_positions: int) -> int:
    """How many positions can be closed in so many hours: those that can be opened, and those held before."""
    return hours * min(int(max_positions), pairs) + pairs


@compiled
def _protect(
    state: ProtectionState, terms: Terms, records: Array, trades: Array, seen: tuple[int, int], hours: int,
    closed: int, first_hour: float,
) -> tuple[int, int]:  # fmt: skip
    """Add the hours and closed trades that the protections have not seen; returns how many there are of both."""
    if terms.protections.is_on:
        for row in range(seen[1], closed):
            spent, proceeds = trades[row, 6], trades[row, 7]
            returned = 100.0 * (proceeds / spent - 1.0)
            pair, reason = int(trades[row, 0]), int(trades[row, 11])
            add_exit(state, terms.protections, pair, trades[row, 2], returned, reason)
        add_equities(state, terms.protections, first_hour + seen[0] + 1.0, records[seen[0] : hours, 0])
    return hours, closed


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
