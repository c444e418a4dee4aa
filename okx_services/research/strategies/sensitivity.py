"""What a backtest would have been with other luck, other costs or later signals."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from okx_core.backtest.engine import FillRules, FoldResult, Portfolio, trade_laid
from okx_core.backtest.laid import LaidFold
from okx_core.backtest.metrics.curve import max_drawdown_pct, sharpe, total_return_pct
from okx_core.backtest.metrics.interval import COVERED
from okx_core.backtest.metrics.summary import equity_curve
from okx_core.backtest.sensitivity import (
    DRAWS,
    bars_late,
    entries_missed,
    in_order,
    resampled,
    shuffled,
    trade_returns,
    with_costs,
)
from okx_core.decisions.rules import RiskLimits
from okx_core.strategies.strategy import StrategySpec

MISSED_SHARE, MISSED_DRAWS = 0.10, 20
COSTS_FACTOR = 2.0
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Spread:
    """The middle of some figures, and the bounds that hold nine of ten of them; both equal it for one figure."""

    middle: float | None
    low: float | None
    high: float | None

    @classmethod
    def of(cls, values: Iterable[float | None]) -> "Spread":
        """Unknown where one of the values is."""
        held = list(values)
        if not held or any(value is None for value in held):
            return cls(None, None, None)
        known = np.array(held, np.float64)
        low, middle, high = np.quantile(known, ((1.0 - COVERED) / 2.0, 0.5, (1.0 + COVERED) / 2.0))
        return cls(float(middle), float(low), float(high))


@dataclass(frozen=True)
class WhatIf:
    """Figures of a changed backtest; `draws` is how many there are of it, 1 where nothing is drawn."""

    name: str
    words: str
    draws: int
    total_return_pct: Spread
    max_drawdown_pct: Spread
    sharpe: Spread

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


UNKNOWN = Spread(None, None, None)


def sensitivity_of(
    fold: FoldResult, laid: LaidFold, spec: StrategySpec, limits: RiskLimits, fills: FillRules
) -> list[WhatIf]:
    """The changed backtests of `fold`, which traded `laid` from cash on."""

    def again(*changed: LaidFold) -> list[FoldResult]:
        opening = Portfolio(fold.opening_equity_quote, {})
        return [
            trade_laid(one, opening, spec.rules, limits, spec.exits, fills, spec.protections)
            for one in changed
        ]

    returns = trade_returns(fold.trades, fold.equity, fold.opening_equity_quote)
    missed = again(*(entries_missed(laid, MISSED_SHARE, seed) for seed in range(MISSED_DRAWS)))
    return [
        _traded("as traded", "the backtest as it is", [fold]),
        *_orders(returns),
        _traded(
            f"{MISSED_SHARE:.0%} of entries missed",
            "wide bounds say that a few lucky trades made the result",
            missed,
        ),
        _traded(
            "costs twice",
            "fee and spread twice, half the depth: a loss here says that the profit rests on the assumed costs",
            again(with_costs(laid, COSTS_FACTOR)),
        ),
        _traded(
            "one bar late",
            "every signal comes an hour later: a large difference says that the profit needs speed",
            again(bars_late(laid)),
        ),
    ]


def _orders(returns: Array) -> list[WhatIf]:
    """Closed trades one after another, in other orders, and drawn again; none without two trades."""
    if len(returns) < 2:
        return []
    total, deepest = in_order(returns)
    other, drawn = shuffled(returns), resampled(returns)
    return [
        WhatIf(
            "closed trades, one after another", "what the two rows below are to be compared with", 1,
            Spread.of([total]), Spread.of([deepest]), UNKNOWN,
        ),
        WhatIf(
            "the same in another order",
            "the return stays; drawdowns this deep were as likely as the one that came", DRAWS,
            Spread.of(other.total_return_pct), Spread.of(other.max_drawdown_pct), UNKNOWN,
        ),
        WhatIf(
            "drawn again", "bounds on both sides of 0 say that such trades may as well lose", DRAWS,
            Spread.of(drawn.total_return_pct), Spread.of(drawn.max_drawdown_pct), UNKNOWN,
        ),
    ]  # fmt: skip


def _traded(name: str, words: str, folds: list[FoldResult]) -> WhatIf:
    curves = [equity_curve(fold.equity, fold.opening_equity_quote) for fold in folds]
    return WhatIf(
        name, words, len(curves), Spread.of(total_return_pct(curve) for curve in curves),
        Spread.of(max_drawdown_pct(curve) for curve in curves), Spread.of(sharpe(curve) for curve in curves),
    )  # fmt: skip
