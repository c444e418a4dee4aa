from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import requests

from okx_simulator.exchange import Exchange
from okx_simulator.protocol.clock import HOUR_MS, fixed

Signed = Callable[..., requests.Response]


def order(**changes: object) -> dict[str, object]:
    fields = {
        "instId": "ATOM-USDT",
        "tdMode": "cash",
        "side": "buy",
        "ordType": "market",
        "sz": "10",
        "tgtCcy": "base_ccy",
        **changes,
    }
    return {name: value for name, value in fields.items() if value is not None}


def code_of(response: requests.Response) -> str:
    """The row's code where there is a row, else the envelope's."""
    envelope: dict[str, Any] = response.json()
    rows = envelope["data"]
    return str(rows[0]["sCode"]) if rows and "sCode" in rows[0] else str(envelope["code"])


def test_a_market_buy_fills_at_once_and_pays_its_fee_in_base(signed: Signed) -> None:
    answer = signed("POST", "/trade/order", order(clOrdId="one")).json()
    assert answer["code"] == "0"
    assert answer["inTime"] <= answer["outTime"]
    ack = answer["data"][0]
    assert [ack["sCode"], ack["clOrdId"]] == ["0", "one"]
    record = signed("GET", "/trade/order", {"instId": "ATOM-USDT", "clOrdId": "one"}).json()["data"][0]
    assert record["ordId"] == ack["ordId"]
    assert [record["state"], record["accFillSz"], record["fee"], record["feeCcy"]] == [
        "filled",
        "10",
        "-0.01",
        "ATOM",
    ]
    details = signed("GET", "/account/balance").json()["data"][0]["details"]
    cash = {row["ccy"]: Decimal(row["cashBal"]) for row in details}
    assert cash["ATOM"] == Decimal("9.99")
    assert cash["USDT"] == Decimal(10_000) - 10 * Decimal(record["avgPx"])
    assert all(row["availEq"] == "" for row in details)


def test_a_market_sell_pays_its_fee_in_quote(signed: Signed) -> None:
    signed("POST", "/trade/order", order())
    signed("POST", "/trade/order", order(side="sell", sz="5", clOrdId="two"))
    fill = signed("GET", "/trade/fills", {"instId": "ATOM-USDT"}).json()["data"][0]
    assert [fill["clOrdId"], fill["side"], fill["feeCcy"], fill["feeRate"]] == [
        "two",
        "sell",
        "USDT",
        "-0.001",
    ]
    assert Decimal(fill["fee"]) == -Decimal(fill["fillSz"]) * Decimal(fill["fillPx"]) / 1000


def test_a_market_buy_counts_quote_unless_told_otherwise(signed: Signed) -> None:
    signed("POST", "/trade/order", order(tgtCcy=None, sz="100", clOrdId="three"))
    record = signed("GET", "/trade/order", {"instId": "ATOM-USDT", "clOrdId": "three"}).json()["data"][0]
    spent = Decimal(record["accFillSz"]) * Decimal(record["avgPx"])
    assert record["tgtCcy"] == "quote_ccy"
    assert Decimal("99.9") < spent <= Decimal(100)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"instId": None}, "50014"),
        ({"sz": ""}, "50014"),
        ({"sz": "-1"}, "51000"),
        ({"sz": "NaN"}, "51000"),
        ({"sz": "1e3"}, "51000"),
        ({"side": "hold"}, "51000"),
        ({"tdMode": "cross"}, "51000"),
        ({"posSide": "long"}, "51000"),
        ({"ordType": "rpi", "px": "5"}, "51000"),
        ({"clOrdId": "with-hyphen"}, "51000"),
        ({"clOrdId": "a" * 33}, "51000"),
        ({"instId": "NONE-USDT"}, "51001"),
        ({"sz": "0.000001"}, "51020"),
        ({"sz": "0.01", "tgtCcy": "quote_ccy"}, "51020"),
        ({"sz": "1.0000001"}, "51121"),
        ({"sz": "9000"}, "51008"),
        ({"side": "sell", "sz": "1"}, "51008"),
        ({"sz": "10001", "tgtCcy": "quote_ccy"}, "51008"),
        ({"ordType": "ioc"}, "50014"),
    ],
)
def test_an_order_that_is_not_taken_says_why_and_changes_nothing(
    signed: Signed, exchange: Exchange, changes: dict[str, object], code: str
) -> None:
    response = signed("POST", "/trade/order", order(**changes))
    assert code_of(response) == code
    assert response.json()["code"] != "0"
    assert exchange.ledger.counts() == {"orders": 0, "fills": 0}
    assert exchange.ledger.cash("USDT") == Decimal(10_000)


@pytest.mark.parametrize(
    ("raw", "content_type", "code"),
    [(b"", "application/json", "50000"), (b"{", "application/json", "50002"), (b"{}", "text/plain", "50006")],
)
def test_a_body_that_is_no_json_object_is_refused(
    signed: Signed, raw: bytes, content_type: str, code: str
) -> None:
    response = signed("POST", "/trade/order", raw=raw, headers={"Content-Type": content_type})
    assert [response.status_code, response.json()["code"]] == [400, code]


def test_an_order_that_arrives_after_its_expiry_is_dropped(signed: Signed, exchange: Exchange) -> None:
    now_ms = exchange.clock.now_ms()
    late = signed("POST", "/trade/order", order(), headers={"expTime": str(now_ms - 1)})
    assert late.json()["code"] == "50036"
    assert exchange.ledger.counts()["orders"] == 0
    in_time = signed("POST", "/trade/order", order(), headers={"expTime": str(now_ms)})
    assert in_time.json()["code"] == "0"


def test_a_client_id_is_taken_only_while_its_order_is_open(signed: Signed) -> None:
    first = signed("POST", "/trade/order", order(clOrdId="same")).json()["data"][0]["ordId"]
    second = signed("POST", "/trade/order", order(clOrdId="same")).json()["data"][0]["ordId"]
    found = signed("GET", "/trade/order", {"instId": "ATOM-USDT", "clOrdId": "same"}).json()["data"]
    assert first != second
    assert [row["ordId"] for row in found] == [second]
    signed("POST", "/trade/order", order(ordType="limit", px="1", tgtCcy=None, clOrdId="open"))
    assert code_of(signed("POST", "/trade/order", order(clOrdId="open"))) == "51016"
    pending = signed("GET", "/trade/orders-pending").json()["data"]
    assert [row["clOrdId"] for row in pending] == ["open"]


def test_ioc_takes_what_its_price_reaches_and_fok_all_or_nothing(signed: Signed, exchange: Exchange) -> None:
    asks = exchange.market.levels("ATOM-USDT", "ask", 3)
    first = exchange.market.listing("ATOM-USDT").floor_size(asks[0][1])
    assert first * asks[0][0] < 10_000
    size = format(first + 1, "f")
    limited = {"sz": size, "px": format(asks[0][0], "f"), "tgtCcy": None}
    signed("POST", "/trade/order", order(ordType="fok", clOrdId="fok", **limited))
    signed("POST", "/trade/order", order(ordType="ioc", clOrdId="ioc", **limited))
    records = {
        name: signed("GET", "/trade/order", {"instId": "ATOM-USDT", "clOrdId": name}).json()["data"][0]
        for name in ("fok", "ioc")
    }
    seen = {name: [row["state"], row["accFillSz"], row["cancelSource"]] for name, row in records.items()}
    assert seen == {"fok": ["canceled", "0", "13"], "ioc": ["canceled", format(first, "f"), "14"]}


def test_a_cancelled_unfilled_order_is_forgotten_after_two_hours(signed: Signed, exchange: Exchange) -> None:
    px = format(exchange.market.levels("ATOM-USDT", "bid", 1)[0][0], "f")
    signed("POST", "/trade/order", order(ordType="ioc", px=px, clOrdId="miss", tgtCcy=None))
    asked = {"instId": "ATOM-USDT", "clOrdId": "miss"}
    history = {"instType": "SPOT"}
    assert signed("GET", "/trade/order", asked).json()["data"][0]["state"] == "canceled"
    assert len(signed("GET", "/trade/orders-history", history).json()["data"]) == 1
    exchange.clock.set(fixed(exchange.clock.now_ms() + 2 * HOUR_MS + 1))
    assert signed("GET", "/trade/order", asked).json()["code"] == "51603"
    assert signed("GET", "/trade/orders-history", history).json()["data"] == []


def test_unknown_orders_are_51603_and_ids_are_needed(signed: Signed) -> None:
    assert signed("GET", "/trade/order", {"instId": "ATOM-USDT", "clOrdId": "x"}).json()["code"] == "51603"
    assert signed("GET", "/trade/order", {"instId": "ATOM-USDT", "ordId": "abc"}).json()["code"] == "51603"
    assert signed("GET", "/trade/order", {"instId": "ATOM-USDT"}).json()["code"] == "51003"


def test_fills_page_by_bill_id_and_before_gives_the_rows_next_to_it(signed: Signed) -> None:
    for number in range(7):
        signed("POST", "/trade/order", order(sz="1", clOrdId=f"n{number}"))

    def page(**cursor: str) -> list[str]:
        rows = signed("GET", "/trade/fills", {"limit": "2", **cursor}).json()["data"]
        return [row["clOrdId"] for row in rows]

    everything = signed("GET", "/trade/fills").json()["data"]
    bills = {row["clOrdId"]: row["billId"] for row in everything}
    assert [row["clOrdId"] for row in everything] == [f"n{number}" for number in range(6, -1, -1)]
    assert page() == ["n6", "n5"]
    assert page(after=bills["n5"]) == ["n4", "n3"]
    assert page(before=bills["n2"]) == ["n4", "n3"]
    assert page(before=bills["n2"], after=bills["n5"]) == ["n4", "n3"]


def test_fills_are_shown_for_three_days_and_kept_longer(signed: Signed, exchange: Exchange) -> None:
    signed("POST", "/trade/order", order())
    exchange.clock.set(fixed(exchange.clock.now_ms() + 4 * 24 * HOUR_MS))
    assert signed("GET", "/trade/fills").json()["data"] == []
    assert len(signed("GET", "/trade/fills-history", {"instType": "SPOT"}).json()["data"]) == 1


def test_the_account_describes_itself(signed: Signed) -> None:
    config = signed("GET", "/account/config").json()["data"][0]
    assert [config["acctLv"], config["posMode"], config["feeType"]] == ["1", "net_mode", "0"]
    fee = signed("GET", "/account/trade-fee", {"instType": "SPOT"}).json()["data"][0]
    assert fee["feeGroup"][0] == {
        "groupId": "1",
        "maker": "-0.0008",
        "taker": "-0.001",
        "rpiMaker": "-0.0008",
    }


def test_the_wrong_method_is_50115(signed: Signed) -> None:
    response = signed("POST", "/account/balance", {})
    assert [response.status_code, response.json()["code"]] == [405, "50115"]


@pytest.mark.parametrize(
    "size", ["9" * 40, "9" * 400, "٠.٠٠١", "1e3", "-1", "0", "NaN", "1_0", " 1", "0x1", ""]
)
def test_a_size_that_is_no_plain_amount_is_a_parameter_error(signed, size: str) -> None:
    order = {"instId": "BTC-USDT", "tdMode": "cash", "side": "buy", "ordType": "market", "sz": size}
    answer = signed("POST", "/trade/order", order)
    assert answer.status_code < 500
    assert answer.json()["code"] in ("51000", "50014", "1")
    amended = signed("POST", "/trade/amend-order", {"instId": "BTC-USDT", "ordId": "1", "newSz": size})
    assert amended.status_code < 500
