"""Each statistic on numbers that can be checked by hand."""

import math

import numpy as np
import pandas as pd
import pytest

from okx_core.backtest import metrics as m

CURVE = np.array([100.0, 110.0, 99.0, 108.9])
PNL = np.array([30.0, -10.0, 20.0, -5.0])
COST = np.array([1.0, 1.0, 2.0, 6.0])
TRADES = pd.DataFrame(
    {
        "quantity": [1.0, 2.0, 1.0, 1.0],
        "entry_price": [10.0, 20.0, 5.0, 5.0],
        "exit_price": [12.0, 19.0, 6.0, 4.0],
        "pnl_quote": PNL,
        "cost_quote": COST,
    }
)


def test_total_return():
    assert m.total_return_pct(CURVE) == pytest.approx(8.9)


def test_cagr_of_ten_percent_over_a_year_is_ten_percent():
    curve = np.linspace(100.0, 110.0, 8761)
    assert m.cagr_pct(curve) == pytest.approx(10.0)


def test_drawdown_is_the_deepest_fall_below_a_peak():
    assert m.max_drawdown_pct(CURVE) == pytest.approx(-10.0)


def test_calmar_is_growth_over_drawdown():
    assert m.calmar(CURVE) == pytest.approx(m.cagr_pct(CURVE) / 10.0)


def test_sharpe_of_returns_plus_ten_minus_ten_plus_ten():
    returns = np.array([0.1, -0.1, 0.1])
    mean, deviation = 1.0 / 30.0, math.sqrt(np.sum((returns - 1.0 / 30.0) ** 2) / 2.0)
    assert m.sharpe(CURVE) == pytest.approx(math.sqrt(8760.0) * mean / deviation)


def test_sortino_counts_only_losses():
    assert m.sortino(CURVE) == pytest.approx(math.sqrt(8760.0) * (1.0 / 30.0) / math.sqrt(0.01 / 3.0))


def test_trade_statistics():
    assert m.profit_factor(PNL) == pytest.approx(50.0 / 15.0)
    assert m.win_rate_pct(PNL) == 50.0
    assert m.expectancy_quote(PNL) == pytest.approx(8.75)
    assert m.cost_share_pct(PNL, COST) == pytest.approx(100.0 * 10.0 / (31.0 + 22.0 + 1.0))


def test_turnover_is_traded_notional_over_mean_equity():
    assert m.turnover(CURVE, TRADES) == pytest.approx((22.0 + 78.0 + 11.0 + 9.0) / np.mean(CURVE))


def test_a_fold_without_trades_or_moves_knows_little():
    equity = pd.DataFrame({"equity_quote": [100.0] * 5, "exposure_pct": [0.0] * 5})
    found = m.metrics(equity, TRADES.head(0))
    known = {name for name, value in found.items() if value is not None}
    assert known == {"total_return_pct", "cagr_pct", "max_drawdown_pct", "exposure_pct", "turnover", "trades"}


def test_no_rows_at_all_are_unknown():
    empty = pd.DataFrame({"equity_quote": [], "exposure_pct": []})
    assert {value for name, value in m.metrics(empty, TRADES.head(0)).items() if name != "trades"} == {None}


def test_every_statistic_is_finite_or_none():
    equity = pd.DataFrame({"equity_quote": CURVE, "exposure_pct": [0.0, 50.0, 50.0, 20.0]})
    found = m.metrics(equity, TRADES)
    assert found["exposure_pct"] == 30.0
    assert found["trades"] == 4
    assert all(value is None or math.isfinite(value) for value in found.values())
