"""The table of all statistics, and the months."""

import math

import numpy as np
import pandas as pd
import pytest

from okx_core.backtest.metrics.summary import metrics, monthly_returns_pct

HOURS = pd.date_range("2024-01-30", periods=24 * 100, freq="h", tz="UTC")
EQUITY = pd.DataFrame(
    {"timestamp_utc": HOURS, "equity_quote": np.linspace(101.0, 150.0, len(HOURS)), "exposure_pct": 30.0}
)
TRADES = pd.DataFrame(
    {"pnl_quote": [5.0, -2.0], "cost_quote": [1.0, 1.0], "quantity": [1.0, 1.0], "entry_price": [10.0, 10.0],
     "exit_price": [15.0, 8.0]}
)  # fmt: skip


def test_the_first_hour_counts() -> None:
    found = metrics(EQUITY, TRADES, 100.0)
    assert found["total_return_pct"] == pytest.approx(50.0)
    assert found["exposure_pct"] == 30.0
    assert found["trades"] == 2
    assert all(value is None or math.isfinite(value) for value in found.values())


def test_folds_that_follow_each_other_are_one_curve() -> None:
    half = len(EQUITY) // 2
    parts = pd.concat([EQUITY.iloc[:half], EQUITY.iloc[half:]])
    assert metrics(parts, TRADES, 100.0) == metrics(EQUITY, TRADES, 100.0)


def test_without_hours_and_trades_nothing_is_known() -> None:
    found = metrics(EQUITY.head(0), TRADES.head(0), 100.0)
    assert {name for name, value in found.items() if value is not None} == {"trades"}


def test_months_multiply_to_the_whole() -> None:
    months = monthly_returns_pct(EQUITY, 100.0)
    assert [f"{month:%Y-%m}" for month in months.index] == [
        "2024-01",
        "2024-02",
        "2024-03",
        "2024-04",
        "2024-05",
    ]
    assert np.prod(1.0 + months.to_numpy() / 100.0) == pytest.approx(1.5)
    assert months.iloc[0] == pytest.approx(100.0 * (EQUITY["equity_quote"].iloc[47] / 100.0 - 1.0))
