"""`python -m okx_jobs.stack.live_feed`: the feed as a program of the stack."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable, Sequence
from datetime import datetime

from okx_core.errors import OkxSignalError
from okx_core.hours import HOUR, floor_hour
from okx_services.ingest.feed_health import WRITTEN_EVERY_SECONDS, FeedHealth, health_file
from okx_services.ingest.live_candles import LiveCandles
from resources.config.parts import MarketSettings
from resources.config.settings import Settings, load_settings
from resources.market.candle_store import CandleStore
from resources.market.universe import live_pairs
from resources.okx.client import OkxClient
from resources.okx.websocket.messages import Subscription
from resources.okx.websocket.stream import OkxStream, StreamSettings
from resources.postgres.database import Database, connection_errors
from resources.stores import open_database, open_exchange

log = logging.getLogger(__name__)
SECONDS_BEFORE_NEXT_TRY = 5.0


def exchange_time(market: MarketSettings, client: OkxClient) -> Callable[[], datetime]:
    """The exchange's clock: with an offset where it runs like ours, asked each time where it does not."""
    return client.server_time if market.clock_is_fixed else client.now


def wanted_pairs(database: Database, now: Callable[[], datetime]) -> Callable[[], list[str]]:
    """The universe's live pairs of the last closed hour."""

    def pairs() -> list[str]:
        closed = floor_hour(now())
        return live_pairs(database, closed - HOUR, closed)

    return pairs


async def follow(settings: Settings, tell: Callable[[FeedHealth], None]) -> None:
    """Run the feed until cancelled, telling how it is."""
    database, client = open_database(settings.database), open_exchange(settings.exchange)
    now = exchange_time(settings.market, client)
    feed = LiveCandles(CandleStore(database), client, settings.mode, wanted_pairs(database, now), now)

    def open_stream(wanted: Sequence[Subscription]) -> OkxStream:
        return OkxStream(StreamSettings(f"{settings.exchange.stream_url}/ws/v5/business"), wanted)

    telling = asyncio.create_task(_tell_regularly(feed.health, tell))
    try:
        await feed.run(open_stream)
    finally:
        telling.cancel()
        client.close()


async def _tell_regularly(health: FeedHealth, tell: Callable[[FeedHealth], None]) -> None:
    received, waited = "", 0.0
    while True:
        if repr(health) != received or waited >= WRITTEN_EVERY_SECONDS:
            tell(health)
            received, waited = repr(health), 0.0
        await asyncio.sleep(1.0)
        waited += 1.0


def passes(error: BaseException) -> bool:
    """Whether trying again may help: the exchange or the database was away."""
    if isinstance(error, BaseExceptionGroup):
        return all(passes(part) for part in error.exceptions)
    return isinstance(error, (OkxSignalError, *connection_errors()))


async def serve(settings: Settings) -> None:
    """Follow the exchange until SIGTERM; what fails is tried again from the start, and repaired there."""
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    file = health_file(settings.home)
    stopping = asyncio.create_task(stopped.wait())
    while not stopped.is_set():
        following = asyncio.create_task(follow(settings, file.write))
        await asyncio.wait({following, stopping}, return_when=asyncio.FIRST_COMPLETED)
        following.cancel()
        (outcome,) = await asyncio.gather(following, return_exceptions=True)
        if stopped.is_set():
            break
        if not isinstance(outcome, BaseException) or not passes(outcome):
            await following
        log.warning("begins again: %r", outcome)
        file.write(FeedHealth(reason=f"begins again: {outcome}"))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), SECONDS_BEFORE_NEXT_TRY)
    file.clear()


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    asyncio.run(serve(load_settings(trading=False)))


if __name__ == "__main__":
    main()
