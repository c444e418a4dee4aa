"""The record of an ensemble: what its members predicted out of sample, weighted and calibrated as it was known then."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from okx_core.hours import SIGNAL_HORIZON_HOURS
from okx_core.models.ensemble import ensemble
from okx_core.models.evaluation.calibration import Calibration, calibrate, calibrated, logs_of
from okx_core.models.panel import Panel
from okx_core.models.ranks import Floats, Matrix
from okx_core.models.targets import excess, future_return_pct
from okx_core.models.walk_forward import Predictions

HORIZON = SIGNAL_HORIZON_HOURS


@dataclass(frozen=True)
class TrackRecord:
    """Grids [hours, pairs] of the hours up to a decision, NaN where unknown; the bar of every hour has closed.

    `members` holds the stored scores by member and `score` the ensemble's, whose `weights` [dates, members] at each of
    `dates` (places in the grid) rest on outcomes known then. So do `probability` and `base_rate` of excess > 0.
    """

    pairs: tuple[str, ...]
    first_hour: int
    dates: tuple[int, ...]
    members: Mapping[str, Floats]
    closes: Floats
    volatility: Floats
    score: Floats
    weights: Floats
    probability: Floats
    base_rate: Floats

    @property
    def outcome(self) -> Floats:
        """Excess return of the signal horizon in percent, NaN where it is not over."""
        return excess(future_return_pct(self.closes, HORIZON))

    def until(self, hour: int) -> "TrackRecord":
        """What was known when the bar `hour` of the grid opened."""
        return replace(
            self,
            dates=tuple(date for date in self.dates if date <= hour),
            members={name: grid[:hour] for name, grid in self.members.items()},
            closes=self.closes[:hour],
            volatility=self.volatility[:hour],
            score=self.score[:hour],
            weights=self.weights[: sum(date <= hour for date in self.dates)],
            probability=self.probability[:hour],
            base_rate=self.base_rate[:hour],
        )

    def calibration(self, hour: int) -> Calibration | None:
        """What a score meant in outcomes known when the bar `hour` opened; None where there are too few."""
        known = max(0, hour - HORIZON)
        return calibrate(self.score[:known], self.outcome[:known], logs_of(self.volatility[:known]))

    def newest_outcome(self, hour: int) -> int | None:
        """The newest hour with a score whose outcome was known when the bar `hour` opened."""
        known = max(0, hour - HORIZON)
        hours = np.flatnonzero((~np.isnan(self.score[:known]) & ~np.isnan(self.outcome[:known])).any(axis=1))
        return int(hours[-1]) if len(hours) else None


def track_record(
    pairs: tuple[str, ...],
    first_hour: int,
    dates: tuple[int, ...],
    members: Mapping[str, Floats],
    closes: Floats,
    volatility: Floats,
) -> TrackRecord:
    """Weights and calibration of each date from the outcomes known then, and what they made of the scores after it."""
    predictions = Predictions(_without_features(pairs, first_hour, closes), dates, dict(members))
    found = ensemble(predictions, tuple(members), HORIZON)
    past = calibrated(found.score, closes, volatility, dates, HORIZON)
    return TrackRecord(
        pairs, first_hour, dates, members, closes, volatility,
        found.score, found.weights, past.probability, past.base_rate,
    )  # fmt: skip


def _without_features(pairs: tuple[str, ...], first_hour: int, closes: Floats) -> Panel:
    nothing = np.empty(0, np.int64)
    values: Matrix = np.empty((0, 0), np.float32)
    return Panel(pairs, (), first_hour, values, nothing, nothing, closes)
