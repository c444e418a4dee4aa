"""Reading and replacing stored rows: the one way in and out of the history of features and labels."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, cast

import pyarrow as pa

from okx_core.errors import OkxSignalError
from resources.config.code_version import code_version
from resources.feature_store import content
from resources.feature_store.access import access_error, first_line, is_damage
from resources.feature_store.claim import Ownership
from resources.feature_store.errors import DamagedFileError, FeatureStoreError
from resources.feature_store.manifest import LockedMonth, Manifest, ManifestFile, NewFile
from resources.feature_store.months import MonthPart, following, month_of, month_parts, start_of
from resources.feature_store.root import StoreRoot
from resources.postgres.database import Database

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ReadAhead:
    """A file's rows, read before its month was locked: a cache, known by the hash of the content."""

    content_hash: str
    rows: pa.Table


@dataclass(frozen=True)
class FeatureStore:
    """The files under `root` and their manifest in `database`. Safe with several writers and readers.

    Only the database that owns the files changes them; every other one may read (see `claim`).
    """

    database: Database
    root: StoreRoot

    @property
    def manifest(self) -> Manifest:
        return Manifest(self.database)

    @cached_property
    def folder(self) -> str:
        """This manifest's folder under the root; every path of a file begins with it."""
        return self.manifest.identity()

    @cached_property
    def ownership(self) -> Ownership:
        """The right to change the files."""
        return Ownership(self.database, self.root, self.folder)

    def read_ahead(self, table: str, part: MonthPart) -> ReadAhead | None:
        """The file into which rows of `part` would go now, None where there is nothing to keep of it."""
        current = self.manifest.current(table, part.month, part.month)
        if not current or _is_replaced_whole(current[0], part):
            return None
        return ReadAhead(current[0].content_hash, self.load(current[0]))

    def replace_window(
        self, table: str, rows: "pd.DataFrame | pa.Table", start: datetime, end: datetime,
        ahead: "Future[ReadAhead | None] | None" = None,
    ) -> int:  # fmt: skip
        """Replace the rows with start <= timestamp_utc < end; the number of files that are new.

        `rows` has pair, timestamp_utc and float32 columns, NaN or NULL where unknown; its columns become
        those of every month that it touches (see `content.merged`). Each month is one transaction: readers
        see the old month or the new one. Writing equal rows changes nothing. Raises
        FeatureStoreError for rows outside the window or two rows with one key, DamagedFileError when the
        month's file cannot be read, which a window that covers the whole month does not need. `ahead` may
        hold the file already; it counts only if that is still the current one. Raises NotOwnerError when
        the files belong to another database, StoreAccessError when their place is away or full.
        """
        fresh = content.canonical(rows)
        if content.between(fresh, start, end).num_rows != fresh.num_rows:
            raise FeatureStoreError(
                f"rows for {table} lie outside {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}"
            )
        parts = list(month_parts(start, end))
        written = 0
        for part in parts:
            mine = fresh if len(parts) == 1 else content.between(fresh, part.start, part.end)
            written += self._replace_part(table, mine.combine_chunks(), part, ahead)
        return written

    def _replace_part(
        self, table: str, rows: pa.Table, part: MonthPart, ahead: "Future[ReadAhead | None] | None"
    ) -> bool:
        with self.manifest.locked(table, part.month) as month:
            self.ownership.require(month.owner_tokens())
            current = month.current()
            needed = current is not None and not _is_replaced_whole(current, part)
            old = self._held(current, ahead) if current is not None and needed else None
            merged = content.merged(old, rows, part.start, part.end)
            changed = self._write(month, current, merged)
            forgotten = month.forget_superseded()
            if forgotten and not changed:
                self.ownership.renew()
            for path in forgotten:
                # Inside the lock: a writer that brings the same content back must not lose its file.
                self.root.delete(path)
        return changed

    def _held(self, current: ManifestFile, ahead: "Future[ReadAhead | None] | None") -> pa.Table:
        """The current file's rows: read ahead, or read now when it is another file by now."""
        if ahead is not None and ahead.exception() is None:
            read = ahead.result()
            if read is not None and read.content_hash == current.content_hash:
                return read.rows
        return self.load(current)

    def _write(self, month: LockedMonth, current: ManifestFile | None, rows: pa.Table) -> bool:
        """Make `rows` the month's content: first a new token of the owner, then the file, then the manifest."""
        if not rows.num_rows:
            if current is not None:
                self.ownership.renew()
                month.retire()
            return False
        data = content.encode(rows)
        digest = content.content_hash(data)
        if current is not None and current.content_hash == digest:
            if not self.is_intact(current):
                self.ownership.renew()
                self.root.put(current.path, data)
            return False
        self.ownership.renew()
        path = f"{self.folder}/{month.table}/{month.month:%Y-%m}-{digest[:16]}.parquet"
        self.root.put(path, data)
        newest = content.newest_time(rows)
        month.swap(NewFile(path, digest, code_version(), newest, rows.num_rows, data.size))
        return True

    def files(self, table: str, start: datetime, end: datetime) -> list[ManifestFile]:
        """The current files that hold rows of [start, end), oldest first, as of one moment."""
        if start >= end:
            return []
        return self.manifest.current(table, month_of(start), month_of(end - timedelta(microseconds=1)))

    def read(
        self,
        table: str,
        start: datetime,
        end: datetime,
        pairs: Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """Rows with start <= timestamp_utc < end by month, pair and time: the keys, then float32 columns.

        Only the columns asked for and the row groups of the pairs are read. A column that an older month
        lacks is NULL there; without `columns` they are those of the newest month. Raises FeatureStoreError
        for a column that no month has, DamagedFileError for a file that is gone or damaged.
        """
        files = self.files(table, start, end)
        parts = list(self._tables(files, pairs, columns))
        if not parts:
            return pa.schema([(name, kind) for name, kind in content.KEY_TYPES.items()]).empty_table()
        held = parts[-1].column_names if columns is None else [*content.KEYS, *columns]
        self._require_known(table, parts, held)
        schema = pa.schema(
            [(name, content.KEY_TYPES.get(name, pa.float32())) for name in dict.fromkeys(held)]
        )
        cut = []
        for file, part in zip(files, parts, strict=True):
            # A month that lies inside is taken as it is: filtering would copy it.
            inside = start <= start_of(file.month) and file.watermark < end
            whole = content.aligned(part, schema)
            cut.append(whole if inside else content.between(whole, start, end))
        return pa.concat_tables(cut)

    def frame(
        self,
        table: str,
        start: datetime,
        end: datetime,
        pairs: Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
    ) -> "pd.DataFrame":
        """The rows of `read` as a pandas frame with NaN for NULL."""
        rows = self.read(table, start, end, pairs, columns)
        return cast("pd.DataFrame", rows.to_pandas(split_blocks=True, self_destruct=True))

    @staticmethod
    def _require_known(table: str, parts: Sequence[pa.Table], names: Sequence[str]) -> None:
        held = {name for part in parts for name in part.column_names}
        unknown = [name for name in names if name not in held]
        if unknown:
            raise FeatureStoreError(
                f"no stored month of {table} has the column {', '.join(unknown)}: "
                "run `okxsignal refresh full` to compute it"
            )

    def _tables(
        self, files: Sequence[ManifestFile], pairs: Sequence[str] | None, columns: Sequence[str] | None
    ) -> Iterator[pa.Table]:
        for file in files:
            with self._reading(file):
                if self.root.size(file.path) != file.byte_count:
                    raise self._damaged(file, "its size is not the one that was written")
                with self.root.open(file.path) as source:
                    table = content.decode(source, columns, pairs)
            yield table

    @contextmanager
    def _reading(self, file: ManifestFile) -> Iterator[None]:
        """Errors as DamagedFileError when the bytes are wrong, as StoreAccessError when their place is."""
        try:
            yield
        except OkxSignalError:
            raise
        except Exception as error:  # noqa: BLE001 - each kind of store has its own, in the middle of a read too
            if is_damage(error):
                raise self._damaged(file, _reason(error)) from None
            raise access_error(self.root.address(file.path), error) from None

    def load(self, file: ManifestFile) -> pa.Table:
        """A whole file, its hash checked; DamagedFileError when it differs."""
        with self._reading(file):
            data = self.root.read(file.path)
        with ThreadPoolExecutor(1) as beside:  # both release the GIL, so one is free
            digest = beside.submit(content.content_hash, data)
            with self._reading(file):
                table = content.decode(pa.BufferReader(data))
            if digest.result() != file.content_hash:
                raise self._damaged(file, "its content is not what was written")
        return table

    def is_intact(self, file: ManifestFile) -> bool:
        """True when the file exists with the bytes that were written."""
        try:
            return content.content_hash(self.root.read(file.path)) == file.content_hash
        except FileNotFoundError:
            return False

    def _damaged(self, file: ManifestFile, reason: str) -> OkxSignalError:
        return DamagedFileError(
            f"{self.root.address(file.path)} ({file.table_name}, {file.month:%Y-%m}) cannot be used: {reason}; "
            f"make it anew with `okxsignal backfill --again --from {file.month:%Y-%m-%d} "
            f"--to {following(file.month):%Y-%m-%d}`"
        )


def _is_replaced_whole(file: ManifestFile, part: MonthPart) -> bool:
    """Whether no row of the file stays when the rows of `part` are replaced."""
    return part.start == start_of(part.month) and file.watermark < part.end


def _reason(error: Exception) -> str:
    """The first line of what went wrong; a missing file is named."""
    if isinstance(error, FileNotFoundError):
        return "it is missing"
    return first_line(error)
