"""Incremental, rolling and full are the same bytes, run through Dagster as `okxsignal refresh` runs them."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from okx_assets import keys
from okx_core.hours import HOUR
from okx_jobs.runs.market_choice import RequestError
from okx_jobs.runs.refresh import run_stage, stages
from okx_jobs.runs.runner import Pipeline
from okx_services.research.labels import label_window
from resources.config.settings import load_settings
from resources.feature_store.manifest import Manifest
from resources.feature_store.months import month_parts
from resources.stores import open_feature_store

TABLE = "features.features_1h"
START, END = datetime(2026, 6, 20, tzinfo=UTC), datetime(2026, 7, 4, 9, tzinfo=UTC)
NEW_HOURS = 4
NOTHING = timedelta(0)


def candles(start: datetime, end: datetime) -> pd.DataFrame:
    """Three random walks since START, of which [start, end) is given; rows 100 to 130 of one are missing."""
    hours = (END - START) // HOUR
    opens = pd.date_range(START, periods=hours, freq="h", unit="us")
    frames = []
    for number, pair in enumerate(("BTC-USDT", "ETH-USDT", "C-USDT")):
        generator = np.random.default_rng(number)
        close = 100.0 * np.exp(np.cumsum(generator.normal(0, 0.01, hours)))
        first = np.concatenate([[100.0], close[:-1]])
        frame = pd.DataFrame(
            {
                "pair": pair, "timestamp_utc": opens, "open": first, "close": close,
                "high": np.maximum(first, close) * 1.002, "low": np.minimum(first, close) * 0.998,
                "volume": generator.lognormal(3, 1, hours), "source": "test", "ingested_at": END,
            }
        ).assign(quote_volume=lambda rows: rows["volume"] * rows["close"])  # fmt: skip
        frames.append(frame.drop(index=range(100, 130)) if number == 2 else frame)
    rows = pd.concat(frames)
    return rows[(rows["timestamp_utc"] >= start) & (rows["timestamp_utc"] < end)]


def refresh(entered, mode: str, length: timedelta = NOTHING) -> list[tuple[datetime, datetime]]:
    """The features' stage of a refresh; labels ask the exchange for the time, and none runs here."""
    done = []
    for stage in stages(mode, length, entered.store):
        if stage.name == "features":
            run_stage(Pipeline(entered.instance), stage, Console(quiet=True))
            done.append((stage.start, stage.end))
    return done


def written(entered) -> list[tuple[str, str, int]]:
    """Month, hash and row count of every current file of the features."""
    return [
        (f"{file.month:%Y-%m}", file.content_hash, file.row_count)
        for file in Manifest(entered.store).every()
        if file.is_current and file.table_name == TABLE
    ]


@pytest.fixture(scope="module")
def incremental(entered):  # type: ignore[no-untyped-def]
    """The history in one run, then hour by hour; gives what is stored."""
    first = END - NEW_HOURS * HOUR
    entered.store.replace_window("market.candles_1h", candles(START, first), START, first)
    assert refresh(entered, "incremental") == [(START, first)]
    for number in range(NEW_HOURS):
        hour = first + number * HOUR
        entered.store.replace_window("market.candles_1h", candles(hour, hour + HOUR), hour, hour + HOUR)
        assert refresh(entered, "incremental") == [(hour, hour + HOUR)]
    return written(entered)


def test_nothing_new_is_no_run(entered, incremental) -> None:
    assert [month for month, _, _ in incremental] == ["2026-06", "2026-07"]
    runs = entered.instance.get_runs_count()
    assert refresh(entered, "incremental") == []
    assert entered.instance.get_runs_count() == runs


@pytest.mark.parametrize(
    ("mode", "length"), [("rolling", 5 * 24 * HOUR), ("rolling", 3 * HOUR), ("full", NOTHING)]
)
def test_every_other_mode_writes_the_same_bytes(entered, incremental, mode: str, length: timedelta) -> None:
    runs, files = entered.instance.get_runs_count(), len(Manifest(entered.store).every())
    start = START if mode == "full" else END - length
    assert refresh(entered, mode, length) == [(start, END)]
    assert entered.instance.get_runs_count() == runs + 1
    assert written(entered) == incremental
    assert len(Manifest(entered.store).every()) == files


def test_everything_from_nothing_is_the_same_bytes(entered, incremental) -> None:
    entered.store.execute("truncate features.files cascade")
    refresh(entered, "full")
    assert written(entered) == incremental


@pytest.mark.usefixtures("incremental")
def test_the_run_has_proven_that_sql_holds_the_same_bits(entered) -> None:
    refresh(entered, "full")
    key = dg.AssetCheckKey(keys.FEATURES_1H, "sql_equals_store")
    record = entered.instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key]
    assert record.status.value == "SUCCEEDED"
    assert entered.store.scalar(f"select count(*) from {TABLE}") == sum(
        rows for _, _, rows in written(entered)
    )


@pytest.mark.usefixtures("incremental")
@pytest.mark.parametrize("horizon_set", ["1d", "2w"])
def test_labels_hour_by_hour_and_at_once_are_the_same_bytes(entered, horizon_set: str) -> None:
    settings = load_settings()
    store = open_feature_store(settings.database, settings.feature_store)
    start, end = END - 30 * 24 * HOUR, END
    for part in month_parts(start, end):
        whole = label_window(entered.store, part.start, part.end, horizon_set, END)
        store.replace_window(f"whole.{horizon_set}", whole, part.start, part.end)
    hour = max(start, START)
    while hour < end:
        stop = hour + 7 * HOUR if hour.month == (hour + 7 * HOUR).month else hour + HOUR
        rows = label_window(entered.store, hour, min(stop, end), horizon_set, END)
        store.replace_window(f"pieces.{horizon_set}", rows, hour, min(stop, end))
        hour = stop
    hashes = [
        [file.content_hash for file in store.files(f"{way}.{horizon_set}", start, end)]
        for way in ("whole", "pieces")
    ]
    assert hashes[0] == hashes[1]
    assert hashes[0]


class TestRequests:
    def test_rolling_needs_a_length_and_the_others_take_none(self) -> None:
        from okx_jobs.runs.refresh import _length

        assert _length("rolling", 5, 2) == timedelta(hours=53)
        for mode, hours in (("rolling", None), ("full", 5), ("incremental", 1)):
            with pytest.raises(RequestError, match="belongs to `refresh rolling`"):
                _length(mode, hours, None)

    def test_without_candles_it_says_what_to_do(self, database) -> None:
        with pytest.raises(RequestError, match="no candles to compute from: run `okxsignal backfill"):
            list(stages("full", NOTHING, database))
