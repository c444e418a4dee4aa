"""Is the best variant one of many good ones, or a peak among bad ones?"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from okx_services.reports.figures import new_figure
from okx_services.reports.markdown import shown
from okx_services.research.tuning.scoring import DAYS_PER_YEAR
from okx_services.research.tuning.variants import Scored, Variation

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = 2


@dataclass(frozen=True)
class Plateau:
    """The best variant of a window of `days`, and those that differ from it by a tenth of the range of a parameter."""

    best: Scored
    neighbours: Sequence[tuple[str, Scored]]
    days: int

    @property
    def standard_error(self) -> float | None:
        """Of the annualised Sharpe ratio of the best: sqrt((1 + s^2 / 2) / days) of independent days (Lo, 2002)."""
        if self.best.score is None:
            return None
        daily = self.best.score / math.sqrt(DAYS_PER_YEAR)
        return math.sqrt(DAYS_PER_YEAR * (1.0 + 0.5 * daily**2) / self.days)

    @property
    def worst(self) -> float | None:
        """The lowest score of a neighbour; None where one never traded, or there is none."""
        scores = [one.score for _, one in self.neighbours]
        known = [score for score in scores if score is not None]
        return min(known) if known and len(known) == len(scores) else None

    @property
    def is_peak(self) -> bool:
        """Whether a neighbour is worse by more than one standard error; a neighbour that never traded is."""
        if not self.neighbours or self.best.score is None or self.standard_error is None:
            return False
        return self.worst is None or self.worst < self.best.score - self.standard_error

    @property
    def words(self) -> str:
        """What the neighbours say, in a sentence."""
        if not self.neighbours or self.best.score is None:
            return "the best has no neighbours to compare it with"
        worst = "one that never traded" if self.worst is None else f"Sharpe {shown(self.worst)}"
        kind = (
            "a peak: a small change loses more than luck explains, so that the best may be a coincidence"
            if self.is_peak
            else "a plateau: a small change loses no more than luck explains"
        )
        return (
            f"the best variant of the whole window, Sharpe {shown(self.best.score)}, has {worst} as its worst "
            f"neighbour (standard error {shown(self.standard_error)}): {kind}"
        )


def plateau_figure(variation: Variation, scored: Sequence[Scored], plateau: Plateau) -> "Figure":
    """The score of every variant over each parameter, with the default, the best and its neighbours."""
    from matplotlib.ticker import LogLocator

    names = list(variation.ranges)
    rows = -(-len(names) // COLUMNS)
    figure = new_figure(9.0, 0.6 + 2.6 * rows)
    axes = figure.subplots(rows, COLUMNS, sharey=True, squeeze=False).ravel()
    known = [one for one in scored if one.score is not None]
    for name, held in zip(names, axes, strict=False):
        points = [(variation.value_of(one.spec, name), one.score) for one in known]
        held.scatter(*_drawn(points), s=16, color="0.6", label="variants")
        beside = [
            (variation.value_of(one.spec, name), one.score) for key, one in plateau.neighbours if key == name
        ]
        best = (variation.value_of(plateau.best.spec, name), plateau.best.score)
        held.plot(*_drawn(sorted([*beside, best], key=_first)), "-", color="tab:blue", linewidth=1.0)
        held.scatter(*_drawn(beside), s=30, color="tab:blue", label="neighbours of the best")
        held.scatter(*_drawn([best]), s=60, marker="*", color="tab:red", label="best", zorder=3)
        default = next((one for one in scored if one.spec.version == variation.default.version), None)
        if default is not None and default.score is not None:
            value = variation.value_of(default.spec, name)
            held.scatter(
                *_drawn([(value, default.score)]), s=40, marker="D", color="tab:green", label="default"
            )
        if variation.ranges[name].log:
            held.set_xscale("log")
            held.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
            held.xaxis.set_major_formatter("{x:g}")
            held.xaxis.set_minor_formatter("")
        held.axhline(0.0, color="0.8", linewidth=0.8)
        held.set(xlabel=name)
    for held in axes[len(names) :]:
        held.axis("off")
    axes[0].set(ylabel="Sharpe, whole window")
    axes[0].legend(fontsize=7)
    return figure


def _first(point: tuple[float | None, float | None]) -> float:
    return math.nan if point[0] is None else point[0]


def _drawn(points: Sequence[tuple[float | None, float | None]]) -> tuple[list[float], list[float]]:
    """Values and scores of the points of which both are known."""
    kept = [(value, score) for value, score in points if value is not None and score is not None]
    return [value for value, _ in kept], [score for _, score in kept]
