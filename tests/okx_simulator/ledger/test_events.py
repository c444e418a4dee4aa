"""Every committed change is delivered once, in order; a rejected request causes no event."""

from decimal import Decimal

import pytest

from okx_simulator.engine.amending import Amendment
from okx_simulator.engine.order_service import OrderName
from okx_simulator.exchange import Exchange
from okx_simulator.ledger.events import BalanceChanged, Event, OrderChanged
from okx_simulator.orders.requests import OrderRequest
from okx_simulator.protocol.amounts import plain
from okx_simulator.protocol.clock import HOUR_MS, fixed
from okx_simulator.protocol.errors import ApiError

PAIR = "ATOM-USDT"


@pytest.fixture
def events(exchange: Exchange) -> list[Event]:
    received: list[Event] = []
    exchange.events.subscribe(received.append)
    return received


def limit(exchange: Exchange, below_pct: int, size: int = 10, ord_type: str = "limit") -> OrderRequest:
    ask = exchange.market.levels(PAIR, "ask", 1)[0][0]
    price = exchange.market.listing(PAIR).floor_price(ask * (100 - below_pct) / 100)
    return OrderRequest(PAIR, "buy", ord_type, Decimal(size), False, price, "", "")


def story(events: list[Event]) -> list[str]:
    return [
        f"{event.cause} {event.order.state}" if isinstance(event, OrderChanged) else event.currency
        for event in events
        if isinstance(event, OrderChanged | BalanceChanged)
    ]


def test_a_resting_order_is_placed_amended_and_cancelled(exchange: Exchange, events: list[Event]) -> None:
    order = exchange.order_service.place(limit(exchange, 10), None)
    name = OrderName(PAIR, str(order.ord_id))
    exchange.order_service.amend(name, Amendment(size=Decimal(12), request_id="r1"), None)
    exchange.order_service.cancel(name)
    assert story(events) == ["placed live", "amended live", "canceled canceled"]
    assert [event.request_id for event in events if isinstance(event, OrderChanged)] == ["", "r1", ""]


def test_every_fill_is_delivered_with_the_order_of_that_moment(
    exchange: Exchange, events: list[Event]
) -> None:
    depth = exchange.market.levels(PAIR, "ask", 2)
    size = depth[0][1] + depth[1][1]
    exchange.order_service.place(OrderRequest(PAIR, "buy", "market", size, False, None, "", ""), None)
    assert story(events) == [
        "placed live", "ATOM", "USDT", "filled partially_filled", "ATOM", "USDT", "filled filled",
    ]  # fmt: skip
    orders = [event for event in events if isinstance(event, OrderChanged)]
    assert [event.fill and event.fill.size for event in orders] == [
        None, plain(depth[0][1]), plain(depth[1][1]),
    ]  # fmt: skip
    assert [event.order.filled_base for event in orders] == ["0", plain(depth[0][1]), plain(size)]


def test_a_post_only_order_that_would_take_is_only_cancelled(exchange: Exchange, events: list[Event]) -> None:
    exchange.order_service.place(limit(exchange, -5, ord_type="post_only"), None)
    assert story(events) == ["canceled canceled"]


def test_a_fill_of_a_resting_order_is_delivered_when_it_is_noticed(
    exchange: Exchange, events: list[Event]
) -> None:
    exchange.order_service.place(limit(exchange, 1), None)
    exchange.clock.set(fixed(exchange.clock.now_ms() + 400 * HOUR_MS))
    exchange.order_service.settle()
    assert story(events) == ["placed live", "ATOM", "USDT", "filled filled"]


def test_a_rejected_order_causes_no_event(exchange: Exchange, events: list[Event]) -> None:
    with pytest.raises(ApiError):
        exchange.order_service.place(limit(exchange, 1, size=10**9), None)
    assert events == []


def test_the_listener_sees_what_is_committed_and_may_leave(exchange: Exchange) -> None:
    seen: list[int] = []
    leave = exchange.events.subscribe(lambda _: seen.append(len(exchange.ledger.open_orders())))
    exchange.order_service.place(limit(exchange, 10), None)
    leave()
    exchange.order_service.place(limit(exchange, 10), None)
    assert seen == [1]
