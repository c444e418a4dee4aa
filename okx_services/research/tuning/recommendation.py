"""What a search recommends: other parameters only where they are more than luck, else to do nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from okx_core.backtest.metrics.curve import Array
from okx_core.backtest.metrics.interval import Interval, intervals
from okx_core.backtest.metrics.summary import equity_curve, metrics
from okx_core.models.evaluation.overfitting import deflated_sharpe_of
from okx_core.strategies.strategy import Number
from okx_services.reports.markdown import shown
from okx_services.research.strategies.record import weekly_returns_of
from okx_services.research.tuning.plateau import Plateau
from okx_services.research.tuning.walk_forward import Traded

MIN_DEFLATED = 0.95
CASH_SHARPE = 0.0


@dataclass(frozen=True)
class OutOfSample:
    """What was traded on the hours that chose nothing, with its figures."""

    traded: Traded

    @cached_property
    def curve(self) -> Array:
        """Equity [hours + 1]."""
        return equity_curve(self.traded.equity, self.traded.opening_equity_quote)

    @cached_property
    def scores(self) -> dict[str, float | None]:
        return metrics(self.traded.equity, self.traded.trades, self.traded.opening_equity_quote)

    @cached_property
    def intervals(self) -> dict[str, Interval | None]:
        return intervals(self.curve)

    @property
    def sharpe_words(self) -> str:
        """The Sharpe ratio with its interval."""
        bounds = self.intervals["sharpe"]
        words = shown(self.scores["sharpe"])
        return words if bounds is None else f"{words} ({shown(bounds.low)} to {shown(bounds.high)})"


@dataclass(frozen=True)
class Recommendation:
    """`parameters` are the best of the whole window; `reasons` say why they should not be used, none if they should.

    `tuned` is what the folds chose, traded on hours that chose nothing; `default` the defaults on the same hours.
    """

    parameters: Mapping[str, Number | None]
    defaults: Mapping[str, Number | None]
    tuned: OutOfSample
    default: OutOfSample
    deflated_sharpe: float
    tried: int
    plateau: Plateau
    reasons: tuple[str, ...]

    @property
    def changes(self) -> bool:
        """Whether other parameters are recommended."""
        return not self.reasons

    @property
    def sentence(self) -> str:
        """One sentence: what to do."""
        if self.changes:
            return f"Use {_values(self.parameters)} instead of the defaults {_values(self.defaults)}."
        earned = self.default.scores["total_return_pct"]
        cash = ""
        if earned is not None and earned < 0.0:
            cash = f" They earned {shown(earned)} % on the test hours: cash was better."
        return f"Do nothing: keep the defaults, {_values(self.defaults)}.{cash}"

    @property
    def evidence(self) -> str:
        """Figures out of sample in one sentence."""
        best, earned = shown(self.plateau.best.score), shown(self.tuned.scores["total_return_pct"])
        return (
            f"Best on the whole window: {_values(self.parameters)}, Sharpe {best} on the hours that chose them. Out of "
            f"sample, after costs: total return {earned} %, Sharpe {self.tuned.sharpe_words}; deflated Sharpe ratio "
            f"{shown(self.deflated_sharpe)} after {self.tried} versions of strategies tried in this home. The defaults "
            f"on the same hours: total return {shown(self.default.scores['total_return_pct'])} %, Sharpe "
            f"{self.default.sharpe_words}."
        )


def recommend(
    parameters: Mapping[str, Number | None],
    defaults: Mapping[str, Number | None],
    tuned: Traded,
    default: Traded,
    tried: tuple[int, float],
    plateau: Plateau,
) -> Recommendation:
    """`tried` is the number of versions tried in the home and the variance of their weekly Sharpe ratios."""
    found, known = OutOfSample(tuned), OutOfSample(default)
    deflated = deflated_sharpe_of(weekly_returns_of(found.curve), *tried)
    reasons = _reasons(parameters == defaults, found, known, deflated, plateau)
    return Recommendation(parameters, defaults, found, known, deflated, tried[0], plateau, tuple(reasons))


def _reasons(
    same: bool, tuned: OutOfSample, default: OutOfSample, deflated: float, plateau: Plateau
) -> list[str]:
    """Why the defaults should be kept, each in a sentence."""
    found = []
    if same:
        found.append("the defaults are the best of all variants that were tried")
    earned = tuned.scores["total_return_pct"]
    if earned is None or earned <= 0.0:
        found.append(
            f"what was chosen earned {shown(earned)} % on hours that did not choose it: cash is better"
        )
    bounds, other = tuned.intervals["sharpe"], default.scores["sharpe"] or CASH_SHARPE
    if bounds is None:
        found.append("its Sharpe ratio is unknown: it traded on too few days")
    elif bounds.low <= max(other, CASH_SHARPE):
        rival = "of the defaults" if other > CASH_SHARPE else "of cash"
        found.append(
            f"the interval of its Sharpe ratio, {tuned.sharpe_words}, does not lie above that {rival}, "
            f"{shown(max(other, CASH_SHARPE))}"
        )
    if np.isnan(deflated):
        found.append("its deflated Sharpe ratio is unknown")
    elif deflated < MIN_DEFLATED:
        found.append(
            f"its deflated Sharpe ratio is {deflated:.2f}, below {MIN_DEFLATED}: it may be the luck of many trials"
        )
    if plateau.is_peak:
        found.append(plateau.words)
    return found


def _values(values: Mapping[str, Number | None]) -> str:
    return ", ".join(f"{name}={'none' if value is None else value}" for name, value in values.items())
