from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import requests

from okx_simulator.engine.order_service import OrderName
from okx_simulator.exchange import Exchange
from okx_simulator.orders.requests import OrderRequest
from okx_simulator.protocol.clock import HOUR_MS, ExchangeClock, fixed, iso_to_ms
from okx_simulator.protocol.errors import OrderRefusedError
from okx_simulator.tape.synthetic import SyntheticTape

Signed = Callable[..., requests.Response]
PAIR = "ATOM-USDT"


@pytest.fixture
def post(signed: Signed) -> Callable[..., dict[str, Any]]:
    """POST under /trade; returns the first row."""

    def call(path: str, **fields: object) -> dict[str, Any]:
        envelope = signed("POST", f"/trade/{path}", {"instId": PAIR, **fields}).json()
        row = envelope["data"][0]
        assert (envelope["code"] == "0") == (row["sCode"] == "0")
        return row

    return call


@pytest.fixture
def limit(post: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Send a priced order; returns its acknowledgement."""

    def call(side: str, price: object, size: object, ord_type: str = "limit", **more: str) -> dict[str, Any]:
        return post("order", tdMode="cash", side=side, ordType=ord_type, px=str(price), sz=str(size), **more)

    return call


@pytest.fixture
def record(signed: Signed) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """The order that an acknowledgement names."""

    def call(ack: dict[str, Any]) -> dict[str, Any]:
        return signed("GET", "/trade/order", {"instId": PAIR, "ordId": ack["ordId"]}).json()["data"][0]

    return call


def best(exchange: Exchange, side: str) -> tuple[Decimal, Decimal]:
    return exchange.market.levels(PAIR, side, 1)[0]


def coin(signed: Signed, currency: str) -> list[Decimal]:
    """Cash, available and frozen of a coin."""
    rows = signed("GET", "/account/balance", {"ccy": currency}).json()["data"][0]["details"]
    return [Decimal(rows[0][name]) for name in ("cashBal", "availBal", "frozenBal")]


def advance(exchange: Exchange, hours: float) -> None:
    exchange.clock.set(fixed(exchange.clock.now_ms() + round(hours * HOUR_MS)))


def dip(exchange: Exchange) -> Decimal:
    """The lowest price of the next day, on the tick."""
    hour = exchange.clock.now_ms() // HOUR_MS + 1
    low = exchange.tape.bars(PAIR, hour + 24).between(hour, hour + 24).low.min()
    return exchange.market.listing(PAIR).ceil_price(Decimal(repr(float(low))))


def test_a_limit_buy_rests_and_holds_its_money(signed: Signed, limit, record) -> None:
    order = record(limit("buy", "0.5", "100"))
    assert [order["state"], order["accFillSz"], order["px"], order["avgPx"]] == ["live", "0", "0.5", ""]
    assert coin(signed, "USDT") == [Decimal(10_000), Decimal(9_950), Decimal(50)]
    assert [row["ordId"] for row in signed("GET", "/trade/orders-pending").json()["data"]] == [order["ordId"]]
    assert limit("buy", "0.5", "19901")["sCode"] == "51008"


def test_it_fills_as_maker_at_its_price_when_the_path_reaches_it(
    signed: Signed, exchange: Exchange, limit, record
) -> None:
    price = dip(exchange)
    ack = limit("buy", price, "100")
    advance(exchange, 26)
    order = record(ack)
    fill = signed("GET", "/trade/fills").json()["data"][0]
    assert [order["state"], order["avgPx"], order["fee"], order["feeCcy"]] == [
        "filled",
        str(price.normalize()),
        "-0.08",
        "ATOM",
    ]
    assert [fill["execType"], fill["feeRate"], fill["fillSz"]] == ["M", "-0.0008", "100"]
    assert int(order["cTime"]) < int(fill["fillTime"]) < exchange.clock.now_ms()
    assert order["uTime"] == fill["fillTime"]
    exchange.clock.set(fixed(int(fill["fillTime"])))
    assert Decimal(repr(exchange.market.mid(PAIR))) <= price
    exchange.clock.set(fixed(int(fill["fillTime"]) - 1))
    assert Decimal(repr(exchange.market.mid(PAIR))) > price
    assert coin(signed, "ATOM")[0] == Decimal("99.92")


def test_several_orders_fill_in_the_order_of_time_whenever_they_are_looked_at(
    signed: Signed, exchange: Exchange, post, limit
) -> None:
    low, tick = dip(exchange), exchange.market.listing(PAIR).tick
    start_ms = exchange.clock.now_ms()
    acks = [limit("buy", low + steps * tick, "10") for steps in (0, 30, 10, 20)]
    advance(exchange, 26)
    assert post("cancel-order", ordId=acks[0]["ordId"])["sCode"] == "51400"
    fills = signed("GET", "/trade/fills").json()["data"][::-1]
    assert [int(fill["billId"]) for fill in fills] == sorted(int(fill["billId"]) for fill in fills)
    times = [int(fill["fillTime"]) for fill in fills]
    assert times == sorted(times)
    assert [acks.index(next(ack for ack in acks if ack["ordId"] == fill["ordId"])) for fill in fills] == [
        1,
        3,
        2,
        0,
    ]
    exchange.clock.set(fixed(start_ms))
    assert signed("GET", "/trade/orders-pending").json()["data"] == []


def test_an_order_of_a_pair_that_left_the_tape_waits_and_can_be_cancelled(tmp_path) -> None:
    clock = ExchangeClock(fixed(iso_to_ms("2023-06-01T12:20:00Z", "test")))
    request = OrderRequest(PAIR, "buy", "limit", Decimal(10), False, Decimal("0.5"), "", "")
    first = Exchange(SyntheticTape((PAIR,)), clock, tmp_path)
    order = first.order_service.place(request, None)
    first.close()
    clock.set(fixed(clock.now_ms() + HOUR_MS))
    other = Exchange(SyntheticTape(("ETH-USDT",)), clock, tmp_path)
    other.order_service.settle()
    assert [row.ord_id for row in other.ledger.open_orders()] == [order.ord_id]
    assert other.order_service.cancel(OrderName(PAIR, str(order.ord_id))).state == "canceled"
    other.close()


def test_a_marketable_limit_takes_the_ladder_and_rests_with_what_is_left(
    signed: Signed, exchange: Exchange, limit, record
) -> None:
    price, resting = best(exchange, "ask")
    order = record(limit("buy", price, resting + 1))
    assert [order["state"], order["accFillSz"]] == ["partially_filled", str(resting.normalize())]
    assert coin(signed, "USDT")[2] == price
    advance(exchange, 1)
    assert record(order)["state"] == "filled"
    fills = signed("GET", "/trade/fills").json()["data"]
    assert [fill["execType"] for fill in fills] == ["M", "T"]
    assert coin(signed, "USDT")[2] == 0


def test_post_only_never_takes(exchange: Exchange, limit, record) -> None:
    crossing = record(limit("buy", best(exchange, "ask")[0], "10", "post_only"))
    assert [crossing["state"], crossing["cancelSource"], crossing["accFillSz"]] == ["canceled", "31", "0"]
    resting = record(limit("buy", best(exchange, "bid")[0], "10", "post_only"))
    assert resting["state"] == "live"


def test_a_cancelled_order_frees_its_money_and_is_cancelled_once(
    signed: Signed, exchange: Exchange, post, limit, record
) -> None:
    ack = limit("buy", "0.5", "100", clOrdId="mine")
    assert post("cancel-order", clOrdId="mine")["ordId"] == ack["ordId"]
    order = record(ack)
    assert [order["state"], order["cancelSource"]] == ["canceled", "1"]
    assert coin(signed, "USDT") == [Decimal(10_000), Decimal(10_000), Decimal(0)]
    assert post("cancel-order", clOrdId="mine")["sCode"] == "51400"
    assert post("cancel-order", ordId="123")["sCode"] == "51400"
    assert post("amend-order", ordId=ack["ordId"], newSz="5")["sCode"] == "51503"
    advance(exchange, 2.01)
    asked = {"instId": PAIR, "ordId": ack["ordId"]}
    assert signed("GET", "/trade/order", asked).json()["code"] == "51603"
    history = signed("GET", "/trade/orders-history-archive", {"instType": "SPOT"})
    assert history.json()["data"] == []


def test_amending_changes_size_and_price_and_what_is_held(
    signed: Signed, exchange, post, limit, record
) -> None:
    ack = limit("buy", "0.5", "100", clOrdId="mine")
    changed = post("amend-order", clOrdId="mine", newSz="200", newPx="0.6", reqId="r1")
    assert [changed["ordId"], changed["reqId"], changed["sCode"]] == [ack["ordId"], "r1", "0"]
    assert [record(ack)[name] for name in ("sz", "px", "state")] == ["200", "0.6", "live"]
    assert coin(signed, "USDT")[2] == 120
    for wrong, code in [
        ({"newSz": "20000"}, "51502"),
        ({"newPx": "0.60000001"}, "51000"),
        ({"newSz": "0.000001"}, "51020"),
        ({}, "51500"),
    ]:
        assert post("amend-order", clOrdId="mine", **wrong)["sCode"] == code
    assert coin(signed, "USDT")[2] == 120
    enough = exchange.market.levels(PAIR, "ask", 20)[-1][0]
    post("amend-order", clOrdId="mine", newPx=str(enough))
    assert record(ack)["state"] == "filled"


def test_amending_below_what_is_filled_completes_the_order(exchange: Exchange, post, limit, record) -> None:
    price, resting = best(exchange, "ask")
    ack = limit("buy", price, resting + 5)
    post("amend-order", ordId=ack["ordId"], newSz=str(resting - 1))
    order = record(ack)
    assert [order["state"], order["sz"]] == ["filled", order["accFillSz"]]


def test_a_failed_amendment_may_cancel_the_order(exchange: Exchange, post, limit, record) -> None:
    ack = limit("buy", "0.5", "10", "post_only")
    ask = str(best(exchange, "ask")[0])
    assert post("amend-order", ordId=ack["ordId"], newPx=ask)["sCode"] == "51511"
    assert record(ack)["state"] == "live"
    assert post("amend-order", ordId=ack["ordId"], newPx=ask, cxlOnFail=True)["sCode"] == "51511"
    assert record(ack)["state"] == "canceled"


def test_each_row_of_a_batch_stands_for_itself(signed: Signed) -> None:
    def batch(path: str, rows: list[dict[str, object]]) -> tuple[str, list[str], list[dict[str, Any]]]:
        raw = requests.compat.json.dumps(rows).encode()
        answer = signed("POST", f"/trade/{path}", raw=raw).json()
        return answer["code"], [row["sCode"] for row in answer["data"]], answer["data"]

    good = {"instId": PAIR, "tdMode": "cash", "side": "buy", "ordType": "limit", "px": "0.5", "sz": "10"}
    code, codes, rows = batch("batch-orders", [good, {**good, "sz": "-1"}, {**good, "px": "0.4"}])
    assert [code, codes] == ["2", ["0", "51000", "0"]]
    assert batch("batch-orders", [{**good, "sz": "99999"}])[:2] == ("1", ["51008"])
    assert batch("batch-orders", [good] * 21)[:2] == ("51000", [])
    names = [{"instId": PAIR, "ordId": row["ordId"]} for row in rows]
    amended = batch("amend-batch-orders", [{**names[0], "newSz": "20"}, {**names[2], "newPx": "0.3"}])
    assert amended[:2] == ("0", ["0", "0"])
    assert batch("cancel-batch-orders", [names[0], names[2], names[0]])[:2] == ("2", ["0", "0", "51400"])
    assert batch("cancel-batch-orders", [names[0]])[:2] == ("1", ["51400"])


def test_a_pair_holds_five_hundred_orders_and_no_more(exchange: Exchange) -> None:
    request = OrderRequest(PAIR, "buy", "limit", Decimal(1), False, Decimal("0.5"), "", "")
    orders = [exchange.order_service.place(request, None) for _ in range(500)]
    with pytest.raises(OrderRefusedError, match="51174"):
        exchange.order_service.place(request, None)
    exchange.order_service.place(replace(request, inst_id="ETH-USDT"), None)
    exchange.order_service.cancel(OrderName(PAIR, str(orders[0].ord_id)))
    exchange.order_service.place(request, None)


def test_orders_page_by_id_both_ways(signed: Signed, limit) -> None:
    ids = [limit("buy", "0.5", "1")["ordId"] for _ in range(7)]

    def page(**cursor: str) -> list[int]:
        rows = signed("GET", "/trade/orders-pending", {"limit": "2", **cursor}).json()["data"]
        return [ids.index(row["ordId"]) for row in rows]

    assert [page(), page(after=ids[5]), page(before=ids[2])] == [[6, 5], [4, 3], [4, 3]]


def test_an_account_of_an_earlier_version_opens(tmp_path) -> None:
    import sqlite3

    from okx_simulator.ledger.ledger import Ledger

    Ledger(tmp_path, {"USDT": Decimal(1)}).close()
    with sqlite3.connect(tmp_path / "ledger.sqlite3") as old:
        old.execute("alter table orders drop column rests_from_ms")
        old.execute("alter table fills drop column liquidity")
    old.close()
    ledger = Ledger(tmp_path, {})
    assert ledger.open_orders() == []
    assert ledger.cash("USDT") == 1
    ledger.close()
