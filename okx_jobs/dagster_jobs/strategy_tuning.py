"""The job that searches over the parameters of a strategy; the command `okxsignal tune` runs it too."""

from dataclasses import dataclass, fields
from typing import Any

import dagster as dg
from pydantic import Field

from okx_assets import tables
from okx_jobs.dagster_jobs.strategy_backtest import BacktestConfig, given_of
from okx_jobs.research.strategy_backtest import note_of
from okx_jobs.research.strategy_tuning import TuningRequest, run_tuning
from okx_services.reports.markdown import table
from okx_services.research.tuning.record import record_tuning
from okx_services.research.tuning.tables import (
    CHOICE_HEAD,
    FIGURE_HEAD,
    INSTEAD_HEAD,
    NEIGHBOUR_HEAD,
    choice_rows,
    figure_rows,
    figures_of,
    instead_rows,
    neighbour_rows,
)
from okx_services.research.tuning.tune import Tuned
from resources.config.settings import load_settings
from resources.dagster_resources import DatabaseResource, TrackingResource
from resources.registry.tracking import LoggedRun

STEP = "try_parameters"


class TuningConfig(BacktestConfig):
    """As `okxsignal tune` takes them. `vary`: name -> LOW:HIGH or LOW:HIGH:log; empty: what the strategy declares."""

    budget: int = 40
    folds: int = 4
    vary: dict[str, str] = Field(default_factory=dict)

    def request(self) -> TuningRequest:
        """The same as the use case takes it."""
        asked = super().request()
        shared = {field.name: getattr(asked, field.name) for field in fields(asked)}
        return TuningRequest(**shared, budget=self.budget, folds=self.folds, vary=self.vary)


def config_of(request: TuningRequest) -> dict[str, Any]:
    """The run config that asks for this search."""
    given = {
        **given_of(request),
        "budget": request.budget,
        "folds": request.folds,
        "vary": dict(request.vary),
    }
    return {"ops": {STEP: {"config": given}}}


@dataclass(frozen=True)
class Tuning:
    """What the step gives: the search, its candles, what the reader must know of them, and where it is kept."""

    found: Tuned
    origin: str
    note: str
    logged: LoggedRun


@dg.op(
    name=STEP,
    description="Choose parameters on the past of each fold, test them on the hours after it; each counts as a trial.",
    out=dg.Out(io_manager_key="in_memory"),
)
def try_parameters(
    context: dg.OpExecutionContext,
    config: TuningConfig,
    database: DatabaseResource,
    tracking: TrackingResource,
) -> Tuning:
    """Searches; the log has a line for each score. A run that was stopped goes on when it is launched again."""
    request = config.request()
    found, origin = run_tuning(
        request, load_settings(trading=False).home, database.open, database.open(),
        lambda words, done, total: context.log.info(f"{done} of {total}: {words}"),
    )  # fmt: skip
    note = note_of(request, database.open)
    logged = record_tuning(found, origin, note, tracking.open(), context.run_id)
    advice = found.recommendation
    context.add_output_metadata(
        {
            "recommendation": tables.text(
                advice.sentence + "".join(f"\n- {line}" for line in advice.reasons)
            ),
            "candles": f"{origin}. {note}".strip(),
            "figures": tables.text(table(FIGURE_HEAD, figure_rows(found))),
            "instead": tables.text(table(INSTEAD_HEAD, instead_rows(found))),
            "what_each_fold_chose": tables.text(table(CHOICE_HEAD, choice_rows(found))),
            "neighbours_of_the_best": tables.text(table(NEIGHBOUR_HEAD, neighbour_rows(found))),
            "page_in_mlflow": tables.url(logged.url),
            **{name: tables.plot(name, figure) for name, figure in figures_of(found).items()},
        }
    )
    return Tuning(found, origin, note, logged)


@dg.job(
    description="Search over the parameters of a strategy with walk-forward folds: choose strategy, ranges, candles "
    "and budget in the launchpad. The recommendation is kept in MLflow and changes nothing. It places no order.",
    tags={"dagster/max_runtime": "86400", "dagster/max_retries": "0"},
)
def tune_strategy() -> None:
    """One search within its budget."""
    try_parameters()
