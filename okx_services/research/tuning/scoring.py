"""Scores of variants on the hours before a moment: each is computed once, counted as a trial, and kept."""

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from okx_core.backtest.engine import FoldResult, Portfolio, trade_laid
from okx_core.backtest.laid import LaidFold
from okx_core.backtest.metrics.curve import daily_returns
from okx_core.backtest.metrics.summary import equity_curve
from okx_core.decisions.rules import PRODUCT_LIMITS, RiskLimits
from okx_core.hours import HOUR
from okx_core.strategies.lookahead import decided, require_no_lookahead
from okx_core.strategies.strategy import StrategySpec
from okx_services.research.strategies.prepared import PreparedMarket
from okx_services.research.strategies.record import weekly_returns_of, weekly_sharpe_of
from okx_services.research.trials import count_strategy
from okx_services.research.tuning.variants import Scored, Variation
from resources.postgres.database import Database

DAYS_PER_YEAR = 365.0
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Trader:
    """Variants of a strategy on one market."""

    variation: Variation
    market: PreparedMarket
    capital_quote: float
    limits: RiskLimits = PRODUCT_LIMITS

    def past(self, spec: StrategySpec, stop: int) -> FoldResult:
        """The rows before `stop`, decided from a panel that ends there: nothing later can be read."""
        panel = self.market.panel.until(stop)
        laid, _ = self.market.laid_for(spec, decided(self.variation.strategy, spec, panel))
        return self._trade(spec, laid, Portfolio(self.capital_quote, {}))

    def out_of_sample(self, spec: StrategySpec, start: int, stop: int, opening: Portfolio) -> FoldResult:
        """The rows start <= row < stop, from `opening` on. Raises StrategyError for a variant that looks ahead."""
        wants = require_no_lookahead(self.variation.strategy, spec, self.market.panel.until(stop))
        laid, _ = self.market.laid_for(spec, wants)
        return self._trade(spec, laid.between(start, stop), opening)

    def moment(self, row: int) -> datetime:
        """The open of a row; of the last one + 1 the end."""
        return self.market.panel.moment(row)

    def identity(self, code_version: str) -> str:
        """The hash of everything that a score rests on beside the variant and the hours."""
        words = json.dumps(
            {
                "code": code_version, "strategy": self.variation.default.to_json(), "capital": self.capital_quote,
                "limits": asdict(self.limits), "pairs": self.market.panel.pairs,
                "first_hour": self.market.panel.first_hour, "volume_share": self.market.fills.volume_share,
                "ends": {pair: f"{end}" for pair, end in self.market.fills.ends.items()},
            },
            sort_keys=True,
        )  # fmt: skip
        digest = hashlib.sha256(words.encode())
        laid, columns = self.market.laid, self.market.panel.columns
        for grid in (*laid.bars, *laid.costs, *(columns[name] for name in sorted(columns))):
            digest.update(grid.tobytes())
        return digest.hexdigest()[:16]

    def _trade(self, spec: StrategySpec, laid: LaidFold, opening: Portfolio) -> FoldResult:
        return trade_laid(
            laid, opening, spec.rules, self.limits, spec.exits, self.market.fills, spec.protections
        )


def daily_sharpe(curve: Array) -> float | None:
    """sqrt(365) mean / sample deviation of daily returns; None where nothing varies: it never traded.

    As in the intervals: whole days are what is drawn again there.
    """
    returns = daily_returns(curve)
    spread = float(returns.std(ddof=1)) if len(returns) > 1 else 0.0
    return math.sqrt(DAYS_PER_YEAR) * float(returns.mean()) / spread if spread > 0.0 else None


@dataclass(frozen=True)
class Scores:
    """Scores by variant and past, read from the database where they are kept, else computed and counted."""

    trader: Trader
    database: Database
    tuning: str

    def of(self, spec: StrategySpec, stop: int) -> Scored:
        """The score of a variant on the rows before `stop`."""
        until = self.trader.moment(stop)
        kept = self.database.rows(
            "select score from backtests.tuning_scores where tuning = $1 and known_until = $2 and version = $3",
            (self.tuning, until, spec.version),
        )
        return Scored(spec, kept[0]["score"] if kept else self._computed(spec, stop, until))

    def _computed(self, spec: StrategySpec, stop: int, until: datetime) -> float | None:
        fold = self.trader.past(spec, stop)
        curve = equity_curve(fold.equity, self.trader.capital_quote)
        score, weekly = daily_sharpe(curve), weekly_sharpe_of(weekly_returns_of(curve))
        count_strategy(self.database, spec, weekly, (until - HOUR).date())
        row = {
            "tuning": self.tuning, "known_until": until, "version": spec.version,
            "parameters": json.dumps(self.trader.variation.values_of(spec)), "score": score, "weekly_sharpe": weekly,
            "made_at": datetime.now(UTC),
        }  # fmt: skip
        self.database.upsert("backtests.tuning_scores", ["tuning", "known_until", "version"], [row])
        return score
