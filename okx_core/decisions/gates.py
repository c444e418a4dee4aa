"""Gates: the conditions a prediction must pass before it may be traded.

The result of a gate is 'pass' or the rejection reason. An unknown input fails the gate and is named.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from okx_core.compilation import compiled
from okx_core.decisions.rules import DecisionRules
from okx_core.market.book_model import book_terms, fill_offset_bps
from okx_core.market.fees import TAKER_FEE_RATE, round_trip_cost_pct

Array = NDArray[np.float64]
PASS = "pass"


@dataclass(frozen=True)
class Gate:
    """One condition: `value` must be on the right side of `bound`; both are arrays [rows]."""

    name: str
    source: str
    value: Array
    bound: Array | float
    at_most: bool
    reason: Callable[[float, float], str]

    def passed(self) -> NDArray[np.bool_]:
        """False where the value or the bound is unknown."""
        held = self.value <= self.bound if self.at_most else self.value >= self.bound
        return np.asarray(held)

    def results(self) -> list[str]:
        """'pass' or the reason, one per row."""
        texts = np.full(self.value.shape, PASS, dtype=object)
        bounds = np.broadcast_to(np.asarray(self.bound, dtype=np.float64), self.value.shape)
        for row in np.flatnonzero(~self.passed()):
            value, bound = self.value[row], bounds[row]
            unknown = np.isnan(value) or np.isnan(bound)
            texts[row] = f"{self.source} is unknown" if unknown else self.reason(value, bound)
        return list(texts)


@compiled
def slippage_bps(turnover_24h_quote: Array, range_1h_bps: Array, notional_quote: float) -> Array:
    """Distance from mid that a market order of `notional_quote` pays in each pair's modelled book.

    An unknown turnover or range means an unknown book: NaN.
    """
    out = np.full(turnover_24h_quote.size, np.nan)
    for row in range(out.size):
        if turnover_24h_quote[row] == turnover_24h_quote[row] and range_1h_bps[row] == range_1h_bps[row]:
            spread, depth = book_terms(turnover_24h_quote[row], range_1h_bps[row])
            out[row] = fill_offset_bps(notional_quote, spread, depth)
    return out


def gates(
    frame: pd.DataFrame, rules: DecisionRules, notional_quote: float, fee_rate: float
) -> tuple[Gate, ...]:
    """The gates of every row, from the columns that `evaluate_gates` names."""
    prediction, excess_probability, turnover, ranged, market_return = (
        frame[name].to_numpy(dtype=np.float64)
        for name in (
            "predicted_excess_pct",
            "excess_probability",
            "turnover_24h_quote",
            "range_1h_bps",
            "market_return_24h_pct",
        )
    )
    slippage = slippage_bps(turnover, ranged, notional_quote)
    needed = rules.fee_margin * round_trip_cost_pct(slippage, fee_rate)
    return (
        Gate(
            "gate_market", "market_return_24h_pct", market_return, rules.min_market_return_24h_pct, False,
            lambda value, bound: f"market moved {value:.2f} % in 24 h < {bound:.2f} %",
        ),
        Gate(
            "gate_probability", "excess_probability", excess_probability, rules.min_excess_probability, False,
            lambda value, bound: f"P(excess > 0) {value:.3f} < {bound:.3f}",
        ),
        Gate(
            "gate_fee", "predicted_excess_pct, turnover_24h_quote or range_1h_bps", prediction, needed, False,
            lambda value, bound: f"expected {value:.2f} % < cost {bound:.2f} %",
        ),
        Gate(
            "gate_slippage", "turnover_24h_quote or range_1h_bps", slippage, rules.max_slippage_bps, True,
            lambda value, bound: f"slippage {value:.1f} bps > {bound:.1f} bps",
        ),
        Gate(
            "gate_liquidity", "turnover_24h_quote", turnover, rules.min_turnover_quote, False,
            lambda value, bound: f"turnover {value:,.0f} < {bound:,.0f} quote in 24 h",
        ),
    )  # fmt: skip


def evaluate_gates(
    frame: pd.DataFrame,
    rules: DecisionRules,
    notional_quote: float | None = None,
    fee_rate: float = TAKER_FEE_RATE,
) -> pd.DataFrame:
    """`frame` with one text column per gate and `tradable`, true where every gate passed.

    Reads predicted_excess_pct, excess_probability, turnover_24h_quote, range_1h_bps, market_return_24h_pct.
    `notional_quote` is the order that slippage is measured for, the rules' reference order when not given. The
    fee gate asks a prediction of more than `fee_margin` round trips: two fees and two slippages.
    """
    notional = rules.reference_order_quote if notional_quote is None else notional_quote
    gate_list = gates(frame, rules, notional, fee_rate)
    tradable = np.logical_and.reduce([gate.passed() for gate in gate_list])
    results = {gate.name: pd.array(gate.results(), dtype="str") for gate in gate_list}
    return frame.assign(**results, tradable=tradable)
