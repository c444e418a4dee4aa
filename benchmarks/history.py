"""A history of features and labels from nothing: candles in PostgreSQL to Parquet files, by the assets' own functions.

Every size is a process of its own that backfills the newest so many months of the same candles, so that its
peak memory is that of this work alone. Longer ones must cost the same per row and need the same memory. In the
rows of sizes all rows are older than the SQL window; the split shows what the newest 90 days in SQL add, and its
parts, taken one after the other, add up to more than the whole, which reads ahead and writes side by side.

`python -m benchmarks.history --large` goes on to 4 and 8 million rows.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.rounds import TemporaryDatabase, peak_gib
from benchmarks.store import PAIRS, fill_candles
from okx_core.features.contract import contract_violations
from okx_core.hours import HOUR, LABEL_HORIZON_HOURS
from okx_core.labels.registry import LABELS_2W
from okx_services.research import features, labels
from resources.feature_store.months import MonthPart, month_parts, start_of
from resources.feature_store.root import StoreRoot
from resources.feature_store.sql_window import SqlWindow, window_start
from resources.feature_store.store import FeatureStore
from resources.market.candle_frames import candle_set
from resources.postgres.database import Database
from resources.postgres.migrations import sync_columns

END = date(2024, 6, 1)
MONTHS, LARGE = (2, 5, 9), (18, 37)  # x 300 pairs: 0.4, 1.1 and 2.0 M rows; 4 and 8 M
LATER = max(LABEL_HORIZON_HOURS.values()) * HOUR  # candles that the labels of the newest row need
SQL_DAYS = 90
ROUNDS = 2  # in turns; the better one counts
MAX_MEMORY_GIB = 2.0
FIRST_OKXSIGNAL_MS = 42.0  # per row: 100 hours projected for 8.5 million
CHILD = ("-W", "ignore", "-m", "benchmarks.history", "--child")
LABEL_SETS = {"1d": "ml.labels_1d", "2w": "ml.labels_2w"}


def first_month(months: int) -> datetime:
    place = END.year * 12 + END.month - 1 - months
    return start_of(date(place // 12, place % 12 + 1, 1))


def backfill(files: FeatureStore, start: datetime, end: datetime, first_in_sql: datetime) -> int:
    """The work of the three assets for [start, end); the feature rows."""
    copy, rows = SqlWindow(files, features.TABLE), 0
    for part in month_parts(start, end):
        frame = features.record_features(copy, part, first_in_sql)
        if contract_violations(frame):
            raise RuntimeError(f"{part} breaks the contract")
        rows += len(frame)
    found = copy.differences(start, end)
    for horizons, table in LABEL_SETS.items():
        copy = SqlWindow(files, table)
        for part in month_parts(start, end):
            labels.record_labels(copy, part, horizons, end + LATER, first_in_sql)
        found += copy.differences(start, end)
    if found:
        raise RuntimeError(f"SQL is not what the store holds: {found}")
    return rows


def split(files: FeatureStore, start: datetime, end: datetime, first_in_sql: datetime) -> dict[str, float]:
    """Seconds of each part of the same work, one after the other."""
    times: dict[str, float] = {}
    copy = SqlWindow(files, features.TABLE)

    def timed(name: str, work: Callable[[], Any]) -> Any:
        begin = time.perf_counter()
        found = work()
        times[name] = times.get(name, 0.0) + time.perf_counter() - begin
        return found

    def write(target: SqlWindow, rows: Any, part: MonthPart) -> None:
        bounds = part.start, part.end
        timed("write Parquet", lambda: files.replace_window(target.table, rows, *bounds))
        timed(f"write the newest {SQL_DAYS} days to SQL", lambda: target.replace(rows, *bounds, first_in_sql))

    for part in month_parts(start, end):
        bounds = part.start, part.end
        candles = timed("read candles", lambda bounds=bounds: candle_set(files.database, *bounds))
        write(copy, timed("compute", lambda held=candles, bounds=bounds: held.features(*bounds)), part)
        for horizons, table in LABEL_SETS.items():
            made = timed(
                "labels, read and computed",
                lambda bounds=bounds, name=horizons: labels.label_window(
                    files.database, *bounds, name, end + LATER
                ),
            )
            write(SqlWindow(files, table), made, part)
    timed("compare SQL with the store", lambda: copy.differences(start, end))
    return times


def measured(url: str, folder: str, months: int, parts: bool) -> dict[str, Any]:
    """One size, in this process: rows, seconds, gib of memory; or the seconds of each part."""
    database = Database(url)
    files = FeatureStore(database, StoreRoot(folder))
    start, end = first_month(months), start_of(END)
    candle_set(database, start, start + HOUR).features(start, start + HOUR)  # loads the kernels
    if parts:
        times = split(files, start, end, window_start(SQL_DAYS, end - HOUR))
        return {"parts": times, "gib": peak_gib()}
    begin = time.perf_counter()
    rows = backfill(files, start, end, end)
    seconds = time.perf_counter() - begin
    return {"rows": rows, "seconds": seconds, "gib": peak_gib()}


def in_a_process(database: Database, months: int, *, parts: bool = False) -> dict[str, Any]:
    """The same in a process of its own, into an empty store."""
    tables = ", ".join((features.TABLE, *LABEL_SETS.values()))
    database.execute(f"truncate features.files, {tables} cascade")
    database.execute("update features.sql_windows set starts_at = null")
    with TemporaryDirectory(prefix="okxsignal-bench-") as folder:
        call = [
            sys.executable,
            "-W",
            "ignore",
            "-m",
            "benchmarks.history",
            "--child",
            database.url,
            folder,
            str(months),
        ]
        done = subprocess.run([*call, *(["--parts"] if parts else [])], check=True, stdout=subprocess.PIPE)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def run(sizes: tuple[int, ...] = MONTHS) -> list[dict[str, Any]]:
    """A row per size and per part: name, peer, ours_ns_per_row, peer_ns_per_row, ratio; and what they need."""
    with TemporaryDatabase() as database:
        sync_columns(database, "ml.labels_2w", LABELS_2W)
        fill_candles(database, first_month(max(sizes)), start_of(END) + LATER)
        in_a_process(database, 1)  # files and caches of the server, once
        rounds = [[in_a_process(database, months) for months in sizes] for _ in range(ROUNDS)]
        found = [min(laps, key=lambda lap: lap["seconds"]) for laps in zip(*rounds, strict=True)]
        parts = in_a_process(database, MONTHS[-1], parts=True)
    return list(_rows(found, parts, found[sizes.index(MONTHS[-1])]["rows"]))


def _rows(found: list[dict[str, Any]], last: dict[str, Any], rows: int) -> Iterator[dict[str, Any]]:
    costs = [1e9 * size["seconds"] / size["rows"] for size in found]
    for size, cost in zip(found[1:], costs[1:], strict=True):
        yield {
            "name": f"{size['rows']:,} rows",
            "peer": f"{found[0]['rows']:,} rows",
            "ours_ns_per_row": cost,
            "peer_ns_per_row": costs[0],
            "ratio": costs[0] / cost,
        }
    parts = last["parts"]
    whole = sum(parts.values())
    for name, seconds in parts.items():
        share = {"ours_ns_per_row": 1e9 * seconds / rows, "peer_ns_per_row": 1e9 * whole / rows}
        yield {"name": name, "peer": "all parts in turn", **share, "ratio": seconds / whole}
    each = ", ".join(f"{size['rows']:,} rows {size['seconds']:.0f} s" for size in found)
    peaks = ", ".join(f"{size['gib']:.2f}" for size in (*found, last))
    hours = 8_500_000 * costs[-1] / 1e9 / 3600
    yield {"name": "from candles to checked files", "peer": each}
    yield {
        "name": f"peak memory of the process in GiB, {PAIRS} pairs (budget {MAX_MEMORY_GIB:.0f})",
        "peer": f"{peaks} with the newest {SQL_DAYS} days in SQL",
    }
    yield {
        "name": "8.5 M rows at this rate",
        "peer": f"{60 * hours:.1f} minutes; the first OKXsignal projected 100 hours, {FIRST_OKXSIGNAL_MS:.0f} ms a row",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help="also 4 and 8 million rows")
    parser.add_argument("--child", nargs=3, metavar=("URL", "FOLDER", "MONTHS"), help=argparse.SUPPRESS)
    parser.add_argument("--parts", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        url, folder, months = given.child
        print(json.dumps(measured(url, folder, int(months), given.parts)))
        return
    for line in run((*MONTHS, *LARGE) if given.large else MONTHS):
        print(line)


if __name__ == "__main__":
    main()
