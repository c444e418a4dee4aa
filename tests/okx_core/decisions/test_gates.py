"""Every gate passes, refuses with a reason, or names the input it does not know."""

import numpy as np
import pandas as pd
import pytest

from okx_core.decisions.costs import with_books
from okx_core.decisions.gates import PASS, evaluate_gates
from okx_core.decisions.rules import DecisionRules
from okx_core.market.book_model import assumed_terms, fill_offset_bps
from okx_core.market.fees import round_trip_cost_pct

RULES = DecisionRules()
UNSEEN = pd.DataFrame(columns=["pair", "timestamp_utc", "spread_bps"])
GATES = ["gate_market", "gate_probability", "gate_fee", "gate_slippage", "gate_liquidity"]


def gated(rules=RULES, notional=None, **changes):
    row = {
        "pair": "BTC-USDT",
        "predicted_excess_pct": 2.0,
        "excess_probability": 0.7,
        "turnover_24h_quote": 5e7,
        "range_1h_bps": 80.0,
        "market_return_24h_pct": 0.5,
        "taker_fee_rate": np.nan,
    }
    rows = with_books(pd.DataFrame([{**row, **changes}]), UNSEEN, UNSEEN)
    return evaluate_gates(rows, rules, notional).iloc[0]


def test_a_good_signal_passes_every_gate():
    row = gated()
    assert row["tradable"]
    assert [row[gate] for gate in GATES] == [PASS] * 5


@pytest.mark.parametrize(
    ("gate", "changes", "reason"),
    [
        ("gate_market", {"market_return_24h_pct": -9.5}, "market moved -9.50 % in 24 h < -8.00 %"),
        ("gate_probability", {"excess_probability": 0.41}, "P(excess > 0) 0.410 < 0.500"),
        (
            "gate_fee",
            {"predicted_excess_pct": 0.12},
            "expected 0.12 % < cost 0.26 % (the account's fee is unknown, 0.10 % assumed)",
        ),
        ("gate_liquidity", {"turnover_24h_quote": 9e5}, "turnover 900,000 < 1,000,000 quote in 24 h"),
        ("gate_market", {"market_return_24h_pct": np.nan}, "market_return_24h_pct is unknown"),
        ("gate_probability", {"excess_probability": np.nan}, "excess_probability is unknown"),
        (
            "gate_fee",
            {"predicted_excess_pct": np.nan},
            "predicted_excess_pct or the book is unknown",
        ),
        ("gate_slippage", {"turnover_24h_quote": np.nan}, "the book is unknown"),
        ("gate_slippage", {"range_1h_bps": np.nan}, "the book is unknown"),
        ("gate_liquidity", {"turnover_24h_quote": np.nan}, "turnover_24h_quote is unknown"),
    ],
)
def test_a_gate_that_refuses_says_why(gate, changes, reason):
    row = gated(**changes)
    assert row[gate] == reason
    assert not row["tradable"]


def test_slippage_grows_with_the_order():
    small, large = gated(notional=100.0), gated(notional=3e6)
    assert small["gate_slippage"] == PASS
    assert large["gate_slippage"].endswith("bps > 25.0 bps")


def test_the_fee_gate_counts_two_fees_and_two_slippages_times_the_margin():
    cost = round_trip_cost_pct(fill_offset_bps(1000.0, *assumed_terms(5e7, 80.0)))
    for margin in (1.0, 1.5):
        rules = DecisionRules(fee_margin=margin)
        assert gated(rules, predicted_excess_pct=cost * margin + 1e-9)["tradable"]
        assert not gated(rules, predicted_excess_pct=cost * margin - 1e-9)["tradable"]


def test_a_fee_of_more_than_the_default_is_what_the_gate_asks_for():
    """0.35 % a side, as in some regions: what pays for 0.10 % does not pay for it."""
    assert gated(predicted_excess_pct=0.5)["tradable"]
    assert gated(predicted_excess_pct=0.5, taker_fee_rate=0.001)["tradable"]
    row = gated(predicted_excess_pct=0.5, taker_fee_rate=0.0035)
    assert row["gate_fee"] == "expected 0.50 % < cost 0.76 % (fee 0.35 %)"
    assert not row["tradable"]
    assert gated(predicted_excess_pct=0.78, taker_fee_rate=0.0035)["tradable"]


def test_the_same_order_costs_more_in_a_wild_hour():
    calm, wild = gated(notional=100_000.0), gated(notional=100_000.0, range_1h_bps=1_500.0)
    assert calm["gate_slippage"] == PASS
    assert wild["gate_slippage"].endswith("bps > 25.0 bps")


def test_no_rows_give_no_results():
    empty = pd.DataFrame(
        columns=[
            "pair",
            "predicted_excess_pct",
            "excess_probability",
            "turnover_24h_quote",
            "range_1h_bps",
            "market_return_24h_pct",
            "taker_fee_rate",
        ]
    )
    gates = evaluate_gates(with_books(empty, UNSEEN, UNSEEN), RULES)
    assert [*gates.columns[10:]] == [*GATES, "tradable"]
