"""The synthetic market as checks read it."""

import numpy as np
import pandas as pd
import pytest

from okx_core.features.candle_set import CandleSet


@pytest.fixture(scope="session")
def market(synthetic_market: CandleSet) -> CandleSet:
    return synthetic_market


@pytest.fixture(scope="session")
def realistic(market):
    """Volumes as real ones are: larger in hours that move, and in hours when all are traded."""
    hourly = market.hourly.sort_values(["pair", "timestamp_utc"], ignore_index=True)
    hourly = hourly[hourly["pair"].isin(sorted({*hourly["pair"].unique()[:4], "ETH-USDT"}))]
    hourly = hourly.reset_index(drop=True)
    generator = np.random.default_rng(8)
    hours, hour = np.unique(hourly["timestamp_utc"], return_inverse=True)
    shared = generator.normal(0.0, 0.5, len(hours))[hour]
    moved = np.log(hourly["high"] / hourly["low"]).clip(lower=1e-6)
    factor = moved / moved.median() * np.exp(shared + generator.normal(0.0, 0.4, len(hourly)))
    return hourly.assign(
        **{name: hourly[name] * factor for name in ("volume", "quote_volume", "taker_buy_base")}
    )


@pytest.fixture
def lively(realistic):
    return realistic.copy()


@pytest.fixture(scope="session")
def restless(market):
    """The market with a turnover that changes from day to day, as a real one does."""
    generator = np.random.default_rng(3)
    days = market.hourly["timestamp_utc"].dt.floor("D")
    keys = pd.MultiIndex.from_arrays([days, market.hourly["pair"]])
    levels = pd.Series(generator.lognormal(0.0, 2.0, keys.nunique()), index=keys.unique())
    return market.hourly.assign(
        volume=market.hourly["volume"] * levels.reindex(keys).to_numpy(), quote_volume=np.nan
    )
