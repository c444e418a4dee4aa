"""The signal model: which versions of which members, how they are weighted, and what a score is expected to earn."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from okx_core.errors import OkxSignalError
from okx_core.models.ensemble import rank_average
from okx_core.models.evaluation.calibration import Calibration, applied, logs_of
from okx_core.models.panel import MIN_PAIRS
from okx_core.models.ranks import Floats, grid_ranks


class SignalModelError(OkxSignalError):
    """A signal model cannot be read or lacks the scores of one of its members."""


@dataclass(frozen=True)
class Expected:
    """Grids [hours, pairs], NaN where unknown: score, expected excess %, P(excess > 0), ends of the 80 % interval %."""

    score: Floats
    excess_pct: Floats
    probability: Floats
    low_pct: Floats
    high_pct: Floats


@dataclass(frozen=True)
class SignalModel:
    """An ensemble of member versions.

    `weights` sum to 1. Without a `calibration`, which needs past outcomes, nothing is expected. Without skill, where
    its probabilities were no better than the base rate, there are none.
    """

    week: str
    members: Mapping[str, int]
    weights: Mapping[str, float]
    calibration: Calibration | None
    has_skill: bool

    def expected(self, scores: Mapping[str, Floats], volatility: Floats) -> Expected:
        """What grids of the members' scores [hours, pairs] are expected to earn over the signal horizon.

        Raises SignalModelError when the scores of a member are missing altogether.
        """
        missing = [name for name in self.members if name not in scores]
        if missing:
            raise SignalModelError(f"no scores of {', '.join(missing)}, of which the signal model is made")
        names = sorted(self.members)  # sums in one order, however the members are written
        ranks = np.stack([grid_ranks(scores[name], MIN_PAIRS) for name in names])
        score = rank_average(ranks, np.array([self.weights[name] for name in names]))
        unknown = np.full(score.shape, np.nan)
        if self.calibration is None:
            return Expected(score, unknown, unknown, unknown, unknown)
        excess, probability, low, high = applied(self.calibration, score, logs_of(volatility))
        return Expected(score, excess, probability if self.has_skill else unknown, low, high)

    def to_json(self) -> dict[str, Any]:
        """The model as plain values."""
        calibration = None if self.calibration is None else asdict(self.calibration)
        if calibration is not None and math.isnan(calibration["slope_t"]):
            calibration["slope_t"] = None  # JSON has no NaN
        return {
            "week": self.week, "members": dict(self.members), "weights": dict(self.weights),
            "calibration": calibration, "has_skill": self.has_skill,
        }  # fmt: skip

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "SignalModel":
        """The model that `to_json` wrote. Raises SignalModelError for anything else."""
        try:
            held = values["calibration"]
            calibration = None
            if held is not None:
                changed = {name: tuple(held[name]) for name in ("logit", "scale")}
                t = math.nan if held["slope_t"] is None else float(held["slope_t"])
                calibration = Calibration(**{**held, **changed, "slope_t": t})
            members = {str(name): int(version) for name, version in values["members"].items()}
            weights = {name: float(values["weights"][name]) for name in members}
            return cls(str(values["week"]), members, weights, calibration, bool(values["has_skill"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise SignalModelError(f"this is no signal model: {type(error).__name__} {error}") from None
