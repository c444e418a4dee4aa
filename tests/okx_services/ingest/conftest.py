"""The feed on a simulated exchange, with a table of its own."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from okx_services.ingest.feed_health import HEALTHY
from okx_services.ingest.live_candles import FeedTiming, LiveCandles
from okx_simulator.exchange import Exchange
from okx_simulator.faults.rules import parse_rules
from okx_simulator.protocol.clock import HOUR_MS, ExchangeClock, fixed, iso_to_ms
from okx_simulator.server.serve import Addresses, serve_in_thread
from okx_simulator.tape.synthetic import SyntheticTape
from resources.market.candle_store import CandleStore
from resources.okx.client import OkxClient
from resources.okx.websocket.pacing import StreamHooks
from resources.okx.websocket.stream import OkxStream, StreamSettings
from resources.postgres.database import Database

NOON_MS = iso_to_ms("2023-06-01T12:00:00Z", "test")
NOON = datetime.fromtimestamp(NOON_MS / 1000, UTC)
PAIRS = ["ATOM-USDT", "BTC-USDT", "ETH-USDT"]
VALUES = ["open", "high", "low", "close", "volume", "quote_volume"]
FAST = FeedTiming(look_seconds=0.02, gather_seconds=0.02, universe_seconds=0.05)
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

    def __init__(self, exchange: Exchange, addresses: Addresses, candles: CandleStore) -> None:
        self.exchange, self.addresses, self.store = exchange, addresses, candles
        self.client = OkxClient(addresses.base_url, rate_limits=False)
        self.pairs = sorted(exchange.tape.pairs)
        self.live = LiveCandles(candles, self.client, "simulated", lambda: self.pairs, self.now, FAST)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.exchange.clock.now_ms() / 1000, UTC)

    def step_to(self, hours: float, seconds: float = 0) -> None:
        """Move the exchange so many hours and seconds past noon."""
        self.exchange.clock.set(fixed(NOON_MS + round((hours * 3600 + seconds) * 1000)))

    def fault(self, **rule: object) -> None:
        self.exchange.faults.add(parse_rules(rule))

    def stream(self, wanted: Any) -> OkxStream:
        url = self.addresses.base_url.replace("http://", "ws://") + "/ws/v5/business"
        hooks = StreamHooks(sleep=lambda seconds: asyncio.sleep(seconds / 50), chance=lambda: 0.5)
        return OkxStream(StreamSettings(url, hooks=hooks), wanted)

    def bars(self) -> dict[tuple[str, int], dict[str, Any]]:
        """What is stored, by pair and hours since noon."""
        rows = self.store.database.rows(f"select * from {self.store.table}")
        return {(row["pair"], (row["timestamp_utc"] - NOON) // timedelta(hours=1)): row for row in rows}

    def tape_values(self, pair: str, hour: int) -> list[float]:
        opened = NOON_MS // HOUR_MS + hour
        bar = self.exchange.tape.bars(pair, opened + 1).between(opened, opened + 1)
        return [float(column[0]) for column in bar.values()]

    async def until(self, condition: Callable[[], bool], seconds: float = 15) -> None:
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.02)

    async def healthy(self) -> None:
        await self.until(lambda: self.live.health.state == HEALTHY)

    def differences(self, hours: range) -> list[tuple[str, int, list[float] | None]]:
        """Bars that are missing or not those of the tape: pair, hours since noon, what is stored."""
        bars = self.bars()
        stored = {key: [row[name] for name in VALUES] for key, row in bars.items()}
        return [
            (pair, hour, stored.get((pair, hour)))
            for pair in self.exchange.tape.pairs
            for hour in hours
            if stored.get((pair, hour)) != self.tape_values(pair, hour)
        ]

    def equals_tape(self, hours: range) -> bool:
        return not self.differences(hours)


@pytest.fixture
def play(exchange: Exchange, addresses: Addresses, database: Database) -> Callable[..., None]:
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

    return lambda scene, seconds=40: asyncio.run(asyncio.wait_for(run(scene), seconds))
