"""Hourly bars to derive others from."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from resources.postgres.database import Database

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class StoredBars:
    """Three days of hourly bars of two pairs that rise by 1 an hour; every high and low is one away."""

    database: Database
    start: datetime
    bars: pd.DataFrame

    def at(self, hours: int) -> datetime:
        return self.start + hours * HOUR

    def store(self, change: Callable[[pd.DataFrame], pd.DataFrame] = lambda bars: bars) -> "StoredBars":
        end = self.at(72)
        self.database.replace_window("market.candles_1h", change(self.bars.copy()), self.start, end)
        return self

    def hour(self, bars: pd.DataFrame, number: int, pair: str = "BTC-USDT") -> pd.Series:
        return (bars["pair"] == pair) & (bars["timestamp_utc"] == self.at(number))


@pytest.fixture
def bars(database: Database) -> StoredBars:
    start = datetime(2026, 8, 9, tzinfo=UTC)
    frames = []
    for pair, base in (("BTC-USDT", 100.0), ("ETH-USDT", 10.0)):
        opens = base + np.arange(72.0)
        frames.append(
            pd.DataFrame(
                {
                    "pair": pair,
                    "timestamp_utc": pd.date_range(start, periods=72, freq="h"),
                    "open": opens,
                    "high": opens + 2,
                    "low": opens - 1,
                    "close": opens + 1,
                    "volume": 1.0 + np.arange(72),
                    "quote_volume": 2.0,
                    "taker_buy_base": 0.5,
                    "source": "test",
                    "ingested_at": start + timedelta(days=4),
                    "revision": 0,
                }
            )
        )
    return StoredBars(database, start, pd.concat(frames, ignore_index=True))
