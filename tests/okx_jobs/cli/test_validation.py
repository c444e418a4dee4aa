"""`okxsignal validate features` prints what it checked and on which candles; exit code 1 when a check failed."""

from io import StringIO

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from okx_core.errors import OkxSignalError
from okx_core.features.candle_set import CandleSet
from okx_core.features.declaration import feature
from okx_core.features.registry import candle_columns
from okx_core.validation.validate import validate
from okx_jobs.cli.validation import ValidationRequest, report, validate_features
from okx_jobs.research.synthetic_candles import FIELDS
from resources.config.settings import load_settings
from resources.market.recorded_candles import recorded_candles
from tests.synthetic_market import first_days, some_pairs


@pytest.fixture(scope="module")
def candles(synthetic_market):
    return first_days(synthetic_market, 70)


def printed(work):
    console = Console(record=True, width=200, file=StringIO())
    return work(console), console.export_text()


@pytest.mark.usefixtures("few_moments")
def test_a_leaking_feature_fails_and_is_named(candles):
    def tomorrow(bars):
        return np.roll(bars.close, -24, axis=1)

    leak = feature("test", "quote", 1, formula="close[t + 24]", inputs=("close",))(tomorrow)
    features = (leak,)
    passed, text = printed(lambda console: report(validate(candles, features), features, console))
    assert not passed
    assert "FAILED truncation" in text
    assert "tomorrow" in text
    assert "1 features: FAILED" in text


@pytest.mark.usefixtures("few_moments")
def test_a_recorded_file_is_proven(candles, tmp_path):
    path = tmp_path / "candles.parquet"
    candles.hourly.to_parquet(path)
    request = ValidationRequest(candles=path, pairs="btc-usdt,ETH-USDT")
    passed, text = printed(lambda console: validate_features(request, load_settings(), console))
    assert passed
    assert "candles.parquet: 2 pairs" in text
    assert "every check passes" in text


def recorded(frame, path, **choice):
    frame.to_parquet(path)
    return recorded_candles(path, **choice)


def test_without_dates_a_file_is_taken_with_all_that_it_has(candles, tmp_path):
    """Pairs that were listed later or ended earlier too."""
    hourly = candles.hourly
    middle = hourly["timestamp_utc"].min() + 30 * pd.Timedelta(days=1)
    later, earlier = hourly["pair"] == "ETH-USDT", hourly["pair"] == "SOL-USDT"
    kept = hourly[
        ~(later & (hourly["timestamp_utc"] < middle)) & ~(earlier & (hourly["timestamp_utc"] > middle))
    ]
    found = recorded(kept, tmp_path / "candles.parquet").hourly
    assert len(found) == len(kept)
    assert set(found["pair"]) == set(hourly["pair"])
    chosen = recorded(kept, tmp_path / "candles.parquet", start=middle.to_pydatetime()).hourly
    assert set(chosen["pair"]) == set(hourly["pair"]) - {"SOL-USDT"}


def test_a_file_without_volume_or_of_shorter_bars_is_read(candles, tmp_path):
    mark = candles.hourly[["pair", "timestamp_utc", "open", "high", "low", "close"]]
    assert recorded(mark, tmp_path / "mark.parquet").hourly["volume"].isna().all()
    quarters = candles.frames["15m"]
    found = recorded(quarters, tmp_path / "quarters.parquet")
    assert len(found.hourly) == len(quarters) / 4
    assert len(found.frames["15m"]) == len(quarters)
    merged = found.hourly.merge(candles.hourly, on=["pair", "timestamp_utc"])
    assert len(merged) == len(found.hourly)
    assert merged["high_x"].to_numpy() == pytest.approx(merged["high_y"].to_numpy())


def broken(frame):
    return frame.assign(high=frame["high"].where(frame.index != 77, 1e-9))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda frame: frame.drop(columns="close"), "column close is missing.*okxsignal import"),
        (lambda frame: frame.assign(pair=frame["pair"].where(frame.index != 3)), "pair of row 4 is empty"),
        (
            lambda frame: frame.assign(timestamp_utc=frame["timestamp_utc"].where(frame.index != 5)),
            "timestamp_utc of row 6 is empty",
        ),
        (broken, "high is below low; 1 such rows"),
        (lambda frame: frame.assign(close="ten"), "column close holds no numbers"),
        (lambda frame: frame.head(0), "it holds no rows"),
        (lambda frame: frame.iloc[::2], "its bars are 0 days 02:00:00 apart"),
        (
            lambda frame: frame.assign(timestamp_utc=frame["timestamp_utc"].dt.tz_localize(None)),
            "must be a UTC timestamp: make a tape of it with `okxsignal import",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_the_remedy(candles, tmp_path, change, complaint):
    own = candles.hourly[candles.hourly["pair"] == "BTC-USDT"].reset_index(drop=True)
    with pytest.raises(OkxSignalError, match=complaint):
        recorded(change(own), tmp_path / "odd.parquet")


def test_no_file_and_no_parquet_are_said(tmp_path):
    with pytest.raises(OkxSignalError, match="no such file"):
        recorded_candles(tmp_path / "absent.parquet")
    (tmp_path / "text.parquet").write_text("no parquet")
    with pytest.raises(OkxSignalError, match=r"not a readable Parquet file.*okxsignal import"):
        recorded_candles(tmp_path / "text.parquet")


@pytest.mark.parametrize("moments", ["few_moments", pytest.param("all_moments", marks=pytest.mark.soak)])
def test_an_hour_that_falls_by_sixty_percent_fails_no_check(candles, moments, request):
    if moments == "few_moments":
        request.getfixturevalue(moments)
    hourly = some_pairs(candles, 6).hourly.sort_values(["pair", "timestamp_utc"], ignore_index=True)
    crash = hourly["timestamp_utc"].min() + 900 * pd.Timedelta(hours=1)
    after, during = hourly["timestamp_utc"] > crash, hourly["timestamp_utc"] == crash
    hourly.loc[after, ["open", "high", "low", "close"]] *= 0.4
    hourly.loc[during, ["low", "close"]] *= 0.4
    hourly.loc[during, ["volume", "quote_volume", "taker_buy_base"]] *= 30.0
    results = list(validate(CandleSet.of_hourly(hourly)))
    assert [(found.check, found.violations) for found in results if not found.passed] == []


@pytest.mark.usefixtures("few_moments")
def test_the_candles_of_the_database_are_proven(candles, database, monkeypatch):
    hourly = candles.hourly[candles.hourly["pair"].isin(["BTC-USDT", "ETH-USDT"])]
    first, end = hourly["timestamp_utc"].min(), hourly["timestamp_utc"].max() + pd.Timedelta(hours=1)
    for timeframe, frame in candles.frames.items():
        rows = frame[frame["pair"].isin(["BTC-USDT", "ETH-USDT"])].assign(
            taker_buy_base=np.nan, source="test", ingested_at=end, revision=0
        )
        database.replace_window(f"market.candles_{timeframe}", rows, first, end)
    monkeypatch.setenv("OKXSIGNAL_DATABASE_URL", database.url)
    passed, text = printed(lambda console: validate_features(ValidationRequest(), load_settings(), console))
    assert passed, text
    assert "2 pairs" in text
    with pytest.raises(OkxSignalError, match="no candles of DOGE-USDT"):
        validate_features(ValidationRequest(pairs="DOGE-USDT"), load_settings(), Console(file=StringIO()))


def test_an_empty_database_says_what_to_do(database, monkeypatch):
    monkeypatch.setenv("OKXSIGNAL_DATABASE_URL", database.url)
    with pytest.raises(OkxSignalError, match=r"holds no hourly candles: run `okxsignal backfill"):
        validate_features(ValidationRequest(), load_settings(), Console(file=StringIO()))


def test_the_columns_read_are_those_that_features_use():
    assert set(FIELDS) < set(candle_columns("1h"))
