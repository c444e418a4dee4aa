"""The model in charge and a challenger on the same hours: what each earned after costs, and how sure that is."""

from dataclasses import dataclass

import numpy as np

from okx_core.models.champions.decision import MIN_DIFFERENCE_T
from okx_core.models.evaluation.scores import block_mean_t, block_means
from okx_core.models.evaluation.top_k import BP
from okx_core.models.ranks import Floats

RESAMPLES = 4_000
LEVEL = 0.9  # of the interval
ERROR = 0.05  # chance to call any of the challengers better when none is


@dataclass(frozen=True)
class Comparison:
    """Excess over equal weight after costs in basis points a day, on the hours that both have; NaN where unknown.

    `low` and `high` are the ends of the 90 % interval of the difference, `probability` that it is positive: bootstrap
    of two-week blocks (Kuensch, 1989). `compared` challengers were looked at.
    """

    hours: int
    champion_bp: float
    challenger_bp: float
    difference_bp: float
    t: float
    low_bp: float
    high_bp: float
    probability: float
    compared: int

    @property
    def is_warranted(self) -> bool:
        """Whether the challenger is better by more than chance, of as many as were compared."""
        return self.t >= MIN_DIFFERENCE_T and self.probability >= 1.0 - ERROR / self.compared

    def words(self, challenger: str) -> str:
        """One sentence: whether a switch is warranted, and how sure that is."""
        if not self.hours:
            return f"{challenger}: no hour is known of both yet."
        difference = f"{self.difference_bp:+.1f} bp a day after costs on {self.hours:,} shared hours"
        if np.isnan(self.t):
            return f"{challenger}: {difference}; too few two-week blocks to say anything. A switch is not warranted."
        sure = (
            f"{difference} (t {self.t:.1f}, 90 % interval {self.low_bp:+.1f} to {self.high_bp:+.1f}, "
            f"P(better) {100 * self.probability:.0f} %, of {self.compared} compared)"
        )
        conclusion = "A switch is warranted" if self.is_warranted else "A switch is not warranted"
        return f"{challenger}: {sure}. {conclusion}."


def compare(champion: Floats, challenger: Floats, compared: int) -> Comparison:
    """Compare hourly series of the next day's excess in percent [hours], NaN where unknown, of the same hours."""
    both = ~np.isnan(champion) & ~np.isnan(challenger)
    hours = int(both.sum())
    if not hours:
        unknown = float("nan")
        return Comparison(0, unknown, unknown, unknown, unknown, unknown, unknown, unknown, compared)
    difference = np.where(both, challenger - champion, np.nan)
    means = block_means(difference)
    low, high, probability = _bootstrap(means)
    return Comparison(
        hours, BP * float(champion[both].mean()), BP * float(challenger[both].mean()),
        BP * float(difference[both].mean()), block_mean_t(difference), BP * low, BP * high, probability, compared,
    )  # fmt: skip


def _bootstrap(means: Floats) -> tuple[float, float, float]:
    """Ends of the interval of the mean, and the share of resampled means above 0; NaN with fewer than three blocks."""
    if len(means) < 3:
        return float("nan"), float("nan"), float("nan")
    draws = np.random.default_rng(7).integers(0, len(means), size=(RESAMPLES, len(means)))
    resampled = means[draws].mean(axis=1)
    low, high = np.quantile(resampled, ((1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0))
    return float(low), float(high), float((resampled > 0).mean())
