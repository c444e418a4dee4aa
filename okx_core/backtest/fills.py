"""What one order does to the portfolio: price from the book, steps of the exchange, volume that is there, fee.

A buy pays its fee in base units and a sale in quote, as OKX takes them. Sizes are whole lots. What is left after a
sale and too small to be sold is given up and counted as cost.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from okx_core.compilation import compiled
from okx_core.decisions.costs import Costs
from okx_core.decisions.exits import STAYS, STOP, ExitTerms, level_above, level_below, steps_up
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
    "fee",
    "spread",
    "reason",
)


class Holdings(NamedTuple):
    """The portfolio as arrays [pairs] named as in `Position`, changed in place; `cash` is [1]. Flat pairs hold 0."""

    cash: Array
    quantity: Array
    entry_hour: Array
    entry_price: Array
    entry_quote: Array
    entry_cost_quote: Array
    mark_price: Array
    stop_price: Array
    stop_reason: Array
    target_price: Array
    highest_price: Array
    trail_pct: Array
    sold_base: Array
    sold_quote: Array
    proceeds_quote: Array
    exit_cost_quote: Array
    fee_quote: Array
    spread_quote: Array
    closing_reason: Array
    filled_quote: Array


class Steps(NamedTuple):
    """The exchange's steps of each pair [pairs], 0 for none, and the hour from which it is no longer traded, NaN
    while none is known."""

    lot: Array
    min_size: Array
    tick: Array
    delisted_hour: Array


class Distances(NamedTuple):
    """Distances [pairs] of stop and trailing stop in percent of the price, NaN for none."""

    stop_pct: Array
    trail_pct: Array


@compiled
def whole_lots(size: float, lot: float) -> float:
    """`size` rounded down to a lot; `size` itself without one."""
    return float(np.floor(steps_up(size, lot)) * lot) if lot > 0.0 else size


@compiled
def offset_of(notional_quote: float, costs: Costs, pair: int) -> float:
    """Average distance from mid as a fraction, at most the whole price; an unknown book is the worst one."""
    distance: float = fill_offset_bps(notional_quote, costs.spread_bps[pair], costs.depth_quote[pair])
    if np.isnan(distance):
        distance = fill_offset_bps(notional_quote, WIDEST_SPREAD_BPS, THINNEST_DEPTH_QUOTE)
    return min(1e-4 * distance, 1.0)


@compiled
def half_spread(costs: Costs, pair: int) -> float:
    """Half of the spread as a fraction of mid; an unknown book is the worst one."""
    spread_bps = costs.spread_bps[pair]
    return 0.5e-4 * float(WIDEST_SPREAD_BPS if np.isnan(spread_bps) else spread_bps)


@compiled
def volume_to_open(quote_volume: float, share: float) -> float:
    """Quote that may be bought in a bar: `share` of its volume; nothing where the volume is unknown."""
    if share == np.inf:
        return np.inf
    return share * quote_volume if quote_volume >= 0.0 else 0.0


@compiled
def volume_to_close(quote_volume: float, share: float, filled_quote: float) -> float:
    """Quote that may be sold in a bar of which `filled_quote` was traded; not held back by an unknown volume."""
    if share == np.inf or not quote_volume >= 0.0:
        return np.inf
    return max(share * quote_volume - filled_quote, 0.0)


@compiled
def sell(
    held: Holdings,
    pair: int,
    mid: float,
    room_quote: float,
    offset: float,
    costs: Costs,
    steps: Steps,
    now: float,
    reason: int,
    trade: Array,
) -> tuple[float, int]:
    """Sell what `room_quote` lets of the position at `mid` less `offset`; returns the cost and whether it is closed.

    What remains goes on being sold for the same reason. `trade` is written when the position is closed.
    """
    held.closing_reason[pair] = reason
    smallest = max(steps.lot[pair], steps.min_size[pair])
    base = whole_lots(min(held.quantity[pair], room_quote / mid), steps.lot[pair])
    if base <= 0.0 or base < steps.min_size[pair]:
        return 0.0, 0
    price = mid * (1.0 - offset)
    fee_rate = costs.fee_rate[pair]
    received = base * price * (1.0 - fee_rate)
    cost = base * mid - received
    rest = held.quantity[pair] - base
    if rest <= 0.0 or rest < smallest * (1.0 - 1e-9):
        cost += max(rest, 0.0) * mid
        rest = 0.0
    held.cash[0] += received
    held.quantity[pair] = rest
    held.filled_quote[pair] += base * mid
    held.sold_base[pair] += base
    held.sold_quote[pair] += base * price
    held.proceeds_quote[pair] += received
    held.exit_cost_quote[pair] += cost
    held.fee_quote[pair] += base * price * fee_rate
    held.spread_quote[pair] += base * mid * min(half_spread(costs, pair), offset)
    if rest > 0.0:
        return cost, 0
    _write_trade(held, pair, now, reason, trade)
    return cost, 1


@compiled
def _write_trade(held: Holdings, pair: int, now: float, reason: int, trade: Array) -> None:
    trade[0], trade[1], trade[2] = pair, held.entry_hour[pair], now
    trade[3], trade[4] = held.sold_base[pair], held.entry_price[pair]
    trade[5] = held.sold_quote[pair] / held.sold_base[pair]
    trade[6], trade[7] = held.entry_quote[pair], held.proceeds_quote[pair]
    trade[8] = held.entry_cost_quote[pair] + held.exit_cost_quote[pair]
    trade[9], trade[10], trade[11] = held.fee_quote[pair], held.spread_quote[pair], reason


@compiled
def buy(
    held: Holdings,
    pair: int,
    order_quote: float,
    mid: float,
    costs: Costs,
    distances: Distances,
    steps: Steps,
    now: float,
    terms: ExitTerms,
) -> float:
    """Spend at most `order_quote` and the cash that is there; returns the cost.

    Nothing is bought of which the exchange would not take the sale: less than its smallest size after the fee.
    """
    wanted = min(order_quote, held.cash[0])
    price = mid * (1.0 + offset_of(wanted, costs, pair))
    lot, smallest = steps.lot[pair], steps.min_size[pair]
    ordered = whole_lots(wanted / price, lot)
    base = ordered * (1.0 - costs.fee_rate[pair])
    if base <= 0.0 or whole_lots(base, lot) <= 0.0 or whole_lots(base, lot) < smallest:
        return 0.0
    spent = ordered * price if lot > 0.0 else wanted
    cost: float = spent - base * mid
    held.cash[0] -= spent
    held.quantity[pair], held.entry_hour[pair] = base, now
    held.entry_price[pair], held.entry_quote[pair], held.entry_cost_quote[pair] = price, spent, cost
    held.sold_base[pair] = held.sold_quote[pair] = held.proceeds_quote[pair] = 0.0
    held.exit_cost_quote[pair] = 0.0
    held.fee_quote[pair] = ordered * costs.fee_rate[pair] * mid
    held.spread_quote[pair] = ordered * mid * min(half_spread(costs, pair), price / mid - 1.0)
    held.closing_reason[pair] = STAYS
    held.filled_quote[pair] = ordered * mid
    stop_pct = distances.stop_pct[pair]
    held.stop_price[pair] = level_below(price - price * stop_pct / 100.0, steps.tick[pair])
    held.stop_reason[pair] = STOP
    held.target_price[pair] = level_above(
        price + price * terms.target_ratio * stop_pct / 100.0, steps.tick[pair]
    )
    held.highest_price[pair], held.trail_pct[pair] = price, distances.trail_pct[pair]
    return cost
