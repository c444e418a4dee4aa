"""Candles made for checks: a small market with outages, flat stretches, tiny prices and a late listing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from okx_core.features.candle_set import CandleSet, aggregated
from okx_core.features.compute import compute_features
from okx_core.features.declaration import Feature
from okx_core.features.registry import FEATURES

HOUR = timedelta(hours=1)
START = datetime(2024, 1, 3, tzinfo=UTC)
END = datetime(2024, 6, 4, 7, tzinfo=UTC)
PAIRS = ("BTC-USDT", "ETH-USDT", "LATE-USDT", "MICRO-USDT", "QUIET-USDT")


def synthetic_candles(
    pairs: Sequence[str], start: datetime, end: datetime, seed: int = 5, freq: str = "h"
) -> pd.DataFrame:
    """Random-walk candles of every bar in [start, end), sorted by pair and time."""
    generator = np.random.default_rng(seed)
    times = pd.date_range(start, end, freq=freq, inclusive="left")
    shape = len(pairs), len(times)
    close = 100.0 * np.exp(np.cumsum(generator.normal(0.0, 0.01, shape), axis=1))
    jump = np.where(generator.random(shape) < 0.3, generator.normal(0.0, 0.002, shape), 0.0)
    opened = np.hstack([np.full((len(pairs), 1), 100.0), close[:, :-1]]) * (1.0 + jump)
    high = np.maximum(opened, close) * (1.0 + np.abs(generator.normal(0.0, 0.004, shape)))
    low = np.minimum(opened, close) * (1.0 - np.abs(generator.normal(0.0, 0.004, shape)))
    volume = generator.lognormal(3.0, 1.0, shape)
    return pd.DataFrame(
        {
            "pair": np.repeat(pairs, len(times)),
            "timestamp_utc": np.tile(times, len(pairs)),
            "open": opened.ravel(),
            "high": high.ravel(),
            "low": low.ravel(),
            "close": close.ravel(),
            "volume": volume.ravel(),
            "quote_volume": np.where(generator.random(shape) < 0.5, volume * close, np.nan).ravel(),
            "taker_buy_base": (volume * generator.random(shape)).ravel(),
        }
    ).astype({"timestamp_utc": "datetime64[us, UTC]"})


@dataclass(frozen=True)
class Candles:
    """The candle frames that features read."""

    hourly: pd.DataFrame
    four_hourly: pd.DataFrame
    daily: pd.DataFrame
    quarter_hourly: pd.DataFrame

    @classmethod
    def of(cls, hourly: pd.DataFrame) -> "Candles":
        """Quarters are a market of their own in the hours and pairs of `hourly`: no feature compares them."""
        quarters = synthetic_candles(hourly["pair"].unique(), START, END, seed=21, freq="15min")
        keys = quarters[["pair"]].assign(timestamp_utc=quarters["timestamp_utc"].dt.floor("h"))
        held = pd.MultiIndex.from_frame(keys).isin(
            pd.MultiIndex.from_frame(hourly[["pair", "timestamp_utc"]])
        )
        return cls(hourly, aggregated(hourly, 4), aggregated(hourly, 24), quarters[held])

    def known(self) -> CandleSet:
        """The same candles as the checks take them."""
        return CandleSet(dict(zip(("1h", "4h", "1d", "15m"), vars(self).values(), strict=True)))

    def features(
        self, start: datetime, end: datetime, features: Sequence[Feature] = FEATURES
    ) -> pd.DataFrame:
        frame = compute_features(*vars(self).values(), start, end, features)
        return frame.set_index(["timestamp_utc", "pair"]).sort_index()


def market_with_troubles() -> pd.DataFrame:
    """The market of the checks: every kind of bar that real candles bring."""
    candles = synthetic_candles(PAIRS, START, END)
    pair, time = candles["pair"], candles["timestamp_utc"]
    micro = pair == "MICRO-USDT"
    candles.loc[micro, ["open", "high", "low", "close"]] *= 2.0**-27
    candles.loc[micro, ["volume", "taker_buy_base"]] *= 2.0**27
    quiet = (pair == "QUIET-USDT") & time.between("2024-05-10", "2024-05-16")
    candles.loc[quiet, ["open", "high", "low", "close"]] = 42.0
    candles.loc[quiet, ["volume", "taker_buy_base"]] = 0.0
    outage = time.between("2024-04-20 03:00", "2024-04-20 04:00")
    lone = (pair == "ETH-USDT") & (time == "2024-05-29 13:00")
    unlisted = (pair == "LATE-USDT") & (time < pd.Timestamp("2024-03-11 05:00", tz="UTC"))
    return candles[~(outage | lone | unlisted)].reset_index(drop=True)


@pytest.fixture(scope="session")
def candles() -> Candles:
    return Candles.of(market_with_troubles())


@pytest.fixture(scope="session")
def full(candles: Candles) -> pd.DataFrame:
    """Every feature of every row, computed in one go."""
    return candles.features(START, END)


@pytest.fixture(scope="session")
def calm() -> Candles:
    """An unbroken, lively market."""
    return Candles.of(synthetic_candles(("BTC-USDT", "ETH-USDT", "SOL-USDT"), START, END, seed=9))


@pytest.fixture(scope="session")
def calm_full(calm: Candles) -> pd.DataFrame:
    return calm.features(START, END)
