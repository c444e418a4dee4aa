"""How much of a result is the luck of many trials: deflated Sharpe ratio and probability of backtest overfitting."""

import math
from collections.abc import Sequence
from itertools import combinations
from statistics import NormalDist

import numpy as np

from okx_core.errors import OkxSignalError
from okx_core.models.evaluation.scores import all_period_means
from okx_core.models.ranks import Floats, ranks_of

EULER_MASCHERONI = 0.5772156649015329
NORMAL = NormalDist()


class OverfittingError(OkxSignalError):
    """The returns do not allow the statistic."""


def expected_maximum_sharpe(trials: int, sharpe_variance: float) -> float:
    """The best Sharpe ratio that `trials` strategies without any skill are expected to show.

    `sharpe_variance` is the variance of the Sharpe ratios across trials, per observation as they are. 0 for one trial.
    Source: Bailey and Lopez de Prado (2014), The Deflated Sharpe Ratio, equation 1.
    """
    if trials < 1 or sharpe_variance < 0:
        raise OverfittingError(f"{trials} trials with variance {sharpe_variance:g}: count at least one trial")
    if trials == 1:
        return 0.0
    best = NORMAL.inv_cdf(1.0 - 1.0 / trials)
    second = NORMAL.inv_cdf(1.0 - 1.0 / (trials * math.e))
    return math.sqrt(sharpe_variance) * ((1.0 - EULER_MASCHERONI) * best + EULER_MASCHERONI * second)


def probabilistic_sharpe(
    sharpe: float, benchmark: float, observations: int, skewness: float, kurtosis: float
) -> float:
    """P(true Sharpe ratio > benchmark), both per observation; `kurtosis` is 3 for the normal distribution.

    NaN for fewer than two observations or where the moments give no variance. Source: Bailey and Lopez de Prado
    (2012), The Sharpe Ratio Efficient Frontier.
    """
    spread = 1.0 - skewness * sharpe + (kurtosis - 1.0) / 4.0 * sharpe**2
    if observations < 2 or not spread > 0:
        return float("nan")
    return NORMAL.cdf((sharpe - benchmark) * math.sqrt(observations - 1) / math.sqrt(spread))


def deflated_sharpe(
    sharpe: float, observations: int, skewness: float, kurtosis: float, trials: int, sharpe_variance: float
) -> float:
    """P(true Sharpe ratio > 0) of the best of `trials`: `probabilistic_sharpe` against the expected best.

    All per observation. Source: Bailey and Lopez de Prado (2014), The Deflated Sharpe Ratio, equation 2.
    """
    benchmark = expected_maximum_sharpe(trials, sharpe_variance)
    return probabilistic_sharpe(sharpe, benchmark, observations, skewness, kurtosis)


def deflated_sharpe_of(returns: Floats, trials: int, sharpe_variance: float) -> float:
    """`deflated_sharpe` of a series of independent returns [observations], NaN left out; NaN where nothing varies.

    The variance across trials is at least 1 / observations, that of the Sharpe ratio of a series without skill (Lo,
    2002, The Statistics of Sharpe Ratios): the trials at hand may be near copies of each other, those counted were not.
    """
    known = returns[~np.isnan(returns)]
    spread = float(known.std()) if len(known) > 1 else 0.0
    if not spread > 0:
        return float("nan")
    scaled = (known - known.mean()) / spread
    moments = float((scaled**3).mean()), float((scaled**4).mean())
    variance = max(sharpe_variance, 1.0 / len(known))
    return deflated_sharpe(float(known.mean()) / spread, len(known), *moments, trials, variance)


def backtest_overfitting(returns: Floats, blocks: int = 16) -> float:
    """PBO: how often the best trial of one half of the time ranks in the lower half of the other.

    `returns` [observations, trials], no NaN. The time is cut into `blocks` (even); each choice of half of them is in
    sample once (combinatorially symmetric cross-validation), by Sharpe ratio. Of equal trials the first is the best; a
    rank of exactly one half counts as overfit, as in the paper's logit <= 0. Raises OverfittingError for fewer than
    two trials, an odd number of blocks, or fewer than two observations a block. Source: Bailey, Borwein, Lopez de
    Prado and Zhu (2015), The Probability of Backtest Overfitting.
    """
    observations, trials = returns.shape
    size = observations // blocks if blocks else 0
    if trials < 2 or blocks < 2 or blocks % 2 or size < 2 or np.isnan(returns).any():
        raise OverfittingError(
            f"{trials} trials, {observations} observations, {blocks} blocks: PBO needs two trials, an even number "
            "of blocks, two known observations in each"
        )
    cut = returns[: size * blocks].reshape(blocks, size, trials)
    sums, squares = cut.sum(axis=1), (cut**2).sum(axis=1)
    overfit = 0
    choices = list(combinations(range(blocks), blocks // 2))
    for choice in choices:
        inside = np.isin(np.arange(blocks), choice)
        winner = int(np.argmax(_sharpes(sums[inside], squares[inside], size)))
        ranks = ranks_of(_sharpes(sums[~inside], squares[~inside], size)) + 1.0
        share = ranks[winner] / (trials + 1.0)
        overfit += int(share <= 0.5)
    return overfit / len(choices)


def _sharpes(sums: Floats, squares: Floats, size: int) -> Floats:
    """Sharpe ratio of each trial from block sums [blocks, trials]; 0 where its returns do not vary."""
    count = len(sums) * size
    mean = sums.sum(axis=0) / count
    spread = np.sqrt(np.maximum(squares.sum(axis=0) / count - mean**2, 0.0))
    return np.asarray(np.divide(mean, spread, out=np.zeros_like(mean), where=spread > 0))


def overfitting_of(hourly: Sequence[Floats], period_hours: int, blocks: int = 10) -> float:
    """PBO of hourly series [hours] that differ, by their means of the periods in which all are known; NaN of too few.

    A period of which nothing is known in one series is left out of all: the others would be of other days.
    """
    means = np.column_stack([all_period_means(one, period_hours) for one in hourly])
    returns = np.unique(means[~np.isnan(means).any(axis=1)], axis=1)
    try:
        return backtest_overfitting(returns, blocks)
    except OverfittingError:
        return float("nan")


def sharpe_variance(series: Sequence[Floats]) -> float:
    """Variance of the Sharpe ratios, per observation, of the series that were tried; 0 for a single one."""
    found = [float(one.mean()) / float(one.std()) if len(one) and one.std() > 0 else 0.0 for one in series]
    return float(np.var(found, ddof=1)) if len(found) > 1 else 0.0
