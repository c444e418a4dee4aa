"""The feed on a simulated exchange: every bar stands in the table, whatever happens to the stream."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from okx_jobs.live.candles import Knobs, LiveCandles
from okx_jobs.live.health import HEALTHY, WAITING
from okx_simulator.clock import HOUR_MS, ExchangeClock, fixed, iso_to_ms
from okx_simulator.exchange import Exchange
from okx_simulator.fault_rules import parse_rules
from okx_simulator.server import Addresses, serve_in_thread
from okx_simulator.synthetic_tape import SyntheticTape
from resources.candle_store import CandleStore
from resources.database import Database
from resources.okx.client import OkxClient
from resources.okx.websocket.pacing import Seams
from resources.okx.websocket.stream import OkxStream, StreamSettings

NOON_MS = iso_to_ms("2023-06-01T12:00:00Z", "test")
PAIRS = ["ATOM-USDT", "BTC-USDT", "ETH-USDT"]
VALUES = ["open", "high", "low", "close", "volume", "quote_volume"]
FAST = Knobs(look_seconds=0.02, gather_seconds=0.02, universe_seconds=0.05)
Scene = Callable[["Feed"], Coroutine[Any, Any, None]]


@pytest.fixture(scope="module")
def tape() -> SyntheticTape:
    return SyntheticTape(tuple(PAIRS))


@pytest.fixture
def exchange(tape: SyntheticTape) -> Iterator[Exchange]:
    built = Exchange(tape, ExchangeClock(fixed(NOON_MS + 1_200_000)), rate_limits=False)
    yield built
    built.close()


@pytest.fixture
def addresses(exchange: Exchange) -> Iterator[Addresses]:
    with serve_in_thread(exchange) as served:
        yield served


class Feed:
    """The feed under test with its exchange and its table."""

    def __init__(self, exchange: Exchange, addresses: Addresses, store: CandleStore) -> None:
        self.exchange, self.addresses, self.store = exchange, addresses, store
        self.client = OkxClient(addresses.base_url, rate_limits=False)
        self.pairs = list(PAIRS)
        self.live = LiveCandles(store, self.client, "simulated", lambda: self.pairs, self.now, FAST)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.exchange.clock.now_ms() / 1000, UTC)

    def step_to(self, hours: float, seconds: float = 0) -> None:
        """Move the exchange so many hours and seconds past noon."""
        self.exchange.clock.set(fixed(NOON_MS + round((hours * 3600 + seconds) * 1000)))

    def fault(self, **rule: object) -> None:
        self.exchange.faults.add(parse_rules(rule))

    def stream(self, wanted: Any) -> OkxStream:
        url = self.addresses.base_url.replace("http://", "ws://") + "/ws/v5/business"
        seams = Seams(sleep=lambda seconds: asyncio.sleep(seconds / 50), chance=lambda: 0.5)
        return OkxStream(StreamSettings(url, seams=seams), wanted)

    def bars(self) -> dict[tuple[str, int], dict[str, Any]]:
        """What is stored, by pair and hours since noon."""
        rows = self.store.database.rows(f"select * from {self.store.table}")
        return {(row["pair"], _hours(row["timestamp_utc"])): row for row in rows}

    def tape_values(self, pair: str, hour: int) -> list[float]:
        opened = NOON_MS // HOUR_MS + hour
        bar = self.exchange.tape.bars(pair, opened + 1).between(opened, opened + 1)
        return [float(column[0]) for column in bar.values()]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(15):
            while not condition():
                await asyncio.sleep(0.02)

    async def healthy(self) -> None:
        await self.until(lambda: self.live.health.state == HEALTHY)

    def equals_tape(self, hours: range) -> bool:
        bars = self.bars()
        return all(
            (pair, hour) in bars
            and [bars[pair, hour][name] for name in VALUES] == self.tape_values(pair, hour)
            for pair in PAIRS
            for hour in hours
        )


def _hours(moment: datetime) -> int:
    return (moment - datetime.fromtimestamp(NOON_MS / 1000, UTC)) // timedelta(hours=1)


@pytest.fixture
def play(exchange: Exchange, addresses: Addresses, database: Database) -> Callable[[Scene], None]:
    """Run a scene while the feed runs, bounded in time."""

    async def run(scene: Scene) -> None:
        feed = Feed(exchange, addresses, CandleStore(database))
        running = asyncio.create_task(feed.live.run(feed.stream))
        acting = asyncio.create_task(scene(feed))
        try:
            await asyncio.wait({running, acting}, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                await running
            await acting
        finally:
            acting.cancel()
            running.cancel()
            await asyncio.gather(running, acting, return_exceptions=True)
            feed.client.close()

    return lambda scene: asyncio.run(asyncio.wait_for(run(scene), 40))


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


def test_a_bar_that_rest_has_judged_is_not_touched_by_a_late_push(play: Callable[[Scene], None]) -> None:
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
