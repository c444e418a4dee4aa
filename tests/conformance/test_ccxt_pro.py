"""Unmodified ccxt.pro against the simulator's WebSocket, given only the URLs and the key."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import ccxt.pro
import pytest

from okx_simulator.exchange import Exchange
from okx_simulator.protocol.clock import accelerated
from okx_simulator.server.serve import Addresses

ATOM = "ATOM/USDT"
Scene = Callable[[ccxt.pro.okx], Coroutine[Any, Any, None]]


@pytest.fixture
def play(addresses: Addresses, key: tuple[str, str, str]) -> Callable[[Scene], None]:
    """Run a scene with a client of its own, bounded in time; the client is closed after it."""
    name, secret, passphrase = key
    websocket = addresses.base_url.replace("http://", "ws://") + "/ws/v5"

    @asynccontextmanager
    async def opened() -> AsyncIterator[ccxt.pro.okx]:
        urls = {"api": {"rest": addresses.base_url, "ws": websocket}}
        client = ccxt.pro.okx({"apiKey": name, "secret": secret, "password": passphrase, "urls": urls})
        try:
            await client.load_markets()
            yield client
        finally:
            await client.close()

    async def run(scene: Scene) -> None:
        async with opened() as client:
            await asyncio.wait_for(scene(client), 40)

    return lambda scene: asyncio.run(run(scene))


def test_a_ticker(play: Callable[[Scene], None], best_ask: float) -> None:
    async def scene(client: ccxt.pro.okx) -> None:
        ticker = await client.watch_ticker(ATOM)
        assert ticker["ask"] == pytest.approx(best_ask, rel=0.01)
        assert ticker["bid"] < ticker["ask"]

    play(scene)


def test_bars_and_trades(play: Callable[[Scene], None], exchange: Exchange) -> None:
    async def scene(client: ccxt.pro.okx) -> None:
        bars = await client.watch_ohlcv(ATOM, "1h")
        assert bars[-1][0] == exchange.clock.now_ms() // 3_600_000 * 3_600_000
        for timeframe, length in (("1m", 60_000), ("15m", 900_000), ("4h", 14_400_000)):
            bars = await client.watch_ohlcv(ATOM, timeframe)
            assert bars[-1][0] == exchange.clock.now_ms() // length * length
        trades = await client.watch_trades(ATOM)
        assert trades[-1]["symbol"] == ATOM
        assert trades[-1]["price"] > 0

    play(scene)


@pytest.mark.parametrize("limit", [None, 5])
def test_an_order_book_keeps_its_sequence(
    play: Callable[[Scene], None], exchange: Exchange, limit: int | None
) -> None:
    async def scene(client: ccxt.pro.okx) -> None:
        # A price may rest for minutes, so hours pass in seconds from here on. Nothing more is signed.
        exchange.clock.set(accelerated(exchange.clock.now_ms(), 600.0))
        for _ in range(5):
            book = await client.watch_order_book(ATOM, limit)
            assert book["bids"][0][0] < book["asks"][0][0]
            assert len(book["asks"]) >= 5

    play(scene)


async def next_with(
    watch: Callable[[], Coroutine[Any, Any, list[dict[str, Any]]]], state: str
) -> dict[str, Any]:
    """The next order that is pushed in `state`."""
    while True:
        for order in await watch():
            if order["status"] == state:
                return order


def test_orders_are_created_edited_and_cancelled_over_the_socket_and_watched(
    play: Callable[[Scene], None], best_ask: float
) -> None:
    async def scene(client: ccxt.pro.okx) -> None:
        watching = asyncio.create_task(client.watch_orders(ATOM))
        await asyncio.sleep(0.5)
        price = float(client.price_to_precision(ATOM, best_ask * 0.9))
        placed = await client.create_order_ws(ATOM, "limit", "buy", 2, price)
        assert (await asyncio.wait_for(watching, 5))[-1]["id"] == placed["id"]
        watching = asyncio.create_task(client.watch_orders(ATOM))
        edited = await client.edit_order_ws(placed["id"], ATOM, "limit", "buy", 3, price)
        assert edited["id"] == placed["id"]
        assert (await asyncio.wait_for(watching, 5))[-1]["amount"] == 3
        watching = asyncio.create_task(next_with(lambda: client.watch_orders(ATOM), "canceled"))
        await client.cancel_order_ws(placed["id"], ATOM)
        assert (await asyncio.wait_for(watching, 5))["id"] == placed["id"]

    play(scene)


def test_a_fill_shows_in_my_trades_and_in_the_balance(play: Callable[[Scene], None]) -> None:
    async def scene(client: ccxt.pro.okx) -> None:
        assert (await client.watch_balance())["USDT"]["free"] == 10_000
        trading = asyncio.create_task(client.watch_my_trades(ATOM))
        balance = asyncio.create_task(client.watch_balance())
        await asyncio.sleep(0.5)
        placed = await client.create_order_ws(ATOM, "market", "buy", 3)
        trade = (await asyncio.wait_for(trading, 5))[-1]
        assert [trade["order"], trade["side"], trade["takerOrMaker"]] == [placed["id"], "buy", "taker"]
        assert trade["fee"]["currency"] == "ATOM"
        balances = await asyncio.wait_for(balance, 5)
        while "ATOM" not in balances:
            balances = await asyncio.wait_for(client.watch_balance(), 5)
        assert balances["ATOM"]["total"] == pytest.approx(3 - abs(trade["fee"]["cost"]))

    play(scene)
