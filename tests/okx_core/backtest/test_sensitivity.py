"""Draws keep what they must keep, changes of a fold change nothing else, and a later signal knows no more."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from okx_core.backtest.engine import Portfolio, trade_laid
from okx_core.backtest.laid import lay_fold
from okx_core.backtest.sensitivity import (
    bars_late,
    entries_missed,
    in_order,
    resampled,
    shuffled,
    trade_returns,
    with_costs,
)
from okx_core.decisions.rules import PRODUCT_LIMITS, DecisionRules
from okx_core.market.fees import TAKER_FEE_RATE

START, DAYS = datetime(2024, 1, 1, tzinfo=UTC), 30
CASH, RULES = Portfolio(10_000.0, {}), DecisionRules()
RETURNS = arrays(np.float64, st.integers(1, 40), elements=st.floats(-0.5, 0.8))


@pytest.fixture(scope="module")
def laid(signals, candles):
    pairs = tuple(sorted(candles["pair"].unique()))
    return lay_fold(signals, candles, pairs, START, START + timedelta(days=DAYS), TAKER_FEE_RATE)


def trade(laid):
    return trade_laid(laid, CASH, RULES, PRODUCT_LIMITS)


@given(RETURNS)
def test_another_order_keeps_the_total_return(returns) -> None:
    total, _ = in_order(returns)
    found = shuffled(returns, draws=20)
    np.testing.assert_allclose(found.total_return_pct, total, rtol=1e-9, atol=1e-9)
    assert (found.max_drawdown_pct <= 0.0).all()


@given(RETURNS)
def test_drawdowns_lie_between_the_worst_trade_and_all_losses_in_a_row(returns) -> None:
    losses = returns[returns < 0.0]
    deepest = 100.0 * (np.prod(1.0 + losses) - 1.0)
    worst = 100.0 * losses.min(initial=0.0)
    found = shuffled(returns, draws=20).max_drawdown_pct
    assert ((deepest - 1e-9 <= found) & (found <= worst + 1e-9)).all()


@given(RETURNS, st.integers(0, 2**31))
def test_equal_seeds_give_equal_draws(returns, seed) -> None:
    for draw in (shuffled, resampled):
        one, two = draw(returns, 10, seed), draw(returns, 10, seed)
        np.testing.assert_array_equal(one.total_return_pct, two.total_return_pct)
        np.testing.assert_array_equal(one.max_drawdown_pct, two.max_drawdown_pct)


def test_trades_in_order_are_compounded_as_by_hand() -> None:
    total, deepest = in_order(np.array([0.5, -0.2, -0.25, 1.0]))
    assert total == pytest.approx(100.0 * (1.5 * 0.8 * 0.75 * 2.0 - 1.0))
    assert deepest == pytest.approx(100.0 * (0.8 * 0.75 - 1.0))
    assert in_order(np.array([])) == (0.0, 0.0)


def test_drawing_again_has_the_mean_of_the_trades() -> None:
    returns = np.random.default_rng(3).normal(0.001, 0.01, 50)
    found = resampled(returns, draws=4_000)
    logs = np.log1p(found.total_return_pct / 100.0)
    assert logs.mean() == pytest.approx(np.log1p(returns).sum(), abs=4.0 * logs.std() / np.sqrt(4_000))
    assert logs.std() == pytest.approx(np.log1p(returns).std() * np.sqrt(50), rel=0.05)


def test_a_trade_is_measured_by_the_equity_before_it(laid) -> None:
    fold = trade(laid)
    returns = trade_returns(fold.trades, fold.equity, 10_000.0)
    assert len(returns) == len(fold.trades) > 50
    ordered = fold.trades.sort_values(["exit_time", "pair"])
    for row, found in list(zip(ordered.itertuples(), returns, strict=True))[::7]:
        at_entry = fold.equity.loc[fold.equity["timestamp_utc"] < row.entry_time, "equity_quote"]
        assert found == pytest.approx(row.pnl_quote / (at_entry.iloc[-1] if len(at_entry) else 10_000.0))


def test_no_entry_missed_is_the_same_backtest_and_all_missed_is_cash(laid) -> None:
    fold, same = trade(laid), trade(entries_missed(laid, 0.0))
    pd.testing.assert_frame_equal(fold.equity, same.equity)
    pd.testing.assert_frame_equal(fold.trades, same.trades)
    assert not len(trade(entries_missed(laid, 1.0)).trades)


@given(st.floats(0.0, 1.0), st.integers(0, 100))
def test_a_missed_day_is_missed_by_a_pair_whole_and_adds_no_entry(laid, share, seed) -> None:
    kept = entries_missed(laid, share, seed).tradable
    assert not (kept & ~laid.tradable).any()
    gone = (laid.tradable & ~kept).reshape(DAYS, 24, -1)
    left = kept.reshape(DAYS, 24, -1)
    assert not (gone.any(axis=1) & left.any(axis=1)).any()


def test_the_share_that_is_missed_is_the_one_that_was_asked_for(laid) -> None:
    everything = replace(laid, tradable=np.ones_like(laid.tradable))
    kept = [entries_missed(everything, 0.25, seed).tradable.mean() for seed in range(50)]
    assert np.mean(kept) == pytest.approx(0.75, abs=0.02)


@given(st.floats(1.0, 5.0))
def test_higher_costs_never_earn_more_on_the_same_trades(laid, factor) -> None:
    """Of trades with the same entry and exit: each earns less, for it pays more on both sides."""
    keys = ["pair", "entry_time", "exit_time"]
    cheap, dear = trade(laid).trades, trade(with_costs(laid, factor)).trades
    both = cheap.merge(dear, on=keys, suffixes=("", "_dear"))
    assert len(both) > 10
    assert (both["return_pct_dear"] <= both["return_pct"] + 1e-9).all()


def test_twice_the_costs_lose_more_on_the_whole_and_once_is_the_same(laid) -> None:
    found = [trade(with_costs(laid, factor)).equity["equity_quote"].iloc[-1] for factor in (1.0, 2.0, 4.0)]
    assert found[0] == trade(laid).equity["equity_quote"].iloc[-1]
    assert found[0] > found[1] > found[2]


def test_late_signals_are_those_of_the_bar_before(laid) -> None:
    late = bars_late(laid)
    for name in ("predicted_excess_pct", "tradable", "size_multiplier", "atr_pct"):
        np.testing.assert_array_equal(getattr(late, name)[1:], getattr(laid, name)[:-1])
    assert not late.tradable[0].any()
    assert np.isnan(late.predicted_excess_pct[0]).all()
    assert late.costs is laid.costs
    assert late.bars is laid.bars


@given(st.integers(1, DAYS * 24 - 2), st.integers(1, 5))
def test_a_late_signal_uses_no_later_hour(laid, row, bars) -> None:
    """Other signals from `row - bars` on change what is wanted from `row` on only."""
    other = replace(
        laid, tradable=laid.tradable.copy(), predicted_excess_pct=laid.predicted_excess_pct.copy()
    )
    changed = max(row - bars, 0)
    other.tradable[changed:] = ~other.tradable[changed:]
    other.predicted_excess_pct[changed:] = -3.0
    one, two = bars_late(laid, bars), bars_late(other, bars)
    np.testing.assert_array_equal(one.tradable[: changed + bars], two.tradable[: changed + bars])
    np.testing.assert_array_equal(
        one.predicted_excess_pct[: changed + bars], two.predicted_excess_pct[: changed + bars]
    )
