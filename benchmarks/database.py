"""Candles into PostgreSQL and out of it: our `Database` against the usual ways, on a server of its own.

The table has the 8 columns of a candle (pair, open time, four prices, two volumes) and the primary key
(pair, timestamp_utc) of the real one. All writers get the same pandas frame and commit; the table is empty
before each, save where rows are replaced. "Ready-made bytes" are packed before the clock starts: that is the
floor, what the server itself needs. Ours and SQLAlchemy keep a
handle on the server, psycopg and ADBC connect each time.
"""

import io
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import psycopg
import pyarrow as pa
import sqlalchemy
from adbc_driver_postgresql import dbapi

from benchmarks.rounds import TemporaryDatabase, Work, medians
from resources.market.candle_store import CandleStore
from resources.postgres.database import Database, with_driver

PAIRS = 24
HOURS = 2_100
ROUNDS, SLOW_ROUNDS = 7, 3
TABLE = "market.bench_candles"
SLOW = ("SQLAlchemy insert", "pandas.to_sql")
COLUMNS = ("pair", "timestamp_utc", "open", "high", "low", "close", "volume", "quote_volume")
TYPES = ("text", "timestamptz", *["float8"] * 6)
START = datetime(2024, 1, 1, tzinfo=UTC)
READ = f"select * from {TABLE} where timestamp_utc >= '2024-01-01' and timestamp_utc < '2034-01-01'"  # noqa: S608


def candles() -> pd.DataFrame:
    """PAIRS x HOURS random candles, by pair and time."""
    generator = np.random.default_rng(3)
    opens = pd.date_range(START, periods=HOURS, freq="h", unit="us")
    close = 100.0 * np.exp(np.cumsum(generator.normal(0.0, 0.01, (PAIRS, HOURS)), axis=1)).ravel()
    frame = pd.DataFrame(
        {
            "pair": np.repeat([f"P{pair:03d}-USDT" for pair in range(PAIRS)], HOURS),
            "timestamp_utc": np.tile(opens, PAIRS),
            "open": close * 0.999, "high": close * 1.01, "low": close * 0.99, "close": close,
            "volume": generator.lognormal(3.0, 1.0, close.size),
        }
    )  # fmt: skip
    return frame.assign(quote_volume=frame["volume"] * frame["close"])


def copy_rows(url: str, rows: list[tuple[Any, ...]], binary: bool) -> None:
    """psycopg's documented COPY: one `write_row` per row."""
    form = "(format binary)" if binary else ""
    statement = f"copy {TABLE} from stdin {form}"
    with psycopg.connect(url) as connection, connection.cursor() as cursor, cursor.copy(statement) as copy:
        if binary:
            copy.set_types(TYPES)
        for row in rows:
            copy.write_row(row)


def copy_bytes(url: str, packed: bytes) -> None:
    statement = f"copy {TABLE} from stdin (format binary)"
    with psycopg.connect(url) as connection, connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(packed)


def packed_rows(url: str) -> bytes:
    """The table as PostgreSQL's binary COPY stream."""
    stream = io.BytesIO()
    statement = f"copy {TABLE} to stdout (format binary)"
    with psycopg.connect(url) as connection, connection.cursor() as cursor, cursor.copy(statement) as out:
        for part in out:
            stream.write(part)
    return stream.getvalue()


def ingest(url: str, frame: pd.DataFrame) -> None:
    """ADBC's bulk insert on its own."""
    schema, name = TABLE.split(".")
    with dbapi.connect(url) as connection, connection.cursor() as cursor:
        cursor.adbc_ingest(
            name, pa.Table.from_pandas(frame, preserve_index=False), mode="append", db_schema_name=schema
        )
        connection.commit()


def insert_rows(engine: sqlalchemy.Engine, records: list[dict[str, Any]]) -> None:
    """SQLAlchemy's bulk insert: batches of many-row INSERT statements."""
    columns = [sqlalchemy.Column(name, _sql_type(kind)) for name, kind in zip(COLUMNS, TYPES, strict=True)]
    schema, name = TABLE.split(".")
    table = sqlalchemy.Table(name, sqlalchemy.MetaData(), *columns, schema=schema)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.insert(table), records)


def _sql_type(kind: str) -> Any:
    types = {"text": sqlalchemy.Text(), "timestamptz": sqlalchemy.DateTime(timezone=True)}
    return types.get(kind, sqlalchemy.Double())


def to_sql(engine: sqlalchemy.Engine, frame: pd.DataFrame) -> None:
    schema, name = TABLE.split(".")
    frame.to_sql(name, engine, schema=schema, if_exists="append", index=False)


def create_table(database: Database) -> None:
    columns = ", ".join(f"{name} {kind} not null" for name, kind in zip(COLUMNS, TYPES, strict=True))
    database.execute(f"create table {TABLE} ({columns}, primary key (pair, timestamp_utc))")


def writers(
    database: Database, engine: sqlalchemy.Engine, frame: pd.DataFrame, window: tuple[datetime, datetime]
) -> dict[str, Work]:
    """Every way of writing `frame`; rows and records are made before the clock starts."""
    database.replace_window(TABLE, frame, *window)
    packed = packed_rows(database.url)
    rows = list(frame.itertuples(index=False, name=None))
    records = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    return {
        "ours": lambda: database.replace_window(TABLE, frame, *window),
        "COPY of ready-made binary bytes (floor)": lambda: copy_bytes(database.url, packed),
        "psycopg COPY, binary rows": lambda: copy_rows(database.url, rows, binary=True),
        "psycopg COPY, text rows": lambda: copy_rows(database.url, rows, binary=False),
        "ADBC ingest": lambda: ingest(database.url, frame),
        "SQLAlchemy insert": lambda: insert_rows(engine, records),
        "pandas.to_sql": lambda: to_sql(engine, frame),
    }


def readers(database: Database, engine: sqlalchemy.Engine) -> dict[str, Work]:
    def fetch(url: str) -> pd.DataFrame:
        with psycopg.connect(url) as connection:
            rows = connection.execute(READ, binary=True).fetchall()
        return pd.DataFrame(rows, columns=list(COLUMNS))

    def thrown_away() -> int:
        statement = f"copy ({READ}) to stdout (format binary)"
        with (
            psycopg.connect(database.url) as connection,
            connection.cursor() as cursor,
            cursor.copy(statement) as out,
        ):
            return sum(len(part) for part in out)

    return {
        "ours": lambda: database.frame(READ),
        "binary COPY, thrown away (floor)": thrown_away,
        "psycopg fetchall, binary": partial(fetch, database.url),
        "pandas.read_sql": lambda: pd.read_sql(sqlalchemy.text(READ), engine),
    }


def compared(name: str, times: dict[str, float], count: int) -> list[dict[str, Any]]:
    """One row per peer: nanoseconds per candle of both sides, and peer over ours."""
    ours = 1e9 * times["ours"] / count
    peers = {peer: 1e9 * cost / count for peer, cost in times.items() if peer != "ours"}
    return [
        {"name": name, "peer": peer, "ours_ns_per_row": ours, "peer_ns_per_row": cost, "ratio": cost / ours}
        for peer, cost in peers.items()
    ]


def merge_rows(database: Database, engine: sqlalchemy.Engine, frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Stores fetched bars as the product does: merged, revisions kept, gaps closed."""
    store, none = CandleStore(database), frame.iloc[:0].assign(reason="")
    records = [dict(zip(COLUMNS, row, strict=True)) for row in frame.itertuples(index=False, name=None)]

    def empty() -> None:
        database.execute(f"truncate {TABLE}, {store.table}")

    def staged_and_inserted() -> None:
        with database.bulk() as bulk:
            bulk.stage("incoming", TABLE, frame)
            bulk.run(f"insert into {TABLE} select * from incoming")  # noqa: S608

    works: dict[str, Work] = {
        "ours": lambda: store.record(frame, none, "bench", START),
        "staged, then one INSERT without comparing (floor)": staged_and_inserted,
        "SQLAlchemy insert": lambda: insert_rows(engine, records),
        "ADBC ingest": lambda: ingest(database.url, frame),
    }
    return compared("merge with what is stored", medians(works, SLOW_ROUNDS, before=empty), len(frame))


def write_rows(database: Database, engine: sqlalchemy.Engine, frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Into an empty table: the fast ways against ours, then the slow ways against ours, then a rerun."""
    window = (START, START + timedelta(hours=HOURS))

    def empty() -> None:
        database.execute(f"truncate {TABLE}")

    works = writers(database, engine, frame, window)
    fast = {name: work for name, work in works.items() if name not in SLOW}
    slow = {name: works[name] for name in ("ours", *SLOW)}
    rows = compared("write", medians(fast, ROUNDS, before=empty), len(frame))
    rows += compared("write", medians(slow, SLOW_ROUNDS, before=empty), len(frame))
    empty()
    works["ours"]()

    def first_write() -> None:
        empty()
        works["ours"]()

    rows += merge_rows(database, engine, frame)
    again: dict[str, Work] = {"ours": works["ours"], "first write of the same rows": first_write}
    return rows + compared("replace the same rows", medians(again, SLOW_ROUNDS), len(frame))


def run() -> list[dict[str, Any]]:
    """All rows: name, peer, ours_ns_per_row, peer_ns_per_row, ratio."""
    frame = candles()
    with TemporaryDatabase() as database:
        engine = sqlalchemy.create_engine(with_driver(database.url, "psycopg"))
        create_table(database)
        rows = write_rows(database, engine, frame)
        database.execute(f"analyze {TABLE}")
        rows += compared("read", medians(readers(database, engine), ROUNDS), len(frame))
        engine.dispose()
    return rows


if __name__ == "__main__":
    for line in run():
        print(
            f"{line['name']:<26} vs {line['peer']:<42} {line['ours_ns_per_row']:>9.0f} ns "
            f"{line['peer_ns_per_row']:>10.0f} ns {line['ratio']:>7.2f} x"
        )
