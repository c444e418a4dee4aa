"""The gap ledger: every bar that should exist and does not, until it is found or given up with a reason."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from okx_core.candles.gaps import is_due
from resources.market.candle_store import TABLES, CandleStore
from resources.postgres.database import Database
from resources.postgres.queries import query, query_on

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Gap:
    """One missing bar, named by its open."""

    pair: str
    timestamp_utc: datetime
    attempts: int
    asked_at: datetime


@dataclass(frozen=True)
class Attempt:
    """The outcome of asking for a missing bar once more: its state now, and what was seen."""

    pair: str
    timestamp_utc: datetime
    state: str
    evidence: str


class GapLedger:
    """market.candle_gaps for the bars of one store."""

    def __init__(self, candles: CandleStore) -> None:
        self._store, self._database = candles, candles.database

    def notice(
        self, pairs: Sequence[str], start: datetime, end: datetime, now: datetime, delisted: Sequence[str] = (),
        listed: Mapping[str, datetime] | None = None,
    ) -> int:  # fmt: skip
        """Enter the holes of the pairs in [start, end) that are not known yet; how many there are of them.

        A hole lies between two stored bars, between the last stored bar and `end`, and, for a pair whose
        listing is in `listed`, between that and its first stored bar. After the last bar of a delisted pair
        there is none. Without a listing nothing is said of the time before a pair's first bar.
        """
        return self._database.execute(
            query_on("note_gaps", {TABLES["1h"]: self._store.table}),
            (
                list(pairs),
                start,
                end,
                self._store.bar,
                now,
                self._store.length,
                list(delisted),
                [self._first_bar(listing) for listing in map((listed or {}).get, pairs)],
            ),
        )

    def _first_bar(self, listing: datetime | None) -> datetime | None:
        """The first bar that a pair listed then must have: the first that opens when it trades already."""
        if listing is None:
            return None
        length = self._store.length
        return EPOCH - (EPOCH - listing) // length * length

    def due(self, now: datetime) -> list[Gap]:
        """Open gaps whose next attempt is due, by pair and time."""
        rows = self._database.rows(
            "select pair, timestamp_utc, attempts, attempted_at as asked_at from market.candle_gaps "
            "where state = 'open' and bar = $1 order by pair, timestamp_utc",
            (self._store.bar,),
        )
        gaps = [Gap(**row) for row in rows]
        length = self._store.length
        return [gap for gap in gaps if is_due(gap.timestamp_utc + length, gap.attempts, gap.asked_at, now)]

    def bars_of_market(self, start: datetime, end: datetime) -> dict[datetime, int]:
        """How many pairs have each bar of [start, end) that any pair has."""
        rows = self._database.rows(
            f"select timestamp_utc, count(*) as pairs from {self._store.table} "  # noqa: S608
            "where timestamp_utc >= $1 and timestamp_utc < $2 group by timestamp_utc",
            (start, end),
        )
        return {row["timestamp_utc"]: row["pairs"] for row in rows}

    def note(self, attempts: Iterable[Attempt], now: datetime) -> None:
        """Write down one more attempt for each; a state other than open settles the gap."""
        rows = [(item.pair, item.timestamp_utc, item.state, item.evidence) for item in attempts]
        if not rows:
            return
        pairs, opens, states, evidence = (list(column) for column in zip(*rows, strict=True))
        self._database.execute(
            query("record_gap_attempts"),
            (self._store.bar, now, pairs, opens, states, evidence),
        )


def due_gaps(database: Database, now: datetime) -> int:
    """How many gaps of any bar size are due."""
    return sum(len(GapLedger(CandleStore(database, bar)).due(now)) for bar in TABLES)
