"""Windows in, rows out: months replaced whole, equal rows are equal bytes, damage is named."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from resources.feature_store.errors import DamagedFileError, FeatureStoreError
from resources.feature_store.manifest import ManifestFile
from resources.feature_store.store import FeatureStore

TABLE = "features.features_1h"
T0 = datetime(2026, 3, 30, tzinfo=UTC)  # two days before a month ends


def at(hour: int) -> datetime:
    return T0 + timedelta(hours=hour)


def current(store: FeatureStore) -> list[ManifestFile]:
    return [file for file in store.manifest.every() if file.is_current]


def hashes(store: FeatureStore) -> list[tuple[str, str]]:
    return [(f"{file.month:%Y-%m}", file.content_hash) for file in current(store)]


def history_length(store: FeatureStore) -> int:
    return store.database.scalar("select count(*) from features.files")


class TestReplaceWindow:
    def test_a_window_becomes_one_file_per_month(self, store: FeatureStore, rows_of) -> None:
        rows = rows_of(range(72), x=1.0, y=2.0)
        assert store.replace_window(TABLE, rows, at(0), at(72)) == 2
        files = current(store)
        assert [(f"{file.month:%Y-%m}", file.row_count) for file in files] == [
            ("2026-03", 96),
            ("2026-04", 48),
        ]
        assert [file.watermark for file in files] == [at(47), at(71)]
        back = store.frame(TABLE, at(0), at(72)).sort_values(["pair", "timestamp_utc"], ignore_index=True)
        pd.testing.assert_frame_equal(back, rows, check_dtype=False)
        assert back["x"].dtype == np.float32

    def test_other_rows_stay_and_the_windows_rows_are_replaced(self, store: FeatureStore, rows_of) -> None:
        store.replace_window(TABLE, rows_of(range(10), x=0.0), at(0), at(10))
        store.replace_window(TABLE, rows_of([5], pairs=["A-USDT"], x=100.0), at(4), at(7))
        left = store.frame(TABLE, at(0), at(10))
        assert left[left["pair"] == "A-USDT"]["x"].tolist() == [0, 1, 2, 3, 105, 7, 8, 9]
        assert left[left["pair"] == "B-USDT"]["x"].tolist() == [0, 1, 2, 3, 7, 8, 9]

    def test_the_same_rows_again_change_nothing(self, store: FeatureStore, rows_of) -> None:
        rows = rows_of(range(72))
        store.replace_window(TABLE, rows, at(0), at(72))
        before = hashes(store)
        assert store.replace_window(TABLE, rows.sample(frac=1, random_state=1), at(0), at(72)) == 0
        assert store.replace_window(TABLE, rows_of([50]), at(50), at(51)) == 0
        assert (hashes(store), history_length(store)) == (before, 2)

    def test_hour_by_hour_and_at_once_are_the_same_bytes(self, store: FeatureStore, rows_of) -> None:
        at_once = rows_of(range(40, 56), x=np.pi, y=np.nan)
        store.replace_window(TABLE, at_once, at(40), at(56))
        whole = hashes(store)
        for hour in range(40, 56):
            store.replace_window("other.table", rows_of([hour], x=np.pi, y=np.nan), at(hour), at(hour + 1))
        assert hashes(store)[2:] == whole == hashes(store)[:2]

    def test_a_new_column_is_null_in_rows_that_were_not_recomputed_and_a_dropped_one_vanishes(
        self, store: FeatureStore, rows_of
    ) -> None:
        store.replace_window(TABLE, rows_of(range(3), x=1.0, old=2.0), at(0), at(3))
        store.replace_window(TABLE, rows_of([2], x=5.0, new=9.0), at(2), at(3))
        table = store.read(TABLE, at(0), at(3))
        assert table.column_names == ["pair", "timestamp_utc", "x", "new"]
        assert table.column("new").to_pylist() == [None, None, 11.0] * 2
        assert table.column("x").to_pylist() == [1.0, 2.0, 7.0] * 2

    def test_unknown_is_null_in_the_file_never_a_number(self, store: FeatureStore, rows_of) -> None:
        store.replace_window(TABLE, rows_of(range(2), x=np.nan), at(0), at(2))
        file = current(store)[0]
        stored = pq.read_table(pa.BufferReader(store.root.read(file.path)))
        assert stored.column("x").null_count == 4
        assert stored.schema.field("x").type == pa.float32()

    def test_a_month_that_loses_its_last_row_has_no_file(self, store: FeatureStore, rows_of) -> None:
        store.replace_window(TABLE, rows_of(range(3)), at(0), at(3))
        store.replace_window(TABLE, rows_of([]), at(0), at(3))
        assert hashes(store) == []
        assert store.read(TABLE, at(0), at(3)).num_rows == 0

    def test_content_that_was_there_before_comes_back_as_the_same_file(
        self, store: FeatureStore, rows_of
    ) -> None:
        for value in (1.0, 2.0, 1.0):
            store.replace_window(TABLE, rows_of([0], x=value), at(0), at(1))
        assert history_length(store) == 2
        assert store.frame(TABLE, at(0), at(1))["x"].tolist() == [1.0, 1.0]

    @pytest.mark.parametrize(
        ("spoiled", "words"),
        [
            (lambda rows: rows.assign(timestamp_utc=at(3)), "lie outside"),
            (lambda rows: pd.concat([rows, rows]), "two rows for A-USDT at 2026-03-30 00:00"),
            (lambda rows: rows.drop(columns="pair"), "lack the key column pair"),
            (lambda rows: rows.assign(pair=None), "unknown pair or time"),
        ],
    )
    def test_wrong_rows_are_refused_and_nothing_changes(
        self, folder_store: FeatureStore, spoiled, words: str, rows_of
    ) -> None:
        with pytest.raises(FeatureStoreError, match=words):
            folder_store.replace_window(TABLE, spoiled(rows_of([0])), at(0), at(3))
        assert history_length(folder_store) == 0

    def test_a_time_without_a_zone_is_refused(self, folder_store: FeatureStore) -> None:
        with pytest.raises(FeatureStoreError, match="no time zone"):
            folder_store.read(TABLE, datetime(2026, 1, 1), datetime(2026, 1, 2))


class TestRead:
    @pytest.fixture
    def filled(self, store: FeatureStore, rows_of) -> FeatureStore:
        store.replace_window(TABLE, rows_of(range(72), x=1.0, y=2.0), at(0), at(72))
        return store

    def test_pairs_and_columns_are_cut_and_keys_always_come(self, filled: FeatureStore) -> None:
        table = filled.read(TABLE, at(46), at(50), pairs=["B-USDT"], columns=["y"])
        assert table.column_names == ["pair", "timestamp_utc", "y"]
        assert table.column("y").to_pylist() == [48.0, 49.0, 50.0, 51.0]
        assert set(table.column("pair").to_pylist()) == {"B-USDT"}

    def test_one_pair_reads_few_row_groups(self, folder_store: FeatureStore, monkeypatch, rows_of) -> None:
        monkeypatch.setattr("resources.feature_store.content.ROW_GROUP", 10)
        folder_store.replace_window(TABLE, rows_of(range(40), pairs=list("ABCDE")), at(0), at(40))
        read: list[list[int]] = []
        original = pq.ParquetFile.read_row_groups

        def noted(self, groups, **options):  # type: ignore[no-untyped-def]
            read.append(list(groups))
            return original(self, groups, **options)

        monkeypatch.setattr(pq.ParquetFile, "read_row_groups", noted)
        assert folder_store.read(TABLE, at(0), at(40), pairs=["C"]).num_rows == 40
        assert read == [[8, 9, 10, 11]]

    def test_a_column_that_only_newer_months_have_is_null_in_older_ones(
        self, store: FeatureStore, rows_of
    ) -> None:
        store.replace_window(TABLE, rows_of([0], x=1.0), at(0), at(1))
        store.replace_window(TABLE, rows_of([60], x=1.0, new=1.0), at(60), at(61))
        assert store.read(TABLE, at(0), at(61), columns=["new"]).column("new").to_pylist() == [
            None, None, 61.0, 61.0,
        ]  # fmt: skip

    def test_a_column_that_no_month_has_is_an_error_with_a_remedy(self, filled: FeatureStore) -> None:
        with pytest.raises(FeatureStoreError, match="has the column rsj: run `okxsignal refresh full`"):
            filled.read(TABLE, at(0), at(3), columns=["rsj"])

    def test_nothing_stored_is_no_rows(self, filled: FeatureStore) -> None:
        old = datetime(2020, 1, 1, tzinfo=UTC)
        assert filled.read(TABLE, old, datetime(2020, 2, 1, tzinfo=UTC)).num_rows == 0
        assert filled.read(TABLE, at(5), at(5)).num_rows == 0


class TestDamage:
    WORDS = r"feature_store/.*2026-03-[0-9a-f]{16}\.parquet \(features\.features_1h, 2026-03\)"
    REMEDY = "okxsignal backfill --again --from 2026-03-01 --to 2026-04-01"

    @pytest.fixture
    def damaged(self, folder_store: FeatureStore, tmp_path, rows_of):  # type: ignore[no-untyped-def]
        folder_store.replace_window(TABLE, rows_of(range(3000 // 72), x=1.0), at(0), at(41))
        return folder_store, next(tmp_path.rglob("*.parquet"))

    @pytest.mark.parametrize("reading", ["read", "merge"])
    def test_a_missing_file_is_named_with_the_remedy(self, damaged, reading: str, rows_of) -> None:
        store, path = damaged
        path.unlink()
        with pytest.raises(
            DamagedFileError, match=f"{self.WORDS} cannot be used: it is missing; .*{self.REMEDY}"
        ):
            self.touch(store, reading, rows_of([5]))

    @pytest.mark.parametrize("reading", ["read", "merge"])
    @pytest.mark.parametrize("damage", ["shorter", "one bit"])
    def test_a_changed_file_is_named_with_the_remedy(
        self, damaged, reading: str, damage: str, rows_of
    ) -> None:
        store, path = damaged
        data = bytearray(path.read_bytes())
        if damage == "shorter":
            del data[-100:]
        else:
            data[len(data) // 4] ^= 1
        path.write_bytes(data)
        with pytest.raises(DamagedFileError, match=f"{self.WORDS} cannot be used: .*{self.REMEDY}"):
            self.touch(store, reading, rows_of([5]))

    @staticmethod
    def touch(store: FeatureStore, reading: str, rows: pd.DataFrame) -> None:
        if reading == "read":
            store.read(TABLE, at(0), at(41))
        else:
            store.replace_window(TABLE, rows, at(5), at(6))

    def test_the_remedy_helps(self, damaged, rows_of) -> None:
        store, path = damaged
        good = path.read_bytes()
        path.write_bytes(good[:-1])
        start = datetime(2026, 3, 1, tzinfo=UTC)
        store.replace_window(TABLE, rows_of(range(41), x=1.0), start, at(48))
        assert path.read_bytes() == good
        assert store.read(TABLE, at(0), at(41)).num_rows == 82


def test_an_unknown_kind_of_address_says_what_to_do(database, rows_of) -> None:
    from resources.feature_store.root import StoreRoot

    with pytest.raises(FeatureStoreError, match=r"OKXSIGNAL_STORE_URL=nowhere://user:\*\*\*@x"):
        FeatureStore(database, StoreRoot("nowhere://user:word@x/y")).replace_window(
            TABLE, rows_of([0]), at(0), at(1)
        )
