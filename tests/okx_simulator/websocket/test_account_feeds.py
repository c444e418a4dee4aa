"""Private channels: what changes in the account is pushed, in order, with the fields of the push itself."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import requests

from okx_simulator.exchange import Exchange
from okx_simulator.faults.rules import parse_rules
from okx_simulator.protocol.clock import fixed, iso_to_ms

NOW_MS = iso_to_ms("2023-06-01T12:20:00Z", "test")
BUY = {"instId": "ATOM-USDT", "tdMode": "cash", "side": "buy", "ordType": "market", "sz": "100"}
BID = {"instId": "ATOM-USDT", "tdMode": "cash", "side": "buy", "ordType": "limit", "sz": "1", "px": "0.1"}
Signed = Callable[..., requests.Response]


@pytest.fixture
def place(signed: Signed) -> Callable[..., dict[str, Any]]:
    """Place an order over REST; its acknowledgement."""

    def call(fields: dict[str, str], **more: str) -> dict[str, Any]:
        answer = signed("POST", "/trade/order", {**fields, **more}).json()
        assert answer["code"] == "0", answer
        return answer["data"][0]

    return call


def test_an_order_is_told_from_live_to_filled(open_socket, play, place) -> None:
    async def scene() -> None:
        async with open_socket("private") as client:
            await client.login()
            await client.subscribe("orders", instType="ANY")
            assert (await client.receive())["event"] == "channel-conn-count"
            name = place(BUY, clOrdId="mine1")
            first, second = [await client.receive() for _ in range(2)]
            assert first["arg"] == {"channel": "orders", "instType": "ANY", "uid": "1000000000000001"}
            live, filled = first["data"][0], second["data"][0]
            assert [live["ordId"], live["clOrdId"], live["state"]] == [name["ordId"], "mine1", "live"]
            assert [live["fillSz"], live["tradeId"], live["execType"]] == ["0", "", ""]
            assert [filled["state"], filled["execType"], filled["fillFeeCcy"]] == ["filled", "T", "ATOM"]
            assert filled["fillSz"] == filled["accFillSz"] != "0"
            assert Decimal(filled["fillFee"]) < 0

    play(scene())


def test_a_resting_order_fills_by_the_exchange_clock_without_anyone_asking(
    open_socket, play, place, exchange: Exchange
) -> None:
    bid = str(exchange.market.levels("ATOM-USDT", "bid", 1)[0][0])

    async def scene() -> None:
        async with open_socket("private") as client:
            await client.login()
            await client.subscribe("orders", instType="SPOT", instId="ATOM-USDT")
            await client.receive()
            place(BID, px=bid)
            assert (await client.receive())["data"][0]["state"] == "live"
            exchange.clock.set(fixed(NOW_MS + 48 * 3_600_000))
            row = (await client.receive())["data"][0]
            assert [row["state"], row["execType"], row["fillPx"]] == ["filled", "M", bid]

    play(scene())


def test_an_amendment_and_a_cancellation_are_told_with_their_reasons(
    open_socket, play, place, signed
) -> None:
    async def scene() -> None:
        async with open_socket("private") as client:
            await client.login()
            await client.subscribe("orders", instType="SPOT")
            await client.receive()
            name = {"instId": "ATOM-USDT", "ordId": place(BID)["ordId"]}
            signed("POST", "/trade/amend-order", {**name, "newSz": "2", "reqId": "r1"})
            signed("POST", "/trade/cancel-order", name)
            rows = [(await client.receive())["data"][0] for _ in range(3)]
            assert [row["state"] for row in rows] == ["live", "live", "canceled"]
            assert [rows[1]["reqId"], rows[1]["amendResult"], rows[1]["sz"]] == ["r1", "0", "2"]
            assert rows[2]["cancelSource"] == "1"

    play(scene())


def test_orders_of_other_instruments_are_not_told(open_socket, play, place) -> None:
    async def scene() -> None:
        async with open_socket("private") as client:
            await client.login()
            await client.subscribe("orders", instType="SPOT", instId="BTC-USDT")
            await client.receive()
            place(BUY)
            await client.quiet()

    play(scene())


def test_the_account_comes_whole_first_and_then_the_coins_that_changed(open_socket, play, place) -> None:
    async def scene() -> None:
        async with open_socket("private") as client:
            await client.login()
            await client.subscribe("account", extraParams=json.dumps({"updateInterval": "0"}))
            assert (await client.receive())["event"] == "channel-conn-count"
            whole = await client.receive()
            assert [whole["eventType"], whole["curPage"], whole["lastPage"]] == ["snapshot", 1, True]
            assert [row["ccy"] for row in whole["data"][0]["details"]] == ["USDT"]
            place(BID)
            frozen = await client.receive()
            assert frozen["eventType"] == "event_update"
            assert [(row["ccy"], row["ordFrozen"]) for row in frozen["data"][0]["details"]] == [
                ("USDT", "0.1")
            ]
            place(BUY)
            bought = await client.receive()
            assert [row["ccy"] for row in bought["data"][0]["details"]] == ["ATOM", "USDT"]

    play(scene())


def test_without_a_wish_the_account_comes_again_every_few_seconds(open_socket, play) -> None:
    async def scene() -> None:
        async with open_socket("private") as client:
            await client.login()
            await client.subscribe("account")
            await client.receive()
            kinds = [(await client.receive(7))["eventType"] for _ in range(2)]
            assert kinds == ["snapshot", "snapshot"]

    play(scene())


def test_a_fill_is_told_with_its_cash_and_trade(open_socket, play, place) -> None:
    async def scene() -> None:
        async with open_socket("private") as client:
            await client.login()
            await client.subscribe("balance_and_position")
            await client.receive()
            first = (await client.receive())["data"][0]
            assert [first["eventType"], first["balData"][0]["cashBal"]] == ["snapshot", "10000"]
            place(BUY)
            row = (await client.receive())["data"][0]
            assert row["eventType"] == "filled"
            assert {coin["ccy"] for coin in row["balData"]} == {"ATOM", "USDT"}
            assert row["trades"][0]["instId"] == "ATOM-USDT"

    play(scene())


def test_a_push_of_an_order_can_come_twice(open_socket, play, place, exchange: Exchange) -> None:
    exchange.faults.add(parse_rules({"kind": "duplicate_push", "channel": "orders"}))

    async def scene() -> None:
        async with open_socket("private") as client:
            await client.login()
            await client.subscribe("orders", instType="SPOT")
            await client.receive()
            place(BID)
            assert await client.receive() == await client.receive()

    play(scene())
