"""Tickers, trades, books and instruments as they are pushed."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from okx_simulator.exchange import Exchange
from okx_simulator.faults.rules import parse_rules
from okx_simulator.protocol.clock import fixed, iso_to_ms

NOW_MS = iso_to_ms("2023-06-01T12:20:00Z", "test")


@pytest.fixture
def later(exchange: Exchange) -> Callable[[float], None]:
    return lambda seconds: exchange.clock.set(fixed(NOW_MS + round(seconds * 1000)))


def test_a_ticker_is_the_rest_row_and_comes_again_only_when_it_changed(
    open_socket, play, get: Callable[..., Any], later: Callable[[float], None]
) -> None:
    async def scene() -> None:
        async with open_socket("public") as client:
            await client.subscribe("tickers", instId="BTC-USDT")
            assert (await client.receive())["data"] == get("/market/ticker", instId="BTC-USDT")["data"]
            await client.quiet()
            later(60)
            assert (await client.receive())["data"] == get("/market/ticker", instId="BTC-USDT")["data"]

    play(scene())


@pytest.mark.parametrize(("channel", "levels"), [("books5", 5), ("bbo-tbt", 1)])
def test_a_small_book_comes_whole_and_without_an_action(
    open_socket, play, later: Callable[[float], None], channel: str, levels: int
) -> None:
    async def scene() -> None:
        async with open_socket("public") as client:
            await client.subscribe(channel, instId="BTC-USDT")
            for moment in (0, 60):
                later(moment)
                push = await client.receive()
                row = push["data"][0]
                assert "action" not in push
                assert "checksum" not in row
                assert [len(row["asks"]), len(row["bids"]), row["ts"]] == [
                    levels,
                    levels,
                    str(NOW_MS + moment * 1000),
                ]

    play(scene())


def merged(side: dict[str, str], changes: list[list[str]]) -> dict[str, str]:
    """One side of a book after an update, as a client keeps it."""
    after = side | {level[0]: level[1] for level in changes}
    return {price: size for price, size in after.items() if Decimal(size)}


def test_updates_chained_onto_the_snapshot_give_the_book_rest_shows(
    open_socket, play, get: Callable[..., Any], later: Callable[[float], None]
) -> None:
    async def scene() -> None:
        async with open_socket("public") as client:
            await client.subscribe("books", instId="BTC-USDT")
            first = await client.receive()
            row = first["data"][0]
            assert [first["action"], row["prevSeqId"], row["checksum"]] == ["snapshot", -1, 0]
            book = {side: {level[0]: level[1] for level in row[side]} for side in ("asks", "bids")}
            for moment in (30, 60, 90):
                later(moment)
                push = await client.receive()
                assert [push["action"], push["data"][0]["prevSeqId"]] == ["update", row["seqId"]]
                assert push["data"][0]["seqId"] > row["seqId"]
                row = push["data"][0]
                book = {side: merged(book[side], row[side]) for side in book}
            asked = get("/market/books", instId="BTC-USDT", sz=400)["data"][0]
            assert book == {side: {level[0]: level[1] for level in asked[side]} for side in book}

    play(scene())


@pytest.mark.parametrize(("path", "channel"), [("public", "trades"), ("business", "trades-all")])
def test_every_trade_comes_once_and_in_order(
    open_socket, play, get: Callable[..., Any], later: Callable[[float], None], path: str, channel: str
) -> None:
    async def scene() -> None:
        async with open_socket(path) as client:
            await client.subscribe(channel, instId="BTC-USDT")
            later(60)
            pushed = [(await client.receive())["data"][0] for _ in range(10)]
            asked = get("/market/trades", instId="BTC-USDT", limit=10)["data"]
            assert [row["tradeId"] for row in pushed] == [row["tradeId"] for row in asked[::-1]]
            assert ("count" in pushed[0]) == (channel == "trades")
            await client.quiet()

    play(scene())


def test_instruments_come_whole_and_then_those_that_changed(open_socket, play, exchange: Exchange) -> None:
    async def scene() -> None:
        async with open_socket("public") as client:
            await client.subscribe("instruments", instType="SPOT")
            assert len((await client.receive())["data"]) == 3
            exchange.faults.add(parse_rules({"kind": "suspended", "instId": "ETH-USDT"}))
            changed = (await client.receive())["data"]
            assert [(row["instId"], row["state"]) for row in changed] == [("ETH-USDT", "suspend")]

    play(scene())


def test_a_delisted_pair_falls_silent(
    open_socket, play, exchange: Exchange, later: Callable[[float], None]
) -> None:
    async def scene() -> None:
        async with open_socket("public") as client:
            await client.subscribe("tickers", instId="BTC-USDT")
            await client.receive()
            exchange.faults.add(parse_rules({"kind": "delisted", "instId": "BTC-USDT"}))
            later(60)
            await client.quiet()

    play(scene())


def test_a_pair_that_is_no_longer_listed_falls_silent_and_the_connection_lives(
    open_socket, play, later: Callable[[float], None], exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        async with open_socket("public") as client:
            await client.subscribe("tickers", instId="BTC-USDT")
            await client.receive()
            monkeypatch.setattr(exchange.market, "is_listed", lambda pair: pair != "BTC-USDT")
            later(60)
            await client.quiet()
            await client.socket.send("ping")
            assert await client.socket.recv() == "pong"

    play(scene())
