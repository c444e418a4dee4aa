"""The job that trades a strategy on the past; the command `okxsignal backtest` runs it too."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import Field

from okx_assets import tables
from okx_jobs.research.chosen_candles import moment_of
from okx_jobs.research.strategy_backtest import BacktestRequest, note_of, run_backtest
from okx_services.reports.markdown import table
from okx_services.research.strategies.backtest import StrategyRun
from okx_services.research.strategies.record import RecordedRun, record_run
from okx_services.research.strategies.tables import (
    COST_HEAD,
    REGIME_HEAD,
    REGIME_WORDS,
    WHAT_IF_HEAD,
    benchmark_table,
    cost_rows,
    figure_table,
    figures_of,
    regime_rows,
    what_if_rows,
    what_if_words,
)
from resources.config.settings import load_settings
from resources.dagster_resources import DatabaseResource, TrackingResource

STEP = "trade_strategy"


class BacktestConfig(dg.Config):
    """As `okxsignal backtest` takes them; empty: its defaults. `parameters`: names and values of the strategy."""

    strategy: str = "model"
    parameters: dict[str, str] = Field(default_factory=dict)
    candles: str = ""  # a Parquet file; empty: those of the home
    synthetic: float = -1.0  # strength of a synthetic market; below 0: none
    days: int = 400
    pairs: str = ""
    start: str = ""  # first hour, such as 2024-01-01
    end: str = ""
    capital: float = 10_000.0
    threads: int = 1
    ungated: bool = False  # trade predictions on other candles than the home's although the gate refuses them

    def request(self) -> BacktestRequest:
        """The same as the use case takes it."""
        return BacktestRequest(
            candles=Path(self.candles) if self.candles else None,
            strength=None if self.synthetic < 0.0 else self.synthetic, days=self.days, pairs=self.pairs or None,
            start=moment_of(self.start), end=moment_of(self.end), strategy=self.strategy, parameters=self.parameters,
            capital_quote=self.capital, threads=self.threads, ungated=self.ungated,
        )  # fmt: skip


def config_of(request: BacktestRequest) -> dict[str, Any]:
    """The run config that asks for this backtest."""
    return {"ops": {STEP: {"config": given_of(request)}}}


def given_of(request: BacktestRequest) -> dict[str, Any]:
    """The fields of BacktestConfig that ask for this backtest."""
    return {
        "strategy": request.strategy, "parameters": dict(request.parameters),
        "candles": str(request.candles.resolve()) if request.candles else "",
        "synthetic": -1.0 if request.strength is None else request.strength, "days": request.days,
        "pairs": request.pairs or "", "start": _text(request.start), "end": _text(request.end),
        "capital": request.capital_quote, "threads": request.threads, "ungated": request.ungated,
    }  # fmt: skip


@dataclass(frozen=True)
class Backtest:
    """What the step gives: the run, its candles, what the reader must know of them, and where it is kept."""

    found: StrategyRun
    origin: str
    note: str
    recorded: RecordedRun


@dg.op(
    name=STEP,
    description="Decide at the close of each hour, fill at the next open, costs on; counted as a trial.",
    out=dg.Out(io_manager_key="in_memory"),
)
def trade_strategy(
    context: dg.OpExecutionContext,
    config: BacktestConfig,
    database: DatabaseResource,
    tracking: TrackingResource,
) -> Backtest:
    """Trades, keeps report and tables, and shows the figures as metadata of the step."""
    request = config.request()
    found, origin = run_backtest(
        request, load_settings(trading=False).home, database.open,
        lambda step, done, total: context.log.info(f"{step}: {done} of {total}"),
    )  # fmt: skip
    note = note_of(request, database.open)
    recorded = record_run(found, origin, note, database.open(), tracking.open(), context.run_id)
    plots = {name: tables.plot(name, figure) for name, figure in figures_of(found).items()}
    context.add_output_metadata(
        {
            "strategy": f"{found.spec.name}, version {found.spec.version}",
            "candles": f"{origin}. {note}".strip(),
            "figures": tables.text(figure_table(found, recorded.deflated_sharpe, recorded.tried)),
            "instead": tables.text(benchmark_table(found)),
            "what_if": tables.text(
                f"{table(WHAT_IF_HEAD, what_if_rows(found))}\n\n{_lines(what_if_words(found))}"
            ),
            "market_regimes": tables.text(f"{REGIME_WORDS}\n\n{table(REGIME_HEAD, regime_rows(found))}"),
            "costs": tables.text(table(COST_HEAD, cost_rows(found))),
            "report_in_mlflow": tables.url(recorded.logged.url),
            **plots,
        }
    )
    return Backtest(found, origin, note, recorded)


def _lines(words: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in words)


def _text(moment: datetime | None) -> str:
    return "" if moment is None else moment.isoformat()


@dg.job(
    description="Backtest of a strategy on the home's candles or a file's, with costs: choose strategy, parameters, "
    "pairs and hours in the launchpad. The report is kept in MLflow. It places no order.",
    tags={"dagster/max_runtime": "86400", "dagster/max_retries": "0"},
)
def backtest_strategy() -> None:
    """One backtest."""
    trade_strategy()
