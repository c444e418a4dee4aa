"""The gap ledger: every bar that should exist and does not, until it is found or given up with a reason."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from okx_core.candles.gaps import is_due
from resources.market.candle_store import TABLES, CandleStore
from resources.postgres.database import Database

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
        self,
        pairs: Sequence[str],
        start: datetime,
        end: datetime,
        now: datetime,
        delisted: Sequence[str] = (),
        listed: Mapping[str, datetime] | None = None,
    ) -> int:
        """Enter the holes of the pairs in [start, end) that are not known yet; how many there are of them.

        A hole lies between two stored bars, between the last stored bar and `end`, and, for a pair whose
        listing is in `listed`, between that and its first stored bar. After the last bar of a delisted pair
        there is none. Without a listing nothing is said of the time before a pair's first bar.
        """
        return self._database.execute(
            "with edges as ("  # noqa: S608
            f" select name as pair, coalesce((select max(timestamp_utc) from {self._store.table}"
            "  where pair = name and timestamp_utc < $2), "
            "  case when listing is not null then greatest(listing, $2) - $6 end) as timestamp_utc"
            "  from unnest($1::text[], $8::timestamptz[]) as asked (name, listing)"
            f" union all select pair, timestamp_utc from {self._store.table}"
            "  where pair = any($1) and timestamp_utc >= $2 and timestamp_utc < $3), "
            "followed as (select pair, timestamp_utc, coalesce(lead(timestamp_utc) over (partition by pair "
            "  order by timestamp_utc), case when pair = any($7) then null else $3 end) as next_bar "
            "  from edges where timestamp_utc is not null) "
            "insert into market.candle_gaps (bar, pair, timestamp_utc, attempts, noticed_at, attempted_at) "
            "select $4, pair, missing, 1, $5, $5 from followed cross join lateral "
            "generate_series(greatest(timestamp_utc + $6, $2), least(next_bar, $3) - $6, $6) as missing "
            "where next_bar > timestamp_utc + $6 on conflict do nothing",
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
            "update market.candle_gaps as gap set attempts = gap.attempts + 1, attempted_at = $2, "
            "state = seen.state, evidence = seen.evidence, "
            "settled_at = case when seen.state = 'open' then null else $2 end "
            "from unnest($3::text[], $4::timestamptz[], $5::text[], $6::text[]) "
            "as seen (pair, timestamp_utc, state, evidence) "
            "where gap.bar = $1 and gap.state = 'open' and gap.pair = seen.pair "
            "and gap.timestamp_utc = seen.timestamp_utc",
            (self._store.bar, now, pairs, opens, states, evidence),
        )


def due_gaps(database: Database, now: datetime) -> int:
    """How many gaps of any bar size are due."""
    return sum(len(GapLedger(CandleStore(database, bar)).due(now)) for bar in TABLES)
