"""Channels of swaps: candles in their units, funding, marks, positions, algo orders."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from okx_simulator.exchange import AccountSettings, Exchange
from okx_simulator.orders.requests import parse_order
from okx_simulator.protocol.clock import ExchangeClock, fixed, iso_to_ms
from okx_simulator.tape.synthetic import SyntheticTape

NOW_MS = iso_to_ms("2023-06-01T12:20:00Z", "test")
HOUR_MS = 3_600_000
SWAP = "ETH-USDT-SWAP"


@pytest.fixture
def exchange(tape: SyntheticTape) -> Iterator[Exchange]:
    """An account that may trade swaps."""
    clock = ExchangeClock(fixed(NOW_MS))
    built = Exchange(tape, clock, account=AccountSettings(level="2"), rate_limits=False)
    yield built
    built.close()


@pytest.fixture
def trade(exchange: Exchange) -> Callable[..., None]:
    def place(side: str, size: str, **more: str) -> None:
        fields = {"instId": SWAP, "tdMode": "cross", "side": side, "ordType": "market", "sz": size}
        exchange.order_service.place(parse_order(fields | more), None)

    return place


def test_bars_of_a_swap_are_those_of_rest(
    open_socket, play, exchange: Exchange, get: Callable[..., Any]
) -> None:
    async def scene() -> None:
        async with open_socket("business") as client:
            await client.subscribe("candle1H", instId=SWAP)
            await client.receive()
            exchange.clock.set(fixed(NOW_MS + HOUR_MS))
            pushed = (await client.receive())["data"][0]
            assert pushed == get("/market/candles", instId=SWAP, bar="1H", limit=2)["data"][1]
            assert pushed[5] != pushed[6]

    play(scene())


@pytest.mark.parametrize("channel", ["funding-rate", "mark-price", "price-limit"])
def test_rates_and_limits_are_those_of_rest(open_socket, play, get: Callable[..., Any], channel: str) -> None:
    async def scene() -> None:
        async with open_socket("public") as client:
            await client.subscribe(channel, instId=SWAP)
            asked = get(f"/public/{channel}", instId=SWAP, instType="SWAP")["data"]
            assert (await client.receive())["data"] == asked

    play(scene())


def test_a_pair_has_no_funding_rate(open_socket, play) -> None:
    async def scene() -> None:
        async with open_socket("public") as client:
            answer = await client.ask("subscribe", {"channel": "funding-rate", "instId": "ETH-USDT"})
            assert answer["code"] == "60018"

    play(scene())


def test_a_position_is_told_as_it_opens_and_as_it_closes(open_socket, play, trade) -> None:
    async def scene() -> None:
        async with open_socket("private") as client:
            await client.login()
            await client.subscribe("positions", instType="SWAP", extraParams='{"updateInterval": "0"}')
            await client.receive()
            assert [(await client.receive())[name] for name in ("eventType",)] == ["snapshot"]
            trade("buy", "10")
            opened = await client.receive()
            assert [opened["eventType"], opened["data"][0]["instId"], opened["data"][0]["pos"]] == [
                "event_update",
                SWAP,
                "10",
            ]
            trade("sell", "10")
            assert (await client.receive())["data"][0]["pos"] == "0"

    play(scene())


def test_orders_of_swaps_are_told_apart_from_those_of_pairs(open_socket, play, trade) -> None:
    async def scene() -> None:
        async with open_socket("private") as client:
            await client.login()
            await client.subscribe("orders", instType="SWAP")
            await client.receive()
            trade("buy", "10")
            rows = [(await client.receive())["data"][0] for _ in range(2)]
            assert [(row["instType"], row["state"]) for row in rows] == [("SWAP", "live"), ("SWAP", "filled")]

    play(scene())


def test_cash_and_position_are_told_together(open_socket, play, trade) -> None:
    async def scene() -> None:
        async with open_socket("private") as client:
            await client.login()
            await client.subscribe("balance_and_position")
            await client.receive()
            await client.receive()
            trade("buy", "10")
            row = (await client.receive())["data"][0]
            assert [row["balData"][0]["ccy"], row["posData"][0]["pos"], row["trades"][0]["instId"]] == [
                "USDT",
                "10",
                SWAP,
            ]

    play(scene())


def test_an_algo_order_is_told_on_the_business_path(open_socket, play, signed: Callable[..., Any]) -> None:
    async def scene() -> None:
        async with open_socket("business") as client:
            assert (await client.ask("subscribe", {"channel": "orders-algo", "instType": "SWAP"}))[
                "code"
            ] == "60011"
            await client.login()
            await client.subscribe("orders-algo", instType="SWAP")
            await client.receive()
            fields = {"instId": SWAP, "tdMode": "cross", "side": "buy", "ordType": "trigger", "sz": "10"}
            answer = signed("POST", "/trade/order-algo", {**fields, "triggerPx": "1", "orderPx": "-1"}).json()
            assert answer["code"] == "0", answer
            row = (await client.receive())["data"][0]
            assert [row["algoId"], row["state"]] == [answer["data"][0]["algoId"], "live"]

    play(scene())
