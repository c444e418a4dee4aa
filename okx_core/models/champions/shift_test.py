"""Scores against outcomes that are lagged and led: what a leak of the outcome leaves behind.

A score that knows the past alone correlates with the returns that follow, and less with later ones, gradually: nothing
in the market knows at which hour our labels end. A score that was given its own label knows every hour up to the end of
the label and none after it. So the correlation with the last hours of the label is compared with that with the same
hours after it (a test of discontinuity at a known place, as in regression discontinuity: Hahn, Todd and van der Klaauw,
2001).
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from okx_core.hours import HORIZON_HOURS
from okx_core.models.evaluation.scores import BLOCK_HOURS, block_mean_t, hourly_rank_ic, known_mean
from okx_core.models.ranks import Floats

WINDOW_HOURS = 6
EVERY_HOURS = 6  # windows of six hours that overlap show nothing new
MAX_HOURS = 52 * 168
MAX_T = 4.0
LEFT_SHARE = (
    0.6  # of the IC: a score with a half-life of a day keeps 0.84 over six hours, one of ten hours 0.66
)
HORIZONS = (HORIZON_HOURS["1d"], HORIZON_HOURS["3d"])  # of the labels that members are fitted to


@dataclass(frozen=True)
class LabelEnd:
    """Mean rank IC with the last hours of a label and with the hours after it, and the block t of the difference."""

    horizon_hours: int
    inside: float
    outside: float
    t: float

    @property
    def leaks(self) -> bool:
        """Whether the IC ends where the label ends; False while it is unknown."""
        return self.t >= MAX_T and self.outside < LEFT_SHARE * self.inside


def label_end(score: Floats, closes: Floats, horizon_hours: int) -> LabelEnd:
    """Compare the IC of `score` on both sides of the end of a label; grids [hours, pairs], of the newest year."""
    score, closes = score[-MAX_HOURS:], closes[-MAX_HOURS:]
    inside, outside = (
        _ic(score, closes, horizon_hours + shift, horizon_hours + shift + WINDOW_HOURS)
        for shift in (-WINDOW_HOURS, 0)
    )
    known = ~np.isnan(inside) & ~np.isnan(outside)
    difference = np.where(known, inside - outside, np.nan)
    t = block_mean_t(difference, BLOCK_HOURS // EVERY_HOURS)
    before, after = (known_mean(np.where(known, one, np.nan)) for one in (inside, outside))
    return LabelEnd(horizon_hours, before, after, t)


def sharpest_end(score: Floats, closes: Floats, horizons: Iterable[int] = HORIZONS) -> LabelEnd:
    """The label end with the highest t, one that leaks before any that does not."""
    ends = [label_end(score, closes, horizon) for horizon in horizons]
    return max(ends, key=lambda end: (end.leaks, np.nan_to_num(end.t, nan=-np.inf)))


def shifted_ics(score: Floats, closes: Floats, horizon_hours: int, shifts: Iterable[int]) -> dict[int, float]:
    """Mean rank IC with the return of `horizon_hours` that begins so many horizons later; below 0 the past."""
    score, closes = score[-MAX_HOURS:], closes[-MAX_HOURS:]
    return {
        shift: known_mean(_ic(score, closes, shift * horizon_hours, (shift + 1) * horizon_hours))
        for shift in shifts
    }


def _ic(score: Floats, closes: Floats, first: int, last: int) -> Floats:
    """Rank IC of every sixth hour with the return between `first` and `last` hours later."""
    outcome = _at(closes, last) / _at(closes, first) - 1.0
    return hourly_rank_ic(score[::EVERY_HOURS], np.ascontiguousarray(outcome[::EVERY_HOURS]))


def _at(closes: Floats, ahead: int) -> Floats:
    """The closes so many hours later, NaN beyond the grid."""
    out = np.full(closes.shape, np.nan)
    if abs(ahead) < len(closes):
        rows = slice(max(0, -ahead), len(closes) - max(0, ahead))
        out[rows] = closes[rows.start + ahead : rows.stop + ahead]
    return out
