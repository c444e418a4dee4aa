"""What a backtest earned in which market."""

from datetime import datetime

import numpy as np
import pandas as pd

from okx_core.backtest.metrics.benchmarks import rebalanced
from okx_core.backtest.metrics.curve import Array
from okx_core.backtest.metrics.regimes import (
    MEDIAN_HOURS,
    RegimeFigures,
    Regimes,
    market_regimes,
    regime_figures,
)
from okx_core.hours import HOUR
from okx_core.market.fees import TAKER_FEE_RATE

BITCOIN = "BTC-"
OUTAGE_HOURS = 24  # for which the last price of a pair is its price


def regimes_of(candles_1h: pd.DataFrame, start: datetime, end: datetime, curve: Array) -> list[RegimeFigures]:
    """Figures of an equity `curve` [hours + 1] of start <= open < end, by the regime at the close before each hour.

    The market is the pair that begins with BTC-, all pairs alike without one. `candles_1h` should reach 180 days
    further back; where they do not, regimes of the first weeks are unknown.
    """
    hours = pd.date_range(start - (MEDIAN_HOURS + 1) * HOUR, end - HOUR, freq="h")
    closes = candles_1h.pivot(index="timestamp_utc", columns="pair", values="close").reindex(hours)
    closes = closes.ffill(limit=OUTAGE_HOURS)
    bitcoin = [pair for pair in closes.columns if pair.startswith(BITCOIN)]
    market = closes[bitcoin[:1] or list(closes.columns)].to_numpy(np.float64)
    before = slice(-len(curve), -1)  # the closes before each hour of the curve
    known = Regimes(*(state[before] for state in market_regimes(market)))
    return regime_figures(curve, _held(market[-len(curve) :]), known)


def _held(closes: Array) -> Array:
    """Equity [hours + 1] of the market bought at its first close and held, from 1 on."""
    weights = np.full((1, closes.shape[1]), 1.0 / closes.shape[1])
    return rebalanced(closes, weights, len(closes), TAKER_FEE_RATE)
