"""Orders and positions of every kind against the simulated exchange."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Protocol

import pytest

from okx_simulator.exchange import Exchange
from okx_simulator.protocol.clock import ExchangeClock, fixed
from okx_simulator.server.serve import serve_in_thread
from okx_simulator.tape.synthetic import SyntheticTape
from resources.okx.client import OkxClient
from resources.okx.errors import (
    OrderRejected,
    PermanentError,
)
from resources.okx.http.rate_limits import WINDOW_SECONDS
from resources.okx.http.transport import ClientHooks
from resources.okx.rows.orders import AttachedAlgo
from resources.okx.rows.requests import AT_MARKET, Amendment
from tests.resources.okx.conftest import SIMULATED, SIMULATED_NOW, SPOT, SWAP, named, order

NOW = datetime(2023, 6, 1, 12, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
Answering = Callable[..., None]


class Faulty(Protocol):
    seen: list[str]
    headers: list[dict[str, str]]


class TestOrders:
    @pytest.mark.parametrize(
        ("order_type", "price", "state"),
        [
            ("market", None, "filled"),
            ("limit", "1000000", "filled"),
            ("limit", "1000", "live"),
            ("post_only", "1000", "live"),
            ("post_only", "1000000", "canceled"),
            ("ioc", "1000", "canceled"),
            ("fok", "1000000", "filled"),
        ],
    )
    def test_every_type_ends_as_it_should(
        self, swap_client: OkxClient, order_type: str, price: str | None, state: str
    ) -> None:
        name = f"{order_type}{price}".replace("_", "").replace("None", "")
        if price == "1000000":
            price = format(swap_client.price_limit(SPOT).highest_buy or Decimal(0), "f")
        swap_client.place(order(name, order_type, price))
        record = swap_client.order(SPOT, name)
        assert record is not None
        assert record.state == state
        if state == "live":
            assert swap_client.cancel(named(name)).is_accepted

    def test_a_market_order_may_count_quote(self, swap_client: OkxClient) -> None:
        wanted = order("inquote", "market", None, size=Decimal(50), target_currency="quote_ccy")
        placed = swap_client.place(wanted)
        record = swap_client.order(SPOT, order_id=placed.order_id)
        assert record is not None
        assert record.size_currency == "quote"
        fills = swap_client.fills(SPOT, placed.order_id)
        assert Decimal(45) < sum(fill.size * fill.price for fill in fills) <= 50

    def test_a_stop_rides_along(self, swap_client: OkxClient) -> None:
        stop = AttachedAlgo(client_id="stop1", sl_trigger_price=Decimal(900), sl_order_price=AT_MARKET)
        swap_client.place(order("withstop", attached=(stop,)))
        record = swap_client.order(SPOT, "withstop")
        assert record is not None
        assert [algo.sl_trigger_price for algo in record.attached] == [900]
        swap_client.cancel(named("withstop"))

    def test_an_amended_order_shows_its_new_price(self, swap_client: OkxClient) -> None:
        swap_client.place(order("amended"))
        change = Amendment(
            inst_id=SPOT, client_order_id="amended", new_price=Decimal("1E+3") - 1, request_id="r1"
        )
        assert swap_client.amend(change, NOW + HOUR).request_id == "r1"
        record = swap_client.order(SPOT, "amended")
        assert record is not None
        assert record.price == 999
        swap_client.cancel(named("amended"))
        with pytest.raises(OrderRejected) as gone:
            swap_client.cancel(named("amended"))
        assert gone.value.s_code == "51400"

    def test_what_comes_too_late_is_dropped(self, swap_client: OkxClient) -> None:
        with pytest.raises(OrderRejected, match="50036"):
            swap_client.place(order("late"), NOW - HOUR)

    def test_a_batch_answers_each_order_for_itself(self, swap_client: OkxClient) -> None:
        tiny = order("tiny", size=Decimal("1E-8"))
        results = swap_client.place_batch([order("good1"), tiny, order("good2")])
        assert [result.is_accepted for result in results] == [True, False, True]
        assert results[1].is_rejected
        assert (results[1].code, results[1].client_order_id) == ("51020", "tiny")
        pending = {record.client_order_id for record in swap_client.orders_pending(inst_id=SPOT)}
        assert {"good1", "good2"} <= pending
        cancelled = swap_client.cancel_batch([named("good1"), named("never"), named("good2")])
        assert [result.is_accepted for result in cancelled] == [True, False, True]

    def test_a_batch_of_failures_raises_nothing(self, swap_client: OkxClient) -> None:
        results = swap_client.amend_batch(
            [Amendment(inst_id=SPOT, client_order_id=name, new_size=Decimal(1)) for name in ("no1", "no2")]
        )
        assert all(result.is_rejected for result in results)

    def test_lists_page_on_to_what_is_older(self, swap_client: OkxClient) -> None:
        names = [f"page{number}" for number in range(105)]
        for start in range(0, 105, 15):
            swap_client.place_batch([order(name) for name in names[start : start + 15]])
        pending = swap_client.orders_pending("SPOT", SPOT)
        assert {record.client_order_id for record in pending} >= set(names)
        assert len({record.order_id for record in pending}) == len(pending)
        for start in range(0, 105, 15):
            swap_client.cancel_batch([named(name) for name in names[start : start + 15]])
        shown = swap_client.orders_history("SPOT", SPOT, begin=NOW - HOUR, end=NOW)
        assert {record.client_order_id for record in shown} >= set(names)
        assert swap_client.orders_history("SPOT", SPOT, end=NOW - HOUR) == []


class TestSwaps:
    def test_a_position_is_opened_reduced_and_closed(self, swap_client: OkxClient) -> None:
        swap_client.set_leverage(SWAP, Decimal("3"))
        assert [item.leverage for item in swap_client.leverage(SWAP)] == [3]
        swap = {"inst_id": SWAP, "trade_mode": "cross"}
        swap_client.place(order("open", "market", None, side="sell", size=Decimal(4), **swap))
        reduce = order("reduce", "market", None, size=Decimal(1), reduce_only=True, **swap)
        swap_client.place(reduce)
        (position,) = swap_client.positions(SWAP)
        assert (position.size, position.margin_mode, position.leverage) == (-3, "cross", 3)
        swap_client.close_position(SWAP, cancel_orders=True)
        assert [item.size for item in swap_client.positions(SWAP)] == [0]
        with pytest.raises(OrderRejected):
            swap_client.close_position(SWAP)

    def test_a_setting_that_the_account_forbids_says_so(self, swap_client: OkxClient) -> None:
        with pytest.raises(PermanentError, match=r"51010 .*change the mode"):
            swap_client.set_position_mode("long_short_mode")


class TestPace:
    def test_an_exchange_that_counts_never_refuses_us_for_haste(self) -> None:
        clock = ExchangeClock(fixed(int(SIMULATED_NOW.timestamp() * 1000)))
        exchange = Exchange(SyntheticTape((SPOT,)), clock, rate_limits=True)
        slept: list[float] = []

        def sleep(seconds: float) -> None:
            slept.append(seconds)
            time.sleep(seconds)

        with serve_in_thread(exchange) as served:
            client = OkxClient(served.base_url, SIMULATED, rate_limits=True, hooks=ClientHooks(sleep=sleep))
            for lap in range(3):
                names = [f"lap{lap}n{number}" for number in range(20)]
                assert all(item.is_accepted for item in client.place_batch([order(name) for name in names]))
                assert all(item.is_accepted for item in client.cancel_batch([named(name) for name in names]))
                client.place(order(f"single{lap}"))
                client.cancel(named(f"single{lap}"))
                client.account_config()
            client.close()
        exchange.close()
        assert 0 < max(slept) < WINDOW_SECONDS, "only spacing, never the pause after a refusal"
