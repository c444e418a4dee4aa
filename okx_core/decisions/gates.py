"""Gates: the conditions a prediction must pass before it may be traded.

The result of a gate is 'pass' or the rejection reason. An unknown input fails the gate and is named.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from okx_core.decisions.costs import costs_of, slippages_bps
from okx_core.decisions.rules import DecisionRules
from okx_core.market.fees import TAKER_FEE_RATE, round_trip_cost_pct

Array = NDArray[np.float64]
PASS = "pass"


@dataclass(frozen=True)
class Gate:
    """One condition: `value` must be on the right side of `bound`; both are arrays [rows].

    `notes` [rows] follow the reason of each row.
    """

    name: str
    source: str
    value: Array
    bound: Array | float
    at_most: bool
    reason: Callable[[float, float], str]
    notes: Sequence[str] | None = None

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
            note = "" if self.notes is None else self.notes[int(row)]
            texts[row] = f"{self.source} is unknown" if unknown else self.reason(value, bound) + note
        return list(texts)


def gates(
    frame: pd.DataFrame, rules: DecisionRules, notional_quote: float, unknown_fee: float
) -> tuple[Gate, ...]:
    """The gates of every row, from the columns that `evaluate_gates` names."""
    prediction, excess_probability, turnover, market_return = (
        frame[name].to_numpy(dtype=np.float64)
        for name in (
            "predicted_excess_pct",
            "excess_probability",
            "turnover_24h_quote",
            "market_return_24h_pct",
        )
    )
    costs = costs_of(frame, unknown_fee)
    slippage = slippages_bps(costs.spread_bps, costs.depth_quote, notional_quote)
    needed = rules.fee_margin * round_trip_cost_pct(slippage, costs.fee_rate)
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
            "gate_fee", "predicted_excess_pct or the book", prediction, needed, False,
            lambda value, bound: f"expected {value:.2f} % < cost {bound:.2f} %", fee_notes(frame, unknown_fee),
        ),
        Gate(
            "gate_slippage", "the book", slippage, rules.max_slippage_bps, True,
            lambda value, bound: f"slippage {value:.1f} bps > {bound:.1f} bps",
        ),
        Gate(
            "gate_liquidity", "turnover_24h_quote", turnover, rules.min_turnover_quote, False,
            lambda value, bound: f"turnover {value:,.0f} < {bound:,.0f} quote in 24 h",
        ),
    )  # fmt: skip


def fee_notes(frame: pd.DataFrame, unknown_fee: float) -> list[str]:
    """Which fee the cost of each row rests on."""
    rates = frame["taker_fee_rate"].to_numpy(dtype=np.float64)
    assumed = f" (the account's fee is unknown, {100 * unknown_fee:.2f} % assumed)"
    return [assumed if np.isnan(rate) else f" (fee {100 * rate:.2f} %)" for rate in rates]


def evaluate_gates(
    frame: pd.DataFrame,
    rules: DecisionRules,
    notional_quote: float | None = None,
    unknown_fee: float = TAKER_FEE_RATE,
) -> pd.DataFrame:
    """`frame` with one text column per gate and `tradable`, true where every gate passed.

    Reads predicted_excess_pct, excess_probability, turnover_24h_quote, market_return_24h_pct and the costs of
    `costs_of`. Where the account's fee is unknown, `unknown_fee` is assumed, and the reason says so.
    `notional_quote` is the order that slippage is measured for, the rules' reference order when not given. The
    fee gate asks a prediction of more than `fee_margin` round trips: two fees and two slippages.
    """
    notional = rules.reference_order_quote if notional_quote is None else notional_quote
    gate_list = gates(frame, rules, notional, unknown_fee)
    tradable = np.logical_and.reduce([gate.passed() for gate in gate_list])
    results = {gate.name: pd.array(gate.results(), dtype="str") for gate in gate_list}
    return frame.assign(**results, tradable=tradable)
