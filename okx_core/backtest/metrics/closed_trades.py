"""Statistics of closed trades. `pnl` is the profit of each after costs [trades], `cost` what it paid, both in quote."""

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]


def profit_factor(pnl: Array) -> float | None:
    """Sum of winning trades / sum of losing ones. None without a losing trade."""
    lost = -float(pnl[pnl < 0.0].sum())
    return float(pnl[pnl > 0.0].sum()) / lost if lost > 0.0 else None


def win_rate_pct(pnl: Array) -> float | None:
    """Percent of trades that earned more than their costs."""
    return 100.0 * float(np.mean(pnl > 0.0)) if len(pnl) else None


def expectancy_quote(pnl: Array) -> float | None:
    """Mean profit of a trade in quote."""
    return float(np.mean(pnl)) if len(pnl) else None


def payoff_ratio(pnl: Array) -> float | None:
    """Mean winning trade / mean losing one. None without one of either."""
    won, lost = pnl[pnl > 0.0], pnl[pnl < 0.0]
    return float(won.mean() / -lost.mean()) if len(won) and len(lost) else None


def system_quality(pnl: Array) -> float | None:
    """SQN: sqrt(trades) mean / sample deviation of the profits (Tharp). None below two trades or without variation."""
    spread = float(np.std(pnl, ddof=1)) if len(pnl) > 1 else 0.0
    return math.sqrt(len(pnl)) * float(np.mean(pnl)) / spread if spread > 0.0 else None


def turnover(curve: Array, trades: pd.DataFrame) -> float | None:
    """Notional bought and sold by the closed trades / mean equity."""
    if len(curve) < 2:
        return None
    traded = trades["quantity"] * (trades["entry_price"] + trades["exit_price"])
    return float(traded.sum()) / float(np.mean(curve[1:]))


def cost_share_pct(pnl: Array, cost: Array) -> float | None:
    """Costs of the closed trades in percent of what the winning ones made before costs. None without any."""
    before_costs = pnl + cost
    earned = float(before_costs[before_costs > 0.0].sum())
    return 100.0 * float(cost.sum()) / earned if earned > 0.0 else None


def grouped(trades: pd.DataFrame, by: str) -> pd.DataFrame:
    """One row for each value of the column `by`, the most profitable first: trades, win_rate_pct, pnl_quote,
    cost_quote and the mean return_pct."""
    groups = trades.assign(win_rate_pct=100.0 * (trades["pnl_quote"] > 0)).groupby(by)
    sums = groups[["pnl_quote", "cost_quote"]].sum()
    means = groups[["win_rate_pct", "return_pct"]].mean()
    rows = pd.concat([groups.size().rename("trades"), sums, means], axis=1)
    return rows.sort_values("pnl_quote", ascending=False).reset_index()
