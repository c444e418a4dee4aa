"""Out-of-sample weeks: what a week opens with, and that no later model was traded."""

from datetime import UTC, date, datetime, timedelta

import pytest

from okx_core.backtest.engine import Portfolio
from okx_services.research.backtesting import (
    STARTING_CASH_QUOTE,
    opening_portfolio,
    out_of_sample,
    trade_weeks,
)
from resources.registry.tracking import SIGNAL_MODEL

WEEK = date(2026, 8, 9)
START = datetime(2026, 8, 9, tzinfo=UTC)


def store_run(database, week: date, versions: list[int], cash: float = 7.0) -> None:
    row = {
        "week": week, "opening_equity_quote": 1.0, "closing_equity_quote": 1.0, "return_pct": 0.0, "cost_quote": 0.0,
        "trades": 0, "signals": 0, "model_name": SIGNAL_MODEL, "model_versions": versions, "fee_rate": 0.001,
        "closing_portfolio": f'{{"cash_quote": {cash}, "positions": {{}}}}',
    }  # fmt: skip
    database.upsert("backtests.runs", ["week"], [row])


def register(database, version: int, week: date, model_name: str = SIGNAL_MODEL) -> None:
    row = {
        "model_name": model_name, "model_version": version, "week": week, "members": "{}", "weights": "{}",
        "has_skill": True, "run_id": "r", "code_version": "c", "trained_at": START,
    }  # fmt: skip
    database.upsert("ml.signal_versions", ["model_name", "model_version"], [row])


def test_the_first_week_opens_with_cash_and_a_later_one_with_what_the_last_closed_with(database) -> None:
    assert opening_portfolio(database, WEEK) == Portfolio(STARTING_CASH_QUOTE, {})
    store_run(database, WEEK - timedelta(days=7), [])
    assert opening_portfolio(database, WEEK).cash_quote == 7.0
    assert opening_portfolio(database, WEEK + timedelta(days=7)) == Portfolio(STARTING_CASH_QUOTE, {})


@pytest.mark.parametrize(("trained_for", "passed"), [(WEEK, True), (WEEK + timedelta(days=7), False)])
def test_a_version_trained_for_a_later_week_is_found(database, trained_for: date, passed: bool) -> None:
    register(database, 3, trained_for)
    store_run(database, WEEK, [3])
    assert out_of_sample(database) is passed


def test_a_run_of_an_earlier_version_is_not_mixed_up_with_versions_of_the_same_number(database) -> None:
    register(database, 3, WEEK + timedelta(days=7))
    store_run(database, WEEK, [3])
    database.execute("update backtests.runs set model_name = 'okxsignal-return-1d'")
    assert out_of_sample(database)


def test_a_week_that_is_not_over_is_not_traded(database) -> None:
    now = START + timedelta(days=6, hours=23)
    assert list(trade_weeks(database, START, START + timedelta(days=7), now)) == []
