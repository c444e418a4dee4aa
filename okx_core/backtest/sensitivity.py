"""How much of a result hangs on the order of its trades, on single entries, on costs and on speed.

Trades are drawn again by their return on the equity at their entry, one after another; what is traded anew is a
`LaidFold` with fewer entries, higher costs or later signals. Every draw has a seed: equal calls give equal figures.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from okx_core.backtest.laid import LaidFold, each_figure
from okx_core.backtest.metrics.curve import drawdowns
from okx_core.decisions.costs import Costs
from okx_core.hours import HOUR

Array = NDArray[np.float64]
DRAWS, SEED = 1_000, 7
DAY_HOURS = 24


class Drawn(NamedTuple):
    """Total return and deepest drawdown of each drawn order of trades, percent [draws]."""

    total_return_pct: Array
    max_drawdown_pct: Array


def trade_returns(trades: pd.DataFrame, equity: pd.DataFrame, opening_equity_quote: float) -> Array:
    """Profit of each trade as a fraction of the equity before it was opened [trades], in the order of their exits.

    `trades` and `equity` as in `FoldResult`. A position from before the first hour is measured by the opening equity.
    """
    ordered = trades.sort_values(["exit_time", "pair"], kind="stable")
    known = equity.set_index("timestamp_utc")["equity_quote"]
    before = known.reindex(ordered["entry_time"] - HOUR).fillna(opening_equity_quote)
    return np.asarray(ordered["pnl_quote"].to_numpy(np.float64) / before.to_numpy(np.float64))


def in_order(returns: Array) -> tuple[float, float]:
    """Total return and deepest drawdown, percent, of trades one after another; 0 and 0 without any."""
    curve = np.concatenate(([1.0], np.cumprod(1.0 + returns)))
    return 100.0 * float(curve[-1] - 1.0), 100.0 * float(drawdowns(curve).min())


def shuffled(returns: Array, draws: int = DRAWS, seed: int = SEED) -> Drawn:
    """The same trades in other orders: the total return stays, the drawdown does not."""
    dice = np.random.default_rng(seed)
    return _each([returns[dice.permutation(len(returns))] for _ in range(draws)])


def resampled(returns: Array, draws: int = DRAWS, seed: int = SEED) -> Drawn:
    """As many trades drawn with replacement (bootstrap, Efron, 1979)."""
    dice = np.random.default_rng(seed)
    return _each([returns[dice.integers(0, max(len(returns), 1), len(returns))] for _ in range(draws)])


def _each(orders: list[Array]) -> Drawn:
    found = np.array([in_order(order) for order in orders])
    return Drawn(found[:, 0], found[:, 1])


def entries_missed(laid: LaidFold, share: float, seed: int = SEED) -> LaidFold:
    """Without the entries of a random `share` of days and pairs; exits stay.

    Whole days are missed: an entry that is missed in one hour would else be made in the next.
    """
    days = -(-laid.hours // DAY_HOURS)
    missed = np.random.default_rng(seed).random((days, len(laid.pairs))) < share
    by_hour = np.repeat(missed, DAY_HOURS, axis=0)[: laid.hours]
    return replace(laid, tradable=laid.tradable & ~by_hour)


def with_costs(laid: LaidFold, factor: float) -> LaidFold:
    """With `factor` times the fee and the spread, and a book that is so many times thinner."""
    costs = laid.costs
    scaled = Costs(factor * costs.fee_rate, factor * costs.spread_bps, costs.depth_quote / factor)
    return replace(laid, costs=scaled)


def bars_late(laid: LaidFold, bars: int = 1) -> LaidFold:
    """With signals that come so many bars later; nothing is wanted before the first has come."""
    return replace(
        laid,
        predicted_excess_pct=_later(laid.predicted_excess_pct, bars, np.nan),
        tradable=_later(laid.tradable, bars, np.False_),
        leaves=None if laid.leaves is None else _later(laid.leaves, bars, np.False_),
        size_multiplier=_later(laid.size_multiplier, bars, 1.0),
        figures=each_figure(lambda values: _later(values, bars, np.nan), laid.figures),
        atr_pct=_later(laid.atr_pct, bars, np.nan),
    )


def _later(values: np.ndarray, bars: int, before: object) -> np.ndarray:
    out = np.full_like(values, before)
    out[bars:] = values[: len(values) - bars]
    return out
