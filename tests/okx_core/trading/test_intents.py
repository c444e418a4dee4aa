"""Ids, freshness and sizes of orders."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from okx_core.hours import newest_closed_hour
from okx_core.market.instruments import Instrument
from okx_core.trading.intents import (
    SIGNAL_TTL,
    OrderIntent,
    age_rejection,
    buy_size,
    client_order_id,
    sell_size,
)

HOUR = timedelta(hours=1)
NINE = datetime(2026, 8, 9, 9, tzinfo=UTC)
DOGE = Instrument(
    "DOGE-USDT", "DOGE", "USDT", Decimal("0.00001"), Decimal("0.1"), Decimal("10"), None, "live"
)

hours = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)).map(
    lambda t: t.replace(minute=0, second=0, microsecond=0, tzinfo=UTC)
)
pairs = st.sampled_from(["BTC-USDT", "ETH-USDT", "1INCH-USDT", "BTC-USDC", "BTC-EUR"])
decisions = st.tuples(hours, pairs, st.integers(1, 3))


@given(decisions)
def test_an_order_id_is_32_letters_and_digits_as_okx_demands(decision: tuple) -> None:
    assert re.fullmatch("[a-zA-Z0-9]{32}", client_order_id(*decision))


@given(decisions, decisions)
def test_order_ids_are_equal_exactly_when_the_decisions_are(first: tuple, second: tuple) -> None:
    assert (client_order_id(*first) == client_order_id(*second)) == (first == second)


def test_order_ids_stay_what_they_were_when_the_journal_was_written() -> None:
    """A changed formula would make a crashed run's orders unfindable after an upgrade."""
    assert client_order_id(NINE, "BTC-USDT", 1) == "okxs03fae2f41667b53524e0fc9f834e"


def test_an_intent_carries_the_id_of_its_decision() -> None:
    intent = OrderIntent(NINE, "BTC-USDT", 2, "buy", Decimal(1), Decimal(1), None, "m", 1, "")
    assert intent.client_order_id == client_order_id(NINE, "BTC-USDT", 2)


@pytest.mark.parametrize(
    ("now", "rejection_reason"),
    [
        (NINE, "has not closed"),
        (NINE + HOUR - timedelta(microseconds=1), "has not closed"),
        (NINE + HOUR, ""),
        (NINE + HOUR + SIGNAL_TTL, ""),
        (NINE + HOUR + SIGNAL_TTL + timedelta(microseconds=1), "more than"),
        (NINE + 2 * HOUR - timedelta(microseconds=1), "more than"),
        (NINE + 2 * HOUR, "not the newest closed hour 2026-08-09 10:00"),
        (NINE + timedelta(days=400), "not the newest closed hour"),
        (NINE - timedelta(days=1), "has not closed"),
    ],
)
def test_signals_live_from_the_close_of_their_bar_for_twenty_minutes(
    now: datetime, rejection_reason: str
) -> None:
    found = age_rejection(NINE, now)
    assert rejection_reason in found
    assert bool(found) == bool(rejection_reason)


@given(
    hours,
    st.timedeltas(
        timedelta(0),
        timedelta(hours=1),
    ).filter(lambda d: d < HOUR),
)
def test_the_newest_closed_hour_has_closed_and_the_next_one_has_not(
    hour: datetime, inside: timedelta
) -> None:
    newest = newest_closed_hour(hour + inside)
    assert newest + HOUR <= hour + inside < newest + 2 * HOUR


@given(st.floats(0.01, 1e6), st.decimals("0.00001", "5", places=5), st.decimals(0, "0.01", places=4))
def test_a_buy_never_costs_more_than_was_decided_and_can_be_sold_after_its_fee(
    order_quote: float, price: Decimal, fee: Decimal
) -> None:
    size = buy_size(order_quote, price, DOGE, fee)
    if size is not None:
        assert DOGE.accepts(size)
        assert size * price <= Decimal(repr(order_quote))
        assert Decimal(repr(order_quote)) - size * price <= DOGE.lot * price
        assert sell_size(size * (1 - fee), DOGE) is not None
    else:
        assert Decimal(repr(order_quote)) / price * (1 - fee) < DOGE.min_size + 2 * DOGE.lot


@given(st.decimals("0", "1000", places=6))
def test_a_sale_never_sells_more_than_is_held_and_leaves_less_than_a_lot(held: Decimal) -> None:
    size = sell_size(held, DOGE)
    if size is None:
        assert held < DOGE.min_size
    else:
        assert DOGE.accepts(size)
        assert 0 <= held - size < DOGE.lot
