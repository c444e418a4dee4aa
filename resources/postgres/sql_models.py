"""SQL models and checks: one file each, with a header; dependencies are read from the SQL itself."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import sqlglot
from sqlglot import exp

from okx_core.candles.buckets import fewest_hours
from okx_core.errors import OkxSignalError
from okx_core.hours import HOUR
from resources.config.settings import PROJECT
from resources.postgres.database import Database
from resources.postgres.migrations import MIGRATION_LOCK
from resources.postgres.queries import query
from resources.postgres.sql_lineage import Column, column_lineage

SQL_FILES = PROJECT / "dbt_like_sql"
COLUMN = "column "
SEVERITIES = ("error", "warn")
KINDS = ("view", "table")


class SqlModelError(OkxSignalError):
    """A SQL file lacks its header or does not parse."""


def _header(path: Path, required: tuple[str, ...]) -> dict[str, str]:
    """The leading `-- name: value` lines."""
    found: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("--"):
            break
        name, _, value = line.removeprefix("--").partition(":")
        found[name.strip()] = value.strip()
    missing = [name for name in required if not found.get(name)]
    if missing:
        raise SqlModelError(
            f"{path.name}: header lacks {', '.join(missing)}; add a line `-- {missing[0]}: ...`"
        )
    return found


def _parsed(text: str, path: Path) -> exp.Query:
    """The one statement of a file, which must read: it is put into another statement as it is."""
    try:
        statements = [item for item in sqlglot.parse(text, dialect="postgres") if item is not None]
    except sqlglot.errors.SqlglotError as error:
        raise SqlModelError(f"{path.name}: {' '.join(str(error).split())}") from None
    if len(statements) != 1:
        raise SqlModelError(
            f"{path.name}: holds {len(statements)} statements; write one query in each file, without a semicolon"
        )
    if not isinstance(statements[0], exp.Query):
        raise SqlModelError(
            f"{path.name}: {statements[0].key} is no query; write select ... or with ... select ..."
        )
    if text.rstrip().endswith(";"):
        raise SqlModelError(
            f"{path.name}: ends with a semicolon; remove it, the query becomes part of another one"
        )
    return statements[0]


def _tables(text: str, path: Path) -> tuple[str, ...]:
    """The schema-qualified tables a statement reads."""
    return tuple(
        sorted({f"{table.db}.{table.name}" for table in _parsed(text, path).find_all(exp.Table) if table.db})
    )


def _hours(header: Mapping[str, str], count: int, path: Path, default: int | None) -> list[int | None]:
    """The lengths of buckets in a header, one for each table or asset that it names."""
    if "bucket_hours" not in header:
        return [default] * count
    listed = _listed(header["bucket_hours"])
    if len(listed) != count:
        raise SqlModelError(
            f"{path.name}: bucket_hours {header['bucket_hours']!r} has {len(listed)} lengths for {count} tables; "
            "write one for each, separated by commas"
        )
    wrong = [item for item in listed if not item.isdecimal() or not 1 <= int(item) <= 24 or 24 % int(item)]
    if wrong:
        raise SqlModelError(
            f"{path.name}: bucket_hours {wrong[0]!r} is no length of a bucket; write hours that divide a day: "
            "1, 2, 3, 4, 6, 8, 12 or 24"
        )
    return [int(item) for item in listed]


@dataclass(frozen=True)
class SqlModel:
    """One table or view made by one SQL file. `bucket` is zero for a view; its header has `tests` and `columns`."""

    table: str
    description: str
    grain: str
    key: tuple[str, ...]
    is_view: bool
    bucket: timedelta
    text: str
    reads: tuple[str, ...]
    tests: tuple["SqlCheck", ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)

    def lineage(self, database: Database) -> dict[str, list[Column]]:
        """Output column -> the (table, column) it is made from, by the columns that the tables have now."""
        rows = database.rows(
            "select table_schema || '.' || table_name as name, column_name from information_schema.columns "
            "where table_schema || '.' || table_name = any($1) order by ordinal_position",
            (list(self.reads),),
        )
        columns: dict[str, list[str]] = {}
        for row in rows:
            columns.setdefault(row["name"], []).append(row["column_name"])
        return column_lineage(self.text, columns)

    def bucket_window(self, start: datetime, end: datetime) -> tuple[datetime, datetime]:
        """[start, end) widened to whole buckets."""
        first = _floor(start, self.bucket)
        return first, -(-(end - first) // self.bucket) * self.bucket + first

    def build_window(self, database: Database, start: datetime, end: datetime) -> int:
        """Recompute the buckets of [start, end) and the hour before, whose bar may never have come; rows written."""
        first, last = self.bucket_window(start - HOUR, end)
        hours, newest = self.bucket // HOUR, database.scalar(query("newest_candle"))
        closed_until = first if newest is None else newest + HOUR
        frame = database.frame(self.text, (first, last, hours, fewest_hours(hours), closed_until))
        return database.replace_window(self.table, frame, first, last)

    def build_view(self, database: Database) -> None:
        """Create the view anew, so that it shows the columns its tables have now."""
        with database.connect() as connection:
            connection.execute("select pg_advisory_xact_lock($1)", (MIGRATION_LOCK,))
            client = psycopg.ClientCursor(connection)
            client.execute(f"drop view if exists {self.table}")
            client.execute(f"create view {self.table} as\n{self.text}")


@dataclass(frozen=True)
class SqlCheck:
    """A predicate on an asset: the file's query returns the rows that break it."""

    name: str
    asset: tuple[str, ...]
    description: str
    is_error: bool
    text: str
    bucket_hours: int | None = None

    def offending(self, database: Database, start: datetime, end: datetime) -> list[dict[str, Any]]:
        """The rows of the window that break the predicate, at most 20."""
        parameters = (start, end) if self.bucket_hours is None else (start, end, self.bucket_hours)
        return database.rows(f"select * from ({self.text}) as offending limit 20", parameters)  # noqa: S608


def _floor(moment: datetime, step: timedelta) -> datetime:
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (moment - midnight) // step * step


def load_models(files: Path = SQL_FILES) -> list[SqlModel]:
    """Every model in staging/ and marts/, by file. A file may make several tables of different buckets."""
    paths = sorted([*files.glob("staging/*.sql"), *files.glob("marts/*.sql")])
    return [model for path in paths for model in _models_of(path)]


def _models_of(path: Path) -> Iterator[SqlModel]:
    text = path.read_text(encoding="utf-8")
    header = _header(path, ("table", "description", "grain", "key", "tests"))
    key = tuple(_listed(header["key"]))
    tables = _listed(header["table"])
    _require_choice(header, "kind", KINDS, path)
    for table, bucket in zip(tables, _hours(header, len(tables), path, 0), strict=True):
        yield SqlModel(
            table=table,
            description=header["description"],
            grain=header["grain"],
            key=key,
            is_view=header.get("kind") == "view",
            bucket=int(bucket or 0) * HOUR,
            text=text,
            reads=_tables(text, path),
            tests=tuple(_header_tests(path, table, key, header["tests"])),
            columns={
                name.removeprefix(COLUMN): text for name, text in header.items() if name.startswith(COLUMN)
            },
        )


def _require_choice(header: Mapping[str, str], name: str, choices: Sequence[str], path: Path) -> None:
    """Refuse a word that nobody knows, before it counts as the default."""
    if name in header and header[name] not in choices:
        raise SqlModelError(f"{path.name}: {name} {header[name]!r} is unknown; write {' or '.join(choices)}")


def _listed(value: str) -> list[str]:
    """The items of a header line, separated by commas."""
    return [item.strip() for item in value.split(",")]


TEST = re.compile(r"(unique_key|not_null)(?:\(([\w, ]+)\))?(?:, *|$)")


def _header_tests(path: Path, table: str, key: tuple[str, ...], text: str) -> Iterator[SqlCheck]:
    """The checks of a header line such as `tests: unique_key, not_null(open, close)`."""
    if TEST.sub("", text):
        raise SqlModelError(
            f"{path.name}: cannot read tests {text!r}; write unique_key, not_null(column, ...)"
        )
    asset = tuple(table.split("."))
    window = f"from {table} where timestamp_utc >= $1 and timestamp_utc < $2"
    for name, listed in TEST.findall(text):
        keys = ", ".join(key)
        if name == "unique_key":
            query = f"select {keys}, count(*) as rows {window} group by {keys} having count(*) > 1"
            yield SqlCheck(name, asset, f"No two rows have the same {keys}.", True, query)
            continue
        columns = [column.strip() for column in listed.split(",")]
        if not listed:
            raise SqlModelError(f"{path.name}: not_null names no column; write not_null(column, ...)")
        unknown = " or ".join(f"{column} is null" for column in columns)
        query = f"select {keys} {window} and ({unknown})"
        yield SqlCheck(name, asset, f"{', '.join(columns)} are known in every row.", True, query)


def load_checks(files: Path = SQL_FILES) -> list[SqlCheck]:
    """Every check in checks/; the file is named <table>__<predicate>.sql, with the schema where that helps."""
    return [check for path in sorted(files.glob("checks/*.sql")) for check in _checks_of(path)]


def _checks_of(path: Path) -> Iterator[SqlCheck]:
    """The check of a file for each of its assets; the file is written for the first."""
    header = _header(path, ("asset", "description", "severity"))
    _require_choice(header, "severity", SEVERITIES, path)
    text = path.read_text(encoding="utf-8")
    _parsed(text, path)
    assets = [tuple(asset.split("/")) for asset in _listed(header["asset"])]
    for asset, bucket_hours in zip(assets, _hours(header, len(assets), path, None), strict=True):
        yield SqlCheck(
            name=path.stem.partition("__")[2],
            asset=asset,
            description=header["description"],
            is_error=header["severity"] == "error",
            text=text.replace(".".join(assets[0]), ".".join(asset)),
            bucket_hours=bucket_hours,
        )
