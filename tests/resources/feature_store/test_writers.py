"""Several writers at once lose nothing; a killed one leaves the month as it was."""

import signal
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from resources.feature_store.garbage import find_garbage, remove_garbage
from resources.feature_store.months import MonthPart, month_parts
from resources.feature_store.root import StoreRoot
from resources.feature_store.store import FeatureStore, ReadAhead

TABLE = "features.features_1h"
T0 = datetime(2026, 3, 30, tzinfo=UTC)
AT_ONCE = timedelta(0)
PROGRAM = """
import os, signal, sys
from datetime import UTC, datetime, timedelta
import numpy as np, pandas as pd
from resources.postgres.database import Database
from resources.feature_store.root import StoreRoot
from resources.feature_store.store import FeatureStore

url, folder, way, first, step, count = sys.argv[1:]
store = FeatureStore(Database(url), StoreRoot(folder))
if way == "killed":
    write = StoreRoot.put
    def put(self, path, data):
        write(self, path, data)
        if path.endswith(".parquet"):
            os.kill(os.getpid(), signal.SIGKILL)
    StoreRoot.put = put
for number in range(int(count)):
    hour = datetime(2026, 3, 30, tzinfo=UTC) + timedelta(hours=int(first) + number * int(step))
    rows = pd.DataFrame({"pair": ["A-USDT"], "timestamp_utc": pd.DatetimeIndex([hour]).as_unit("us"),
                         "x": np.array([float(number)], dtype=np.float32)})
    store.replace_window("features.features_1h", rows, hour, hour + timedelta(hours=1))
"""


def at(hour: int) -> datetime:
    return T0 + timedelta(hours=hour)


def writer(store: FeatureStore, way: str, first: int, step: int, count: int) -> subprocess.Popen[bytes]:
    arguments = [store.database.url, store.root.url, way, str(first), str(step), str(count)]
    return subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments])


def hours_of(store: FeatureStore) -> list[int]:
    times = store.frame(TABLE, at(0), at(100))["timestamp_utc"]
    return sorted(int((time - T0) / timedelta(hours=1)) for time in times)


class TestThreads:
    def test_on_the_same_month_and_on_others_every_hour_arrives(self, store: FeatureStore, rows_of) -> None:
        def write(hour: int) -> None:
            own = FeatureStore(store.database, StoreRoot(store.root.url, store.root.options))
            own.replace_window(TABLE, rows_of([hour], pairs=["A-USDT"]), at(hour), at(hour + 1))

        hours = [*range(36, 60)]  # the month ends at 48
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(write, hours))
        assert hours_of(store) == hours

    def test_a_reader_sees_whole_writes_only(self, folder_store: FeatureStore, rows_of) -> None:
        folder_store.replace_window(TABLE, rows_of(range(40), x=0.0), at(0), at(40))

        def write(number: int) -> None:
            folder_store.replace_window(TABLE, rows_of(range(40), x=1000.0 * number), at(0), at(40))

        def read(_number: int) -> set[float]:
            frame = folder_store.frame(TABLE, at(0), at(40))
            assert len(frame) == 80
            return set((frame["x"] // 1000).tolist())

        with ThreadPoolExecutor(4) as pool:
            writes = [pool.submit(write, number) for number in range(1, 12)]
            seen = list(pool.map(read, range(40)))
            assert [task.result() for task in writes] == [None] * 11
        assert all(len(values) == 1 for values in seen)


class TestReadAhead:
    @pytest.fixture
    def filled(self, folder_store: FeatureStore, rows_of) -> FeatureStore:
        folder_store.replace_window(TABLE, rows_of(range(5), pairs=["A-USDT"]), at(0), at(5))
        return folder_store

    def started(self, store: FeatureStore, hour: int) -> Future[ReadAhead | None]:
        """A read that is over before the write begins."""
        found: Future[ReadAhead | None] = Future()
        found.set_result(store.read_ahead(TABLE, next(month_parts(at(hour), at(hour + 1)))))
        return found

    def test_the_current_file_is_not_read_twice(self, filled: FeatureStore, rows_of, monkeypatch) -> None:
        ahead = self.started(filled, 5)
        read = StoreRoot.read
        monkeypatch.setattr(
            StoreRoot,
            "read",
            lambda root, path: pytest.fail("read again") if path.endswith(".parquet") else read(root, path),
        )
        filled.replace_window(TABLE, rows_of([5], pairs=["A-USDT"]), at(5), at(6), ahead)
        monkeypatch.undo()
        assert hours_of(filled) == [0, 1, 2, 3, 4, 5]

    def test_what_another_writer_added_since_is_kept(self, filled: FeatureStore, rows_of) -> None:
        ahead = self.started(filled, 6)
        filled.replace_window(TABLE, rows_of([5], pairs=["A-USDT"]), at(5), at(6))
        filled.replace_window(TABLE, rows_of([6], pairs=["A-USDT"]), at(6), at(7), ahead)
        assert hours_of(filled) == [0, 1, 2, 3, 4, 5, 6]

    def test_a_read_that_failed_is_done_again(self, filled: FeatureStore, rows_of) -> None:
        failed: Future[ReadAhead | None] = Future()
        failed.set_exception(OSError("away for a moment"))
        filled.replace_window(TABLE, rows_of([5], pairs=["A-USDT"]), at(5), at(6), failed)
        assert hours_of(filled) == [0, 1, 2, 3, 4, 5]

    def test_nothing_is_read_of_a_month_that_is_replaced_whole(self, filled: FeatureStore) -> None:
        assert filled.read_ahead(TABLE, MonthPart(date(2026, 3, 1), at(-29 * 24), at(48))) is None
        assert filled.read_ahead(TABLE, next(month_parts(at(48), at(49)))) is None


class TestProcesses:
    def test_four_on_one_month_lose_nothing(self, folder_store: FeatureStore) -> None:
        writers = [writer(folder_store, "whole", first, 4, 8) for first in range(4)]
        assert [process.wait(120) for process in writers] == [0] * 4
        assert hours_of(folder_store) == list(range(32))

    @pytest.mark.parametrize("draft", [False, True])
    def test_a_killed_one_leaves_the_old_month_and_a_file_that_is_found(
        self, folder_store: FeatureStore, rows_of, draft: bool
    ) -> None:
        folder_store.replace_window(TABLE, rows_of([1], pairs=["A-USDT"]), at(1), at(2))
        assert writer(folder_store, "killed", 5, 1, 1).wait(60) == -signal.SIGKILL
        if draft:
            folder = Path(folder_store.root.url) / folder_store.folder / TABLE
            (folder / f".writing-2026-03-{'a' * 16}-1").write_bytes(b"half")
        assert hours_of(folder_store) == [1]
        assert find_garbage(folder_store).orphans == []  # too young: it may be another writer's
        assert len(remove_garbage(folder_store, AT_ONCE).orphans) == 1 + draft
        assert find_garbage(folder_store, AT_ONCE).paths == []
        folder_store.replace_window(TABLE, rows_of([5], pairs=["A-USDT"]), at(5), at(6))
        assert hours_of(folder_store) == [1, 5]
