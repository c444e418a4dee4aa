"""The feed on a simulated exchange: every bar is stored, whatever happens to the stream."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from okx_services.ingest.feed_health import HEALTHY, WAITING
from tests.okx_services.ingest.conftest import PAIRS, Feed

Scene = Callable[[Feed], Coroutine[Any, Any, None]]


def test_a_bar_stands_in_the_table_right_after_its_close_with_its_source(
    play: Callable[[Scene], None],
) -> None:
    async def scene(feed: Feed) -> None:
        await feed.healthy()
        feed.step_to(1)
        await feed.until(lambda: len([key for key in feed.bars() if key[1] == 0]) == 3)
        assert feed.equals_tape(range(1))
        row = feed.bars()["BTC-USDT", 0]
        assert [row["source"], row["ingested_at"], row["revision"]] == ["okx-simulated-stream", feed.now(), 0]
        assert feed.live.health.streamed == 3
        assert feed.live.health.delay_seconds == 0

    play(scene)


def test_at_the_start_it_goes_on_where_the_table_ends(play: Callable[[Scene], None]) -> None:
    async def scene(feed: Feed) -> None:
        await feed.healthy()
        assert sorted({hour for _, hour in feed.bars()}) == [-3, -2, -1], (
            "an empty table begins with the last bars"
        )
        assert {row["source"] for row in feed.bars().values()} == {"okx-simulated"}

    play(scene)


def test_what_a_dropped_connection_missed_is_fetched_before_it_is_healthy(
    play: Callable[[Scene], None],
) -> None:
    async def scene(feed: Feed) -> None:
        await feed.healthy()
        feed.fault(kind="unavailable", path="/market/*")
        feed.fault(kind="dropped_socket", channel="candle1H", count=2)
        feed.step_to(5)
        await feed.until(lambda: feed.live.health.reconnects >= 1)
        await asyncio.sleep(0.3)
        assert feed.live.health.state != HEALTHY
        feed.exchange.faults.clear()
        await feed.healthy()
        assert feed.equals_tape(range(5))

    play(scene)


def test_a_bar_that_was_never_pushed_is_asked_for(play: Callable[[Scene], None]) -> None:
    async def scene(feed: Feed) -> None:
        feed.fault(kind="lost_push", channel="candle1H", instId="ETH-USDT")
        await feed.healthy()
        feed.step_to(1, seconds=1)
        await feed.until(lambda: ("ETH-USDT", 0) in feed.bars())
        assert feed.bars()["ETH-USDT", 0]["source"] == "okx-simulated"
        assert feed.equals_tape(range(1))

    play(scene)


def test_where_stream_and_rest_differ_rest_stands_and_the_first_version_is_kept(
    play: Callable[[Scene], None],
) -> None:
    async def scene(feed: Feed) -> None:
        feed.fault(kind="revised_candle", instId="BTC-USDT", factor=1.1, seconds=10)
        await feed.healthy()
        feed.step_to(1)
        await feed.until(lambda: ("BTC-USDT", 0) in feed.bars())
        assert not feed.equals_tape(range(1))
        feed.step_to(1, seconds=20)
        await feed.until(lambda: feed.equals_tape(range(1)))
        row = feed.bars()["BTC-USDT", 0]
        assert [row["source"], row["revision"]] == ["okx-simulated", 1]
        kept = feed.store.database.rows("select source from market.candle_revisions")
        assert kept == [{"source": "okx-simulated-stream"}]
        assert feed.live.health.revised == 1

    play(scene)


def test_a_bar_that_rest_has_decided_is_not_touched_by_a_late_push(play: Callable[[Scene], None]) -> None:
    async def scene(feed: Feed) -> None:
        feed.fault(kind="late_candle", channel="candle1H", instId="BTC-USDT", seconds=40)
        await feed.healthy()
        feed.step_to(1, seconds=20)
        await feed.until(lambda: ("ETH-USDT", 0) in feed.bars())
        feed.exchange.faults.clear()
        feed.step_to(1, seconds=40)
        await feed.until(lambda: ("BTC-USDT", 0) in feed.bars())
        feed.step_to(2, seconds=20)
        await feed.until(lambda: feed.equals_tape(range(2)))

    play(scene)


def test_a_bar_nobody_has_is_on_the_gap_ledger(play: Callable[[Scene], None]) -> None:
    async def scene(feed: Feed) -> None:
        await feed.healthy()
        feed.fault(kind="missing_candle", instId="ATOM-USDT", bar="2023-06-01T12:00:00Z")
        feed.step_to(2, seconds=20)
        ledger = "select pair, state from market.candle_gaps"
        await feed.until(lambda: bool(feed.store.database.rows(ledger)))
        assert feed.store.database.rows(ledger) == [{"pair": "ATOM-USDT", "state": "open"}]
        assert ("ATOM-USDT", 0) not in feed.bars()

    play(scene)


def test_pairs_come_and_go_with_the_universe(play: Callable[[Scene], None]) -> None:
    async def scene(feed: Feed) -> None:
        feed.pairs = []
        await feed.until(lambda: feed.live.health.state in (WAITING, HEALTHY))
        feed.pairs = ["BTC-USDT"]
        await feed.until(lambda: feed.live.health.pairs == 1)
        await feed.healthy()
        feed.pairs = ["BTC-USDT", "ETH-USDT"]
        await feed.until(lambda: feed.live.health.pairs == 2)
        await feed.healthy()
        feed.step_to(1)
        await feed.until(
            lambda: {pair for pair, hour in feed.bars() if hour == 0} == {"BTC-USDT", "ETH-USDT"}
        )

    play(scene)


def test_a_pair_the_exchange_does_not_know_is_named_and_stops_nobody(play: Callable[[Scene], None]) -> None:
    async def scene(feed: Feed) -> None:
        feed.pairs = [*PAIRS, "GONE-USDT"]
        await feed.until(lambda: feed.live.health.refused == ["GONE-USDT"])
        await feed.healthy()

    play(scene)


def test_without_a_stream_rest_brings_the_bars_alone(play: Callable[[Scene], None]) -> None:
    async def scene(feed: Feed) -> None:
        feed.fault(kind="dropped_socket", channel="candle1H")
        await feed.until(lambda: feed.live.health.connects > 0)
        feed.step_to(1, seconds=2)
        await feed.until(lambda: feed.equals_tape(range(1)))

    play(scene)
