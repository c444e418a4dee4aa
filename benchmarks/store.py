"""The feature store against a PostgreSQL table with one column per feature, and the cost of one more hour.

Both sides hold the same rows: features of random walks, computed by our own kernels, so that the bytes are as
hard to compress as real ones. Ours writes month by month through the manifest, hashes and fsyncs every file;
the peer is what the product did before, a binary COPY of the same frames in a transaction a month, into a
table with the same primary key. Reads end in a pandas frame on both sides.

The hour is the work of the asset: candles read, features computed and checked, the month's file replaced, SQL
replaced, both compared. It lies in the middle of a month, where half a month is rewritten for one hour. The asset
does several of these side by side, so its parts taken alone add up to more than the whole.
"""

import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.made_up_candles import random_walk
from benchmarks.rounds import TemporaryDatabase, Work, medians
from okx_core.features.compute import history_start
from okx_core.features.contract import contract_violations
from okx_core.features.registry import feature_names
from okx_core.hours import HOUR
from okx_services.research.features import TABLE, record_features
from resources.feature_store.months import MonthPart, month_parts
from resources.feature_store.root import StoreRoot
from resources.feature_store.sql_window import SqlWindow, newest_candle, window_start
from resources.feature_store.store import FeatureStore
from resources.market.candle_frames import candle_set
from resources.postgres.database import Database
from resources.postgres.sql_models import load_models

PAIRS = 300
START, END = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 6, 1, tzinfo=UTC)
ROUNDS, HOURS = 3, 7
BUDGET_SECONDS = 0.8
WHOLE = "whole hour"
NAMES = ("BTC-USDT", "ETH-USDT", *(f"P{number:03d}-USDT" for number in range(2, PAIRS)))
FEW = feature_names()[:5]


def candles(start: datetime, end: datetime) -> pd.DataFrame:
    """Random walks of PAIRS pairs over [start, end)."""
    hours = (end - start) // HOUR
    fields = random_walk(PAIRS, hours)
    opens = pd.date_range(start, periods=hours, freq="h", unit="us")
    keys = {
        "pair": [name for name in NAMES for _ in range(hours)],
        "timestamp_utc": opens.repeat(1).tolist() * PAIRS,
    }
    frame = pd.DataFrame({**keys, **{name: values.ravel() for name, values in fields.items()}})
    return frame.assign(source="bench", ingested_at=end)


def fill_candles(database: Database, start: datetime, end: datetime) -> None:
    """Hourly candles, and the 4h and 1d ones made of them, from as far back as features of `start` need."""
    first = history_start(start)
    for part in month_parts(first, end):
        database.replace_window("market.candles_1h", candles(part.start, part.end), part.start, part.end)
    for model in load_models():
        if not model.is_view:
            model.build_window(database, first, end)
    database.execute("analyze")


def compared(name: str, peer: str, times: dict[str, float], count: int) -> dict[str, Any]:
    ours, theirs = (1e9 * times[side] / count for side in ("ours", "peer"))
    return {
        "name": name,
        "peer": peer,
        "ours_ns_per_row": ours,
        "peer_ns_per_row": theirs,
        "ratio": theirs / ours,
    }


def table_rows(database: Database, feature_store: FeatureStore) -> Iterator[dict[str, Any]]:
    """Write and read of the whole history, and of a few columns of it."""
    months = [
        (part, candle_set(database, part.start, part.end).features(part.start, part.end))
        for part in month_parts(START, END)
    ]
    count = sum(len(frame) for _, frame in months)
    peer = f"PostgreSQL, {len(feature_names())} columns"

    def empty() -> None:
        database.execute("truncate features.files, features.features_1h cascade")
        shutil.rmtree(feature_store.root.url, ignore_errors=True)

    def write(replace: Callable[[str, pd.DataFrame, datetime, datetime], object]) -> Work:
        return lambda: [replace(TABLE, frame, part.start, part.end) for part, frame in months]

    works = {"ours": write(feature_store.replace_window), "peer": write(database.replace_window)}
    yield compared(f"write {count:,} rows", peer, medians(works, ROUNDS, before=empty), count)
    for work in works.values():
        work()
    months.clear()
    database.execute(f"analyze {TABLE}")
    columns = ", ".join(f'"{name}"' for name in FEW)
    yield compared(
        "read all", peer,
        medians({"ours": lambda: feature_store.frame(TABLE, START, END),
                 "peer": lambda: database.frame(f"select * from {TABLE}")}, ROUNDS), count,  # noqa: S608
    )  # fmt: skip
    yield compared(
        f"read {len(FEW)} columns", peer,
        medians({"ours": lambda: feature_store.frame(TABLE, START, END, columns=FEW),
                 "peer": lambda: database.frame(f"select pair, timestamp_utc, {columns} from {TABLE}")}, ROUNDS),  # noqa: S608
        count,
    )  # fmt: skip
    files = feature_store.files(TABLE, START, END)
    size = sum(file.byte_count for file in files)
    held = database.scalar(f"select pg_total_relation_size('{TABLE}')")
    yield {
        "name": "bytes per row",
        "peer": f"{size / count:.0f} in the store, {held / count:.0f} in PostgreSQL",
    }


def run() -> list[dict[str, Any]]:
    """Store against table: name, peer, ours_ns_per_row, peer_ns_per_row, ratio."""
    with TemporaryDatabase() as database, TemporaryDirectory(prefix="okxsignal-bench-") as folder:
        fill_candles(database, START, END)
        return list(table_rows(database, FeatureStore(database, StoreRoot(f"{folder}/store"))))


def one_hour(copy: SqlWindow, hour: datetime) -> dict[str, float]:
    """Seconds of the asset's work for one hour, and of its parts, each also taken alone."""
    database, part = copy.database, MonthPart(hour.date().replace(day=1), hour, hour + HOUR)
    first = window_start(90, newest_candle(database))
    times: dict[str, float] = {}

    def timed(name: str, work: Work) -> Any:
        begin = time.perf_counter()
        found = work()
        times[name] = time.perf_counter() - begin
        return found

    def whole() -> None:
        frame = timed("read, compute, write", lambda: record_features(copy, part, first))
        timed("honours the contract", lambda: contract_violations(frame))
        timed("SQL equals store", lambda: copy.differences(part.start, part.end))

    timed(WHOLE, whole)
    candles = timed("of this alone: candles read", lambda: candle_set(database, part.start, part.end))
    frame = timed("of this alone: computed", lambda: candles.features(part.start, part.end))
    changed = frame.assign(**{FEW[0]: np.float32(hour.hour)})
    timed(
        "of this alone: month's file", lambda: copy.store.replace_window(TABLE, changed, part.start, part.end)
    )
    timed("of this alone: SQL", lambda: copy.replace(frame, part.start, part.end, first))
    copy.store.replace_window(TABLE, frame, part.start, part.end)
    return times


def filled(database: Database, folder: str, start: datetime, middle: datetime) -> SqlWindow:
    """Candles, features and their SQL copy from `start` to `middle`, and candles of the hours after it."""
    fill_candles(database, start, middle + (HOURS + 1) * HOUR)
    copy = SqlWindow(FeatureStore(database, StoreRoot(folder)), TABLE)
    for part in month_parts(start, middle):
        record_features(copy, part, window_start(90, middle - HOUR))
    database.execute("analyze")
    return copy


def run_hour() -> list[dict[str, Any]]:
    """One hour: name, peer, ours_ms, peer_ms, ratio; the budget, a longer history in turns, each part's share."""
    middle = datetime(2024, 6, 16, tzinfo=UTC)
    starts = {"2 months": datetime(2024, 5, 1, tzinfo=UTC), "12 months": datetime(2023, 7, 1, tzinfo=UTC)}
    laps: dict[str, list[dict[str, float]]] = {name: [] for name in starts}
    with ExitStack() as stack:
        copies = {}
        for name, start in starts.items():
            database = stack.enter_context(TemporaryDatabase())
            folder = stack.enter_context(TemporaryDirectory(prefix="okxsignal-bench-"))
            copies[name] = filled(database, folder, start, middle)
        for number in range(HOURS + 1):
            for name, copy in copies.items():
                laps[name].append(one_hour(copy, middle + number * HOUR))
    short, long = (
        {part: statistics.median(lap[part] for lap in found[1:]) for part in found[0]}
        for found in laps.values()
    )
    whole = long[WHOLE]
    return [
        _row(f"{WHOLE}, 12 months of history", "budget", whole, BUDGET_SECONDS, BUDGET_SECONDS / whole),
        _row(f"{WHOLE}, 12 months of history", "2 months", whole, short[WHOLE], short[WHOLE] / whole),
        *(_row(name, WHOLE, long[name], whole, long[name] / whole) for name in long if name != WHOLE),
    ]


def _row(name: str, peer: str, ours: float, theirs: float, ratio: float) -> dict[str, Any]:
    return {"name": name, "peer": peer, "ours_ms": 1e3 * ours, "peer_ms": 1e3 * theirs, "ratio": ratio}


if __name__ == "__main__":
    for line in [*run(), *run_hour()]:
        print(line)
