"""The promotion gate: each rule with the value that was found, the value that is needed, and whether it is met."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from okx_core.hours import RECORD_WEEKS
from okx_core.models.algorithms.baselines import BASELINES
from okx_core.models.champions.record import TrackRecord
from okx_core.models.champions.shift_test import LEFT_SHARE, MAX_T, sharpest_end
from okx_core.models.evaluation.calibration import brier
from okx_core.models.evaluation.overfitting import deflated_sharpe_of, overfitting_of, sharpe_variance
from okx_core.models.evaluation.scores import (
    block_mean_t,
    hourly_rank_ic,
    known_mean,
    neutral_rank_ic,
    period_means,
)
from okx_core.models.evaluation.top_k import DAY_HOURS, TopK, top_k
from okx_core.models.panel import MIN_PAIRS
from okx_core.models.ranks import Floats
from okx_core.models.targets import future_return_pct

WEEK_HOURS = 168
RECOMMENDED_HISTORY_WEEKS = 52


@dataclass(frozen=True)
class GateRules:
    """Least evidence for promotion, the same in every mode."""

    min_weeks: int = RECORD_WEEKS
    min_neutral_t: float = 3.0
    min_deflated_sharpe: float = 0.95
    max_overfitting: float = 0.5


GATE = GateRules()


@dataclass(frozen=True)
class Rule:
    """One line of evidence. `value` is NaN where it could not be computed; `passed` None decides nothing."""

    name: str
    value: float
    needed: str
    passed: bool | None

    def to_json(self) -> dict[str, object]:
        """As `ml.champions.evidence` holds it."""
        known = None if math.isnan(self.value) else self.value
        return {"rule": self.name, "value": known, "needed": self.needed, "passed": self.passed}


@dataclass(frozen=True)
class Evidence:
    """All rules, and the hourly series of the day's excess in percent [hours] for comparison with another ensemble.

    `sharpes` holds the weekly Sharpe ratio of each trial of this record.
    """

    rules: tuple[Rule, ...]
    excess_pct: Floats = field(repr=False)
    sharpes: Mapping[str, float] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether every rule that decides is met."""
        return all(rule.passed is not False for rule in self.rules)

    @property
    def rejection_reason(self) -> str:
        """The rules that are not met, empty when all are."""
        return "; ".join(
            f"{rule.name} {'unknown' if math.isnan(rule.value) else f'{rule.value:.4g}'}, needed {rule.needed}"
            for rule in self.rules
            if rule.passed is False
        )


def evidence(record: TrackRecord, trials: int, history_weeks: float, rules: GateRules = GATE) -> Evidence:
    """What `record` shows, deflated by `trials` variants that were tried in all.

    `history_weeks` is the length of the history that the oldest version was trained on. Sharpe ratios are of weekly
    means: neighbouring days share the returns that they are made of, neighbouring weeks hardly.
    """
    outcome = future_return_pct(record.closes, DAY_HOURS)
    neutral = neutral_rank_ic(record.score, outcome, record.volatility)
    scores = {**record.members, "ensemble": record.score}
    held = {name: top_k(grid, record.closes) for name, grid in scores.items()}
    weekly = {name: period_means(found.daily_excess_pct, WEEK_HOURS) for name, found in held.items()}
    tried = max(trials, len(weekly))
    deflated = deflated_sharpe_of(weekly["ensemble"], tried, sharpe_variance(list(weekly.values())))
    rows = (
        *_about_the_record(record, outcome, history_weeks, rules),
        *_about_correlation(neutral, hourly_rank_ic(record.score, outcome), rules),
        *_about_money(held["ensemble"], deflated, tried, rules),
        _overfitting(record, held, rules),
        _about_probability(record),
        _about_leaks(record),
    )
    sharpes = {name: _sharpe(series) for name, series in weekly.items()}
    return Evidence(rows, held["ensemble"].daily_excess_pct, sharpes)


def _about_the_record(
    record: TrackRecord, outcome: Floats, history_weeks: float, rules: GateRules
) -> tuple[Rule, Rule]:
    known = (~np.isnan(record.score) & ~np.isnan(outcome)).sum(axis=1) >= MIN_PAIRS
    weeks = float(known.sum()) / WEEK_HOURS
    return (
        Rule("weeks of out-of-sample predictions", weeks, f">= {rules.min_weeks}", weeks >= rules.min_weeks),
        Rule(
            "weeks of history of the first version",
            history_weeks,
            f"{RECOMMENDED_HISTORY_WEEKS} are better",
            None,
        ),
    )


def _about_correlation(neutral: Floats, raw: Floats, rules: GateRules) -> tuple[Rule, ...]:
    t = block_mean_t(neutral)
    known = np.flatnonzero(~np.isnan(neutral))
    middle = int(known[len(known) // 2]) if len(known) else 0
    worse = min(known_mean(neutral[:middle]), known_mean(neutral[middle:]))
    return (
        Rule("rank IC", known_mean(raw), "shown beside the neutral one", None),
        Rule("volatility-neutral IC", known_mean(neutral), "> 0", known_mean(neutral) > 0),
        Rule(
            "t of the neutral IC (two-week blocks)",
            t,
            f">= {rules.min_neutral_t:g}",
            t >= rules.min_neutral_t,
        ),
        Rule("neutral IC of the worse half", worse, "> 0", worse > 0),
    )


def _about_money(held: TopK, deflated: float, trials: int, rules: GateRules) -> tuple[Rule, Rule]:
    needed = f">= {rules.min_deflated_sharpe:g} of {trials} trials"
    return (
        Rule("excess of the best pairs after costs, bp a day", held.excess_bp, "> 0", held.excess_bp > 0),
        Rule("deflated Sharpe ratio", deflated, needed, deflated >= rules.min_deflated_sharpe),
    )


def _overfitting(record: TrackRecord, held: Mapping[str, TopK], rules: GateRules) -> Rule:
    """PBO of members, ensemble and baselines: is the best in one half of the time above the middle in the other?

    Members that find the same differ by noise alone, and among themselves the best of one half is no better in the
    other; beside scores that learn nothing they are all above the middle, or there is nothing in them.
    """
    unknown = np.isnan(record.score).all(axis=1, keepdims=True)
    baselines = (
        top_k(np.where(unknown, np.nan, made(record.closes, record.volatility)), record.closes)
        for made in BASELINES.values()
    )
    value = overfitting_of([one.daily_excess_pct for one in (*held.values(), *baselines)], DAY_HOURS)
    needed = f"<= {rules.max_overfitting:g}"
    return Rule("probability of backtest overfitting", value, needed, value <= rules.max_overfitting)


def _about_probability(record: TrackRecord) -> Rule:
    """Brier score of P(excess > 0) less that of the base rate, on the hours after each calibration."""
    worse = brier_difference(record)
    return Rule("Brier score less that of the base rate", worse, "<= 0", worse <= 0)


def _about_leaks(record: TrackRecord) -> Rule:
    """Whether the IC ends where a label ends: a score that was given its outcome. It decides only against."""
    end = sharpest_end(record.score, record.closes)
    needed = f"< {MAX_T:g}, or {100 * LEFT_SHARE:.0f} % of it left (the label of {end.horizon_hours} h)"
    return Rule("t of the fall of the IC where a label ends", end.t, needed, False if end.leaks else None)


def brier_difference(record: TrackRecord) -> float:
    """Brier score of the stated probabilities less that of the base rate known then; NaN without any."""
    outcome = record.outcome
    positive = np.where(np.isnan(outcome), np.nan, (outcome > 0).astype(np.float64))
    return brier(record.probability, positive) - brier(record.base_rate, positive)


def _sharpe(series: Floats) -> float:
    spread = float(series.std()) if len(series) else 0.0
    return float(series.mean()) / spread if spread > 0 else float("nan")
