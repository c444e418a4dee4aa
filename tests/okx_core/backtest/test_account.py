"""A portfolio survives storage exactly."""

import json
from datetime import UTC, datetime

from okx_core.backtest.account import Portfolio, Position, ProtectionMemory

HELD = Position(0.1 + 0.2, datetime(2024, 1, 2, 3, tzinfo=UTC), 1e-8 / 3.0, 100.0 / 7.0, 1e-3, 2e-8)


def test_a_portfolio_is_the_same_after_a_round_trip_through_json():
    memory = ProtectionMemory(
        closed=(("BTC-USDT", 473_000.0, -1.0 / 3.0, True), ("ETH-USDT", 473_001.0, None, False)),
        paused_until={"max_drawdown": 473_100.0}, pair_paused_until={"cooldown": {"ETH-USDT": 473_009.0}},
        losses_in_a_row=2, day=19_708, day_entries=3, day_opening_quote=1e4 / 7.0, peaks=((473_000.0, 1e4 / 3.0),),
    )  # fmt: skip
    portfolio = Portfolio(1e4 / 3.0, {"BTC-USDT": HELD}, memory)
    assert Portfolio.from_json(json.dumps(portfolio.to_json())) == portfolio
    assert Portfolio.from_json(json.loads(json.dumps(portfolio.to_json()))) == portfolio


def test_equity_is_cash_plus_positions_at_their_mark():
    assert Portfolio(5.0, {"BTC-USDT": HELD}).equity_quote == 5.0 + HELD.quantity * HELD.mark_price


def test_a_portfolio_that_an_earlier_version_stored_is_read_without_levels_and_protections() -> None:
    stored = (
        '{"cash_quote": 5.0, "positions": {"AAA-USDT": {"quantity": 2.0, "entry_hour": "2024-01-01T05:00:00+00:00", '
        '"entry_price": 10.0, "entry_quote": 20.0, "entry_cost_quote": 0.1, "mark_price": 11.0}}}'
    )
    found = Portfolio.from_json(stored)
    assert found.equity_quote == 27.0
    held = found.positions["AAA-USDT"]
    assert (held.stop_price, held.target_price, held.closing_reason) == (None, None, -1)
    assert found.protections == ProtectionMemory()
    assert Portfolio.from_json(found.to_json()) == found
