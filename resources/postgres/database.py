"""PostgreSQL: reads as Arrow, bulk writes by COPY, a window replaced in one transaction."""

import atexit
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, LiteralString, cast

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL, make_url

from okx_core.errors import OkxSignalError
from resources.config.masking import masked

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from adbc_driver_postgresql import dbapi

CONNECT_TIMEOUT_SECONDS = 10
ROWS_AT_ONCE = 65_536  # of a frame that is written: the driver holds what it sends more than once


class DatabaseError(OkxSignalError):
    """The database cannot be reached or refused a statement."""


def connection_errors() -> tuple[type[Exception], ...]:
    """Errors that a lost connection, or a server that is down, raises in the middle of a statement."""
    from adbc_driver_postgresql import dbapi

    return psycopg.Error, dbapi.Error


def database_name(url: str) -> str:
    """The database that the URL names, empty when it names none."""
    return make_url(url).database or ""


def sibling(url: str, database: str) -> str:
    """The URL of another database on the same server."""
    return _written(make_url(url).set(database=database))


def with_driver(url: str, driver: str) -> str:
    """The URL in SQLAlchemy's form, `postgresql+<driver>://`."""
    return _written(make_url(url).set(drivername=f"postgresql+{driver}"))


def _written(url: URL) -> str:
    """The URL as libpq reads it: a space is %20 there, and the + that SQLAlchemy writes in a query is a plus."""
    address, mark, query = url.render_as_string(hide_password=False).partition("?")
    return address.replace(" ", "%20") + mark + query.replace("+", "%20")


@dataclass(frozen=True, repr=False)
class Database:
    """One PostgreSQL database, addressed by a libpq URL. Placeholders are `$1`, `$2` everywhere."""

    url: str

    def __repr__(self) -> str:
        return f"Database({masked(self.url)})"

    @contextmanager
    def connect(self, *, autocommit: bool = False) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        """A psycopg connection; one transaction unless `autocommit`."""
        try:
            connection = psycopg.connect(
                self.url,
                autocommit=autocommit,
                connect_timeout=CONNECT_TIMEOUT_SECONDS,
                cursor_factory=psycopg.RawCursor,
            )
        except psycopg.Error as error:
            reason = " ".join(str(error).replace(self.url, masked(self.url)).split())
            raise DatabaseError(
                f"cannot connect to {masked(self.url)}: {reason}; "
                "correct OKXSIGNAL_DATABASE_URL, or unset it to use the embedded server"
            ) from None
        with connection:
            yield connection

    def execute(self, statement: str, parameters: Sequence[object] = ()) -> int:
        """Run one statement in its own transaction; the number of rows it touched."""
        with self.connect() as connection:
            return connection.execute(_trusted(statement), parameters).rowcount

    def rows(self, statement: str, parameters: Sequence[object] = ()) -> list[dict[str, Any]]:
        """Few rows as dictionaries; for many rows use `frame`."""
        with self.connect() as connection:
            cursor = connection.execute(_trusted(statement), parameters)
            names = [column.name for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def scalar(self, statement: str, parameters: Sequence[object] = ()) -> Any:
        """The first column of the first row, None when there is no row."""
        with self.connect() as connection:
            row = connection.execute(_trusted(statement), parameters).fetchone()
            return None if row is None else row[0]

    def frame(self, statement: str, parameters: Sequence[object] = ()) -> "pd.DataFrame":
        """Many rows as a pandas frame; NULL is NaN, NaT or None."""
        with _arrow_connection(self.url) as connection, connection.cursor() as cursor:
            cursor.execute(statement, parameters=tuple(parameters) or None)
            return cast("pd.DataFrame", cursor.fetch_arrow_table().to_pandas())

    def frames(self, queries: Sequence[tuple[str, Sequence[object]]]) -> "list[pd.DataFrame]":
        """The frame of each statement with its parameters; the server runs them in parallel."""
        with ThreadPoolExecutor(len(queries)) as pool:
            return list(pool.map(lambda query: self.frame(*query), queries))

    def replace_rows(
        self, table: str, frame: "pd.DataFrame", condition: str, parameters: Sequence[object]
    ) -> int:
        """Delete what `condition` selects and COPY `frame` in, in one transaction.

        A reader sees the old rows until the new ones are committed; a failure leaves the old rows. NaN, NaT and
        None are written as NULL. Returns the number of rows written.
        """
        with self.bulk() as bulk:
            bulk.run(f"delete from {table} where {condition}", parameters)  # noqa: S608
            return bulk.append(table, frame)

    @contextmanager
    def bulk(self) -> Iterator["Bulk"]:
        """One transaction that may also take whole frames; an error inside leaves everything as it was."""
        with _arrow_connection(self.url) as connection:
            with connection.cursor() as cursor:
                yield Bulk(cursor)
            connection.commit()

    def replace_window(self, table: str, frame: "pd.DataFrame", start: object, end: object) -> int:
        """Replace the rows with start <= timestamp_utc < end."""
        return self.replace_rows(table, frame, "timestamp_utc >= $1 and timestamp_utc < $2", (start, end))

    def upsert(self, table: str, key: Sequence[str], rows: Sequence[Mapping[str, object]]) -> None:
        """Insert rows or overwrite those with the same key, in one transaction."""
        if not rows:
            return
        columns = list(rows[0])
        schema_name, table_name = table.split(".")
        statement = sql.SQL(
            "insert into {table} ({columns}) values ({values}) on conflict ({key}) do update set {assignments}"
        ).format(
            table=sql.Identifier(schema_name, table_name),
            columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
            values=sql.SQL(", ").join(sql.SQL(f"${n}") for n in range(1, len(columns) + 1)),
            key=sql.SQL(", ").join(map(sql.Identifier, key)),
            assignments=sql.SQL(", ").join(
                sql.SQL("{0} = excluded.{0}").format(sql.Identifier(column)) for column in columns
            ),
        )
        with self.connect() as connection:
            for row in rows:
                connection.execute(statement, [row[column] for column in columns])


class Bulk:
    """Statements and COPYs of one transaction; the frames' NaN, NaT and None are written as NULL."""

    def __init__(self, cursor: "dbapi.Cursor") -> None:
        self._cursor = cursor

    def run(self, statement: str, parameters: Sequence[object] = ()) -> None:
        self._cursor.execute(statement, parameters=tuple(parameters) or None)

    def frame(self, statement: str, parameters: Sequence[object] = ()) -> "pd.DataFrame":
        """The rows of a query, or of a change with `returning`."""
        self.run(statement, parameters)
        return cast("pd.DataFrame", self._cursor.fetch_arrow_table().to_pandas())

    def append(self, table: str, frame: "pd.DataFrame") -> int:
        """COPY the frame into a table; the number of rows."""
        schema_name, table_name = table.split(".")
        for first in range(0, len(frame), ROWS_AT_ONCE):
            rows = self._fitted(frame.iloc[first : first + ROWS_AT_ONCE], table)
            self._cursor.adbc_ingest(table_name, rows, mode="append", db_schema_name=schema_name)
        return len(frame)

    def stage(self, name: str, like: str, frame: "pd.DataFrame") -> None:
        """COPY the frame into a new temporary table `name` with the columns of `like`, gone at the end."""
        self.run(f"create temporary table {name} (like {like} including defaults) on commit drop")
        if len(frame):
            self._cursor.adbc_ingest(name, self._fitted(frame, like), mode="append", temporary=True)

    def _fitted(self, frame: "pd.DataFrame", table: str) -> "pa.Table":
        import pyarrow as pa

        self.run(f"select * from {table} limit 0")  # noqa: S608
        return _fitted(
            pa.Table.from_pandas(frame, preserve_index=False), self._cursor.fetch_arrow_table().schema
        )


@cache
def _arrow_database(url: str) -> "dbapi.Connection":
    """The connection whose handle all others of the process share: opening one reads the type catalogue."""
    from adbc_driver_postgresql import dbapi

    connection = dbapi.connect(url)
    atexit.register(connection.close)
    return connection


def _arrow_connection(url: str) -> "dbapi.Connection":
    """A connection of its own for one read or one transaction."""
    return _arrow_database(url).adbc_clone()


def _fitted(rows: "pa.Table", target: "pa.Schema") -> "pa.Table":
    """Numbers cast to the width of their column: a binary COPY takes nothing else."""
    import pyarrow as pa

    fields = []
    for field in rows.schema:
        wanted = target.field(field.name).type
        is_number = pa.types.is_integer(wanted) or pa.types.is_floating(wanted)
        fields.append(field.with_type(wanted) if is_number else field)
    return rows.cast(pa.schema(fields))


def _trusted(statement: str) -> LiteralString:
    """Statements come from this code base or its SQL files, never from a user's input."""
    return statement


def psql_command(database: Database) -> str:
    """The command to paste into a shell; a password in the address stays hidden."""
    return f'psql "{masked(database.url)}"'
