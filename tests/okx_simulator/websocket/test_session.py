"""The protocol of a connection: acks, errors, login, keep-alive, limits and the ways it ends."""

import asyncio
import json
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus

from okx_simulator.exchange import Exchange
from okx_simulator.faults.rules import parse_rules
from okx_simulator.protocol.clock import accelerated, fixed, iso_to_ms
from okx_simulator.protocol.connections import Connections, WebSocketLimits
from okx_simulator.websocket.session import Session
from tests.okx_simulator.websocket.conftest import Client, login_arg

NOW_MS = iso_to_ms("2023-06-01T12:20:00Z", "test")
CANDLES = {"channel": "candle1H", "instId": "BTC-USDT"}
TICKERS = {"channel": "tickers", "instId": "BTC-USDT"}


async def closing_code(client: Client, seconds: float = 5.0) -> int | None:
    """Read until the connection ends; its code, None when it was cut."""
    try:
        while True:
            await client.receive(seconds)
    except ConnectionClosed as ended:
        return ended.rcvd.code if ended.rcvd else None


def test_text_ping_is_answered_with_text_pong(open_socket, play) -> None:
    async def scene() -> None:
        async with open_socket("public") as client:
            await client.socket.send("ping")
            assert await asyncio.wait_for(client.socket.recv(), 5) == "pong"

    play(scene())


def test_every_arg_is_acknowledged_by_itself_with_the_id_of_the_request(open_socket, play) -> None:
    async def scene() -> None:
        async with open_socket("business") as client:
            other = {"channel": "trades-all", "instId": "ETH-USDT"}
            await client.send(
                "subscribe", CANDLES, {"channel": "candle7H", "instId": "BTC-USDT"}, other, id="a1"
            )
            acks = [await client.receive() for _ in range(3)]
            assert [(ack["event"], ack["id"]) for ack in acks] == [
                ("subscribe", "a1"),
                ("error", "a1"),
                ("subscribe", "a1"),
            ]
            assert [acks[0]["arg"], acks[1]["code"], acks[2]["arg"]] == [CANDLES, "60018", other]
            assert len({ack["connId"] for ack in acks}) == 1

    play(scene())


def test_after_unsubscribing_nothing_comes(open_socket, play, exchange: Exchange) -> None:
    async def scene() -> None:
        async with open_socket("public") as client:
            await client.subscribe(**TICKERS)
            await client.receive()
            answer = await client.ask("unsubscribe", TICKERS)
            assert [answer["event"], answer["arg"], "id" in answer] == ["unsubscribe", TICKERS, False]
            exchange.clock.set(fixed(NOW_MS + 60_000))
            await client.quiet()

    play(scene())


@pytest.mark.parametrize(
    ("path", "arg", "code"),
    [
        ("public", {"channel": "orders", "instType": "SPOT"}, "60018"),
        ("public", CANDLES, "64001"),
        ("business", TICKERS, "64002"),
        ("private", {"channel": "orders", "instType": "SPOT"}, "60011"),
        ("public", {"channel": "tickers"}, "60013"),
        ("public", {"channel": "tickers", "instId": "NONE-USDT"}, "60018"),
        ("public", {"channel": "books-l2-tbt", "instId": "BTC-USDT"}, "64003"),
        ("private", {"channel": "fills"}, "64003"),
        ("public", {}, "60018"),
    ],
)
def test_a_subscription_that_cannot_be_is_refused_with_its_code(
    open_socket, play, path: str, arg: dict[str, str], code: str
) -> None:
    async def scene() -> None:
        async with open_socket(path) as client:
            answer = await client.ask("subscribe", arg)
            assert [answer["event"], answer["code"]] == ["error", code]

    play(scene())


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "60012"),
        ("[]", "60012"),
        ('{"op": 1}', "60012"),
        ('{"op": "dance", "args": [{}]}', "60012"),
        ('{"op": "subscribe"}', "60013"),
        ('{"op": "subscribe", "args": ["tickers"]}', "60013"),
    ],
)
def test_a_frame_that_means_nothing_is_answered_and_the_connection_lives(
    open_socket, play, text: str, code: str
) -> None:
    async def scene() -> None:
        async with open_socket("public") as client:
            await client.socket.send(text)
            answer = await client.receive()
            assert [answer["event"], answer["code"]] == ["error", code]
            await client.subscribe(**TICKERS)

    play(scene())


class TestLogin:
    @pytest.mark.parametrize("timestamp", [str(NOW_MS // 1000), NOW_MS // 1000])
    def test_the_timestamp_may_be_text_or_number(self, open_socket, play, timestamp: object) -> None:
        async def scene() -> None:
            async with open_socket("private") as client:
                answer = await client.ask("login", login_arg(NOW_MS, timestamp=timestamp))
                assert [answer["event"], answer["code"]] == ["login", "0"]

        play(scene())

    @pytest.mark.parametrize(
        ("changed", "code"),
        [
            ({"apiKey": "\u00e9"}, "60005"),
            ({"apiKey": "other"}, "60032"),
            ({"timestamp": str(NOW_MS // 1000 - 31)}, "60006"),
            ({"timestamp": "soon"}, "60004"),
            ({"sign": "AAAA"}, "60007"),
            ({"sign": "*"}, "60007"),
            ({"passphrase": "wrong"}, "60024"),
            ({"sign": ""}, "60009"),
        ],
    )
    def test_a_failed_one_says_why_and_ends_the_connection(
        self, open_socket, play, changed: dict[str, Any], code: str
    ) -> None:
        async def scene() -> None:
            async with open_socket("private") as client:
                answer = await client.ask("login", login_arg(NOW_MS, **changed))
                assert [answer["event"], answer["code"]] == ["error", code]
                assert await closing_code(client) == 4001

        play(scene())


class SlowReader:
    """A client that subscribes to every tick and then takes nothing off the wire."""

    def __init__(self) -> None:
        self.closed_with: int | None = None
        self.transport = self
        self.state = self
        self.aborted = False
        self._requests = [
            json.dumps({"op": "subscribe", "args": [{"channel": "books", "instId": "BTC-USDT"}]})
        ]

    async def receive(self) -> dict[str, str]:
        if self._requests:
            return {"type": "websocket.receive", "text": self._requests.pop()}
        return await asyncio.Future()

    async def send_text(self, text: str) -> None:  # noqa: ARG002
        await asyncio.Future()

    async def close(self, code: int, reason: str) -> None:  # noqa: ARG002
        self.closed_with = code
        await asyncio.Future()

    def abort(self) -> None:
        self.aborted = True


class TestLimits:
    def test_a_connection_that_hears_nothing_is_closed_unless_it_pings(
        self, open_socket, play, exchange: Exchange
    ) -> None:
        exchange.websocket_limits = WebSocketLimits(idle_seconds=0.4)

        async def scene() -> None:
            async with open_socket("public") as idle, open_socket("public") as alive:
                for _ in range(4):
                    await alive.socket.send("ping")
                    assert await alive.socket.recv() == "pong"
                    await asyncio.sleep(0.2)
                assert await closing_code(idle) == 4004
                assert await closing_code(alive) == 4004

        play(scene())

    def test_a_slow_reader_is_closed(self, play, exchange: Exchange) -> None:
        exchange.websocket_limits = WebSocketLimits(outbox_frames=20, close_seconds=0.1)
        exchange.clock.set(accelerated(NOW_MS, 3_600))
        reader = SlowReader()

        async def scene() -> None:
            await Session(exchange, reader, "public", Connections()).run()  # type: ignore[arg-type]
            assert [reader.closed_with, reader.transport.aborted] == [4005, True]

        play(scene())

    def test_too_many_requests_an_hour_are_refused(self, open_socket, play, exchange: Exchange) -> None:
        exchange.websocket_limits = WebSocketLimits(requests_per_hour=2)

        async def scene() -> None:
            async with open_socket("business") as client:
                codes = [(await client.ask("unsubscribe", CANDLES)).get("code") for _ in range(3)]
                assert codes == [None, None, "60014"]

        play(scene())

    def test_a_frame_beyond_64_kilobytes_ends_the_connection(self, open_socket, play) -> None:
        async def scene() -> None:
            async with open_socket("public") as client:
                await client.socket.send(json.dumps({"op": "subscribe", "args": ["x" * 70_000]}))
                assert await closing_code(client) == 1009

        play(scene())

    def test_a_fourth_connection_within_a_second_is_turned_away(
        self, open_socket, play, exchange: Exchange
    ) -> None:
        exchange.limiter.enabled = True

        async def scene() -> None:
            async with open_socket("public"), open_socket("business"), open_socket("private"):
                with pytest.raises(InvalidStatus) as refused:
                    async with open_socket("public"):
                        pass
                assert refused.value.response.status_code == 429
                await asyncio.sleep(1.0)
                async with open_socket("public"):
                    pass

        play(scene())


class TestFaults:
    @pytest.fixture
    def arm(self, exchange: Exchange):
        return lambda **rule: exchange.faults.add(parse_rules({"channel": "candle1H", **rule}))

    def test_a_dropped_socket_ends_without_a_closing_frame(self, open_socket, play, arm) -> None:
        arm(kind="dropped_socket")

        async def scene() -> None:
            async with open_socket("business") as client:
                await client.subscribe(**CANDLES)
                with pytest.raises(ConnectionClosedError) as ended:
                    await client.receive()
                assert ended.value.rcvd is None

        play(scene())

    def test_pushes_are_doubled_lost_and_swapped(self, open_socket, play, arm, exchange: Exchange) -> None:
        arm(kind="duplicate_push", count=1)
        arm(kind="lost_push", count=1)
        arm(kind="out_of_order_push", count=1)

        async def scene() -> None:
            async with open_socket("business") as client:
                await client.subscribe(**CANDLES)
                first = [await client.receive() for _ in range(2)]
                assert first[0] == first[1]
                await asyncio.sleep(1.1)
                exchange.clock.set(fixed(NOW_MS + 3 * 3_600_000))
                pushed = [(await client.receive())["data"][0] for _ in range(2)]
                opens = [(int(row[0]) - NOW_MS) // 3_600_000 + 1 for row in pushed]
                assert opens == [2, 1], "bar 0 is lost, bar 1 comes after bar 2"

        play(scene())

    def test_a_notice_comes_before_the_service_ends(self, open_socket, play, arm) -> None:
        arm(kind="service_notice", seconds=0.3)

        async def scene() -> None:
            async with open_socket("business") as client:
                await client.subscribe(**CANDLES)
                await client.receive()
                notice = await client.receive()
                assert [notice["event"], notice["code"]] == ["notice", "64008"]
                assert await closing_code(client) == 1001

        play(scene())
