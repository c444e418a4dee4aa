"""`refresh incremental` computes what is newer than the newest row, and the months that lack rows."""

from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest

from okx_jobs.runs.refresh import missing_windows
from resources.postgres.queries import query

HOUR = timedelta(hours=1)
START, END = datetime(2026, 4, 10, tzinfo=UTC), datetime(2026, 6, 20, 5, tzinfo=UTC)
TABLE = "features.features_1h"


@pytest.fixture
def candles(database):
    """Two pairs since START, one with a hole of a day in May."""
    opens = pd.date_range(START, END, freq="h", inclusive="left", unit="us")
    frames = [pd.DataFrame({"pair": pair, "timestamp_utc": opens}) for pair in ("A-USDT", "B-USDT")]
    rows = pd.concat(frames, ignore_index=True).assign(
        open=1.0, high=1.0, low=1.0, close=1.0, volume=1.0, quote_volume=1.0, taker_buy_base=0.5, source="test",
        ingested_at=END, revision=0,
    )  # fmt: skip
    hole = (rows["pair"] == "B-USDT") & rows["timestamp_utc"].between("2026-05-05 01:00", "2026-05-06 00:00")
    database.replace_window("market.candles_1h", rows[~hole], START, END)
    return database


def stored(database, months: dict[date, int], newest: datetime) -> None:
    """A manifest that names a file of so many rows for each month."""
    for number, (month, count) in enumerate(months.items()):
        database.execute(
            "insert into features.files (table_name, month, path, content_hash, code_version, watermark, row_count, "
            "byte_count, written_at) values ($1, $2, $3, $4, 'test', $5, $6, 1, now())",
            (TABLE, month, f"{number}.parquet", f"hash {number}", newest, count),
        )


def expected(database, horizon: int, newest: datetime) -> dict[date, int]:
    return {row["month"]: row["expected"] for row in database.rows(query("expected_rows"), (horizon, newest))}


def test_rows_are_expected_of_bars_whose_horizon_is_whole(candles) -> None:
    newest = END - HOUR
    features = expected(candles, 0, newest)
    assert sum(features.values()) == candles.scalar("select count(*) from market.candles_1h")
    labels = expected(candles, 24, END - 25 * HOUR)
    assert list(labels) == list(features)
    # The hole costs its own hours, and the 24 before it that look into it.
    assert labels[date(2026, 5, 1)] == features[date(2026, 5, 1)] - 24


def test_a_whole_history_lacks_only_what_is_newer(candles) -> None:
    newest = END - 3 * HOUR
    stored(candles, expected(candles, 0, newest), newest)
    assert missing_windows(candles, TABLE, 0, (START, END)) == [(newest + HOUR, END)]


def test_a_month_that_lacks_rows_is_found_although_newer_ones_are_there(candles) -> None:
    newest = END - 3 * HOUR
    months = expected(candles, 0, newest)
    months[date(2026, 5, 1)] -= 1
    stored(candles, months, newest)
    may = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
    assert missing_windows(candles, TABLE, 0, (START, END)) == [may, (newest + HOUR, END)]


def test_months_without_a_file_and_the_newest_one_are_one_window(candles) -> None:
    newest = END - 3 * HOUR
    months = expected(candles, 0, newest)
    del months[date(2026, 5, 1)]
    months[date(2026, 6, 1)] -= 2
    stored(candles, months, newest)
    assert missing_windows(candles, TABLE, 0, (START, END)) == [(datetime(2026, 5, 1, tzinfo=UTC), END)]


def test_nothing_stored_is_everything(candles) -> None:
    assert missing_windows(candles, TABLE, 0, (START, END)) == [(START, END)]
