"""Candles into PostgreSQL: the one path of backfill, hourly fetch, live feed and repair.

Everything that one set of fetched rows changes is one transaction: new bars, the versions they replace,
rejected rows, gaps they close, and how far the fetch has come.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from okx_core.candles.rules import BAR_LENGTHS
from okx_core.errors import OkxSignalError
from resources.postgres.database import Bulk, Database

if TYPE_CHECKING:
    import pandas as pd

TABLES = {"1h": "market.candles_1h", "15m": "market.candles_15m"}
VALUES = "open, high, low, close, volume, quote_volume"
REPLACE = (
    "update set (open, high, low, close, volume, quote_volume, source, ingested_at, revision) = "
    "(excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume, "
    "excluded.quote_volume, excluded.source, excluded.ingested_at, stored.revision + 1) "
    "where (stored.open, stored.high, stored.low, stored.close, stored.volume, stored.quote_volume) "
    "is distinct from (excluded.open, excluded.high, excluded.low, excluded.close, "
    "excluded.volume, excluded.quote_volume)"
)
# A backfill that was stopped longer ago starts anew: what it had stored may have been revised since.
RESUMED_WITHIN = timedelta(hours=24)


def source_of(mode: str, *, streamed: bool = False) -> str:
    """What stands in the column `source` of a bar that the exchange of this mode has sent, over REST or pushed."""
    return f"okx-{mode}-stream" if streamed else f"okx-{mode}"


@dataclass(frozen=True)
class Fetched:
    """A pair's bars of [start, end) have been received, down to `start`; the fetch goes backwards."""

    pair: str
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Recorded:
    """What was written: rows that are new or changed, and the keys of the changed ones."""

    written: int
    revised: "pd.DataFrame"
    gaps_closed: int


class CandleStore:
    """The candles of one bar size, '1h' or '15m'."""

    def __init__(self, database: Database, bar: str = "1h") -> None:
        if bar not in TABLES:
            raise OkxSignalError(f"no table holds candles of {bar!r}; use {' or '.join(TABLES)}")
        self.database, self.bar, self.table = database, bar, TABLES[bar]
        self.length: timedelta = BAR_LENGTHS[bar].to_pytimedelta()

    def record(
        self,
        good: "pd.DataFrame",
        rejected: "pd.DataFrame",
        source: str,
        now: datetime,
        fetched: Sequence[Fetched] = (),
        only_new: bool = False,
    ) -> Recorded:
        """Store checked bars: nothing known is lost, and an unchanged bar keeps its first version.

        `good` has the candle columns, one row per pair and time; `rejected` has `reason` too. A bar whose
        values differ from the stored ones replaces them under the next revision, and the old version goes
        to market.candle_revisions. `now` is exchange time. With `only_new` bars that are stored already stay
        as they are: a source that is not the judge may add, but not correct.
        """
        with self.database.bulk() as bulk:
            bulk.stage("incoming", self.table, good.assign(source=source, ingested_at=now, revision=0))
            if only_new:
                bulk.run(
                    f"delete from incoming using {self.table} as stored "  # noqa: S608
                    "where (incoming.pair, incoming.timestamp_utc) = (stored.pair, stored.timestamp_utc)"
                )
            revised = self._keep_old_versions(bulk, now)
            written = bulk.frame(
                f"with written as (insert into {self.table} as stored "  # noqa: S608
                f"(pair, timestamp_utc, {VALUES}, source, ingested_at) "
                f"select pair, timestamp_utc, {VALUES}, source, ingested_at from incoming order by pair, timestamp_utc "
                f"on conflict (pair, timestamp_utc) do {'nothing' if only_new else REPLACE} returning 1) "
                "select count(*) as rows from written"
            )
            closed = self._close_gaps(bulk, source, now)
            self._quarantine(bulk, rejected, now)
            self._note_fetched(bulk, fetched, now)
        return Recorded(int(written["rows"].iloc[0]), revised, closed)

    def _keep_old_versions(self, bulk: Bulk, now: datetime) -> "pd.DataFrame":
        old = ", ".join(f"stored.{name}" for name in VALUES.split(", "))
        new = ", ".join(f"incoming.{name}" for name in VALUES.split(", "))
        return bulk.frame(
            "insert into market.candle_revisions "  # noqa: S608
            f"(bar, pair, timestamp_utc, revision, {VALUES}, source, ingested_at, replaced_at) "
            f"select $1, stored.pair, stored.timestamp_utc, stored.revision, {old}, stored.source, "
            f"stored.ingested_at, $2 from incoming inner join {self.table} as stored using (pair, timestamp_utc) "
            f"where ({old}) is distinct from ({new}) returning pair, timestamp_utc",
            (self.bar, now),
        )

    def _close_gaps(self, bulk: Bulk, source: str, now: datetime) -> int:
        closed = bulk.frame(
            "update market.candle_gaps as gap set state = 'refetched', settled_at = $2, "
            "evidence = concat_ws('; ', nullif(gap.evidence, ''), 'fetched from ' || $3) from incoming "
            "where gap.bar = $1 and gap.pair = incoming.pair and gap.timestamp_utc = incoming.timestamp_utc "
            "and gap.state <> 'refetched' returning 1 as one",
            (self.bar, now, source),
        )
        return len(closed)

    def _quarantine(self, bulk: Bulk, rejected: "pd.DataFrame", now: datetime) -> None:
        if rejected.empty:
            return
        import pandas as pd

        records = rejected.drop(columns="reason").to_dict("records")
        rows = pd.DataFrame(
            {
                "pair": rejected["pair"].fillna("").to_numpy(),
                "timestamp_utc": rejected["timestamp_utc"].to_numpy(),
                "reason": rejected["reason"].to_numpy(),
                "payload": [json.dumps({name: str(value) for name, value in row.items()}) for row in records],
                "rejected_at": now,
                "bar": self.bar,
            }
        )
        rows["timestamp_utc"] = pd.to_datetime(rows["timestamp_utc"], utc=True)
        bulk.stage("turned_away", "market.rejected_rows", rows)
        bulk.run(
            "insert into market.rejected_rows (pair, timestamp_utc, reason, payload, rejected_at, bar) "
            "select pair, timestamp_utc, reason, payload, rejected_at, bar from turned_away on conflict do nothing"
        )

    def _note_fetched(self, bulk: Bulk, fetched: Iterable[Fetched], now: datetime) -> None:
        import pandas as pd

        rows = pd.DataFrame([(self.bar, item.pair, item.end, item.start, now) for item in fetched])
        if rows.empty:
            return
        rows.columns = pd.Index(["bar", "pair", "fetched_to", "fetched_from", "stored_at"])
        rows = rows.groupby(["bar", "pair", "fetched_to"], as_index=False).min()
        bulk.stage("fetched", "market.fetched_stretches", rows)
        bulk.run(
            "insert into market.fetched_stretches as known select * from fetched "
            "on conflict (bar, pair, fetched_to) do update set "
            "fetched_from = least(known.fetched_from, excluded.fetched_from), stored_at = excluded.stored_at"
        )

    def bars(self, pairs: Sequence[str], start: datetime, end: datetime) -> "pd.DataFrame":
        """The stored bars of the pairs with start <= open < end, by pair and time."""
        return self.database.frame(
            f"select * from {self.table} where pair = any(string_to_array($1, ',')) "  # noqa: S608
            "and timestamp_utc >= $2 and timestamp_utc < $3 order by pair, timestamp_utc",
            (",".join(pairs), start, end),
        )

    def changed_between(self, since: datetime, until: datetime) -> tuple[datetime, datetime] | None:
        """First and last bar that came late or got new values in (since, until]; None when none did."""
        rows = self.database.rows(
            "select min(timestamp_utc) as first, max(timestamp_utc) as last from ("
            "select timestamp_utc from market.candle_revisions where bar = $1 and replaced_at > $2 "
            "and replaced_at <= $3 union all select timestamp_utc from market.candle_gaps where bar = $1 "
            "and state = 'refetched' and settled_at > $2 and settled_at <= $3) as changes",
            (self.bar, since, until),
        )
        return None if rows[0]["first"] is None else (rows[0]["first"], rows[0]["last"])

    def fetched(self, pairs: Sequence[str], now: datetime) -> dict[str, list[tuple[datetime, datetime]]]:
        """What an interrupted fetch has stored lately, by pair, as stretches [start, end)."""
        rows = self.database.rows(
            "select pair, fetched_from, fetched_to from market.fetched_stretches "
            "where bar = $1 and pair = any($2) and stored_at > $3",
            (self.bar, list(pairs), now - RESUMED_WITHIN),
        )
        known: dict[str, list[tuple[datetime, datetime]]] = {}
        for row in rows:
            known.setdefault(row["pair"], []).append((row["fetched_from"], row["fetched_to"]))
        return known

    def forget_fetched(self, pairs: Sequence[str], start: datetime, end: datetime) -> None:
        """The fetch of [start, end) is complete: the next one asks for everything again."""
        self.database.execute(
            "delete from market.fetched_stretches where bar = $1 and pair = any($2) "
            "and fetched_to > $3 and fetched_from < $4",
            (self.bar, list(pairs), start, end),
        )
