"""`okxsignal store` as people see it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from okx_jobs.cli.store_report import Problem, print_store, problems, size, versions
from resources.feature_store.root import StoreRoot
from resources.feature_store.sql_window import SqlWindow
from resources.feature_store.store import FeatureStore
from resources.postgres.database import Database
from resources.postgres.embedded import EmbeddedPostgres

TABLE = "ml.labels_2w"
START = datetime(2026, 3, 30, tzinfo=UTC)
END = START + timedelta(hours=60)


@pytest.fixture
def feature_store(database, tmp_path: Path) -> FeatureStore:
    store = FeatureStore(database, StoreRoot(str(tmp_path / "files")))
    hours = pd.date_range(START, END, freq="h", inclusive="left", unit="us")
    values = np.arange(len(hours), dtype=np.float32)
    names = ("future_return_3d_pct", "future_return_1w_pct", "future_return_2w_pct")
    rows = pd.DataFrame({"pair": "A-USDT", "timestamp_utc": hours, **dict.fromkeys(names, values)})
    SqlWindow(store, TABLE).record(rows, START, END, START + timedelta(hours=50))
    return store


def shown(feature_store: FeatureStore) -> str:
    text = StringIO()
    print_store(feature_store, Console(file=text, width=200))
    return text.getvalue()


def test_every_month_with_rows_size_hash_and_who_pinned_it(feature_store: FeatureStore) -> None:
    files = feature_store.manifest.every()
    for version in (1, 2, 3, 7):
        feature_store.manifest.pin("m", version, [files[0].file_id])
    lines = shown(feature_store).splitlines()
    march, april = (next(line for line in lines if f" {month} " in line) for month in ("2026-03", "2026-04"))
    assert all(word in march for word in (TABLE, " 48 ", files[0].content_hash[:12], "current", "v1-3, v7"))
    assert "2026-04-01 11:00" in april
    assert any(
        "2 months" in line and "60 rows" in line and "in SQL: from 2026-04-01 on" in line for line in lines
    )


def test_an_empty_store_says_how_to_fill_it(database, tmp_path: Path) -> None:
    text = shown(FeatureStore(database, StoreRoot(str(tmp_path))))
    assert "nothing yet: run `okxsignal backfill" in text


def test_a_damaged_file_and_a_changed_copy_are_found(feature_store: FeatureStore, tmp_path: Path) -> None:
    console = Console(quiet=True)
    assert problems(feature_store, console) == []
    feature_store.database.execute(f"update {TABLE} set future_return_3d_pct = 0")
    april = Problem(TABLE, date(2026, 4, 1), f"{TABLE} 2026-04: other values of future_return_3d_pct")
    assert problems(feature_store, console) == [april]
    next(tmp_path.rglob("2026-03*.parquet")).write_bytes(b"")
    damaged, also = problems(feature_store, console)
    assert (damaged.month, also) == (date(2026, 3, 1), april)
    assert damaged.words.endswith("missing or not what was written")


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1_200, "1.2 kB"), (43_000_000, "43.0 MB"), (2.5e9, "2.5 GB")],
)
def test_sizes_are_readable(count: int, text: str) -> None:
    assert size(count) == text


@pytest.mark.parametrize(("numbers", "text"), [([], ""), ([4], "v4"), ([3, 1, 2, 9], "v1-3, v9")])
def test_versions_in_a_row_are_a_range(numbers: list[int], text: str) -> None:
    assert versions(numbers) == text


def test_what_is_wrong_is_made_anew_by_commands_that_can_be_copied(shell) -> None:
    assert shell("store").code == 0
    with started(shell.home) as store:
        rows = pd.DataFrame(
            {"pair": "A-USDT", "timestamp_utc": [START], "future_return_3d_pct": np.float32([1])}
        )
        rows["timestamp_utc"] = rows["timestamp_utc"].astype("datetime64[us, UTC]")
        store.replace_window(TABLE, rows, START, END)
        next(shell.home.rglob("2026-03*.parquet")).write_bytes(b"")
    answer = shell("store", "verify")
    assert answer.code == 2
    assert "`okxsignal backfill --again --from 2026-03-01 --to 2026-04-01`" in answer.err


@contextmanager
def started(home: Path) -> Iterator[FeatureStore]:
    server = EmbeddedPostgres(home)
    server.start()
    yield FeatureStore(Database(server.url), StoreRoot(str(home / "feature_store")))
    server.stop()


def test_adopt_says_who_owned_the_files_and_who_does_now(shell) -> None:
    first, second = shell("store", "adopt"), shell("store", "adopt")
    assert (first.code, "owner until now" in first.out) == (0, False)
    assert "owner until now: okxsignal at" in second.out
    assert "may only read the files" in second.out


def test_the_command_on_an_empty_home_and_its_refusals(shell) -> None:
    answer = shell("store")
    assert (answer.code, "nothing yet" in answer.out) == (0, True)
    assert "would remove 0 superseded" in shell("store", "gc", "--dry-run").out
    assert "every file is what was written" in shell("store", "verify").out
    for words, settings, printed in (
        (
            ("store", "gc"),
            {"STORE_URL": "nowhere://user:to-hide@x"},
            "OKXSIGNAL_STORE_URL=nowhere://user:***@x",
        ),
        (("store",), {"STORE_URL": "relative/folder"}, "relative to wherever a process is started; write /"),
        (("store",), {"STORE_URL": "simplecache::s3://b/x"}, "a chain of places (::) cannot be written to"),
        (("store",), {"STORE_URL": "s3://"}, "s3:// names no place; write the bucket or folder too"),
        (("store",), {"STORE_URL": "file:///"}, "file:/// names no place"),
        (("store",), {"STORE_URL": "memory://x?sig=to-hide"}, "memory is lost with its process"),
        (("store",), {"STORE_OPTIONS": "to-hide"}, "OKXSIGNAL_STORE_OPTIONS: not a JSON object"),
        (("store",), {"SQL_FEATURE_DAYS": "0"}, "OKXSIGNAL_SQL_FEATURE_DAYS"),
        (("refresh", "full", "--days", "3"), {}, "belongs to `refresh rolling`"),
    ):
        refused = shell(*words, **settings)
        assert refused.code == 2
        assert printed in refused.err
        assert "to-hide" not in refused.err + refused.out
        assert "Traceback" not in refused.err
