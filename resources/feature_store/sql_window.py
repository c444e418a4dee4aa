"""The newest days in PostgreSQL: a copy of the store's rows for SQL, dashboards and serving.

From `features.sql_windows.starts_at` on a table holds what the store holds. Older rows are trimmed as time
goes on; when the window is made longer, the missing days are filled from the store.
"""

from collections.abc import Callable, Container, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Literal

import pyarrow as pa

from okx_core.hours import HOUR
from resources.feature_store import content
from resources.feature_store.months import MonthPart, month_parts
from resources.feature_store.store import FeatureStore, ReadAhead
from resources.postgres.database import Bulk, Database
from resources.postgres.queries import query

if TYPE_CHECKING:
    import pandas as pd

COMPARED_AT_ONCE = timedelta(days=8)  # 300 pairs: 40 MB on either side
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def newest_candle(database: Database) -> datetime | None:
    """Open of the newest hourly candle, None without candles; the same few milliseconds for any history."""
    newest: datetime | None = database.scalar(query("newest_candle"))
    return newest


def window_start(days: int | Literal["all"], newest: datetime | None) -> datetime:
    """First bar of the SQL window: midnight, so many days before the close of the newest bar."""
    if days == "all" or newest is None:
        return BEGINNING
    return (newest + HOUR - timedelta(days=days)).replace(hour=0, minute=0, second=0, microsecond=0)


@dataclass(frozen=True)
class SqlWindow:
    """The SQL copy of one table of the store."""

    store: FeatureStore
    table: str

    @property
    def database(self) -> Database:
        return self.store.database

    def starts_at(self) -> datetime | None:
        """From where on SQL equals the store; None before the first write."""
        moment: datetime | None = self.database.scalar(
            "select starts_at from features.sql_windows where table_name = $1", (self.table,)
        )
        return moment

    def covers(self, start: datetime) -> bool:
        """Whether rows from `start` on can be read from SQL."""
        held = self.starts_at()
        return held is not None and held <= start

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One writer of this table at a time, from reading what rows are made of to both copies: else two of them
        could reach store and SQL in opposite orders, or an older reading could win."""
        with self.database.connect() as connection:
            connection.execute(
                "select pg_advisory_xact_lock(hashtextextended($1, 0))", (f"record {self.table}",)
            )
            yield

    def record(self, frame: "pd.DataFrame", start: datetime, end: datetime, first: datetime) -> None:
        """Write the rows of [start, end) to the store, and those from `first` on to SQL as well.

        Both at once, but SQL commits only when the store has the rows: an error leaves it as it was.
        """
        with self._alone():
            self._record(frame, start, end, first)

    def record_made(
        self, make: "Callable[[], pd.DataFrame]", part: MonthPart, first: datetime
    ) -> "pd.DataFrame":
        """Make the rows of `part` while the file that they go into is read, then record them."""
        with self._alone(), ThreadPoolExecutor(1) as beside:
            ahead = beside.submit(self.store.read_ahead, self.table, part)
            frame = make()
            self._record(frame, part.start, part.end, first, ahead)
        return frame

    def _record(
        self,
        frame: "pd.DataFrame",
        start: datetime,
        end: datetime,
        first: datetime,
        ahead: "Future[ReadAhead | None] | None" = None,
    ) -> None:
        with ThreadPoolExecutor(1) as beside:
            stored = beside.submit(self.store.replace_window, self.table, frame, start, end, ahead)
            self.replace(frame, start, end, first, stored.result)

    def replace(
        self, frame: "pd.DataFrame", start: datetime, end: datetime, first: datetime,
        before_commit: Callable[[], object] = lambda: None,
    ) -> int:  # fmt: skip
        """Replace the rows of [start, end) that lie in the window, which begins at `first` from now on.

        One transaction: rows before `first` leave, and rows from `first` on that SQL does not hold yet come
        from the store. Returns the rows of `frame` that were written.
        """
        with self.database.bulk() as bulk:
            held = self._held(bulk, first)
            if first < held:
                self._fill(bulk, first, held)
            bulk.run(
                f"delete from {self.table} where timestamp_utc < $1 or timestamp_utc >= $2 and timestamp_utc < $3",  # noqa: S608
                (first, start, end),
            )
            rows = bulk.append(self.table, frame[frame["timestamp_utc"] >= first] if start < first else frame)
            bulk.run(
                "update features.sql_windows set starts_at = $2 "
                "where table_name = $1 and starts_at is distinct from $2",
                (self.table, first),
            )
            before_commit()
        return rows

    def _held(self, bulk: Bulk, first: datetime) -> datetime:
        """Where the window began until now; holds the table's row, so that one writer moves it at a time."""
        row = bulk.frame(
            "select starts_at from features.sql_windows where table_name = $1 for update", (self.table,)
        )
        moment = row["starts_at"].iloc[0]
        return first if moment is None or moment != moment else moment.to_pydatetime()

    def _fill(self, bulk: Bulk, first: datetime, held: datetime) -> None:
        bulk.run(f"delete from {self.table} where timestamp_utc < $1", (held,))  # noqa: S608
        known = self.store.manifest.current(self.table, first.date().replace(day=1), held.date())
        if known:
            since = max(first, datetime(known[0].month.year, known[0].month.month, 1, tzinfo=UTC))
            for part in month_parts(since, held):
                bulk.append(self.table, self.store.frame(self.table, part.start, part.end))

    def read(self, start: datetime, end: datetime) -> "pd.DataFrame":
        """Rows with start <= timestamp_utc < end by time and pair: from SQL where it covers them, else the store."""
        if self.covers(start):
            return self.database.frame(
                f"select * from {self.table} where timestamp_utc >= $1 and timestamp_utc < $2 "  # noqa: S608
                "order by timestamp_utc, pair",
                (start, end),
            )
        rows = self.store.frame(self.table, start, end)
        return rows.sort_values(["timestamp_utc", "pair"], ignore_index=True)

    def differences(self, start: datetime, end: datetime) -> list[str]:
        """How SQL and store differ in what SQL holds of [start, end), a line per month; none when bit for bit equal."""
        return [f"{month:%Y-%m}: {words}" for month, words in self.unequal_months(start, end)]

    def unequal_months(
        self, start: datetime, end: datetime, but: Container[date] = ()
    ) -> list[tuple[date, str]]:
        """The months of [start, end) in which SQL and store differ, and in what; months of `but` are left out."""
        held = self.starts_at()
        found = []
        for part in month_parts(max(start, held), end) if held is not None else ():
            if part.month not in but:
                stored = self.store.read(self.table, part.start, part.end)
                difference = next(filter(None, self._unequal(stored, part)), "")
                found += [(part.month, difference)] if difference else []
        return found

    def _unequal(self, stored: pa.Table, part: MonthPart) -> Iterator[str]:
        """In what some days of the stored rows and their copy differ, a few at a time: a month is large."""
        names = ", ".join(f'"{name}"' for name in stored.column_names)
        start = part.start
        while start < part.end:
            end = min(start + COMPARED_AT_ONCE, part.end)
            copied = self.database.frame(
                f"select {names} from {self.table} where timestamp_utc >= $1 and timestamp_utc < $2",  # noqa: S608
                (start, end),
            )
            yield unequal(content.between(stored, start, end), content.canonical(copied))
            start = end


def unequal(stored: pa.Table, copied: pa.Table) -> str:
    """In what two tables in canonical form differ, empty when every float has the same bits or is NULL in both."""
    if stored.num_rows != copied.num_rows:
        return f"{stored.num_rows} rows in the store, {copied.num_rows} in SQL"
    if any(stored.column(key) != copied.column(key) for key in content.KEYS):
        return "rows of other pairs or hours"
    names = [name for name in stored.column_names if name not in content.KEYS]
    wrong = [name for name in names if _bits(stored, name) != _bits(copied, name)]
    return f"other values of {', '.join(wrong[:5])}" if wrong else ""


def _bits(table: pa.Table, name: str) -> pa.ChunkedArray:
    return pa.chunked_array([chunk.view(pa.int32()) for chunk in table.column(name).chunks], pa.int32())
