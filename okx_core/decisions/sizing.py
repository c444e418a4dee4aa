"""From predictions to orders: which positions to close, which to open, and how large.

Long-only spot. A position is closed whole when its horizon has passed or its strategy leaves it, by default
when its prediction has turned; an unknown prediction closes nothing before the horizon and opens nothing. Buys
take the best predictions first. Only cash that is there is spent, and positions count until they are sold: what
an exit will bring is not spent in the same hour. One position per pair, never added to.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from okx_core.compilation import compiled
from okx_core.decisions.correlation import pair_correlation
from okx_core.decisions.costs import Costs
from okx_core.decisions.rules import DecisionRules, RiskLimits
from okx_core.market.book_model import fill_offset_bps
from okx_core.market.fees import round_trip_cost_pct

Array = NDArray[np.float64]


class SizingTerms(NamedTuple):
    """Rules and limits as plain numbers for compiled code; limits are fractions, NaN when missing."""

    horizon_hours: float
    max_positions: int
    min_order_quote: float
    asset_share: float
    exposure_share: float
    risk_share: float
    max_order_quote: float
    fee_margin: float
    max_correlation: float
    correlation_hours: int


def sizing_terms(rules: DecisionRules, limits: RiskLimits) -> SizingTerms:
    """The numbers that `order_core` works with."""

    def known(value: float | None) -> float:
        return math.nan if value is None else float(value)

    missing = bool(limits.missing())
    return SizingTerms(
        horizon_hours=float(rules.horizon_hours),
        max_positions=rules.max_positions,
        min_order_quote=rules.min_order_quote,
        asset_share=math.nan if missing else known(limits.max_asset_pct) / 100.0,
        exposure_share=math.nan if missing else known(limits.max_exposure_pct) / 100.0,
        risk_share=math.nan if missing else known(limits.risk_per_trade_pct) / rules.planned_loss_pct,
        max_order_quote=math.nan if missing else known(limits.max_order_quote),
        fee_margin=rules.fee_margin,
        max_correlation=known(rules.max_correlation),
        correlation_hours=rules.correlation_hours,
    )


@compiled
def with_positions(terms: SizingTerms, max_positions: int) -> SizingTerms:
    """The same terms with another number of positions at most."""
    return SizingTerms(
        terms.horizon_hours, max_positions, terms.min_order_quote, terms.asset_share, terms.exposure_share,
        terms.risk_share, terms.max_order_quote, terms.fee_margin, terms.max_correlation, terms.correlation_hours,
    )  # fmt: skip


def desired_orders(
    predicted_excess_pct: Array,
    tradable: NDArray[np.bool_],
    held_base: Array,
    held_hours: Array,
    price: Array,
    cash_quote: float,
    rules: DecisionRules,
    limits: RiskLimits,
    size_multiplier: Array | None = None,
    costs: Costs | None = None,
    leaves: NDArray[np.bool_] | None = None,
    closes: Array | None = None,
) -> Array:
    """Orders [pairs] in quote: above 0 buy for that notional, below 0 sell the whole position, 0 none.

    All arrays are [pairs]; `held_hours` counts from the fill, `price` values the positions now,
    `size_multiplier` scales the size of buys, limits still hold. A buy whose round trip at its own size costs more
    than is predicted, or whose `costs` are unknown, is left out; without `costs` trading is free. A position of
    unknown size or price makes the equity unknown: nothing is bought. `leaves` says which positions are closed before
    their horizon; without it those whose prediction has turned. `closes` [hours, pairs] are the past closes, the newest
    last, by which `rules.max_correlation` refuses pairs; without them their correlation is unknown.
    """
    multiplier = np.ones(len(price)) if size_multiplier is None else size_multiplier
    columns = (predicted_excess_pct, held_base, held_hours, price, multiplier)
    prediction, base, hours, prices, scale = (np.asarray(column, dtype=np.float64) for column in columns)
    orders = np.zeros(len(prices))
    terms = sizing_terms(rules, limits)
    turned = has_turned(prediction, rules) if leaves is None else np.asarray(leaves, bool)
    past = np.empty((0, len(prices))) if closes is None else np.ascontiguousarray(closes, dtype=np.float64)
    free = Costs(np.zeros(len(prices)), np.zeros(len(prices)), np.full(len(prices), np.inf))
    order_core(
        prediction, np.asarray(tradable, bool), turned, base, hours, prices, scale, float(cash_quote), terms,
        free if costs is None else costs, past, len(past) - 1, orders,
    )  # fmt: skip
    return orders


def has_turned(predicted_excess_pct: Array, rules: DecisionRules) -> NDArray[np.bool_]:
    """Where so little is predicted that a position is closed; an unknown prediction has not turned."""
    return np.asarray(predicted_excess_pct < rules.exit_excess_pct)


@compiled
def order_core(
    predicted_excess_pct: Array,
    tradable: NDArray[np.bool_],
    leaves: NDArray[np.bool_],
    held_base: Array,
    held_hours: Array,
    price: Array,
    size_multiplier: Array,
    cash_quote: float,
    terms: SizingTerms,
    costs: Costs,
    closes: Array,
    row: int,
    orders: Array,
) -> None:
    """Write the orders of one hour, that of `row` of `closes`, into `orders` [pairs]; see `desired_orders`."""
    held_quote, positions = _order_exits(leaves, held_base, held_hours, price, terms, orders)
    equity = cash_quote + held_quote
    wanted = terms.risk_share * equity
    asset_cap = min(terms.asset_share * equity, terms.max_order_quote)
    room = terms.exposure_share * equity - held_quote
    cash = cash_quote
    refused = np.zeros(price.size, dtype=np.bool_)
    if not wanted + asset_cap + terms.max_order_quote + room + cash < np.inf:
        return
    while positions < terms.max_positions and wanted > 0.0:
        smallest = terms.min_order_quote / wanted
        best = _best_candidate(
            predicted_excess_pct, tradable & ~refused, held_base, price, size_multiplier, smallest, orders
        )
        if best < 0:
            return
        notional = min(min(wanted * size_multiplier[best], asset_cap), min(room, cash))
        if notional <= 0.0 or notional < terms.min_order_quote:
            return
        is_worth_it = predicted_excess_pct[best] >= terms.fee_margin * _round_trip(costs, best, notional)
        if not is_worth_it or _is_alike(best, held_base, orders, closes, row, terms):
            refused[best] = True
            continue
        orders[best] = notional
        room -= notional
        cash -= notional
        positions += 1


@compiled
def _is_alike(
    pair: int, held_base: Array, orders: Array, closes: Array, row: int, terms: SizingTerms
) -> bool:
    """Whether a pair moved too much like one that is held or bought in the same hour, or it is unknown."""
    if np.isnan(terms.max_correlation):
        return False
    for other in range(orders.size):
        if held_base[other] != 0.0 or orders[other] > 0.0:
            alike = pair_correlation(closes, row, terms.correlation_hours, pair, other)
            if not alike <= terms.max_correlation:
                return True
    return False


@compiled
def _round_trip(costs: Costs, pair: int, notional: float) -> float:
    """Cost of buying and selling `notional` quote of the pair, percent; NaN where it is unknown."""
    slippage = fill_offset_bps(notional, costs.spread_bps[pair], costs.depth_quote[pair])
    return float(round_trip_cost_pct(slippage, costs.fee_rate[pair]))


@compiled
def _order_exits(
    leaves: NDArray[np.bool_],
    held_base: Array,
    held_hours: Array,
    price: Array,
    terms: SizingTerms,
    orders: Array,
) -> tuple[float, int]:
    """Order the sale of every position that is over; returns the value and number of all positions."""
    held_quote = 0.0
    positions = 0
    for pair in range(price.size):
        orders[pair] = 0.0
        if held_base[pair] == 0.0:
            continue
        value = held_base[pair] * price[pair]
        held_quote += value
        positions += 1
        over = held_hours[pair] >= terms.horizon_hours
        if (over or leaves[pair]) and held_base[pair] > 0.0:
            orders[pair] = -value if value > 0.0 else -1.0
    return held_quote, positions


@compiled
def _best_candidate(
    predicted_excess_pct: Array,
    tradable: NDArray[np.bool_],
    held_base: Array,
    price: Array,
    size_multiplier: Array,
    smallest_multiplier: float,
    orders: Array,
) -> int:
    """The tradable flat pair with the highest prediction and no order yet, -1 when there is none."""
    best = -1
    for pair in range(price.size):
        free = tradable[pair] and held_base[pair] == 0.0 and orders[pair] == 0.0
        known = predicted_excess_pct[pair] > 0.0 and price[pair] > 0.0
        sized = size_multiplier[pair] > 0.0 and size_multiplier[pair] >= smallest_multiplier
        if free and known and sized and (best < 0 or predicted_excess_pct[pair] > predicted_excess_pct[best]):
            best = pair
    return best
