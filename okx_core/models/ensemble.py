"""The ensemble: the mean rank of its members, weighted by what each has shown out of sample until then."""

from dataclasses import dataclass

import numpy as np

from okx_core.models.evaluation.scores import block_means, hourly_rank_ic
from okx_core.models.panel import MIN_PAIRS
from okx_core.models.ranks import Floats, grid_ranks
from okx_core.models.targets import future_return_pct
from okx_core.models.walk_forward import Predictions

SHRINK_BLOCKS = 26  # after a year of two-week blocks the members' own record counts one half


@dataclass(frozen=True)
class Ensemble:
    """Scores [hours, pairs], from -0.5 to 0.5, and the weights of the members at each date [dates, members]."""

    members: tuple[str, ...]
    score: Floats
    weights: Floats


def rank_average(ranks: Floats, weights: Floats) -> Floats:
    """Weighted mean of `ranks` [members, hours, pairs] over the members that know the pair, ranked again in the hour.

    `weights` [members]. NaN where no member of positive weight has a score.
    """
    known = ~np.isnan(ranks)
    shares = weights[:, None, None] * known
    total = shares.sum(axis=0)
    mean = np.divide(
        (np.where(known, ranks, 0.0) * shares).sum(axis=0), total, where=total > 0, out=total * 0.0
    )
    return grid_ranks(np.where(total > 0, mean, np.nan), MIN_PAIRS)


def shrunk_weights(means: Floats, blocks: int) -> Floats:
    """Weights [members] of members with mean rank ICs `means` over `blocks` blocks: half equal after `SHRINK_BLOCKS`.

    The own part is the share of the positive mean ICs; equal without any. They sum to 1.
    """
    equal = np.full(len(means), 1.0 / len(means))
    positive = np.maximum(np.nan_to_num(means), 0.0)
    if not positive.sum() > 0:
        return equal
    own = blocks / (blocks + SHRINK_BLOCKS)
    return np.asarray(own * positive / positive.sum() + (1.0 - own) * equal)


def ensemble(predictions: Predictions, members: tuple[str, ...], horizon_hours: int) -> Ensemble:
    """The ensemble of some members; at each date the weights know only outcomes that were known then.

    An outcome of hour t is known at t + horizon + 1. With one member it is that member's ranks.
    """
    outcome = future_return_pct(predictions.panel.closes, horizon_hours)
    ranks = np.stack([grid_ranks(predictions.scores[name], MIN_PAIRS) for name in members])
    ics = [hourly_rank_ic(predictions.scores[name], outcome) for name in members]
    score = np.full(outcome.shape, np.nan)
    weights = np.empty((len(predictions.dates), len(members)))
    for number, date in enumerate(predictions.dates):
        past = [block_means(ic[: max(0, date - horizon_hours)]) for ic in ics]
        means = np.array([blocks.mean() if len(blocks) else np.nan for blocks in past])
        weights[number] = shrunk_weights(means, min(len(blocks) for blocks in past))
        stop = predictions.dates[number + 1] if number + 1 < len(predictions.dates) else len(outcome)
        score[date:stop] = rank_average(ranks[:, date:stop], weights[number])
    return Ensemble(members, score, weights)
