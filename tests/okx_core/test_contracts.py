"""The contract of each table that crosses a stage: what it refuses, and how it says so."""

import numpy as np
import pandas as pd
import pytest

from okx_core.contracts import CONTRACTS, TIME, ContractError, contract_violations, require_contract

HOURS = pd.date_range("2026-08-09", periods=3, freq="h", tz="UTC")
GATES = [name for name in CONTRACTS["trading.signals"].columns if name.startswith("gate_")]


@pytest.fixture
def signals() -> pd.DataFrame:
    return pd.DataFrame({
        "pair": "BTC-USDT", "timestamp_utc": HOURS, "predicted_excess_pct": [0.5, np.nan, -0.1],
        "excess_probability": [0.6, np.nan, 0.4], "interval_low_pct": [-2.0, np.nan, -3.0],
        "interval_high_pct": [3.0, np.nan, 2.0], "turnover_24h_quote": [1e9, np.nan, 1e8],
        "taker_fee_rate": [0.001, np.nan, 0.001], "book_spread_bps": [1.0, np.nan, 4.0],
        "book_depth_quote": [1e4, np.nan, 1e3], "book_source": "snapshot",
        "outside_share": [0.0, np.nan, 0.01], "training_distance": [1.0, np.nan, 1.1],
        **dict.fromkeys(GATES, "pass"), "tradable": True, "risk_multiplier": 1.0, "model_name": "m",
        "model_version": pd.array([3, None, 3], "Int64"),
    })  # fmt: skip


@pytest.fixture
def trades() -> pd.DataFrame:
    return pd.DataFrame({
        "pair": "BTC-USDT", "entry_time": HOURS[:1], "exit_time": HOURS[1:2], "quantity": 1.0, "entry_price": 10.0,
        "exit_price": 11.0, "pnl_quote": 0.9, "cost_quote": 0.1, "fee_quote": 0.06, "spread_quote": 0.02,
        "exit_reason": "horizon",
    })  # fmt: skip


def test_honest_rows_keep_their_contract(signals, trades) -> None:
    frames = [
        ("trading.signals", signals),
        ("backtests.trades", trades),
        ("trading.signals", signals.iloc[:0]),
    ]
    assert [require_contract(table, frame) for table, frame in frames] == [None] * 3


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("excess_probability", 1.2, "excess_probability: <= 1"),
        ("turnover_24h_quote", -1.0, "turnover_24h_quote: >= 0"),
        ("pair", None, "pair: not_nullable"),
        ("gate_fee", "expected 0.1 % < cost 0.2 %", "tradable is true exactly where every gate passes"),
        ("model_version", 0, "model_version: >= 1"),
    ],
)
def test_a_broken_signal_is_refused_with_column_and_rule(signals, column: str, value, words: str) -> None:
    signals.loc[0, column] = value
    with pytest.raises(ContractError, match="nothing was stored") as refused:
        require_contract("trading.signals", signals)
    assert words in str(refused.value)
    assert "(1)" in str(refused.value)


def test_two_signals_of_one_bar_are_refused(signals) -> None:
    with pytest.raises(ContractError, match="multiple"):
        require_contract("trading.signals", pd.concat([signals, signals.iloc[:1]]))


def test_a_missing_column_is_named(signals) -> None:
    with pytest.raises(ContractError, match="tradable"):
        require_contract("trading.signals", signals.drop(columns="tradable"))


def test_a_trade_that_ends_before_it_begins_or_costs_nothing_is_refused(trades) -> None:
    contract = CONTRACTS["backtests.trades"]
    assert contract_violations(contract, trades.assign(cost_quote=0.0)) == ["cost_quote: > 0 (1)"]
    reversed_times = trades.assign(exit_time=trades["entry_time"])
    (line,) = {text.partition(": ")[2] for text in contract_violations(contract, reversed_times)}
    assert line.startswith("a position is closed after it was opened")


@pytest.mark.parametrize("table", CONTRACTS)
def test_a_key_is_known_and_every_number_may_say_its_rules(table: str) -> None:
    contract = CONTRACTS[table]
    assert all(not contract.columns[name].nullable for name in contract.key)
    assert any(column.rules() for column in contract.columns.values() if column.kind != TIME)
