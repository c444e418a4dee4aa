"""Fetching candles of many pairs at once: pages are stored as they arrive, and a stopped fetch goes on.

Threads ask for pages, as fast as the client's pacing lets them; one writer stores what has arrived, in
batches. What an interrupted fetch has stored is not asked for again within a day.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pandas as pd

from okx_core.candles.rules import check_candles
from okx_core.candles.windows import remaining
from okx_core.hours import floor_hour
from resources.market.candle_store import CandleStore, Fetched
from resources.okx.calls.candle_history import RECENT_BARS, CandleStretch
from resources.okx.client import OkxClient
from resources.okx.errors import OkxError, TransientError
from resources.okx.rows.candle_pages import UnreadableRow, candle_frame

CONCURRENT_PAIRS = 16
OKX_BARS = {"1h": "1H", "15m": "15m"}
UNKNOWN_INSTRUMENT = "51001"
KEY_CODES = "501"  # begin of the codes about the key or the environment: they concern every pair
MAX_TRANSIENT_SHARE = 0.1  # of the pairs: when more of them get no answer, the exchange is away
FLUSH_ROWS, FLUSH_SECONDS = 30_000, 1.0
WAITING_PAGES = 400
SAY_EVERY_SECONDS = 5.0
# A fetch this short is one page a pair: there is nothing to resume.
RESUMABLE_BARS = 300

Part = tuple[str, datetime, datetime]

log = logging.getLogger(__name__)


@dataclass
class FetchReport:
    """Totals of one fetch so far; `refused` names pairs that could not be fetched to the end, with the error."""

    rows: int = 0
    written: int = 0
    rejected: int = 0
    pages: int = 0
    resumed_bars: int = 0
    refused: dict[str, str] = field(default_factory=dict)
    revised: list[pd.DataFrame] = field(default_factory=list)

    def revised_keys(self) -> pd.DataFrame:
        """Pair and time of every stored bar that got new values."""
        empty = pd.DataFrame({"pair": [], "timestamp_utc": pd.DatetimeIndex([], tz="UTC")})
        return pd.concat(self.revised, ignore_index=True) if self.revised else empty


@dataclass(frozen=True)
class _Arrival:
    pair: str
    part: CandleStretch


def _utc(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


class CandleFetch:
    """One fetch of [start, end) for many pairs into the store; `say` gets the progress as text."""

    def __init__(
        self, candles: CandleStore, client: OkxClient, source: str, say: Callable[[str], None] = log.info
    ) -> None:
        self._store, self._client, self._source, self._say = candles, client, source, say
        self._arrivals: queue.Queue[_Arrival | None] = queue.Queue(WAITING_PAGES)
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._errors: dict[str, OkxError] = {}
        self._pair_count = 0
        self.report = FetchReport()

    def run(self, pairs: Sequence[str], start: datetime, end: datetime) -> FetchReport:
        """Fetch and store; raises the client's error, when it concerns more than a pair, once everything that had
        arrived is stored."""
        self._pair_count = len(pairs)
        self._resumable = (end - start) / self._store.length > RESUMABLE_BARS
        known = self._store.fetched(pairs, self._client.now()) if self._resumable else {}
        parts = [(pair, *part) for pair in pairs for part in remaining((start, end), known.get(pair, ()))]
        whole = len(pairs) * (end - start)
        left = sum((last - first for _, first, last in parts), timedelta(0))
        work = self._by_endpoint(parts)
        self.report.resumed_bars = int((whole - left) / self._store.length)
        self._progress = _Progress(left, self._store.length)
        self._unfinished = len(work)
        with ThreadPoolExecutor(CONCURRENT_PAIRS, "candles") as pool:
            tasks = [pool.submit(self._fetch, pair, start, end) for pair, start, end in work]
            try:
                self._store_arrivals()
            finally:
                self._stopped.set()
                while not all(task.done() for task in tasks):
                    self._next_arrival(0.05)  # makes room, so that waiting threads see that they are stopped
        for task in tasks:
            task.result()
        self._require_some_answers(pairs)
        if self._resumable:
            self._store.forget_fetched([pair for pair in pairs if pair not in self._errors], start, end)
        return self.report

    def _require_some_answers(self, pairs: Sequence[str]) -> None:
        """Raise when it was not a pair that failed but the exchange: no pair, or too few of them, got an answer."""
        strange = [error for error in self._errors.values() if error.code != UNKNOWN_INSTRUMENT]
        away = [error for error in strange if isinstance(error, TransientError)]
        if strange and (len(self._errors) == len(pairs) or self._too_many(len(away), len(pairs))):
            raise strange[0]

    @staticmethod
    def _too_many(failed: int, pairs: int) -> bool:
        return failed > max(1.0, MAX_TRANSIENT_SHARE * pairs)

    def _by_endpoint(self, parts: Sequence[Part]) -> list[Part]:
        """The parts cut where the endpoint of the newest bars ends: each has a limit of its own, so both are used."""
        now = floor_hour(self._client.now())
        border = now - RECENT_BARS * self._store.length
        cut: list[Part] = []
        for pair, start, end in parts:
            for first, last in ((start, min(end, border)), (max(start, border), end)):
                if first < last:
                    cut.append((pair, first, last))
        return cut

    def _fetch(self, pair: str, start: datetime, end: datetime) -> None:
        """One part; an error of one pair is noted and leaves the others alone."""
        try:
            for part in self._client.candle_stretches(pair, OKX_BARS[self._store.bar], start, end):
                if self._stopped.is_set():
                    return
                self._arrivals.put(_Arrival(pair, part))
        except OkxError as error:
            if error.code.startswith(KEY_CODES):
                self._stopped.set()
                raise
            self._note_error(pair, error)
        except BaseException:
            self._stopped.set()
            raise
        finally:
            with self._lock:
                self._unfinished -= 1
                last = self._unfinished == 0
            if last:
                self._arrivals.put(None)

    def _note_error(self, pair: str, error: OkxError) -> None:
        if error.code != UNKNOWN_INSTRUMENT:
            log.warning("%s: %s", pair, error)
        with self._lock:
            self._errors[pair] = error
            self.report.refused[pair] = str(error)
            away = sum(isinstance(known, TransientError) for known in self._errors.values())
            if self._too_many(away, self._pair_count):
                self._stopped.set()

    def _next_arrival(self, seconds: float) -> _Arrival | None:
        """The next arrival within so many seconds; None when there is none, or when all tasks have ended."""
        try:
            return self._arrivals.get(timeout=max(seconds, 0.0))
        except queue.Empty:
            return None

    def _store_arrivals(self) -> None:
        """Store batches until every task has ended."""
        batch: list[_Arrival] = []
        rows, flush_at = 0, time.monotonic() + FLUSH_SECONDS
        while self._unfinished or not self._arrivals.empty():
            arrival = self._next_arrival(flush_at - time.monotonic())
            if arrival is not None:
                batch.append(arrival)
                rows += len(arrival.part.page.open_ms)
            if rows >= FLUSH_ROWS or time.monotonic() >= flush_at:
                self._flush(batch)
                batch, rows, flush_at = [], 0, time.monotonic() + FLUSH_SECONDS
        self._flush(batch)

    def _flush(self, batch: Sequence[_Arrival]) -> None:
        if not batch:
            return
        by_pair: dict[str, list[CandleStretch]] = {}
        for item in batch:
            by_pair.setdefault(item.pair, []).append(item.part)
        frames = [candle_frame(pair, [part.page for part in parts]) for pair, parts in by_pair.items()]
        good, rejected = check_candles(pd.concat(frames, ignore_index=True), pd.Timedelta(self._store.length))
        unreadable = [(item.pair, row) for item in batch for row in item.part.page.unreadable]
        rejected = pd.concat([rejected, *map(_rejected_row, unreadable)], ignore_index=True)
        fetched = [
            Fetched(item.pair, _utc(item.part.start_ms), _utc(item.part.end_ms))
            for item in batch
            if self._resumable
        ]
        recorded = self._store.record(good, rejected, self._source, self._client.now(), fetched)
        self.report.pages += sum(len(item.part.page.open_ms) > 0 for item in batch)
        self.report.rows += len(good)
        self.report.written += recorded.written
        self.report.rejected += len(rejected)
        if len(recorded.revised):
            self.report.revised.append(recorded.revised)
        for item in batch:
            self._progress.covered[item.pair, item.part.end_ms] = item.part.end_ms - item.part.start_ms
        if self._resumable and (text := self._progress.text(self.report)):
            self._say(text)


def _rejected_row(unreadable: tuple[str, UnreadableRow]) -> pd.DataFrame:
    """A row that is no bar, as check_candles gives the rows that it rejects."""
    pair, row = unreadable
    opened = pd.to_datetime(pd.Series([row.open_ms], dtype="Int64"), unit="ms", utc=True)
    return pd.DataFrame({"pair": [pair], "timestamp_utc": opened, "reason": [row.reason]})


class _Progress:
    """How far a fetch has come, in words, now and then. `covered` is in ms, by stretch."""

    def __init__(self, left: timedelta, length: timedelta) -> None:
        self._left, self._length = left, length
        self._began = self._said = time.monotonic()
        self.covered: dict[tuple[str, int], int] = {}

    def text(self, report: FetchReport) -> str:
        now = time.monotonic()
        if now - self._said < SAY_EVERY_SECONDS:
            return ""
        self._said, took = now, now - self._began
        done = timedelta(milliseconds=sum(self.covered.values()))
        left = (self._left - done) / done * took if done else float("inf")
        return (
            f"{done / self._length:,.0f} of {self._left / self._length:,.0f} bars, "
            f"{report.pages:,} pages at {report.pages / took:.1f} a second, about {_duration(left)} left"
        )


def _duration(seconds: float) -> str:
    if seconds == float("inf"):
        return "an unknown time"
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
