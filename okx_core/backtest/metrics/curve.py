"""Statistics of an equity curve.

`curve` is the equity [hours + 1]: what there was before the first hour, then the equity at the close of each.
A year has 8,760 hours. A figure that is annualised is None below three months: a week's says nothing about a year.
"""

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

HOURS_PER_DAY, HOURS_PER_YEAR = 24, 8760.0
MIN_ANNUALISED_HOURS = 90 * HOURS_PER_DAY
TAIL, NORMAL = 0.05, NormalDist()


def hourly_returns(curve: Array) -> Array:
    """equity[t] / equity[t - 1] - 1, [hours]."""
    return curve[1:] / curve[:-1] - 1.0


def daily_returns(curve: Array) -> Array:
    """Returns of whole days from the first hour on [days]; the hours of a last day that is not over are left out."""
    return hourly_returns(curve[::HOURS_PER_DAY])


def total_return_pct(curve: Array) -> float | None:
    """100 (last / first - 1). None without an hour."""
    return 100.0 * (float(curve[-1] / curve[0]) - 1.0) if len(curve) > 1 else None


def cagr_pct(curve: Array) -> float | None:
    """Compound growth a year: 100 ((last / first)^(8760 / hours) - 1). None where nothing is left."""
    if not _is_long(curve) or curve[-1] <= 0.0:
        return None
    power = HOURS_PER_YEAR / (len(curve) - 1) * math.log(float(curve[-1] / curve[0]))
    return 100.0 * math.expm1(power) if power < 700.0 else None


def volatility_pct(curve: Array) -> float | None:
    """100 sqrt(8760) times the sample deviation of hourly returns."""
    return 100.0 * math.sqrt(HOURS_PER_YEAR) * _deviation(curve) if _is_long(curve) else None


def sharpe(curve: Array) -> float | None:
    """sqrt(8760) mean / sample deviation of hourly returns, riskless rate 0 (Sharpe, 1966). None without variation."""
    deviation = _deviation(curve)
    if not _is_long(curve) or not deviation > 0.0:
        return None
    return math.sqrt(HOURS_PER_YEAR) * float(np.mean(hourly_returns(curve))) / deviation


def sortino(curve: Array) -> float | None:
    """sqrt(8760) mean / root mean square of the negative hourly returns. None without a loss."""
    returns = hourly_returns(curve)
    downside = math.sqrt(float(np.mean(np.minimum(returns, 0.0) ** 2))) if len(returns) else 0.0
    if not _is_long(curve) or not downside > 0.0:
        return None
    return math.sqrt(HOURS_PER_YEAR) * float(np.mean(returns)) / downside


def omega(curve: Array) -> float | None:
    """Sum of the gains over sum of the losses of hourly returns (Keating and Shadwick, 2002). None without a loss."""
    returns = hourly_returns(curve)
    lost = -float(np.minimum(returns, 0.0).sum())
    return float(np.maximum(returns, 0.0).sum()) / lost if lost > 0.0 else None


def drawdowns(curve: Array) -> Array:
    """How far the equity is below its highest so far, as a fraction 0 or negative [hours + 1]."""
    return np.asarray(curve / np.maximum.accumulate(curve) - 1.0)


def max_drawdown_pct(curve: Array) -> float | None:
    """Deepest fall below an earlier peak, percent, 0 or negative. None without an hour."""
    return 100.0 * float(drawdowns(curve).min()) if len(curve) > 1 else None


def longest_drawdown_days(curve: Array) -> float | None:
    """Days from a peak to the hour that reaches it again, or to the end; of all such spells the longest."""
    if len(curve) < 2:
        return None
    at_peak = np.flatnonzero(drawdowns(curve) >= 0.0)
    ends = np.append(at_peak[1:], len(curve) - 1)
    below = ends - at_peak > 1
    below[-1] = ends[-1] > at_peak[-1]
    return float((ends - at_peak)[below].max(initial=0)) / HOURS_PER_DAY


def calmar(curve: Array) -> float | None:
    """cagr_pct / |max_drawdown_pct|. None without a drawdown."""
    growth, drawdown = cagr_pct(curve), max_drawdown_pct(curve)
    return growth / -drawdown if growth is not None and drawdown else None


def value_at_risk_pct(curve: Array) -> float | None:
    """The 5 % quantile of daily returns, percent: one day in twenty is worse. None below twenty days."""
    returns = daily_returns(curve)
    return 100.0 * float(np.quantile(returns, TAIL)) if len(returns) >= 1.0 / TAIL else None


def expected_shortfall_pct(curve: Array) -> float | None:
    """Mean of the worst 5 % of daily returns (CVaR), percent. None below twenty days."""
    returns = np.sort(daily_returns(curve))
    return 100.0 * float(returns[: int((len(returns) - 1) * TAIL) + 1].mean()) if len(returns) >= 20 else None


def parametric_value_at_risk_pct(curve: Array) -> float | None:
    """The 5 % quantile of a normal distribution with mean and deviation of daily returns, percent.

    None below twenty days. Source: RiskMetrics Technical Document, 1996; too small where tails are fat.
    """
    found = _daily_mean_and_deviation(curve)
    return None if found is None else 100.0 * (found[0] + NORMAL.inv_cdf(TAIL) * found[1])


def parametric_expected_shortfall_pct(curve: Array) -> float | None:
    """Mean of the worst 5 % of the same normal distribution (CVaR), percent. None below twenty days.

    mean - deviation density(quantile) / 5 %. Source: McNeil, Frey and Embrechts, Quantitative Risk Management, 2.2.4.
    """
    found = _daily_mean_and_deviation(curve)
    return None if found is None else 100.0 * (found[0] - found[1] * NORMAL.pdf(NORMAL.inv_cdf(TAIL)) / TAIL)


def tail_ratio(curve: Array) -> float | None:
    """|95 % quantile| / |5 % quantile| of daily returns. None below twenty days, or where the low one is 0."""
    returns = daily_returns(curve)
    low = abs(float(np.quantile(returns, TAIL))) if len(returns) >= 1.0 / TAIL else 0.0
    return abs(float(np.quantile(returns, 1.0 - TAIL))) / low if low > 0.0 else None


def beta(curve: Array, market: Array) -> float | None:
    """Covariance of hourly returns with those of the `market` curve over their variance. None without variation."""
    ours, theirs = hourly_returns(curve), hourly_returns(market)
    spread = float(np.var(theirs, ddof=1)) if len(theirs) > 1 else 0.0
    return float(np.cov(ours, theirs, ddof=1)[0, 1]) / spread if spread > 0.0 else None


def alpha_pct(curve: Array, market: Array) -> float | None:
    """Growth a year of the hourly mean that beta does not explain (Jensen, 1968), percent."""
    slope = beta(curve, market)
    if slope is None or not _is_long(curve):
        return None
    mean = float(np.mean(hourly_returns(curve) - slope * hourly_returns(market)))
    return 100.0 * math.expm1(HOURS_PER_YEAR * math.log1p(mean))


def correlation(curve: Array, market: Array) -> float | None:
    """Pearson correlation of hourly returns. None where one does not vary."""
    ours, theirs = hourly_returns(curve), hourly_returns(market)
    if len(ours) < 2 or not (np.std(ours) > 0.0 and np.std(theirs) > 0.0):
        return None
    return float(np.corrcoef(ours, theirs)[0, 1])


def _daily_mean_and_deviation(curve: Array) -> tuple[float, float] | None:
    returns = daily_returns(curve)
    return (float(np.mean(returns)), float(np.std(returns, ddof=1))) if len(returns) >= 20 else None


def _is_long(curve: Array) -> bool:
    return len(curve) > MIN_ANNUALISED_HOURS


def _deviation(curve: Array) -> float:
    returns = hourly_returns(curve)
    return float(np.std(returns, ddof=1)) if len(returns) > 1 else 0.0
