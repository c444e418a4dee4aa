"""The journal: written first, once per decision, under one lease."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest

from okx_core.trading.intents import OrderIntent
from okx_services.trading.journal import Journal, LeaseTakenError

HOUR = datetime(2026, 8, 9, 9, tzinfo=UTC)
NOW = HOUR + timedelta(hours=1, seconds=30)
BTC = OrderIntent(HOUR, "BTC-USDT", 1, "buy", Decimal("0.00123"), Decimal("65000.1"), 1.5, "m", 3, "why")
ETH = replace(BTC, pair="ETH-USDT", predicted_excess_pct=None)


@pytest.fixture
def journal(database) -> Journal:
    return Journal(database, "run-1")


def test_what_is_written_is_read_to_the_last_digit(journal: Journal) -> None:
    journal.write([BTC, ETH], NOW)
    assert [entry.intent for entry in journal.of_hour(HOUR)] == [BTC, ETH]
    assert {entry.state for entry in journal.of_hour(HOUR)} == {"journaled"}


def test_a_decision_can_be_written_once_and_an_hour_stands_whole_or_not_at_all(journal: Journal) -> None:
    journal.write([ETH], NOW)
    with pytest.raises(psycopg.errors.UniqueViolation):
        journal.write([BTC, ETH], NOW)
    assert [entry.intent.pair for entry in journal.of_hour(HOUR)] == ["ETH-USDT"]


def test_another_size_of_the_same_decision_is_the_same_decision(journal: Journal) -> None:
    journal.write([BTC], NOW)
    with pytest.raises(psycopg.errors.UniqueViolation):
        journal.write([replace(BTC, size_base=Decimal(5), side="sell")], NOW)


def test_the_last_attempt_of_a_decision_is_what_counts(journal: Journal) -> None:
    second = replace(BTC, attempt=2)
    journal.write([BTC], NOW)
    journal.mark(BTC, "not_placed")
    journal.write([second], NOW)
    (entry,) = journal.of_hour(HOUR)
    assert (entry.intent, entry.state) == (second, "journaled")


def test_orders_that_may_exist_are_unresolved_until_they_are_known(journal: Journal) -> None:
    journal.write([BTC, ETH], NOW)
    expires = NOW + timedelta(seconds=5)
    journal.mark(BTC, "sending", expires_at=expires)
    journal.mark(ETH, "unknown", detail="time-out")
    assert [(e.intent.pair, e.expires_at) for e in journal.unresolved()] == [
        ("BTC-USDT", expires),
        ("ETH-USDT", None),
    ]
    journal.mark(BTC, "accepted", order_id="1")
    journal.mark(ETH, "not_placed")
    assert journal.unresolved() == []
    assert [entry.intent for entry in journal.accepted_without_final_order()] == [BTC]


def test_a_mark_keeps_what_was_known_before(journal: Journal, database) -> None:
    journal.write([BTC], NOW)
    journal.mark(BTC, "sending", expires_at=NOW)
    journal.mark(BTC, "accepted", order_id="77")
    journal.mark(BTC, "accepted")
    assert database.rows("select order_id, expires_at from trading.intents") == [
        {"order_id": "77", "expires_at": NOW}
    ]


def test_an_unheard_of_state_is_refused(journal: Journal) -> None:
    journal.write([BTC], NOW)
    with pytest.raises(psycopg.errors.CheckViolation):
        journal.mark(BTC, "perhaps")


def test_intents_of_older_hours_that_were_never_sent_are_dropped(journal: Journal) -> None:
    older = replace(BTC, signal_hour=HOUR - timedelta(hours=1))
    journal.write([older, BTC], NOW)
    journal.drop_stale(HOUR)
    assert [entry.state for entry in journal.of_hour(older.signal_hour)] == ["not_placed"]
    assert [entry.state for entry in journal.of_hour(HOUR)] == ["journaled"]


def test_an_hour_is_executed_once(journal: Journal, database) -> None:
    assert not journal.is_executed(HOUR)
    journal.complete(HOUR, NOW, 2, "")
    journal.complete(HOUR, NOW, 9, "again")
    assert journal.is_executed(HOUR)
    assert database.scalar("select orders from trading.executed_hours") == 2


def test_the_next_run_may_come_at_once(journal: Journal) -> None:
    """The server gives a lock back some time after its session: the lease does not leave it to that."""
    held = 0
    for _ in range(30):
        with journal.lease():
            held += 1
    assert held == 30


def test_one_lease_at_a_time_and_it_is_given_back_even_after_an_error(journal: Journal) -> None:
    with journal.lease(), pytest.raises(LeaseTakenError, match="this one places nothing"), journal.lease():
        pytest.fail("two executors at once")
    with pytest.raises(ZeroDivisionError), journal.lease():
        raise ZeroDivisionError
    with journal.lease():
        pass
