"""Scores of predictions against what came true."""

import numpy as np
import numpy.typing as npt

from okx_core.models.ranks import hourly_correlations

Floats = npt.NDArray[np.float64]
MIN_PAIRS = 3  # in an hour: of two pairs the order is a coin, of one there is none
BLOCK_HOURS = 336
MIN_BLOCKS = 3


def hourly_rank_ic(score: Floats, outcome: Floats) -> Floats:
    """Spearman correlation of two grids [hours, pairs] across the known pairs of each hour [hours].

    NaN for an hour with fewer than three pairs or without spread. Source: Grinold and Kahn, Active Portfolio
    Management, ch. 6.
    """
    return hourly_correlations(score, outcome, outcome, False, MIN_PAIRS)


def neutral_rank_ic(score: Floats, outcome: Floats, volatility: Floats) -> Floats:
    """Rank IC of what is left of score and outcome once the rank of `volatility` is taken out of both [hours].

    The partial rank correlation: ranks of score and outcome are regressed on the rank of volatility inside the
    hour, and the residuals are correlated. A score that only says which pairs are calm has none. NaN for an
    hour with fewer than four pairs. Source: Kendall, Rank Correlation Methods, ch. 8; Grinold and Kahn,
    Active Portfolio Management, ch. 14.
    """
    return hourly_correlations(score, outcome, volatility, True, MIN_PAIRS + 1)


def block_mean_t(values: Floats, block_hours: int = BLOCK_HOURS) -> float:
    """t statistic of the mean of an hourly series [hours] from the means of blocks of two weeks.

    NaN hours are left out, and blocks of which less than half is known. Labels that overlap make neighbouring hours
    alike; blocks much longer than the horizon are nearly independent (batch means: Conway, 1963). NaN with
    fewer than three blocks or where all are equal.
    """
    means = block_means(values, block_hours)
    if len(means) < MIN_BLOCKS or not means.min() < means.max():
        return float("nan")
    return float(means.mean() / (means.std(ddof=1) / np.sqrt(len(means))))


def block_means(values: Floats, block_hours: int = BLOCK_HOURS) -> Floats:
    """Means of consecutive blocks that are known by half or more; blocks begin at the first known hour."""
    known = np.flatnonzero(~np.isnan(values))
    if not len(known):
        return np.empty(0)
    cut = values[known[0] :]
    padded = np.full(-(-len(cut) // block_hours) * block_hours, np.nan)
    padded[: len(cut)] = cut
    blocks = padded.reshape(-1, block_hours)
    count = (~np.isnan(blocks)).sum(axis=1)
    full = count >= block_hours / 2
    return np.asarray(np.nansum(blocks[full], axis=1) / count[full])


def period_means(hourly: Floats, hours: int) -> Floats:
    """Mean of each whole period of an hourly series, of its known hours; periods without any are left out."""
    means = all_period_means(hourly, hours)
    return np.asarray(means[~np.isnan(means)])


def all_period_means(hourly: Floats, hours: int) -> Floats:
    """The same of every whole period, NaN for one without a known hour."""
    periods = hourly[: len(hourly) // hours * hours].reshape(-1, hours)
    known = ~np.isnan(periods)
    count = known.sum(axis=1)
    total = np.where(known, periods, 0.0).sum(axis=1)
    return np.asarray(np.divide(total, count, out=np.full(len(periods), np.nan), where=count > 0))


def known_mean(values: Floats) -> float:
    """Mean of the known values, NaN without any."""
    return float(np.nanmean(values)) if not np.isnan(values).all() else float("nan")
