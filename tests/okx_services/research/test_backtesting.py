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

WEEK = date(2026, 8, 9)
START = datetime(2026, 8, 9, tzinfo=UTC)


def store_run(database, week: date, versions: list[int], cash: float = 7.0) -> None:
    row = {
        "week": week, "opening_equity_quote": 1.0, "closing_equity_quote": 1.0, "return_pct": 0.0, "cost_quote": 0.0,
        "trades": 0, "signals": 0, "model_versions": versions, "fee_rate": 0.001,
        "closing_portfolio": f'{{"cash_quote": {cash}, "positions": {{}}}}',
    }  # fmt: skip
    database.upsert("backtests.runs", ["week"], [row])


def register(database, version: int, week: date) -> None:
    row = {
        "week": week, "algorithm": "lightgbm", "model_name": "m", "model_version": version, "run_id": "r",
        "target": "t", "train_start": START, "train_end": START, "train_rows": 1, "holdout_rows": 1,
        "feature_count": 1, "data_fingerprint": "f", "code_version": "c", "trained_at": START,
    }  # fmt: skip
    database.upsert("ml.model_versions", ["week", "algorithm"], [row])


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


def test_a_week_that_is_not_over_is_not_traded(database) -> None:
    now = START + timedelta(days=6, hours=23)
    assert list(trade_weeks(database, START, START + timedelta(days=7), now)) == []
