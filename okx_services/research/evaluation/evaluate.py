"""Walk-forward evaluation of members, ensemble and baselines on candles: the honest figures, each variant counted."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from okx_core.features.candle_set import CandleSet
from okx_core.features.registry import model_feature_names
from okx_core.hours import HORIZON_HOURS, HOUR, SIGNAL_HORIZON_HOURS
from okx_core.models.algorithms.baselines import BASELINES, VOLATILITY
from okx_core.models.champions.evidence import WEEK_HOURS, Evidence, evidence
from okx_core.models.champions.record import track_record
from okx_core.models.ensemble import ensemble
from okx_core.models.evaluation.calibration import brier, calibrated, coverage_by, reliability_error
from okx_core.models.evaluation.overfitting import deflated_sharpe_of, overfitting_of, sharpe_variance
from okx_core.models.evaluation.scores import (
    block_mean_t,
    hourly_rank_ic,
    known_mean,
    neutral_rank_ic,
    period_means,
)
from okx_core.models.evaluation.top_k import DAY_HOURS, TopK, top_k
from okx_core.models.members import DEFAULTS, MEMBERS, MemberError, MemberSpec
from okx_core.models.panel import Panel, assemble_panel, hour_number
from okx_core.models.ranks import Floats
from okx_core.models.targets import future_return_pct
from okx_core.models.training.schedule import WalkForward
from okx_core.models.walk_forward import Predictions, empty_predictions, walk_forward
from okx_services.research.evaluation.model_checks import false_promotions

ENSEMBLE = "ensemble"
HORIZONS = (SIGNAL_HORIZON_HOURS, HORIZON_HOURS["3d"])
CHUNK = pd.Timedelta(days=182)
Report = Callable[[str, int, int], None]  # name of the step, pieces done, pieces in all


@dataclass(frozen=True)
class RankIc:
    """Mean hourly rank IC and its block t, raw and with the rank of volatility taken out."""

    raw: float
    raw_t: float
    neutral: float
    neutral_t: float


@dataclass(frozen=True)
class ScoreRow:
    """The figures of one variant: rank IC by horizon, what the top k earns after costs, its deflated Sharpe ratio."""

    name: str
    kind: str
    ic: dict[int, RankIc]
    top_k: TopK
    deflated_sharpe: float


@dataclass(frozen=True)
class CalibrationRow:
    """Calibration of the ensemble at a horizon, on hours after each calibration was fitted."""

    horizon_hours: int
    reliability_error: float
    brier: float
    base_rate_brier: float
    coverage: list[float]


@dataclass(frozen=True)
class Evaluation:
    """Everything that the command shows. `variants` counts each member and ensemble, and those tried before.

    `gate` is what the promotion gate finds in the ensemble; `false_promotions` of `SHUFFLES` records of the same length
    pass it after their scores were dealt to other pairs.
    """

    predictions: Predictions
    rows: list[ScoreRow]
    calibration: list[CalibrationRow]
    weights: dict[str, float]
    hourly_ic: dict[str, Floats]
    variants: int
    overfitting: float
    gate: Evidence
    false_promotions: int


def chosen_members(wanted: str | None) -> tuple[MemberSpec, ...]:
    """The members named (comma-separated), `all` of them, or the default ones. Raises MemberError for another name."""
    if wanted is None or not wanted.strip():
        return DEFAULTS
    if wanted.strip() == "all":
        return tuple(MEMBERS.values())
    names = list(dict.fromkeys(part.strip() for part in wanted.split(",") if part.strip()))
    unknown = [name for name in names if name not in MEMBERS]
    if unknown or not names:
        raise MemberError(
            f"no member {', '.join(unknown) or '(none named)'}; known: {', '.join(MEMBERS)}, all"
        )
    return tuple(MEMBERS[name] for name in names)


def evaluate_candles(
    candles: CandleSet,
    start: datetime | None,
    end: datetime | None,
    members: tuple[MemberSpec, ...],
    schedule: WalkForward,
    tried_before: int,
    threads: int,
    report: Report,
) -> Evaluation:
    """`evaluate` on the panel of candles in [start, end), by default all of them; raises MemberError as it does."""
    opens = candles.hourly["timestamp_utc"]
    first = pd.Timestamp(start or opens.min()).ceil("h")
    stop = pd.Timestamp(end or opens.max() + HOUR).floor("h")
    if stop <= first:
        raise MemberError(
            f"no hour from {first:%Y-%m-%d %H:%M} to {stop:%Y-%m-%d %H:%M}: give a --to after --from"
        )
    schedule.require_history(hour_number(stop) - hour_number(first))
    panel = build_panel(candles, first, stop, threads, report)
    return evaluate(panel, members, schedule, tried_before, report)


def build_panel(
    candles: CandleSet, start: pd.Timestamp, end: pd.Timestamp, threads: int, report: Report
) -> Panel:
    """The features of models in [start, end), and the closes; candles before `start` warm the features up."""

    def features_of(since: pd.Timestamp, until: pd.Timestamp) -> pd.DataFrame:
        report("features", int((since - start) / CHUNK), int(np.ceil((end - start) / CHUNK)))
        needed = candles.needed_for(since, until)
        return needed.features(since, until, threads=threads)

    return assemble_panel(candles.hourly, model_feature_names(), features_of, start, end, CHUNK)


def evaluate(
    panel: Panel, members: tuple[MemberSpec, ...], schedule: WalkForward, tried_before: int, report: Report
) -> Evaluation:
    """Train, predict and score every variant on the hours after the first training date.

    `tried_before` variants of earlier runs count for the deflated Sharpe ratio. Raises MemberError for a panel that is
    too short.
    """
    predictions = empty_predictions(panel, members, schedule)
    total = len(predictions.dates) * len(members)
    for done, (_, name) in enumerate(walk_forward(panel, members, schedule, predictions)):
        report(f"training {name}", done, total)
    names = tuple(predictions.scores)
    found = ensemble(predictions, names, SIGNAL_HORIZON_HOURS)
    grids = {name: ("member", grid) for name, grid in predictions.scores.items()}
    grids[ENSEMBLE] = ("ensemble", found.score)
    first = predictions.dates[0]
    for name, baseline in BASELINES.items():
        grid = baseline(panel.closes, panel.column(VOLATILITY))
        grid[:first] = np.nan
        grids[name] = ("baseline", grid)
    variants = len(names) + 1 + tried_before
    report("scoring", 0, 1)
    rows, overfitting = _scored(panel, grids, variants)
    return Evaluation(
        predictions, rows, _calibration_rows(panel, found.score, predictions.dates),
        dict(zip(names, found.weights[-1].tolist(), strict=True)),
        {name: hourly_rank_ic(grid, future_return_pct(panel.closes, HORIZONS[0])) for name, (_, grid) in grids.items()},
        variants, overfitting, *_gate(panel, predictions, schedule, variants, report),
    )  # fmt: skip


def _gate(
    panel: Panel, predictions: Predictions, schedule: WalkForward, variants: int, report: Report
) -> tuple[Evidence, int]:
    """What the gate finds, and how many shuffled records pass it."""
    report("shuffling", 0, 1)
    record = track_record(
        panel.pairs,
        panel.first_hour,
        predictions.dates,
        predictions.scores,
        panel.closes,
        panel.column(VOLATILITY),
    )
    found = evidence(record, variants, float(schedule.min_history_weeks))
    return found, false_promotions(record, variants)


def _scored(
    panel: Panel, grids: dict[str, tuple[str, Floats]], variants: int
) -> tuple[list[ScoreRow], float]:
    """A row for each variant, and the probability of backtest overfitting among them and the baselines."""
    volatility = panel.column(VOLATILITY)
    outcomes = {hours: future_return_pct(panel.closes, hours) for hours in HORIZONS}
    held = {name: top_k(grid, panel.closes) for name, (_, grid) in grids.items()}
    weekly = {name: period_means(found.daily_excess_pct, WEEK_HOURS) for name, found in held.items()}
    tried = [weekly[name] for name, (kind, _) in grids.items() if kind != "baseline"]
    variance = sharpe_variance(tried)
    rows = [
        ScoreRow(
            name, kind,
            {hours: _rank_ic(grid, outcome, volatility) for hours, outcome in outcomes.items()},
            held[name],
            deflated_sharpe_of(weekly[name], variants if kind != "baseline" else 1, variance),
        )
        for name, (kind, grid) in grids.items()
    ]  # fmt: skip
    return rows, overfitting_of([found.daily_excess_pct for found in held.values()], DAY_HOURS)


def _rank_ic(score: Floats, outcome: Floats, volatility: Floats) -> RankIc:
    raw, neutral = hourly_rank_ic(score, outcome), neutral_rank_ic(score, outcome, volatility)
    return RankIc(known_mean(raw), block_mean_t(raw), known_mean(neutral), block_mean_t(neutral))


def _calibration_rows(panel: Panel, score: Floats, dates: tuple[int, ...]) -> list[CalibrationRow]:
    volatility = panel.column(VOLATILITY)
    rows = []
    for hours in HORIZONS:
        found = calibrated(score, panel.closes, volatility, dates, hours)
        positive = np.where(np.isnan(found.outcome), np.nan, (found.outcome > 0).astype(np.float64))
        rows.append(
            CalibrationRow(
                hours,
                reliability_error(found.probability, positive),
                brier(found.probability, positive),
                brier(found.base_rate, positive),
                coverage_by(volatility, found.low, found.high, found.outcome),
            )
        )
    return rows
