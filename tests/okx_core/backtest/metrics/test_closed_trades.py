"""Statistics of closed trades, on numbers that can be checked by hand and equal to a peer."""

import warnings

import numpy as np
import pandas as pd
import pytest

from okx_core.backtest.metrics import closed_trades as trade

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of what it imports
    import quantstats.stats as qs

PNL = np.array([30.0, -10.0, 20.0, -5.0])
COST = np.array([1.0, 1.0, 2.0, 6.0])
CURVE = np.array([100.0, 110.0, 99.0, 108.9])
TRADES = pd.DataFrame(
    {
        "pair": ["A", "B", "A", "C"],
        "quantity": [1.0, 2.0, 1.0, 1.0],
        "entry_price": [10.0, 20.0, 5.0, 5.0],
        "exit_price": [12.0, 19.0, 6.0, 4.0],
        "pnl_quote": PNL,
        "cost_quote": COST,
        "return_pct": PNL / 10.0,
    }
)


def test_by_hand() -> None:
    assert trade.profit_factor(PNL) == pytest.approx(50.0 / 15.0)
    assert trade.win_rate_pct(PNL) == 50.0
    assert trade.expectancy_quote(PNL) == pytest.approx(8.75)
    assert trade.payoff_ratio(PNL) == pytest.approx(25.0 / 7.5)
    assert trade.system_quality(PNL) == pytest.approx(2.0 * 8.75 / np.std(PNL, ddof=1))
    assert trade.cost_share_pct(PNL, COST) == pytest.approx(100.0 * 10.0 / (31.0 + 22.0 + 1.0))
    assert trade.turnover(CURVE, TRADES) == pytest.approx((22.0 + 78.0 + 11.0 + 9.0) / np.mean(CURVE[1:]))


def test_equal_to_quantstats() -> None:
    pnl = np.random.default_rng(2).normal(0.001, 0.02, 300)
    peer = pd.Series(pnl)
    assert trade.profit_factor(pnl) == pytest.approx(float(qs.profit_factor(peer)))
    assert trade.payoff_ratio(pnl) == pytest.approx(float(qs.payoff_ratio(peer)))
    assert trade.win_rate_pct(pnl) == pytest.approx(100.0 * float(qs.win_rate(peer)))


def test_no_trade_and_no_losing_trade_are_unknown() -> None:
    none = PNL[:0]
    assert trade.profit_factor(none) is trade.win_rate_pct(none) is trade.expectancy_quote(none) is None
    assert trade.payoff_ratio(none) is trade.system_quality(none) is None
    assert trade.cost_share_pct(none, none) is None
    assert trade.profit_factor(PNL[:1]) is None
    assert trade.payoff_ratio(PNL[:1]) is None
    assert trade.system_quality(PNL[:1]) is None


def test_profit_is_summed_by_group_with_the_best_first() -> None:
    rows = trade.grouped(TRADES, "pair")
    assert rows[["pair", "trades", "pnl_quote", "cost_quote", "win_rate_pct"]].values.tolist() == [
        ["A", 2, 50.0, 3.0, 100.0], ["C", 1, -5.0, 6.0, 0.0], ["B", 1, -10.0, 1.0, 0.0],
    ]  # fmt: skip
