"""A search over the parameters of a strategy on a market that is prepared: search, test, recommend."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from okx_core.backtest.metrics.curve import HOURS_PER_DAY, Array
from okx_core.hours import HOUR
from okx_core.strategies.lookahead import require_no_lookahead
from okx_core.strategies.strategy import StrategySpec
from okx_services.reports.backtest import benchmarks_of
from okx_services.research.trials import strategies_tried
from okx_services.research.tuning.plateau import Plateau
from okx_services.research.tuning.recommendation import Recommendation, recommend
from okx_services.research.tuning.scoring import Scores, Trader
from okx_services.research.tuning.walk_forward import Report, Search, run_search, trade_default, trade_folds
from resources.postgres.database import Database

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tuned:
    """A finished search: what was tried, what was tested, what is recommended."""

    trader: Trader
    search: Search
    recommendation: Recommendation
    tuning: str
    benchmarks: Mapping[str, Array]
    """Equity [test hours + 1] of what could have been had instead, beginning with 1."""

    @property
    def strategy(self) -> str:
        return self.trader.variation.strategy.name

    @property
    def best(self) -> StrategySpec:
        """The variant that is best on the whole window."""
        return self.search.best.spec

    @cached_property
    def curves(self) -> dict[str, Array]:
        """Equity [test hours + 1] of what the folds chose, of the defaults, and of the benchmarks, from 1 on."""
        capital = self.trader.capital_quote
        return {
            "chosen by the folds": self.recommendation.tuned.curve / capital,
            "defaults": self.recommendation.default.curve / capital,
            **self.benchmarks,
        }


def tune(
    trader: Trader,
    database: Database,
    budget: int,
    folds: int,
    code_version: str,
    report: Report = lambda *_: None,
) -> Tuned:
    """Search with `budget` variants, test in `folds` walk-forward folds, and recommend.

    Scores that a stopped run of the same search has kept are not computed again. Each line of progress goes to the log
    of this module as well. Raises StrategyError for a strategy that looks ahead, FoldsError for too short a window,
    TuningError for too small a budget.
    """

    def reported(words: str, done: int, total: int) -> None:
        logger.info("%d of %d: %s", done, total, words)
        report(words, done, total)

    market, variation = trader.market, trader.variation
    require_no_lookahead(variation.strategy, variation.default, market.panel)
    tuning = trader.identity(code_version)
    search = run_search(trader, Scores(trader, database, tuning), budget, folds, reported)
    hours = len(market.panel.close)
    plateau = Plateau(search.best, search.neighbours, hours // HOURS_PER_DAY)
    found = recommend(
        variation.values_of(search.best.spec), variation.values_of(variation.default),
        trade_folds(trader, search.choices), trade_default(trader, search.choices), strategies_tried(database), plateau,
    )  # fmt: skip
    first = trader.moment(search.choices[0].fold.test_start)
    tested = pd.date_range(first - HOUR, trader.moment(hours) - HOUR, freq="h")
    return Tuned(trader, search, found, tuning, benchmarks_of(market.hourly, tested))
