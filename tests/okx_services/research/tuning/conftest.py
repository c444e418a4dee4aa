"""Markets of three pairs to search on: noise, or one where what moved in the last day goes on."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from okx_core.features.candle_set import CandleSet
from okx_core.strategies.built_in import BUILT_IN
from okx_core.strategies.ranges import Range
from okx_core.strategies.strategy import Strategy
from okx_services.research.strategies.prepared import PreparedMarket, prepare_market
from okx_services.research.tuning.scoring import Trader
from okx_services.research.tuning.variants import Variation, variation_of

WARM_UP, DAYS = 24 * 10, 190
TIMES = pd.date_range("2023-01-01", periods=WARM_UP + 24 * DAYS + 1, freq="h", tz="UTC").as_unit("us")
START, END = TIMES[WARM_UP].to_pydatetime(), TIMES[-1].to_pydatetime()
PAIRS = ("AAA-USDT", "BBB-USDT", "CCC-USDT")


def made_candles(edge: float, seed: int = 5, changed_from: int | None = None) -> CandleSet:
    """Hourly candles; every five days each pair draws whether it rises or falls by `edge` an hour.

    From hour `changed_from` of the window on another market follows.
    """
    dice, other = np.random.default_rng(seed), np.random.default_rng(seed + 1)
    frames = []
    for pair in PAIRS:
        drift = np.repeat(dice.choice((-1.0, 1.0), len(TIMES) // 120 + 1), 120)[: len(TIMES)]
        steps = edge * drift + dice.normal(0.0, 0.004, len(TIMES))
        if changed_from is not None:
            later = WARM_UP + changed_from
            steps[later:] = other.normal(0.0, 0.01, len(TIMES) - later)
        close = 50.0 * np.exp(np.cumsum(steps))
        opened = np.concatenate(([50.0], close[:-1]))
        bars = {"open": opened, "high": np.maximum(opened, close), "low": np.minimum(opened, close)}
        frame = pd.DataFrame({"pair": pair, "timestamp_utc": TIMES, **bars, "close": close})
        frames.append(frame.assign(volume=5e7 / close, quote_volume=5e7, taker_buy_base=np.nan))
    return CandleSet.of_hourly(pd.concat(frames, ignore_index=True))


def momentum(every_hours: int = 24) -> Strategy:
    """The built-in momentum on horizons that a short market can tell apart."""
    held = BUILT_IN["momentum"]
    parameters = {**held.parameters, "hours": 36, "every_hours": every_hours, "top": 2, "keep": 2}
    ranges = {"hours": Range(24, 200, log=True), "top": Range(1, 3)}
    return replace(held, parameters=parameters, ranges=ranges)


def trader_on(market: PreparedMarket, variation: Variation | None = None) -> Trader:
    return Trader(variation or variation_of(momentum(), {}, {}), market, 10_000.0)


def prepared(candles: CandleSet) -> PreparedMarket:
    return prepare_market(momentum(), candles, START, END)


@pytest.fixture(scope="session")
def noise() -> PreparedMarket:
    return prepared(made_candles(0.0))


@pytest.fixture(scope="session")
def trending() -> PreparedMarket:
    return prepared(made_candles(0.0015))
