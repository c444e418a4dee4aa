"""The gate that a trained model must pass before it trades."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Candidate:
    """A version of this week with its hold-out scores; NaN when a score could not be computed."""

    algorithm: str
    version: int
    rank_ic: float
    rank_ic_t: float
    holdout_rows: int


@dataclass(frozen=True)
class PromotionGate:
    """Least evidence for promotion: out-of-sample rank IC, its t statistic and the rows behind them."""

    min_rank_ic: float = 0.0
    min_rank_ic_t: float = 0.0
    min_holdout_rows: int = 500

    def rejection_reason(self, candidate: Candidate) -> str:
        """Why the candidate may not be promoted, empty when it may. An unknown score is a rejection reason."""
        if candidate.holdout_rows < self.min_holdout_rows:
            return f"{candidate.holdout_rows} hold-out rows < {self.min_holdout_rows}"
        if not candidate.rank_ic > self.min_rank_ic:
            return f"rank IC {candidate.rank_ic:.4f} not above {self.min_rank_ic:g}"
        if not candidate.rank_ic_t > self.min_rank_ic_t:
            return f"rank IC t {candidate.rank_ic_t:.2f} not above {self.min_rank_ic_t:g}"
        return ""


def choose_champion(candidates: Sequence[Candidate], gate: PromotionGate) -> Candidate | None:
    """The passing candidate with the best hold-out rank IC, None when nobody passes (the incumbent stays)."""
    passing = [c for c in candidates if not gate.rejection_reason(c) and not math.isnan(c.rank_ic)]
    return max(passing, key=lambda c: (c.rank_ic, c.algorithm), default=None)
