"""What a curve earned in which market: up or down, calm or wild, as it was known before each hour."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from okx_core.backtest.metrics.curve import Array, hourly_returns, sharpe, total_return_pct

TREND_HOURS = 28 * 24
VOLATILITY_HOURS, MEDIAN_HOURS = 7 * 24, 180 * 24
MIN_KNOWN = 28 * 24  # hours of volatility from which on its median is known

Mask = NDArray[np.bool_]


class RegimeFigures(NamedTuple):
    """Of the hours of a regime: their share, return and Sharpe ratio of the curve, and return of the market.

    Percentages; the Sharpe ratio is annualised, None below three months in the regime.
    """

    name: str
    hours_pct: float
    return_pct: float | None
    sharpe: float | None
    market_return_pct: float | None


class Regimes(NamedTuple):
    """The market at the close of each hour [hours]: whether it has risen, whether it moves more than it used to.

    1 for yes, 0 for no, NaN where it is unknown.
    """

    rises: Array
    is_volatile: Array


def market_regimes(closes: Array) -> Regimes:
    """The regimes of the pairs in `closes` [hours, pairs], NaN where there is no bar, each from rows until its own.

    The market rises when the mean return of the pairs over 28 days is above 0. It is volatile when the deviation of its
    hourly returns in the last 7 days is above the median of that figure in the last 180 days, or in as many as are
    known, at least 28.
    """
    prices = pd.DataFrame(closes)
    risen = prices.div(prices.shift(TREND_HOURS)).sub(1.0).mean(axis=1)
    hourly = prices.div(prices.shift(1)).sub(1.0).mean(axis=1)
    deviation = hourly.rolling(VOLATILITY_HOURS, min_periods=VOLATILITY_HOURS // 2).std()
    usual = deviation.rolling(MEDIAN_HOURS, min_periods=MIN_KNOWN).median()
    return Regimes(_above(risen, pd.Series(0.0, risen.index)), _above(deviation, usual))


def _above(value: "pd.Series[float]", bound: "pd.Series[float]") -> Array:
    known = value.notna() & bound.notna()
    return np.where(known, (value > bound).to_numpy(np.float64), np.nan)


def regime_figures(curve: Array, market: Array, known: Regimes) -> list[RegimeFigures]:
    """Figures by regime of a `curve` and a `market` curve, both [hours + 1]; a regime without an hour is left out.

    `known` [hours] are the regimes before each hour: that at the close of the bar before it.
    """
    up, wild = known
    trends = {"up trend": up == 1.0, "down trend": up == 0.0, "trend unknown": np.isnan(up)}
    states = {
        "high volatility": wild == 1.0,
        "low volatility": wild == 0.0,
        "volatility unknown": np.isnan(wild),
    }
    both = {
        f"{trend}, {state}": trends[trend] & states[state]
        for trend in ("up trend", "down trend")
        for state in ("high volatility", "low volatility")
    }
    regimes = {**trends, **states, **both}
    return [_figures(name, curve, market, mask) for name, mask in regimes.items() if mask.any()]


def _figures(name: str, curve: Array, market: Array, mask: Mask) -> RegimeFigures:
    ours, theirs = _of_hours(curve, mask), _of_hours(market, mask)
    return RegimeFigures(
        name, 100.0 * float(mask.mean()), total_return_pct(ours), sharpe(ours), total_return_pct(theirs)
    )


def _of_hours(curve: Array, mask: Mask) -> Array:
    """The curve of these hours alone, one after another, from 1 on."""
    return np.concatenate(([1.0], np.cumprod(1.0 + hourly_returns(curve)[mask])))
