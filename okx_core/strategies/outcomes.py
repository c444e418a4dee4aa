"""What came of the entries that a strategy wanted, as far as it was known at each hour: its out-of-sample record."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

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
    ends = _ends(wants, horizon_hours)
    row, pair = np.nonzero((wants.score > 0.0) & (ends < hours))
    end = ends[row, pair]
    returned = 100.0 * (close[end, pair] / close[row, pair] - 1.0) - cost_pct
    known = np.isfinite(returned)
    end, returned = end[known], returned[known]
    weights = np.ones(len(end)), returned, returned**2
    count, total, squares = (np.cumsum(np.bincount(end, one, minlength=hours)) for one in weights)
    enough = count >= MIN_OUTCOMES
    mean = np.divide(total, count, out=np.full(hours, np.nan), where=enough)
    spread = np.divide(squares - count * mean**2, count - 1.0, out=np.full(hours, np.nan), where=enough)
    return Outcomes(mean, spread)


def _ends(wants: Wants, horizon_hours: int) -> NDArray[np.int64]:
    """The row at whose close an entry at each row would end [hours, pairs]; beyond the last row it is not known yet."""
    hours, pairs = wants.leaves.shape
    rows = np.arange(hours)[:, None]
    leaving = np.minimum.accumulate(np.where(wants.leaves, rows, 2 * hours)[::-1], axis=0)[::-1]
    later = np.concatenate((leaving[1:], np.full((1, pairs), 2 * hours)))
    return np.asarray(np.minimum(later, rows + horizon_hours), dtype=np.int64)
