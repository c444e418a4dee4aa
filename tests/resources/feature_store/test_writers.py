"""Several writers at once lose nothing; a killed one leaves the month as it was."""

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from resources.feature_store.garbage import find_garbage, remove_garbage
from resources.feature_store.root import StoreRoot
from resources.feature_store.store import FeatureStore

TABLE = "features.features_1h"
T0 = datetime(2026, 3, 30, tzinfo=UTC)
AT_ONCE = timedelta(0)
PROGRAM = """
import os, signal, sys
from datetime import UTC, datetime, timedelta
import numpy as np, pandas as pd
from resources.database import Database
from resources.feature_store.root import StoreRoot
from resources.feature_store.store import FeatureStore

url, folder, way, first, step, count = sys.argv[1:]
store = FeatureStore(Database(url), StoreRoot(folder))
if way == "killed":
    write = StoreRoot.put
    def put(self, path, data):
        write(self, path, data)
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
            folder = next(folder_store.root.files()).path.rpartition("/")[0]
            (Path(folder_store.root.url) / folder / ".writing-1").write_bytes(b"half")
        assert hours_of(folder_store) == [1]
        assert find_garbage(folder_store).orphans == []  # too young: it may be another writer's
        assert len(remove_garbage(folder_store, AT_ONCE).orphans) == 1 + draft
        assert find_garbage(folder_store, AT_ONCE).paths == []
        folder_store.replace_window(TABLE, rows_of([5], pairs=["A-USDT"]), at(5), at(6))
        assert hours_of(folder_store) == [1, 5]
