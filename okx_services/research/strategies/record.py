"""A backtest that was asked for, kept: a row with everything that decided, a run in MLflow, a trial in the ledger."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from okx_core.backtest.metrics.curve import Array
from okx_core.backtest.metrics.summary import equity_curve
from okx_core.hours import HOUR, WEEK
from okx_core.models.evaluation.overfitting import deflated_sharpe_of
from okx_services.research.strategies.backtest import StrategyRun
from okx_services.research.strategies.page import report_page
from okx_services.research.strategies.pdf import report_pdf
from okx_services.research.strategies.tables import figures_of
from okx_services.research.trials import count_strategy, strategies_tried
from resources.postgres.database import Database
from resources.registry.new_version import NewRun
from resources.registry.tracking import LoggedRun, Tracking

EXPERIMENT = "strategy-backtests"
REPORT, PDF, TRADES, EQUITY = FILES = ("report.html", "report.pdf", "trades.csv", "equity.csv")
WEEK_HOURS = WEEK // HOUR


@dataclass(frozen=True)
class RecordedRun:
    """Where a backtest is kept, and how much of its Sharpe ratio is more than the luck of many tries.

    `deflated_sharpe` is NaN when it is unknown.
    """

    run_id: str
    logged: LoggedRun
    deflated_sharpe: float
    tried: int


def record_run(
    found: StrategyRun, origin: str, note: str, database: Database, tracking: Tracking, run_id: str
) -> RecordedRun:
    """Count the version as a trial, log report and tables to MLflow, and keep the row. Raises TrackingError.

    `origin` says which candles were traded, `note` what the reader must know of their market.
    """
    weekly = weekly_returns_of(equity_curve(found.fold.equity, found.capital_quote))
    count_strategy(database, found.spec, weekly_sharpe_of(weekly), found.end.date())
    tried, variance = strategies_tried(database)
    deflated = deflated_sharpe_of(weekly, tried, variance)
    logged = tracking.log(_new_run(found, origin, note, run_id, deflated, tried), EXPERIMENT)
    row = {
        "run_id": run_id, "strategy": found.spec.name, "version": found.spec.version,
        "specification": json.dumps(found.spec.to_json()), "candles": origin, "pairs": list(found.pairs),
        "start_time": found.start, "end_time": found.end, "capital_quote": found.capital_quote,
        "figures": json.dumps({**found.scores, "what_if": _what_if(found), "regimes": _regimes(found)}),
        "rejected": json.dumps(dict(found.rejected)),
        "deflated_sharpe": None if np.isnan(deflated) else deflated, "strategies_tried": tried,
        "mlflow_run_id": logged.run_id, "made_at": datetime.now(UTC),
    }  # fmt: skip
    database.upsert("backtests.strategy_runs", ["run_id"], [row])
    return RecordedRun(run_id, logged, deflated, tried)


def weekly_returns_of(curve: Array) -> Array:
    """Return of each whole week from the first hour on [weeks]; `curve` is the equity [hours + 1]."""
    weeks = curve[::WEEK_HOURS]
    return np.asarray(weeks[1:] / weeks[:-1] - 1.0)


def weekly_sharpe_of(weekly: Array) -> float | None:
    """Mean / sample deviation of weekly returns, not annualised. None below three weeks or without variation."""
    return float(weekly.mean() / weekly.std(ddof=1)) if len(weekly) > 2 and weekly.std() > 0.0 else None


def _what_if(found: StrategyRun) -> dict[str, Any]:
    """The changed backtests by name."""
    return {one.name: one.to_json() for one in found.sensitivity}


def _regimes(found: StrategyRun) -> dict[str, Any]:
    """Figures by the name of the regime."""
    return {one.name: one._asdict() for one in found.regimes}


def _new_run(found: StrategyRun, origin: str, note: str, run_id: str, deflated: float, tried: int) -> NewRun:
    spec = found.spec
    scores = {name: float("nan") if value is None else value for name, value in found.scores.items()}
    return NewRun(
        run_name=f"{spec.name} {spec.version}",
        parameters={
            "strategy": spec.name, "version": spec.version, "candles": origin, "pairs": len(found.pairs),
            "start": f"{found.start:%Y-%m-%d %H:%M}", "end": f"{found.end:%Y-%m-%d %H:%M}",
            "capital_quote": found.capital_quote, **spec.parameters,
        },
        metrics={**scores, "deflated_sharpe": deflated, "strategies_tried": float(tried)},
        tags={
            "strategy": spec.name, "version": spec.version, "dagster_run_id": run_id, "candles": origin,
            "mlflow.note.content": note or f"Backtest on {origin}. The report is the artifact `report.html`.",
        },
        documents={
            "specification": spec.to_json(), "rejected": dict(found.rejected), "what_if": _what_if(found),
            "regimes": _regimes(found),
        },
        texts={
            REPORT: report_page(found, origin, note, deflated, tried),
            TRADES: found.fold.trades.to_csv(index=False),
            EQUITY: found.fold.equity.to_csv(index=False),
        },
        attachments={PDF: report_pdf(found, origin, note, deflated, tried)},
        figures=figures_of(found),
    )  # fmt: skip
