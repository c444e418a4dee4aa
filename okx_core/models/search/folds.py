"""How a search scores a specification: folds inside the past, each validated after it was trained and purged."""

from dataclasses import dataclass

import numpy as np

from okx_core.hours import SIGNAL_HORIZON_HOURS
from okx_core.models.evaluation.scores import block_mean_t, known_mean, neutral_rank_ic
from okx_core.models.members import MemberError, MemberSpec
from okx_core.models.panel import Prices
from okx_core.models.ranks import Floats, Matrix, Whole
from okx_core.models.targets import future_return_pct
from okx_core.models.training.rows import ThinnedRows, target_of
from okx_core.models.training.schedule import WEEK_HOURS, WalkForward
from okx_core.models.walk_forward import scores_of

FOLDS = 4
VALIDATED = 0.5  # of the history; the first fold is trained on the rest
EVERY_HOURS = 5  # validated hours: no divisor of a day, so that every hour of the day occurs


@dataclass(frozen=True)
class ValidationRows:
    """Whole hours, one in `EVERY_HOURS`: places in the grid [rows], sorted by hour, and raw features `names`."""

    names: tuple[str, ...]
    hour: Whole
    pair: Whole
    values: Matrix


@dataclass(frozen=True)
class SearchData:
    """All that a search knows, which ends at its training date: thinned rows to fit, whole hours to validate.

    `prices` and `volatility` are grids [hours, pairs] of the hours before the date.
    """

    fitted: ThinnedRows
    validated: ValidationRows
    prices: Prices
    volatility: Floats
    schedule: WalkForward

    def folds(self) -> list[tuple[int, int]]:
        """First hour and end of each validated stretch; a fold is trained as for a live training date at its first.

        Raises MemberError when the history is too short for `FOLDS` folds of a week each after the shortest history.
        """
        hours = len(self.prices.close)
        first = max(self.schedule.min_history_weeks * WEEK_HOURS, int(hours * (1.0 - VALIDATED)))
        length = (hours - first) // FOLDS
        if length < WEEK_HOURS:
            raise MemberError(
                f"{hours / WEEK_HOURS:.0f} weeks of history before the training date: a search needs at least "
                f"{self.schedule.min_history_weeks + FOLDS}"
            )
        return [(first + n * length, first + (n + 1) * length) for n in range(FOLDS)]


@dataclass(frozen=True)
class FoldScores:
    """Mean volatility-neutral rank IC over all validated hours, its t by two-week blocks, and the mean of each fold."""

    score: float
    t: float
    folds: tuple[float, ...]


def fold_scores(data: SearchData, spec: MemberSpec) -> FoldScores:
    """What a specification is worth inside the past.

    Each fold is fitted as a live version is: purged of labels that were not known an embargo before its first validated
    hour. Scored against the return of the signal horizon, whatever the target. NaN where no fold could be fitted.
    """
    target = target_of(data.prices, spec)
    grid = np.full(data.prices.close.shape, np.nan)
    rows = data.validated
    folds = data.folds()
    for first, stop in folds:
        fitted = data.fitted.fit(spec, target, data.schedule, first)
        low, high = (int(n) for n in np.searchsorted(rows.hour, (first, stop)))
        if fitted is not None and high > low:
            hours = rows.hour[low:high]
            grid[hours, rows.pair[low:high]] = scores_of(fitted, rows.values[low:high], rows.names, hours)
    outcome = future_return_pct(data.prices.close, SIGNAL_HORIZON_HOURS)
    hourly = neutral_rank_ic(grid, outcome, data.volatility)
    scored = np.unique(rows.hour)
    means = tuple(known_mean(hourly[scored[(scored >= first) & (scored < stop)]]) for first, stop in folds)
    kept = hourly[scored[scored >= folds[0][0]]]
    return FoldScores(known_mean(kept), block_mean_t(kept, 336 // EVERY_HOURS), means)
