"""Taking turns: every side of a comparison runs once per round, and the median of the rounds counts."""

import os
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from okx_core.features.registry import feature_names
from okx_core.labels.registry import LABELS_1D
from resources.postgres.database import Database
from resources.postgres.embedded import EmbeddedPostgres
from resources.postgres.migrations import create_databases, migrate, sync_columns

Work = Callable[[], object]
Clock = Callable[[], float]


def polars_on_one_thread() -> Any:
    """The polars module, set before its import to use one thread like the others."""
    os.environ["POLARS_MAX_THREADS"] = "1"
    import polars

    return polars


def seconds(work: Work, clock: Clock = time.perf_counter) -> float:
    begin = clock()
    work()
    return clock() - begin


def medians(
    works: dict[str, Work], rounds: int, before: Work = lambda: None, clock: Clock = time.perf_counter
) -> dict[str, float]:
    """Median seconds of each work, taken in turns after one warm-up round; `before` is not timed.

    With `clock` time.process_time they are seconds of this process on a processor, whatever else runs.
    """
    laps: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds + 1):
        for name, work in works.items():
            before()
            lap = seconds(work, clock)
            if number:
                laps[name].append(lap)
    return {name: statistics.median(values) for name, values in laps.items()}


def peak_gib() -> float:
    """The most memory that this program has held.

    Not ru_maxrss: a child begins with that of the process that started it.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 2**20


class TemporaryDatabase:
    """A migrated okxsignal database on an embedded server of its own, deleted at the end of the block."""

    def __enter__(self) -> Database:
        self._folder = TemporaryDirectory(prefix="okxsignal-bench-")
        self.home = Path(self._folder.name).resolve()
        self._server = EmbeddedPostgres(self.home)
        self._server.start()
        database = Database(self._server.url)
        create_databases(database.url)
        migrate(database)
        sync_columns(database, "features.features_1h", feature_names())
        sync_columns(database, "ml.labels_1d", LABELS_1D)
        return database

    def __exit__(self, *_error: Any) -> None:
        self._server.forget()
        with suppress(OSError):
            self._folder.cleanup()
