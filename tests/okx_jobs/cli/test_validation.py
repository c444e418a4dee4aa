"""`okxsignal validate features` prints what it checked and on which candles; exit code 1 when a check failed."""

from io import StringIO

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from okx_core.errors import OkxSignalError
from okx_core.features.declaration import feature
from okx_core.features.registry import candle_columns
from okx_core.validation.validate import validate
from okx_jobs.cli.validation import FIELDS, ValidationRequest, report, synthetic_candles, validate_features
from resources.config.settings import load_settings


@pytest.fixture(scope="module")
def candles():
    return synthetic_candles(days=70)


def printed(work):
    console = Console(record=True, width=200, file=StringIO())
    return work(console), console.export_text()


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


def test_a_recorded_file_is_proven(candles, tmp_path):
    path = tmp_path / "candles.parquet"
    candles.hourly.to_parquet(path)
    request = ValidationRequest(candles=path, pairs="btc-usdt,ETH-USDT")
    passed, text = printed(lambda console: validate_features(request, load_settings(), console))
    assert passed
    assert "candles.parquet: 2 pairs" in text
    assert "every check passes" in text


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
