"""Which file is current: rows in PostgreSQL, changed one month at a time under a lock."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from resources.postgres.database import Database
from resources.postgres.queries import query

if TYPE_CHECKING:
    import psycopg

GRACE = timedelta(hours=1)  # a reader that began with the old file may go on that long
FIELDS = (
    "file_id, table_name, month, path, content_hash, code_version, watermark, row_count, byte_count, "
    "written_at, superseded_at"
)


@dataclass(frozen=True)
class ManifestFile:
    """One file as the manifest knows it; `watermark` is the open of its newest bar."""

    file_id: int
    table_name: str
    month: date
    path: str
    content_hash: str
    code_version: str
    watermark: datetime
    row_count: int
    byte_count: int
    written_at: datetime
    superseded_at: datetime | None

    @property
    def is_current(self) -> bool:
        return self.superseded_at is None


@dataclass(frozen=True)
class NewFile:
    """A file before the manifest lists it."""

    path: str
    content_hash: str
    code_version: str
    watermark: datetime
    row_count: int
    byte_count: int


class LockedMonth:
    """One month of one table, held by one writer until its transaction ends."""

    def __init__(self, connection: "psycopg.Connection[tuple[Any, ...]]", table: str, month: date) -> None:
        self._connection, self.table, self.month = connection, table, month
        connection.execute(
            "select pg_advisory_xact_lock(hashtextextended($1, 0))", (f"store {table} {month:%Y-%m}",)
        )

    def owner_tokens(self) -> tuple[str, ...]:
        """The tokens of this database, none before its first write; see claim.py."""
        return tuple(token for (token,) in self._connection.execute(query("owner_tokens")).fetchall())

    def current(self) -> ManifestFile | None:
        """The file that readers of this month are given now."""
        row = self._connection.execute(
            f"select {FIELDS} from features.files "  # noqa: S608
            "where table_name = $1 and month = $2 and superseded_at is null",
            (self.table, self.month),
        ).fetchone()
        return None if row is None else ManifestFile(*row)

    def retire(self) -> None:
        """No file is current from the commit on."""
        self._connection.execute(
            "update features.files set superseded_at = clock_timestamp() "
            "where table_name = $1 and month = $2 and superseded_at is null",
            (self.table, self.month),
        )

    def swap(self, new: NewFile) -> None:
        """Readers are given `new` from the commit on; content that was current before comes back as it was."""
        self.retire()
        self._connection.execute(
            query("swap_file"),
            (self.table, self.month, new.path, new.content_hash, new.code_version, new.watermark,
             new.row_count, new.byte_count),
        )  # fmt: skip

    def forget_superseded(self, grace: timedelta = GRACE) -> list[str]:
        """Take superseded files that nobody pinned off the manifest once `grace` has passed; their paths."""
        rows = self._connection.execute(
            query("forget_superseded_files"),
            (self.table, self.month, grace),
        ).fetchall()
        return [path for (path,) in rows]

    def names(self, path: str) -> bool:
        """Whether any row, current or not, still needs the file."""
        row = self._connection.execute("select 1 from features.files where path = $1", (path,)).fetchone()
        return row is not None


@dataclass(frozen=True)
class Manifest:
    """The list of files, current and superseded."""

    database: Database

    def identity(self) -> str:
        """The name of this manifest's folder under the store root."""
        return str(self.database.scalar("select store_id from features.store_identity"))[:8]

    @contextmanager
    def locked(self, table: str, month: date) -> Iterator[LockedMonth]:
        """The month for one writer at a time; an error inside leaves the manifest as it was."""
        with self.database.connect() as connection:
            yield LockedMonth(connection, table, month)

    def current(self, table: str, first: date, last: date) -> list[ManifestFile]:
        """The current files of the months [first, last], oldest first, as of one moment."""
        rows = self.database.rows(
            f"select {FIELDS} from features.files where table_name = $1 and month between $2 and $3 "  # noqa: S608
            "and superseded_at is null order by month",
            (table, first, last),
        )
        return [ManifestFile(**row) for row in rows]

    def every(self) -> list[ManifestFile]:
        """All files by table and month, the current one of a month first."""
        rows = self.database.rows(
            f"select {FIELDS} from features.files "  # noqa: S608
            "order by table_name, month, superseded_at nulls first"
        )
        return [ManifestFile(**row) for row in rows]

    def removable(self, grace: timedelta = GRACE) -> list[ManifestFile]:
        """Superseded files that nobody pinned and whose grace has passed."""
        rows = self.database.rows(
            f"select {FIELDS} from features.files as file "  # noqa: S608
            "where superseded_at < clock_timestamp() - $1 "
            "and not exists (select 1 from features.pins where file_id = file.file_id) order by path",
            (grace,),
        )
        return [ManifestFile(**row) for row in rows]

    def paths(self) -> set[str]:
        """Every path that a row names."""
        return {row["path"] for row in self.database.rows("select path from features.files")}

    def newest(self, table: str) -> datetime | None:
        """Open of the newest bar that the table's history holds, None when it is empty."""
        moment: datetime | None = self.database.scalar(
            "select max(watermark) from features.files where table_name = $1 and superseded_at is null",
            (table,),
        )
        return moment

    def row_count(self, table: str) -> int:
        """Rows of a table's history."""
        counted = self.database.scalar(
            "select coalesce(sum(row_count), 0)::bigint from features.files "
            "where table_name = $1 and superseded_at is null",
            (table,),
        )
        return int(counted)

    def pin(self, model_name: str, model_version: int, file_ids: Sequence[int]) -> None:
        """Keep these files as long as the model version is known; pinning twice is no error."""
        self.database.execute(
            "insert into features.pins (model_name, model_version, file_id) "
            "select $1, $2, unnest($3::bigint[]) on conflict do nothing",
            (model_name, model_version, list(file_ids)),
        )

    def pinned_by(self) -> dict[int, list[int]]:
        """The model versions that hold each pinned file, by file id."""
        rows = self.database.rows(
            "select file_id, array_agg(model_version order by model_version) as versions "
            "from features.pins group by file_id"
        )
        return {row["file_id"]: row["versions"] for row in rows}
