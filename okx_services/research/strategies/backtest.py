"""A strategy on candles: its wants become signals with gates and costs, and are traded as the stored ones are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
import pandas as pd

from okx_core.backtest.engine import FillRules, FoldResult, Portfolio, trade_laid
from okx_core.backtest.metrics.curve import Array
from okx_core.backtest.metrics.interval import Interval, intervals
from okx_core.backtest.metrics.regimes import RegimeFigures
from okx_core.backtest.metrics.summary import equity_curve, metrics
from okx_core.decisions.rules import PRODUCT_LIMITS, RiskLimits
from okx_core.features.candle_set import CandleSet
from okx_core.hours import HOUR
from okx_core.strategies.lookahead import require_no_lookahead
from okx_core.strategies.strategy import Strategy, StrategySpec
from okx_services.reports.backtest import benchmarks_of
from okx_services.research.strategies.prepared import prepare_market
from okx_services.research.strategies.regimes import regimes_of
from okx_services.research.strategies.sensitivity import WhatIf, sensitivity_of

PROTECTION = "protection_"  # before its name where gates are counted too


@dataclass(frozen=True)
class StrategyRun:
    """What a strategy did in a stretch of hours; `rejected` counts its wanted entries by what refused them.

    Of the gates each counts what it refuses; a protection counts what passed the gates and all protections before it.
    """

    spec: StrategySpec
    start: datetime
    end: datetime
    pairs: tuple[str, ...]
    capital_quote: float
    fold: FoldResult
    rejected: Mapping[str, int]
    wanted: int
    benchmarks: Mapping[str, Array]
    closes: Array
    """Closes [hours, pairs] of the stretch, NaN where there is no bar."""
    sensitivity: Sequence[WhatIf]
    """The same with other luck, other costs, later signals; the backtest as it is comes first."""
    regimes: Sequence[RegimeFigures]
    """Figures by trend and volatility of the market."""

    @cached_property
    def scores(self) -> dict[str, float | None]:
        return metrics(self.fold.equity, self.fold.trades, self.capital_quote)

    @cached_property
    def intervals(self) -> dict[str, Interval | None]:
        return intervals(equity_curve(self.fold.equity, self.capital_quote))


def run_strategy(
    strategy: Strategy, spec: StrategySpec, candles: CandleSet, start: datetime, end: datetime, capital_quote: float,
    known: pd.DataFrame | None = None, limits: RiskLimits = PRODUCT_LIMITS, fills: FillRules | None = None,
    threads: int = 1,
) -> StrategyRun:  # fmt: skip
    """Trade the bars start <= open < end of `candles`, which should reach back further to warm features up.

    `known` are rows (pair, timestamp_utc) with columns that are no features: recorded predictions and the like. Raises
    StrategyError for a column that nobody has, and for a strategy that looks ahead.
    """
    history = 0 if spec.rules.max_correlation is None else spec.rules.correlation_hours
    market = prepare_market(strategy, candles, start, end, known, fills, threads, history)
    wants = require_no_lookahead(strategy, spec, market.panel)
    laid, refused = market.laid_for(spec, wants)
    cash = Portfolio(capital_quote, {})
    fold = trade_laid(laid, cash, spec.rules, limits, spec.exits, market.fills, spec.protections)
    rejected = {**refused, **{f"{PROTECTION}{name}": count for name, count in fold.refused.items()}}
    return StrategyRun(
        spec, start, end, market.panel.pairs, capital_quote, fold, rejected, int((~np.isnan(wants.score)).sum()),
        benchmarks_of(market.hourly, pd.date_range(start - HOUR, end - HOUR, freq="h")),
        market.panel.close, sensitivity_of(fold, laid, spec, limits, market.fills),
        regimes_of(market.hourly, start, end, equity_curve(fold.equity, capital_quote)),
    )  # fmt: skip
