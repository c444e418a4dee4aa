"""The feed of hourly candles: a stream that is fast, and REST that is right.

Pushed bars are written the moment they close, but only where there is none yet. After every connection
the missed bars are fetched over REST before the feed counts as healthy; shortly after every close REST
is asked for missing bars, and a little later for all bars. REST wins.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from okx_core.hours import HOUR, floor_hour
from okx_services.ingest.candle_fetch import CandleFetch
from okx_services.ingest.feed_health import DISCONNECTED, HEALTHY, REPAIRING, WAITING, FeedHealth, utc_now
from okx_services.ingest.gap_repair import repair_gaps
from okx_services.ingest.pushed_bars import closed_bars, store_bars
from resources.market.candle_store import CandleStore, source_of
from resources.market.gap_ledger import GapLedger
from resources.okx.client import OkxClient
from resources.okx.errors import OkxError, ParsingError
from resources.okx.rows.candle_pages import CandlePage
from resources.okx.websocket.messages import Push, Subscription
from resources.okx.websocket.pacing import pause_after
from resources.okx.websocket.stream import Down, Event, OkxStream, Up

log = logging.getLogger(__name__)
CHANNEL = "candle1H"


@dataclass(frozen=True)
class FeedTiming:
    """When REST is asked, by the exchange's clock; how often one looks, by ours."""

    ask_missing_after: timedelta = timedelta(seconds=1)
    reconcile_after: timedelta = timedelta(seconds=20)
    reconciled_bars: int = 3
    longest_repair: timedelta = timedelta(days=58)
    gather_seconds: float = 0.1
    look_seconds: float = 0.5
    universe_seconds: float = 60.0


class LiveCandles:
    """Keeps market.candles_1h up with the exchange for the pairs that `wanted_pairs` gives."""

    def __init__(
        self,
        candles: CandleStore,
        client: OkxClient,
        mode: str,
        wanted_pairs: Callable[[], list[str]],
        now: Callable[[], datetime],
        timing: FeedTiming | None = None,
    ) -> None:
        self._store, self._client, self._mode, self._now = candles, client, mode, now
        self._wanted_pairs = wanted_pairs
        self._timing = timing or FeedTiming()
        self._pairs: list[str] = []
        self._pushed: list[tuple[str, CandlePage]] = []
        self._arrived = asyncio.Event()
        self._connected = False
        self._interruptions, self._repaired = 1, 0
        self._failures = 0
        self.health = FeedHealth()

    async def run(self, open_stream: Callable[[Sequence[Subscription]], OkxStream]) -> None:
        """Follow the exchange until cancelled."""
        await self._wait_for_pairs()
        stream = open_stream(self._subscriptions())
        whole_until = await asyncio.to_thread(self._stored_until)
        async with stream.events() as events, asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen(stream, events))
            tasks.create_task(self._store_pushed())
            tasks.create_task(self._keep_whole(whole_until))
            tasks.create_task(self._follow_universe(stream))

    def _subscriptions(self) -> list[Subscription]:
        return [Subscription(CHANNEL, pair) for pair in self._pairs]

    async def _wait_for_pairs(self) -> None:
        while not self._pairs:
            self._pairs = await asyncio.to_thread(self._wanted_pairs)
            self.health.pairs = len(self._pairs)
            if not self._pairs:
                self.health.state, self.health.reason = WAITING, "market.universe knows no live pair yet"
                await asyncio.sleep(self._timing.look_seconds)
        self.health.state, self.health.reason = DISCONNECTED, "connecting"

    async def _follow_universe(self, stream: OkxStream) -> None:
        """Listen to pairs as they enter and leave the universe; a new one is repaired like a missed one."""
        while True:
            await asyncio.sleep(self._timing.universe_seconds)
            pairs = await asyncio.to_thread(self._wanted_pairs)
            if pairs and pairs != self._pairs:
                self._pairs, self.health.pairs = pairs, len(pairs)
                refused = await stream.want(self._subscriptions())
                still = set(self.health.refused) & set(pairs)
                self.health.refused = sorted(still | {item.inst_id for item in refused})
                self._interrupted("the universe has changed")

    def _interrupted(self, reason: str) -> None:
        """Something may have been missed: the feed is not healthy before REST has been asked."""
        self._interruptions += 1
        self.health.state = REPAIRING if self._connected else DISCONNECTED
        self.health.reason = reason

    async def _listen(self, stream: OkxStream, events: AsyncIterator[Event]) -> None:
        async for event in events:
            if isinstance(event, Push):
                self._hear(event)
            elif isinstance(event, Up):
                self.health.connects = stream.connects
                self.health.refused = sorted(item.inst_id for item in event.refused)
                self._connected = True
                if not event.gapless:
                    self._interrupted("fetching what was missed")
            elif isinstance(event, Down):
                log.warning("%s", event.reason)
                self._connected = False
                self._interrupted(event.reason)

    def _hear(self, push: Push) -> None:
        self.health.last_push_at = utc_now().isoformat()
        try:
            bars = closed_bars(push)
        except ParsingError as error:
            log.warning("%s", error)
            self.health.malformed += 1
            return
        if bars is not None:
            self._pushed.append(bars)
            self._arrived.set()

    async def _store_pushed(self) -> None:
        while True:
            await self._arrived.wait()
            await asyncio.sleep(self._timing.gather_seconds)
            self._arrived.clear()
            bars, self._pushed = self._pushed, []
            await asyncio.to_thread(self._store_bars, bars)

    def _store_bars(self, bars: list[tuple[str, CandlePage]]) -> None:
        recorded, closed_at = store_bars(self._store, bars, self._mode, self._now())
        if recorded.written:
            self.health.streamed += recorded.written
            self.health.newest_bar = (closed_at - self._store.length).isoformat()
            self.health.delay_seconds = (self._now() - closed_at).total_seconds()

    def _stored_until(self) -> datetime:
        """Up to when there are bars: repair begins there, but not longer ago than REST keeps at hand."""
        now = floor_hour(self._now())
        newest = self._store.database.scalar(
            f"select max(timestamp_utc) from {self._store.table} where pair = any($1)",  # noqa: S608
            (self._pairs,),
        )
        return now if newest is None else min(max(newest + HOUR, now - self._timing.longest_repair), now)

    async def _keep_whole(self, whole_until: datetime) -> None:
        """Repair after every interruption; after every close fetch missing bars, then reconcile with REST."""
        asked_until = whole_until
        while True:
            await asyncio.sleep(self._timing.look_seconds + pause_after(self._failures, 0.5))
            try:
                now = await asyncio.to_thread(self._now)
                closed = floor_hour(now)
                interruptions, connected = self._interruptions, self._connected
                if self._repaired < interruptions and connected:
                    await asyncio.to_thread(self._reconcile_with_rest, whole_until, closed)
                    whole_until = asked_until = closed
                    self._repaired = interruptions
                    self._mark_healthy()
                elif asked_until < closed and now >= closed + self._timing.ask_missing_after:
                    await asyncio.to_thread(self._fetch_missing, asked_until, closed)
                    asked_until = closed
                elif whole_until < closed and now >= closed + self._timing.reconcile_after:
                    await asyncio.to_thread(self._reconcile_with_rest, whole_until, closed)
                    whole_until = closed
                self._failures = 0
            except OkxError as error:
                log.warning("%s", error)
                self._failures += 1
                self.health.reason = str(error)

    def _mark_healthy(self) -> None:
        """Nothing is missing; healthy, unless something was missed again meanwhile."""
        if self._connected and self._repaired == self._interruptions:
            self.health.state, self.health.reason = HEALTHY, ""

    def _fetch_missing(self, start: datetime, end: datetime) -> None:
        """Bars of [start, end) that the stream has not brought."""
        for opened in (start + number * HOUR for number in range((end - start) // HOUR)):
            rows = self._store.database.rows(
                f"select pair from {self._store.table} where timestamp_utc = $1 and pair = any($2)",  # noqa: S608
                (opened, self._pairs),
            )
            missing = sorted(set(self._pairs) - {row["pair"] for row in rows})
            if missing:
                self._fetch(missing, opened, opened + HOUR)

    def _reconcile_with_rest(self, whole_until: datetime, end: datetime) -> None:
        """Replace every bar since `whole_until`, and some bars before it, by what REST has.

        What it has not got goes on the gap ledger, and older gaps are asked for again.
        """
        start = min(whole_until, end) - self._timing.reconciled_bars * HOUR
        self._fetch(self._pairs, start, end)
        GapLedger(self._store).notice(self._pairs, start, end, self._now())
        self.health.fetched += repair_gaps(self._store, self._client, source_of(self._mode)).refetched

    def _fetch(self, pairs: list[str], start: datetime, end: datetime) -> None:
        self._client.server_time()
        report = CandleFetch(self._store, self._client, source_of(self._mode), log.info).run(
            pairs, start, end
        )
        self.health.fetched += report.written
        self.health.revised += len(report.revised_keys())
