"""The changed backtests of a run: the first row is the run itself, and equal runs have equal rows."""

import pytest

from okx_services.research.strategies.sensitivity import Spread
from okx_services.research.strategies.tables import WHAT_IF_HEAD, what_if_rows
from tests.okx_services.research.strategies.test_backtest import candles, run

__all__ = ["candles"]


def test_the_first_row_is_the_backtest_and_the_others_are_compared_with_it(candles) -> None:
    found = run(candles)
    rows = {one.name: one for one in found.sensitivity}
    assert list(rows) == [
        "as traded", "closed trades, one after another", "the same in another order", "drawn again",
        "10% of entries missed", "costs twice", "one bar late",
    ]  # fmt: skip
    assert rows["as traded"].total_return_pct.middle == found.scores["total_return_pct"]
    assert rows["as traded"].max_drawdown_pct.middle == found.scores["max_drawdown_pct"]
    assert rows["costs twice"].total_return_pct.middle < rows["as traded"].total_return_pct.middle
    alone = rows["closed trades, one after another"].total_return_pct.middle
    order = rows["the same in another order"].total_return_pct
    assert (order.low, order.middle, order.high) == pytest.approx((alone, alone, alone))
    again = rows["drawn again"].total_return_pct
    assert again.low < again.middle < again.high
    assert rows["drawn again"].draws == 1_000


def test_equal_runs_have_equal_rows_in_the_report(candles) -> None:
    rows = what_if_rows(run(candles))
    assert rows == what_if_rows(run(candles))
    assert {len(row) for row in rows} == {len(WHAT_IF_HEAD)}
    assert rows[3][0] == "drawn again, 1,000 times"
    assert " to " in rows[3][2]
    assert rows[0][2] == "", "one figure has no bounds"


def test_without_two_trades_nothing_is_drawn(candles) -> None:
    found = run(candles, min_turnover_quote="1e12")
    assert [one.name for one in found.sensitivity] == [
        "as traded", "10% of entries missed", "costs twice", "one bar late",
    ]  # fmt: skip


def test_a_spread_of_an_unknown_value_is_unknown() -> None:
    assert Spread.of([1.0, None]) == Spread.of([]) == Spread(None, None, None)
    assert Spread.of([2.0]) == Spread(2.0, 2.0, 2.0)
    found = Spread.of(float(value) for value in range(101))
    assert (found.low, found.middle, found.high) == pytest.approx((5.0, 50.0, 95.0))
