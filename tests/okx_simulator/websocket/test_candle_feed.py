"""Candle channels: the forming bar, every closing bar once and in order, and the same rows as REST."""

from collections.abc import Callable
from typing import Any

from okx_simulator.exchange import Exchange
from okx_simulator.faults.rules import parse_rules
from okx_simulator.protocol.clock import accelerated, fixed, iso_to_ms

HOUR_MS = 3_600_000
NOON_MS = iso_to_ms("2023-06-01T12:00:00Z", "test")


async def closing_rows(client, count: int) -> list[list[str]]:
    """The next `count` confirmed bars, whatever is pushed between them."""
    rows: list[list[str]] = []
    while len(rows) < count:
        rows += [row for row in (await client.receive())["data"] if row[8] == "1"]
    return rows


def test_the_ack_comes_first_then_the_forming_bar(open_socket, play) -> None:
    async def scene() -> None:
        async with open_socket("business") as client:
            await client.subscribe("candle1H", instId="BTC-USDT")
            push = await client.receive()
            assert push["arg"] == {"channel": "candle1H", "instId": "BTC-USDT"}
            assert [push["data"][0][0], push["data"][0][8], len(push["data"][0])] == [str(NOON_MS), "0", 9]
            await client.quiet()

    play(scene())


def test_no_closing_bar_is_skipped_when_time_jumps(
    open_socket, play, exchange: Exchange, get: Callable[..., Any]
) -> None:
    async def scene() -> None:
        async with open_socket("business") as client:
            await client.subscribe("candle1H", instId="BTC-USDT")
            exchange.clock.set(fixed(NOON_MS + 50 * HOUR_MS))
            pushed = await closing_rows(client, 50)
            assert [int(row[0]) for row in pushed] == [NOON_MS + n * HOUR_MS for n in range(50)]
            asked = get("/market/candles", instId="BTC-USDT", bar="1H", limit=51)["data"]
            assert pushed == asked[:0:-1]

    play(scene())


def test_a_jump_of_a_year_is_delivered_whole(open_socket, play, exchange: Exchange) -> None:
    async def scene() -> None:
        async with open_socket("business") as client:
            await client.subscribe("candle1H", instId="BTC-USDT")
            exchange.clock.set(fixed(NOON_MS + 8_760 * HOUR_MS))
            pushed = await closing_rows(client, 8_760)
            opens = [int(row[0]) for row in pushed]
            assert opens == list(range(NOON_MS, NOON_MS + 8_760 * HOUR_MS, HOUR_MS))

    play(scene())


def test_an_accelerated_clock_closes_bar_after_bar(open_socket, play, exchange: Exchange) -> None:
    async def scene() -> None:
        async with open_socket("business") as client:
            await client.subscribe("candle1H", instId="BTC-USDT")
            exchange.clock.set(accelerated(NOON_MS + HOUR_MS - 1, 36_000))
            pushed = await closing_rows(client, 10)
            assert [int(row[0]) for row in pushed] == [NOON_MS + n * HOUR_MS for n in range(10)]

    play(scene())


def test_larger_bars_close_in_their_own_time(open_socket, play, exchange: Exchange) -> None:
    async def scene() -> None:
        async with open_socket("business") as client:
            await client.subscribe("candle1Dutc", instId="BTC-USDT")
            exchange.clock.set(fixed(NOON_MS + 36 * HOUR_MS))
            pushed = await closing_rows(client, 2)
            assert [int(row[0]) for row in pushed] == [NOON_MS - 12 * HOUR_MS, NOON_MS + 12 * HOUR_MS]

    play(scene())


class TestFaults:
    def test_late_missing_and_revised_bars(self, open_socket, play, exchange: Exchange) -> None:
        exchange.faults.add(
            parse_rules(
                [
                    {"kind": "missing_candle", "bar": "2023-06-01T13:00:00Z"},
                    {"kind": "revised_candle", "bar": "2023-06-01T14:00:00Z", "factor": 2, "seconds": 60},
                    {"kind": "late_candle", "bar": "2023-06-01T15:00:00Z", "seconds": 40},
                ]
            )
        )

        async def scene() -> None:
            async with open_socket("business") as client:
                await client.subscribe("candle1H", instId="BTC-USDT")
                await client.receive()
                exchange.clock.set(fixed(NOON_MS + 4 * HOUR_MS + 39_000))
                pushed = await closing_rows(client, 2)
                assert [int(row[0]) for row in pushed] == [NOON_MS, NOON_MS + 2 * HOUR_MS]
                exchange.clock.set(fixed(NOON_MS + 4 * HOUR_MS + 40_000))
                assert [int(row[0]) for row in await closing_rows(client, 1)] == [NOON_MS + 3 * HOUR_MS]

        play(scene())

    def test_a_bar_pushed_right_after_its_close_has_the_values_before_the_correction(
        self, open_socket, play, exchange: Exchange, get: Callable[..., Any]
    ) -> None:
        exchange.faults.add(parse_rules({"kind": "revised_candle", "factor": 2, "seconds": 60}))

        async def scene() -> None:
            async with open_socket("business") as client:
                await client.subscribe("candle1H", instId="BTC-USDT")
                exchange.clock.set(fixed(NOON_MS + HOUR_MS))
                pushed = (await closing_rows(client, 1))[0]
                exchange.clock.set(fixed(NOON_MS + HOUR_MS + 60_000))
                asked = get("/market/candles", instId="BTC-USDT", bar="1H", limit=2)["data"][1]
                assert [pushed[0], float(pushed[4])] == [asked[0], 2 * float(asked[4])]

        play(scene())
