"""Where a pair stands among all pairs of the same hour.

The market is every pair that the candles hold: a pair counts in an hour when its own value is known
there. Ranks and means need two such pairs. Bitcoin is the pair whose base is BTC.
"""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from okx_core.compilation import compiled
from okx_core.features.bars import Bars, correlation
from okx_core.features.declaration import Array, Feature

FEWEST_PAIRS = 2


class Market:
    """The bars of all pairs, in the order of `pairs`."""

    def __init__(self, bars: Bars, pairs: tuple[str, ...]) -> None:
        self.bars = bars
        self.bitcoin = next((row for row, pair in enumerate(pairs) if pair.startswith("BTC-")), None)

    @cached_property
    def return_24_pct(self) -> Array:
        """24-hour return of each pair, NaN where a bar of the way is missing."""
        return np.where(self.bars.unbroken >= 25.0, self.bars.return_24_pct, np.nan)

    @cached_property
    def ema_deviation_48_pct(self) -> Array:
        deviation = 100.0 * (self.bars.close / self.bars.ema(48) - 1.0)
        return np.where(self.bars.unbroken >= 96.0, deviation, np.nan)


@compiled
def market_mean(values: Array, fewest: int) -> Array:
    """Mean over the known pairs of each bar, the same for every pair; [pairs, bars].

    Pairs are added in their order, so the bytes do not depend on how many bars are computed.
    """
    total = np.zeros(values.shape[1])
    known = np.zeros(values.shape[1])
    for pair in range(values.shape[0]):
        for bar in range(values.shape[1]):
            value = values[pair, bar]
            if value == value:
                total[bar] += value
                known[bar] += 1.0
    out = np.empty(values.shape)
    for pair in range(values.shape[0]):
        for bar in range(values.shape[1]):
            out[pair, bar] = total[bar] / known[bar] if known[bar] >= fewest else np.nan
    return out


@compiled
def _rank_sorted(values: Array, order: NDArray[np.int64], fewest: int) -> Array:
    """Ranks in 0..1 of each row of `values` [bars, pairs], given the order that sorts it, NaN last."""
    out = np.full(values.shape, np.nan)
    for bar in range(values.shape[0]):
        known = 0
        for pair in range(values.shape[1]):
            if values[bar, pair] == values[bar, pair]:
                known += 1
        place = 0
        while place < known and known >= fewest:
            last = place
            value = values[bar, order[bar, place]]
            while last + 1 < known and values[bar, order[bar, last + 1]] == value:
                last += 1
            for tied in range(place, last + 1):
                out[bar, order[bar, tied]] = 0.5 * (place + last) / (known - 1.0)
            place = last + 1
    return out


def market_rank(values: Array) -> Array:
    """Rank of each pair among the known pairs of its bar: 0 smallest, 1 largest, ties share the mean."""
    by_bar = np.ascontiguousarray(values.T)
    return np.ascontiguousarray(_rank_sorted(by_bar, np.argsort(by_bar, axis=1), FEWEST_PAIRS).T)


def market_return_24h(market: Market) -> Array:
    return market_mean(market.return_24_pct, FEWEST_PAIRS)


def market_breadth_24h(market: Market) -> Array:
    returns = market.return_24_pct
    return market_mean(np.where(np.isnan(returns), np.nan, (returns > 0.0) * 1.0), FEWEST_PAIRS)


def relative_return_24h(market: Market) -> Array:
    return market.return_24_pct - market_return_24h(market)


def relative_ema_deviation_48(market: Market) -> Array:
    return market.ema_deviation_48_pct - market_mean(market.ema_deviation_48_pct, FEWEST_PAIRS)


def performance_rank_24h(market: Market) -> Array:
    return market_rank(market.return_24_pct)


def volume_rank_1h(market: Market) -> Array:
    return market_rank(market.bars.quote_volume)


def btc_corr_24h(market: Market) -> Array:
    returns = market.bars.log_return
    if market.bitcoin is None:
        return np.full(returns.shape, np.nan)
    bitcoin = np.broadcast_to(returns[market.bitcoin], returns.shape)
    return correlation(returns, np.ascontiguousarray(bitcoin), 24)


FEATURES = (
    Feature(
        "market_return_24h", "market", "Mean 24-hour return of the pairs", "%", 25, market_return_24h, "cross"
    ),
    Feature(
        "market_breadth_24h",
        "market",
        "Share of pairs that rose over 24 hours",
        "0..1",
        25,
        market_breadth_24h,
        "cross",
    ),
    Feature(
        "relative_return_24h",
        "market",
        "24-hour return less the mean of the pairs",
        "%",
        25,
        relative_return_24h,
        "cross",
    ),
    Feature(
        "relative_ema_deviation_48",
        "market",
        "close / EMA(48) - 1 less the mean of the pairs",
        "%",
        96,
        relative_ema_deviation_48,
        "cross",
        anchored=True,
    ),
    Feature(
        "performance_rank_24h",
        "market",
        "Rank of the 24-hour return among pairs, 0 worst, 1 best",
        "0..1",
        25,
        performance_rank_24h,
        "cross",
        undefined="ties share the mean rank",
    ),
    Feature(
        "volume_rank_1h",
        "market",
        "Rank of the hour's quote turnover among the pairs, 1 largest",
        "0..1",
        1,
        volume_rank_1h,
        "cross",
        undefined="ties share the mean rank",
    ),
    Feature(
        "btc_corr_24h",
        "market",
        "Correlation of 24 log returns with Bitcoin's",
        "-1..1",
        25,
        btc_corr_24h,
        "cross",
        undefined="0 where either is flat, NULL without a Bitcoin pair",
    ),
)
