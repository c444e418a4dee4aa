"""What came of the entries that a strategy wanted, as far as it was known at each hour: its out-of-sample record."""

from typing import NamedTuple

import numpy as np

from okx_core.strategies.panel import Array
from okx_core.strategies.strategy import Wants

MIN_OUTCOMES = 30


class Outcomes(NamedTuple):
    """Mean in percent and sample variance in squared percent [hours] of the outcomes known at the close of each hour.

    NaN while fewer than MIN_OUTCOMES are known.
    """

    mean_pct: Array
    variance_pct2: Array


def known_outcomes(wants: Wants, close: Array, horizon_hours: int, cost_pct: float) -> Outcomes:
    """Outcomes of every wanted entry, whether it was traded or not; `close` is [hours, pairs].

    An entry is wanted where the score is above 0. It ends at the first later hour in which the strategy leaves the
    pair, or after `horizon_hours`, and its return less `cost_pct` is known from that hour's close on. Without a close
    at both ends it is left out.
    """
    hours = len(close)
    rows = np.arange(hours)[:, None]
    leaving = np.minimum.accumulate(np.where(wants.leaves, rows, hours)[::-1], axis=0)[::-1]
    later = np.concatenate((leaving[1:], np.full((1, close.shape[1]), hours)))
    ends = np.minimum(later, rows + horizon_hours)
    row, pair = np.nonzero((wants.score > 0.0) & (ends < hours))
    end = ends[row, pair]
    returned = 100.0 * (close[end, pair] / close[row, pair] - 1.0) - cost_pct
    known = np.isfinite(returned)
    end, returned = end[known], returned[known]
    count, total, squares = (
        np.cumsum(np.bincount(end, weights, minlength=hours))
        for weights in (np.ones(len(end)), returned, returned**2)
    )
    enough = count >= MIN_OUTCOMES
    mean = np.divide(total, count, out=np.full(hours, np.nan), where=enough)
    spread = np.divide(squares - count * mean**2, count - 1.0, out=np.full(hours, np.nan), where=enough)
    return Outcomes(mean, spread)
