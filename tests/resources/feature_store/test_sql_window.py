"""The newest days in SQL: the same bits as the store, trimmed as time goes on, filled when made longer."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from time import sleep

import numpy as np
import pandas as pd
import pytest

from resources.feature_store.months import month_parts
from resources.feature_store.root import StoreRoot
from resources.feature_store.sql_window import BEGINNING, SqlWindow, newest_candle, window_start
from resources.feature_store.store import FeatureStore

TABLE = "ml.labels_2w"
COLUMNS = {"future_return_3d_pct": 0.5, "future_return_1w_pct": np.nan, "future_return_2w_pct": -2.0}
T0 = datetime(2026, 3, 30, tzinfo=UTC)


def at(hour: int) -> datetime:
    return T0 + timedelta(hours=hour)


@pytest.fixture
def copy(folder_store: FeatureStore) -> SqlWindow:
    return SqlWindow(folder_store, TABLE)


@pytest.fixture
def rows(rows_of):  # type: ignore[no-untyped-def]
    def make(hours, **changed: float):  # type: ignore[no-untyped-def]
        return rows_of(hours, **(COLUMNS | changed))

    return make


def in_sql(copy: SqlWindow) -> list[int]:
    found = copy.database.rows(f"select distinct timestamp_utc from {TABLE} order by 1")
    return [(row["timestamp_utc"] - T0) // timedelta(hours=1) for row in found]


class TestRecord:
    def test_rows_of_the_window_stand_in_both_and_older_ones_in_the_store_alone(self, copy, rows) -> None:
        copy.record(rows(range(72)), at(0), at(72), at(60))
        assert in_sql(copy) == [*range(60, 72)]
        assert copy.store.read(TABLE, at(0), at(72)).num_rows == 144
        assert copy.starts_at() == at(60)
        assert copy.differences(at(0), at(72)) == []

    def test_two_writers_of_one_hour_leave_the_same_row_in_both_copies(self, copy, rows) -> None:
        """The store's and SQL's own locks alone could be won in opposite orders."""

        class Slow(FeatureStore):
            def replace_window(self, *window, **ahead):  # type: ignore[no-untyped-def]
                sleep(0.5)
                return super().replace_window(*window, **ahead)

        slow = SqlWindow(Slow(copy.store.database, copy.store.root), TABLE)
        with ThreadPoolExecutor(2) as pool:
            writers = [
                pool.submit(one.record, rows([0], future_return_3d_pct=value), at(0), at(1), at(0))
                for one, value in ((slow, 1.0), (copy, 2.0))
            ]
            for writer in writers:
                writer.result()
        assert copy.differences(at(0), at(1)) == []

    def test_rows_are_trimmed_as_time_goes_on(self, copy, rows) -> None:
        for hour in range(0, 50, 10):
            copy.record(rows(range(hour, hour + 10)), at(hour), at(hour + 10), at(hour))
        assert in_sql(copy) == [*range(40, 50)]
        assert copy.store.read(TABLE, at(0), at(50)).num_rows == 100

    def test_a_longer_window_is_filled_from_the_store(self, copy, rows) -> None:
        copy.record(rows(range(72)), at(0), at(72), at(60))
        copy.record(rows([72]), at(72), at(73), at(30))
        assert in_sql(copy) == [*range(30, 73)]
        copy.record(rows([73]), at(73), at(74), BEGINNING)
        assert in_sql(copy) == [*range(74)]
        assert copy.differences(at(0), at(74)) == []

    def test_sql_stays_as_it_was_when_the_store_refuses(self, copy, rows, monkeypatch) -> None:
        copy.record(rows(range(3)), at(0), at(3), at(0))

        def full(*_arguments) -> None:
            raise OSError("the disk is full")

        monkeypatch.setattr(StoreRoot, "put", full)
        with pytest.raises(OSError, match="the disk is full"):
            copy.record(rows(range(3, 5)), at(3), at(5), at(0))
        assert in_sql(copy) == [0, 1, 2]

    def test_rows_that_cannot_be_made_leave_both_as_they_were(self, copy, rows) -> None:
        copy.record(rows(range(3)), at(0), at(3), at(0))

        def unmade() -> pd.DataFrame:
            raise ValueError("no candles")

        with pytest.raises(ValueError, match="no candles"):
            copy.record_made(unmade, next(month_parts(at(3), at(4))), at(0))
        assert copy.store.manifest.row_count(TABLE) == len(copy.read(at(0), at(9)))

    def test_replaced_rows_are_replaced_in_both(self, copy, rows) -> None:
        copy.record(rows(range(10)), at(0), at(10), at(0))
        copy.record(rows([5], future_return_3d_pct=7.0), at(4), at(7), at(0))
        assert in_sql(copy) == [0, 1, 2, 3, 5, 7, 8, 9]
        assert copy.differences(at(0), at(10)) == []


class TestRead:
    def test_sql_answers_for_the_hours_it_covers_and_the_store_for_older_ones(self, copy, rows) -> None:
        copy.record(rows(range(72)), at(0), at(72), at(60))
        copy.database.execute(f"update {TABLE} set future_return_3d_pct = -1")
        new, old = copy.read(at(60), at(62)), copy.read(at(59), at(62))
        assert set(new["future_return_3d_pct"]) == {-1.0}
        assert old["future_return_3d_pct"].tolist() == [59.5, 59.5, 60.5, 60.5, 61.5, 61.5]
        for frame in (new, old):
            assert frame[["timestamp_utc", "pair"]].equals(
                frame[["timestamp_utc", "pair"]].sort_values(["timestamp_utc", "pair"], ignore_index=True)
            )
            assert frame["future_return_1w_pct"].isna().all()
        assert list(new.columns) == list(old.columns)
        assert new.dtypes.astype(str).tolist() == old.dtypes.astype(str).tolist()

    def test_before_the_first_write_the_store_is_asked(self, copy) -> None:
        assert not copy.covers(at(0))
        assert copy.read(at(0), at(5)).empty


class TestDifferences:
    @pytest.fixture
    def filled(self, copy, rows) -> SqlWindow:
        copy.record(rows(range(60)), at(0), at(60), at(0))
        return copy

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ("set future_return_3d_pct = 0.5000001", "2026-03: other values of future_return_3d_pct"),
            ("set future_return_2w_pct = null", "2026-03: other values of future_return_2w_pct"),
            ("set future_return_1w_pct = 0", "2026-03: other values of future_return_1w_pct"),
            ("set pair = 'C-USDT'", "2026-03: rows of other pairs or hours"),
        ],
    )
    def test_one_changed_value_is_found(self, filled: SqlWindow, change: str, words: str) -> None:
        filled.database.execute(
            f"update {TABLE} {change} where pair = 'A-USDT' and timestamp_utc = $1", (at(7),)
        )
        assert filled.differences(at(0), at(60)) == [words]
        assert filled.differences(at(8), at(60)) == []

    def test_a_missing_row_is_found(self, filled: SqlWindow) -> None:
        filled.database.execute(
            f"delete from {TABLE} where pair = 'A-USDT' and timestamp_utc = $1", (at(50),)
        )
        assert filled.differences(at(0), at(60)) == ["2026-04: 24 rows in the store, 23 in SQL"]


class TestWindowStart:
    NEWEST = datetime(2026, 8, 9, 5, tzinfo=UTC)

    def test_it_is_midnight_so_many_days_back(self) -> None:
        assert window_start(90, self.NEWEST) == datetime(2026, 5, 11, tzinfo=UTC)
        assert window_start("all", self.NEWEST) == window_start(90, None) == BEGINNING

    def test_the_newest_candle_of_any_pair_counts(self, database) -> None:
        assert newest_candle(database) is None
        for pair, hour in (("B-USDT", 3), ("A-USDT", 9), ("C-USDT", 5), ("C-USDT", 1)):
            database.execute(
                "insert into market.candles_1h (pair, timestamp_utc, open, high, low, close, source, ingested_at) "
                "values ($1, $2, 1, 1, 1, 1, 'test', now())",
                (pair, at(hour)),
            )
        assert newest_candle(database) == at(9)
