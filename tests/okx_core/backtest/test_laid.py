"""A fold that is laid once equals one that is laid for its own hours."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from okx_core.backtest.engine import Portfolio, run_fold, trade_laid
from okx_core.backtest.laid import lay_fold
from okx_core.decisions.rules import PRODUCT_LIMITS, DecisionRules
from okx_core.market.fees import TAKER_FEE_RATE

START, DAYS = datetime(2024, 1, 1, tzinfo=UTC), 30
CASH, RULES = Portfolio(10_000.0, {}), DecisionRules()


@pytest.fixture(scope="module")
def laid(signals, candles):
    pairs = tuple(sorted(candles["pair"].unique()))
    end = START + timedelta(days=DAYS)
    return lay_fold(signals, candles, pairs, START, end, TAKER_FEE_RATE)


@given(st.integers(0, DAYS - 1), st.integers(1, DAYS))
def test_a_part_of_it_is_the_fold_of_these_hours(laid, signals, candles, first, days) -> None:
    stop = min(first + days, DAYS)
    part = trade_laid(laid.between(24 * first, 24 * stop), CASH, RULES, PRODUCT_LIMITS)
    bounds = START + timedelta(days=first), START + timedelta(days=stop)
    alone = run_fold(signals, candles, *bounds, CASH, RULES, PRODUCT_LIMITS)
    pd.testing.assert_frame_equal(part.equity, alone.equity)
    pd.testing.assert_frame_equal(part.trades, alone.trades)
    assert part.closing == alone.closing


def test_parts_that_follow_each_other_equal_the_whole(laid) -> None:
    whole = trade_laid(laid, CASH, RULES, PRODUCT_LIMITS)
    portfolio, trades = CASH, []
    for first in range(0, 24 * DAYS, 100):
        part = trade_laid(laid.between(first, min(first + 100, 24 * DAYS)), portfolio, RULES, PRODUCT_LIMITS)
        portfolio = part.closing
        trades.append(part.trades)
    assert portfolio == whole.closing
    pd.testing.assert_frame_equal(pd.concat(trades, ignore_index=True), whole.trades)
