"""The stream against the simulator: it comes back from every end, and says when it was disconnected."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from decimal import Decimal
from typing import Any

import pytest

from okx_core.errors import OkxSignalError
from okx_simulator.exchange import Exchange
from okx_simulator.faults.rules import parse_rules
from okx_simulator.orders.requests import parse_order
from okx_simulator.protocol.clock import ExchangeClock, accelerated, fixed, iso_to_ms
from okx_simulator.protocol.connections import WebSocketLimits
from okx_simulator.protocol.credentials import SIMULATED_KEY, SIMULATED_PASSPHRASE, SIMULATED_SECRET
from okx_simulator.server.serve import serve_in_thread
from okx_simulator.tape.synthetic import SyntheticTape
from resources.okx.errors import PermanentError
from resources.okx.http.signing import Credentials
from resources.okx.websocket.link import Patience
from resources.okx.websocket.messages import Push, Subscription
from resources.okx.websocket.pacing import StreamHooks
from resources.okx.websocket.pushes import (
    parse_account_push,
    parse_book_push,
    parse_order_push,
    parse_ticker_push,
)
from resources.okx.websocket.stream import Down, Event, OkxStream, StreamSettings, Up

NOW_MS = iso_to_ms("2023-06-01T12:20:00Z", "test")
CANDLES = Subscription("candle1H", "BTC-USDT")
KEY = Credentials(SIMULATED_KEY, SIMULATED_SECRET, SIMULATED_PASSPHRASE)
Play = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture(scope="module")
def tape() -> SyntheticTape:
    return SyntheticTape(("BTC-USDT", "ETH-USDT", "ATOM-USDT"))


@pytest.fixture
def exchange(tape: SyntheticTape) -> Iterator[Exchange]:
    built = Exchange(tape, ExchangeClock(fixed(NOW_MS)), rate_limits=False)
    yield built
    built.close()


@pytest.fixture
def stream(exchange: Exchange) -> Iterator[Callable[..., OkxStream]]:
    """A stream of one path for these subscriptions; it waits hardly at all."""
    with serve_in_thread(exchange) as served:

        def build(path: str, *wanted: Subscription, **settings: Any) -> OkxStream:
            url = served.base_url.replace("http://", "ws://") + f"/ws/v5/{path}"
            hooks = StreamHooks(sleep=lambda seconds: asyncio.sleep(seconds / 20), chance=lambda: 0.5)
            settings = {"hooks": hooks, **settings}
            return OkxStream(StreamSettings(url, now_ms=exchange.clock.now_ms, **settings), wanted)

        yield build


@pytest.fixture
def play() -> Play:
    return lambda scene: asyncio.run(asyncio.wait_for(scene, 30))


async def next_of(events: AsyncIterator[Event], kind: type[Any]) -> Any:
    """The next event of a kind."""
    async for event in events:
        if isinstance(event, kind):
            return event
    raise AssertionError("a stream does not end")


def test_it_says_when_everything_is_subscribed_and_what_was_refused(stream, play: Play) -> None:
    async def scene() -> None:
        nowhere = Subscription("candle1H", "NONE-USDT")
        async with stream("business", CANDLES, nowhere).events() as events:
            assert await next_of(events, Up) == Up(frozenset({nowhere}))

    play(scene())


def test_after_a_dropped_socket_it_comes_back_by_itself(stream, play: Play, exchange: Exchange) -> None:
    exchange.faults.add(parse_rules({"kind": "dropped_socket", "channel": "candle1H", "count": 1}))

    async def scene() -> None:
        async with stream("business", CANDLES).events() as events:
            assert "no closing frame" in (await next_of(events, Down)).reason
            assert not (await next_of(events, Up)).gapless
            assert (await next_of(events, Push)).subscription == CANDLES

    play(scene())


def test_after_a_notice_the_next_connection_stands_before_the_old_one_goes(
    stream, play: Play, exchange: Exchange
) -> None:
    exchange.faults.add(
        parse_rules({"kind": "service_notice", "channel": "candle1H", "count": 1, "seconds": 5})
    )

    async def scene() -> None:
        listener = stream("business", CANDLES)
        async with listener.events() as events:
            assert not (await next_of(events, Up)).gapless
            assert (await next_of(events, Up)).gapless
            exchange.clock.set(fixed(NOW_MS + 3_600_000))
            confirmed: list[list[str]] = []
            while not confirmed:
                confirmed = [row for row in (await next_of(events, Push)).rows if row[8] == "1"]
        assert listener.connects == 2

    play(scene())


def test_silence_is_broken_by_pings_and_the_connection_stays(stream, play: Play, exchange: Exchange) -> None:
    exchange.websocket_limits = WebSocketLimits(idle_seconds=0.5)

    async def scene() -> None:
        listener = stream("business", CANDLES, patience=Patience(quiet=0.1))
        async with listener.events() as events:
            await next_of(events, Up)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1.5):
                    await next_of(events, Down)
        assert listener.connects == 1

    play(scene())


def test_a_connection_that_is_idle_for_too_long_is_opened_again(
    stream, play: Play, exchange: Exchange
) -> None:
    exchange.websocket_limits = WebSocketLimits(idle_seconds=0.3)

    async def scene() -> None:
        async with stream("business", CANDLES).events() as events:
            assert "4004" in (await next_of(events, Down)).reason
            await next_of(events, Up)

    play(scene())


def test_wishes_may_change_while_it_listens(stream, play: Play, exchange: Exchange) -> None:
    async def scene() -> None:
        listener = stream("business", CANDLES)
        async with listener.events() as events:
            await next_of(events, Up)
            other = Subscription("candle1H", "ETH-USDT")
            nowhere = Subscription("candle1H", "NONE-USDT")
            assert await listener.want([other, nowhere]) == {nowhere}
            exchange.clock.set(accelerated(NOW_MS, 3_600))
            received = {(await next_of(events, Push)).subscription for _ in range(6)}
            assert other in received
            later = {(await next_of(events, Push)).subscription for _ in range(4)}
            assert later == {other}

    play(scene())


def test_a_hole_in_a_book_is_filled_by_a_new_snapshot(stream, play: Play, exchange: Exchange) -> None:
    exchange.faults.add(parse_rules({"kind": "lost_push", "channel": "books", "skip": 3, "count": 1}))
    exchange.clock.set(accelerated(NOW_MS, 600))

    async def scene() -> None:
        listener = stream("public", Subscription("books", "BTC-USDT"))
        async with listener.events() as events:
            last, snapshots = None, 0
            while snapshots < 2:
                change = parse_book_push(await next_of(events, Push))[0]
                assert change.is_snapshot or change.follows == last
                last, snapshots = change.sequence, snapshots + change.is_snapshot

    play(scene())


def test_tickers_and_small_books_are_read(stream, play: Play) -> None:
    async def scene() -> None:
        wanted = [Subscription("tickers", "BTC-USDT"), Subscription("books5", "BTC-USDT")]
        async with stream("public", *wanted).events() as events:
            received = [await next_of(events, Push) for _ in range(2)]
            by_channel = {push.subscription.channel: push for push in received}
            ticker = parse_ticker_push(by_channel["tickers"])[0]
            best = parse_book_push(by_channel["books5"])[0].book
            assert [ticker.bid, ticker.ask] == [best.bids[0][0], best.asks[0][0]]

    play(scene())


def test_the_private_stream_tells_of_orders_and_of_the_account(
    stream, play: Play, exchange: Exchange
) -> None:
    async def scene() -> None:
        wanted = [Subscription("orders", inst_type="ANY"), Subscription("account")]
        async with stream("private", *wanted, credentials=KEY).events() as events:
            first = parse_account_push(await next_of(events, Push))[0]
            assert [first.is_snapshot, first.balance.available("USDT")] == [True, Decimal(10_000)]
            fields = {
                "instId": "ATOM-USDT",
                "tdMode": "cash",
                "side": "buy",
                "ordType": "market",
                "sz": "100",
            }
            exchange.order_service.place(parse_order(fields), None)
            states = []
            while "filled" not in states:
                push = await next_of(events, Push)
                if push.subscription.channel == "orders":
                    received = parse_order_push(push)[0]
                    states.append(received.order.state)
            assert received.fill is not None
            assert received.fill.size == received.order.filled_size

    play(scene())


def test_a_wrong_key_ends_it_with_the_reason(stream, play: Play) -> None:
    async def scene() -> None:
        wrong = Credentials(SIMULATED_KEY, "wrong", SIMULATED_PASSPHRASE)
        async with stream("private", Subscription("account"), credentials=wrong).events() as events:
            with pytest.raises(PermanentError, match="60007"):
                await next_of(events, Up)

    play(scene())


def test_nobody_listening_there_is_only_a_pause(play: Play) -> None:
    async def scene() -> None:
        slept: list[float] = []

        async def sleep(seconds: float) -> None:
            slept.append(seconds)
            await asyncio.sleep(0.01)

        hooks = StreamHooks(sleep=sleep, chance=lambda: 0.5)
        listener = OkxStream(StreamSettings("ws://127.0.0.1:9/ws/v5/public", hooks=hooks), [CANDLES])
        async with listener.events() as events:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5):
                    await next_of(events, Up)
        assert {0.5, 1.0, 2.0, 4.0} <= set(slept)

    play(scene())


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "ws://ws.okx.com/", "nonsense"])
def test_an_address_that_will_not_do_is_refused_at_once(url: str) -> None:
    with pytest.raises(OkxSignalError, match="OKX address"):
        OkxStream(StreamSettings(url), [])
