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
from resources.postgres.queries import query, query_on

if TYPE_CHECKING:
    import pandas as pd

TABLES = {"1h": "market.candles_1h", "15m": "market.candles_15m"}
# A backfill that was stopped longer ago starts anew: what it had stored may have been revised since.
RESUMED_WITHIN = timedelta(hours=24)


def source_of(mode: str, *, streamed: bool = False) -> str:
    """The source tag of a bar that the exchange of this mode has sent, over REST or pushed."""
    return f"okx-{mode}-stream" if streamed else f"okx-{mode}"


@dataclass(frozen=True)
class Fetched:
    """A pair's bars of [start, end) have been received, down to `start`; the fetch goes backwards."""

    pair: str
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Recorded:
    """The outcome of a write: how many rows are new or changed, and the keys of the changed ones."""

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
        self, good: "pd.DataFrame", rejected: "pd.DataFrame", source: str, now: datetime,
        fetched: Sequence[Fetched] = (), only_new: bool = False,
    ) -> Recorded:  # fmt: skip
        """Store checked bars: nothing known is lost, and an unchanged bar keeps its first version.

        `good` has the candle columns, one row per pair and time; `rejected` has `reason` too. A bar whose
        values differ from the stored ones replaces them under the next revision, and the old version goes
        to market.candle_revisions. `now` is exchange time. With `only_new` bars that are stored already stay
        as they are: such a source may add, but not correct.
        """
        with self.database.bulk() as bulk:
            bulk.stage("incoming", self.table, good.assign(source=source, ingested_at=now, revision=0))
            if only_new:
                bulk.run(
                    f"delete from incoming using {self.table} as stored "  # noqa: S608
                    "where (incoming.pair, incoming.timestamp_utc) = (stored.pair, stored.timestamp_utc)"
                )
            revised = self._keep_old_versions(bulk, now)
            written = bulk.frame(self._query("add_candles" if only_new else "merge_candles"))
            closed = self._close_gaps(bulk, source, now)
            self._quarantine(bulk, rejected, now)
            self._note_fetched(bulk, fetched, now)
        return Recorded(int(written["rows"].iloc[0]), revised, closed)

    def _keep_old_versions(self, bulk: Bulk, now: datetime) -> "pd.DataFrame":
        return bulk.frame(self._query("keep_old_versions"), (self.bar, now))

    def _query(self, name: str) -> str:
        """A query on the table of this bar size."""
        return query_on(name, {TABLES["1h"]: self.table})

    def _close_gaps(self, bulk: Bulk, source: str, now: datetime) -> int:
        closed = bulk.frame(query("close_gaps"), (self.bar, now, source))
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
        bulk.stage("rejected_bars", "market.rejected_rows", rows)
        bulk.run(
            "insert into market.rejected_rows (pair, timestamp_utc, reason, payload, rejected_at, bar) "
            "select pair, timestamp_utc, reason, payload, rejected_at, bar from rejected_bars on conflict do nothing"
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
        rows = self.database.rows(query("changed_candles"), (self.bar, since, until))
        return None if rows[0]["first"] is None else (rows[0]["first"], rows[0]["last"])

    def fetched(self, pairs: Sequence[str], now: datetime) -> dict[str, list[tuple[datetime, datetime]]]:
        """Stretches [start, end) that an interrupted fetch has stored lately, by pair."""
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
