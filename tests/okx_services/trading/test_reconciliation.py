"""Positions from fills, compared with the balance at the exchange."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from okx_core.market.instruments import Instrument
from okx_services.trading.checks import duplicate_orders, fills_without_order, locked_positions
from okx_services.trading.reconciliation import reconcile, stored_positions

NOW = datetime(2026, 8, 9, 10, tzinfo=UTC)
BTC = Instrument("BTC-USDT", "BTC", "USDT", Decimal("0.1"), Decimal("0.001"), Decimal("0.002"), None, "live")
INSTRUMENTS = {"BTC-USDT": BTC}


def fill(database, number: int, side: str, size: str, price: str = "100", order: str = "o") -> None:
    row = {
        "pair": "BTC-USDT", "trade_id": str(number), "side": side, "order_id": order, "client_order_id": "c",
        "price": Decimal(price), "size_base": Decimal(size), "fee": Decimal(0), "fee_currency": "USDT",
        "filled_at": NOW + timedelta(minutes=number),
    }  # fmt: skip
    database.upsert("trading.fills", ["pair", "trade_id", "side"], [row])


def reconciled(database, held: str, price: str | None = "110"):
    prices = {} if price is None else {"BTC-USDT": Decimal(price)}
    balances = {"BTC": Decimal(held)}
    positions = stored_positions(database, INSTRUMENTS)
    return reconcile(database, positions, INSTRUMENTS, balances, prices, NOW)["BTC-USDT"]


def test_fills_add_up_and_the_profit_is_that_of_the_average_cost(database) -> None:
    fill(database, 1, "buy", "1", "100")
    fill(database, 2, "buy", "1", "200")
    fill(database, 10, "sell", "1", "180")
    position = reconciled(database, "1").position
    assert (position.quantity_base, position.average_price) == (1, 150)
    assert position.realised_pnl_quote == 30
    assert position.unrealised_pnl(Decimal(110)) == -40


@pytest.mark.parametrize(("held", "locked"), [("1", False), ("1.001", False), ("0.998", True), ("2", True)])
def test_a_difference_of_more_than_a_lot_locks_the_pair_and_says_what_differs(
    database, held: str, locked: bool
) -> None:
    fill(database, 1, "buy", "1")
    reason = reconciled(database, held).rejection_reason
    assert bool(reason) is locked
    assert [row["rejection_reason"] for row in locked_positions(database)] == ([reason] if locked else [])


def test_the_lock_ends_at_the_next_run_that_finds_both_equal(database) -> None:
    fill(database, 1, "buy", "1")
    assert "the exchange holds 3" in reconciled(database, "3").rejection_reason
    assert reconciled(database, "1").rejection_reason == ""
    assert locked_positions(database) == []


def test_an_unknown_price_is_an_unknown_profit(database) -> None:
    fill(database, 1, "buy", "1")
    reconciled(database, "1", price=None)
    (row,) = database.rows("select mark_price, unrealised_pnl_quote from trading.positions")
    assert row == {"mark_price": None, "unrealised_pnl_quote": None}


def test_what_is_left_below_one_order_counts_as_flat(database) -> None:
    fill(database, 1, "buy", "1")
    fill(database, 2, "sell", "0.998")
    assert reconciled(database, "0.002").position.opened_at is None


def test_a_fill_without_its_order_and_two_orders_of_a_decision_are_named(database) -> None:
    fill(database, 7, "buy", "1", order="nobody")
    assert fills_without_order(database) == [{"trade_id": "7"}]
    assert duplicate_orders(database) == []
    for attempt in (1, 2):
        database.execute(
            "insert into trading.intents values ($1, $2, 'BTC-USDT', $3, 'buy', 1, 1, null, 'm', 1, 'r', 'accepted', "
            "'', null, 'run', $2, null)",
            (f"id{attempt}", NOW, attempt),
        )
    assert duplicate_orders(database) == [{"signal_hour": NOW, "pair": "BTC-USDT", "orders": 2}]
