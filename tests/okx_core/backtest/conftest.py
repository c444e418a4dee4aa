"""A small market and signals to trade in it."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

HOUR = timedelta(hours=1)
START = datetime(2024, 1, 1, tzinfo=UTC)
HOURS = 24 * 30
PAIRS = ("AAA-USDT", "BBB-USDT", "CCC-USDT", "DDD-USDT", "EEE-USDT", "FFF-USDT")


def synthetic_candles(seed: int = 4) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    shape = len(PAIRS), HOURS + 1
    close = 50.0 * np.exp(np.cumsum(generator.normal(0.0, 0.012, shape), axis=1))
    opened = close * np.exp(generator.normal(0.0, 0.002, shape))
    frame = pd.DataFrame(
        {
            "pair": np.repeat(PAIRS, shape[1]),
            "timestamp_utc": np.tile(pd.date_range(START, periods=shape[1], freq="h"), len(PAIRS)),
            "open": opened.ravel(),
            "high": np.maximum(opened, close).ravel(),
            "low": np.minimum(opened, close).ravel(),
            "close": close.ravel(),
            "volume": 1e5,
            "quote_volume": 5e6,
        }
    )
    return frame[generator.random(len(frame)) > 0.01].reset_index(drop=True)


@pytest.fixture(scope="session")
def candles() -> pd.DataFrame:
    """30 days of six pairs, one bar in a hundred missing, and the bar after the last hour."""
    return synthetic_candles()


@pytest.fixture(scope="session")
def signals(candles: pd.DataFrame) -> pd.DataFrame:
    """A signal per bar, some unknown, most not tradable."""
    generator = np.random.default_rng(8)
    calm = generator.random(len(candles)) < 0.9
    prediction = np.where(calm, 0.1, generator.normal(0.8, 1.2, len(candles)))
    prediction[generator.random(len(candles)) < 0.05] = np.nan
    return candles[["pair", "timestamp_utc"]].assign(
        predicted_excess_pct=prediction,
        tradable=(prediction > 0.8) & (generator.random(len(candles)) < 0.7),
        turnover_24h_quote=np.where(generator.random(len(candles)) < 0.03, np.nan, 1.2e8),
    )
