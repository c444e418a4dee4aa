"""The database: windows swapped whole, unknown values as NULL, no password in any message."""

import threading
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import adbc_driver_manager
import numpy as np
import pandas as pd
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy.engine import make_url

from resources.config.masking import masked
from resources.postgres.database import Database, DatabaseError, database_name, sibling, with_driver

HOUR = timedelta(hours=1)
T0 = datetime(2026, 8, 9, tzinfo=UTC)


def candles(hours: int, price: float, pair: str = "BTC-USDT", start: datetime = T0) -> pd.DataFrame:
    times = pd.date_range(start, periods=hours, freq="h")
    prices = dict.fromkeys(("open", "high", "low", "close"), price)
    return pd.DataFrame(
        {"pair": pair, "timestamp_utc": times, **prices, "volume": 1.0, "source": "test", "ingested_at": T0}
    )


def replace(database: Database, frame: pd.DataFrame, hours: int = 1000) -> int:
    return database.replace_window("market.candles_1h", frame, T0, T0 + hours * HOUR)


class TestReplaceWindow:
    def test_it_replaces_the_window_and_nothing_else(self, database: Database) -> None:
        assert replace(database, candles(10, 1.0)) == 10
        inside = candles(3, 2.0, start=T0 + 4 * HOUR)
        assert database.replace_window("market.candles_1h", inside, T0 + 4 * HOUR, T0 + 7 * HOUR) == 3
        rows = database.rows("select open from market.candles_1h order by timestamp_utc")
        assert [row["open"] for row in rows] == [1, 1, 1, 1, 2, 2, 2, 1, 1, 1]

    def test_a_rerun_leaves_the_same_rows(self, database: Database) -> None:
        replace(database, candles(50, 1.0))
        before = database.frame("select * from market.candles_1h order by 2")
        replace(database, candles(50, 1.0))
        assert database.frame("select * from market.candles_1h order by 2").equals(before)

    def test_an_empty_frame_empties_the_window(self, database: Database) -> None:
        replace(database, candles(5, 1.0))
        assert replace(database, candles(0, 1.0)) == 0
        assert database.scalar("select count(*) from market.candles_1h") == 0

    @pytest.mark.parametrize(
        "broken",
        [
            pd.concat([candles(5, 2.0), candles(1, 2.0)]),  # a repeated key
            candles(5, -1.0),  # a check of the table
            candles(5, 2.0).assign(open=[2.0, np.nan, 2.0, 2.0, 2.0]),  # NULL where none may be
            candles(5, 2.0).assign(volume=["much"] * 5),  # text in a number's place
        ],
    )
    def test_a_failing_insert_leaves_the_old_rows(self, database: Database, broken: pd.DataFrame) -> None:
        replace(database, candles(5, 1.0))
        before = database.frame("select * from market.candles_1h order by 2")
        with pytest.raises((adbc_driver_manager.Error, psycopg.Error, ValueError)):
            replace(database, broken)
        assert database.frame("select * from market.candles_1h order by 2").equals(before)

    def test_a_concurrent_reader_sees_the_old_rows_or_the_new_ones_never_a_mix(
        self, database: Database
    ) -> None:
        replace(database, candles(800, 1.0))
        done = threading.Event()
        seen: set[tuple[int, float, float]] = set()

        def read() -> None:
            with database.connect(autocommit=True) as connection:
                while not done.is_set():
                    seen.update(
                        connection.execute(
                            "select count(*), min(open), max(open) from market.candles_1h"
                        ).fetchall()
                    )

        reader = threading.Thread(target=read)
        reader.start()
        try:
            for price in (2.0, 3.0, 2.0, 3.0, 2.0, 3.0):
                replace(database, candles(800 if price == 2.0 else 700, price))
        finally:
            done.set()
            reader.join()
        assert seen <= {(800, 1.0, 1.0), (800, 2.0, 2.0), (700, 3.0, 3.0)}
        assert len(seen) > 1

    def test_unknown_values_become_null(self, database: Database) -> None:
        frame = candles(2, 1.0).assign(quote_volume=[np.nan, 5.0], taker_buy_base=[None, 1.0])
        replace(database, frame)
        rows = database.rows(
            "select quote_volume, taker_buy_base from market.candles_1h order by timestamp_utc"
        )
        assert [tuple(row.values()) for row in rows] == [(None, None), (5.0, 1.0)]

    def test_a_missing_time_becomes_null(self, database: Database) -> None:
        frame = pd.DataFrame(
            {
                "pair": ["A"], "timestamp_utc": pd.to_datetime([pd.NaT], utc=True), "reason": ["r"],
                "payload": ["p"], "rejected_at": [T0],
            }
        )  # fmt: skip
        database.replace_rows("market.rejected_rows", frame, "pair = $1", ("A",))
        assert database.rows("select timestamp_utc from market.rejected_rows") == [{"timestamp_utc": None}]

    @pytest.mark.parametrize("kind", ["int64", "int32", "int16", "Int64"])
    def test_numbers_are_cast_to_the_width_of_their_column(self, database: Database, kind: str) -> None:
        replace(
            database,
            candles(1, 1.0).assign(revision=pd.Series([7], dtype=kind), volume=pd.Series([3], dtype=kind)),
        )
        assert database.rows("select revision, volume from market.candles_1h") == [
            {"revision": 7, "volume": 3.0}
        ]

    def test_a_number_too_large_for_its_column_is_refused(self, database: Database) -> None:
        with pytest.raises(ValueError, match=r"not in range|out of bounds|overflow|would lose data"):
            replace(database, candles(1, 1.0).assign(revision=2**40))


class TestReads:
    def test_times_come_back_in_utc(self, database: Database) -> None:
        replace(database, candles(1, 1.0))
        assert database.scalar("select timestamp_utc from market.candles_1h") == T0
        frame = database.frame("select timestamp_utc from market.candles_1h")
        assert str(frame["timestamp_utc"].dt.tz) == "UTC"
        assert frame["timestamp_utc"][0] == T0

    def test_no_row_is_none(self, database: Database) -> None:
        assert database.scalar("select 1 where false") is None
        assert database.rows("select 1 as one where false") == []

    def test_parameters_are_bound_not_pasted(self, database: Database) -> None:
        text = "'; drop table market.candles_1h; --"
        assert database.scalar("select $1::text", (text,)) == text
        assert database.frame("select $1::text as text", (text,))["text"][0] == text


class TestUpsert:
    KEY = ("week",)

    @staticmethod
    def decision(outcome: str) -> dict[str, object]:
        return {
            "week": T0.date(), "model_name": "m", "model_version": None, "outcome": outcome, "evidence": "{}",
            "decided_at": T0,
        }  # fmt: skip

    def test_it_inserts_then_overwrites(self, database: Database) -> None:
        for outcome in ("none", "promoted"):
            database.upsert("ml.champions", self.KEY, [self.decision(outcome)])
        assert [row["outcome"] for row in database.rows("select outcome from ml.champions")] == ["promoted"]

    def test_all_rows_or_none(self, database: Database) -> None:
        broken = {**self.decision("x"), "week": T0.date() + timedelta(days=7), "outcome": None}
        with pytest.raises(psycopg.errors.NotNullViolation):
            database.upsert("ml.champions", self.KEY, [self.decision("kept"), broken])
        assert database.scalar("select count(*) from ml.champions") == 0

    def test_no_rows_is_no_work(self) -> None:
        assert Database("postgresql://nowhere/db").upsert("ml.champions", self.KEY, []) is None


class TestMessages:
    @pytest.mark.parametrize(
        "url",
        [
            "postgresql://okx:to-hide@127.0.0.1:1/okxsignal",
            "postgresql://okx@127.0.0.1:1/okxsignal?password=to-hide",
            "postgresql://okx@127.0.0.1:1/okxsignal?sslmode=disable&sslpassword=to-hide",
            "mysql://okx:to-hide@127.0.0.1/okxsignal",
        ],
    )
    def test_a_server_that_cannot_be_reached_is_named_in_one_line_without_the_password(
        self, url: str
    ) -> None:
        with pytest.raises(DatabaseError) as failure:
            Database(url).scalar("select 1")
        message = str(failure.value)
        assert message.startswith(f"cannot connect to {masked(url)}: ")
        assert message.endswith("correct OKXSIGNAL_DATABASE_URL, or unset it to use the embedded server")
        assert "hide" not in message
        assert "\n" not in message
        assert failure.value.__cause__ is None

    def test_repr_hides_the_password(self) -> None:
        database = Database("postgresql://okx:to-hide@db/okxsignal")
        assert repr(database) == str(database) == "Database(postgresql://okx:***@db/okxsignal)"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://u:p@h:5432/okx?sslmode=require", "postgresql://u:p@h:5432/dagster?sslmode=require"),
        ("postgresql://u@/okx?host=/run/pg", "postgresql://u@/dagster?host=%2Frun%2Fpg"),
        ("postgresql:///okx?host=/run/pg", "postgresql:///dagster?host=%2Frun%2Fpg"),
        ("postgres://h/okx", "postgres://h/dagster"),
    ],
)
def test_a_sibling_is_another_database_on_the_same_server(url: str, expected: str) -> None:
    assert sibling(url, "dagster") == expected
    assert database_name(url) == "okx"


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_sqlalchemy_is_told_its_driver(scheme: str) -> None:
    assert with_driver(f"{scheme}://u:p@h/db", "psycopg2") == "postgresql+psycopg2://u:p@h/db"


@pytest.mark.parametrize("folder", ["/a/Über Haus/run", "/a+b/100% #1?/x&y=z", "/it's/\\ `so`"])
@pytest.mark.parametrize("password", ["", "p+w d"])
def test_libpq_reads_the_folder_and_the_password_that_a_url_was_made_of(folder: str, password: str) -> None:
    """SQLAlchemy writes a space of the query as +, which libpq takes for a plus."""
    secret = f":{quote(password)}" if password else ""
    url = f"postgresql://okx{secret}@/okx?host={quote(folder, safe='')}"
    for made in (sibling(url, "dagster"), with_driver(url, "psycopg2").replace("+psycopg2", "", 1)):
        read = conninfo_to_dict(made)
        assert (read["host"], read.get("password", "")) == (folder, password)
        assert make_url(made).query["host"] == folder
