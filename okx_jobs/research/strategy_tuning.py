"""A search over the parameters of a strategy as it was asked for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from okx_core.errors import OkxSignalError
from okx_jobs.research.strategy_backtest import BacktestRequest, chosen_market, require_usable
from okx_services.research.strategies.predicted import Report
from okx_services.research.strategies.prepared import prepare_market
from okx_services.research.tuning.scoring import Trader
from okx_services.research.tuning.tune import Tuned, tune
from okx_services.research.tuning.variants import Variation, variation_of
from resources.config.code_version import code_version
from resources.postgres.database import Database
from resources.strategy_files import find_strategy


@dataclass(frozen=True)
class TuningRequest(BacktestRequest):
    """A backtest of many variants: `budget` of them, tested in `folds`; `vary` has LOW:HIGH by name.

    `parameters` are fixed. Without `vary` what the strategy declares is varied.
    """

    budget: int = 40
    folds: int = 4
    vary: Mapping[str, str] = field(default_factory=dict)


def ranges_of(given: list[str] | tuple[str, ...]) -> dict[str, str]:
    """`NAME=LOW:HIGH` texts as a table. Raises OkxSignalError for one that is none."""
    found: dict[str, str] = {}
    for text in given:
        name, equals, bounds = text.partition("=")
        if not equals or not name.strip() or not bounds.strip():
            raise OkxSignalError(
                f"--vary {text!r}: give NAME=LOW:HIGH or NAME=LOW:HIGH:log, such as hours=24:240:log"
            )
        found[name.strip()] = bounds.strip()
    return found


def require_tunable(request: TuningRequest, home: Path) -> Variation:
    """What is varied. Raises OkxSignalError for what can be refused before anything is read."""
    require_usable(request, home)
    found = variation_of(find_strategy(home, request.strategy), request.parameters, request.vary)
    if request.budget < 1:
        raise OkxSignalError(f"--budget is {request.budget}: give the number of variants to try, such as 40")
    return found


def run_tuning(
    request: TuningRequest, home: Path, stored: Callable[[], Database], database: Database, report: Report
) -> tuple[Tuned, str]:
    """The search, and where its candles come from in words; scores and trials are kept in `database`.

    Raises OkxSignalError as its parts do.
    """
    variation = require_tunable(request, home)
    chosen = chosen_market(request, variation.strategy, home, stored, report)
    market = prepare_market(
        variation.strategy,
        chosen.candles,
        chosen.start,
        chosen.end,
        chosen.known,
        threads=request.threads,
        history=variation.default.rules.correlation_hours,
    )
    trader = Trader(variation, market, request.capital_quote)
    return tune(trader, database, request.budget, request.folds, code_version(), report), chosen.origin
