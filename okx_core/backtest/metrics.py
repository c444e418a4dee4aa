"""Statistics of a fold, one small function each. What the data cannot tell is None, never 0.

`equity` is a Series of hourly equity [hours]; `trades` a frame with one row per closed trade.
Yearly figures use 8,760 hours.
"""

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

HOURS_PER_YEAR = 8760.0


def metrics(equity: pd.DataFrame, trades: pd.DataFrame) -> dict[str, float | None]:
    """Every statistic of a `FoldResult`'s equity and trades; several folds may be concatenated."""
    curve = equity["equity_quote"].to_numpy(dtype=np.float64)
    pnl = trades["pnl_quote"].to_numpy(dtype=np.float64)
    cost = trades["cost_quote"].to_numpy(dtype=np.float64)
    return {
        "total_return_pct": total_return_pct(curve),
        "cagr_pct": cagr_pct(curve),
        "sharpe": sharpe(curve),
        "sortino": sortino(curve),
        "calmar": calmar(curve),
        "max_drawdown_pct": max_drawdown_pct(curve),
        "profit_factor": profit_factor(pnl),
        "win_rate_pct": win_rate_pct(pnl),
        "expectancy_quote": expectancy_quote(pnl),
        "exposure_pct": exposure_pct(equity),
        "turnover": turnover(curve, trades),
        "cost_share_pct": cost_share_pct(pnl, cost),
        "trades": float(len(trades)),
    }


def hourly_returns(curve: NDArray[np.float64]) -> NDArray[np.float64]:
    """equity[t] / equity[t - 1] - 1, [hours - 1]."""
    return curve[1:] / curve[:-1] - 1.0


def total_return_pct(curve: NDArray[np.float64]) -> float | None:
    """100 (last / first - 1)."""
    return 100.0 * (float(curve[-1] / curve[0]) - 1.0) if len(curve) else None


def cagr_pct(curve: NDArray[np.float64]) -> float | None:
    """Compound growth a year: 100 ((last / first)^(8760 / hours) - 1). None below two hours."""
    if len(curve) < 2 or curve[-1] <= 0.0:
        return None
    power = HOURS_PER_YEAR / (len(curve) - 1) * math.log(float(curve[-1] / curve[0]))
    return 100.0 * math.expm1(power) if power < 700.0 else None


def sharpe(curve: NDArray[np.float64]) -> float | None:
    """sqrt(8760) mean / sample deviation of hourly returns, riskless rate 0. None without variation."""
    returns = hourly_returns(curve)
    deviation = float(np.std(returns, ddof=1)) if len(returns) > 1 else 0.0
    return math.sqrt(HOURS_PER_YEAR) * float(np.mean(returns)) / deviation if deviation > 0.0 else None


def sortino(curve: NDArray[np.float64]) -> float | None:
    """sqrt(8760) mean / root mean square of the negative hourly returns. None without a loss."""
    returns = hourly_returns(curve)
    downside = math.sqrt(float(np.mean(np.minimum(returns, 0.0) ** 2))) if len(returns) else 0.0
    return math.sqrt(HOURS_PER_YEAR) * float(np.mean(returns)) / downside if downside > 0.0 else None


def max_drawdown_pct(curve: NDArray[np.float64]) -> float | None:
    """Deepest fall below an earlier peak: 100 min(equity / running maximum - 1), 0 or negative."""
    return 100.0 * float(np.min(curve / np.maximum.accumulate(curve) - 1.0)) if len(curve) else None


def calmar(curve: NDArray[np.float64]) -> float | None:
    """cagr_pct / |max_drawdown_pct|. None without a drawdown."""
    growth, drawdown = cagr_pct(curve), max_drawdown_pct(curve)
    return growth / -drawdown if growth is not None and drawdown else None


def profit_factor(pnl: NDArray[np.float64]) -> float | None:
    """Sum of winning trades / sum of losing ones. None without a losing trade."""
    lost = -float(pnl[pnl < 0.0].sum())
    return float(pnl[pnl > 0.0].sum()) / lost if lost > 0.0 else None


def win_rate_pct(pnl: NDArray[np.float64]) -> float | None:
    """Percent of trades that earned more than their costs."""
    return 100.0 * float(np.mean(pnl > 0.0)) if len(pnl) else None


def expectancy_quote(pnl: NDArray[np.float64]) -> float | None:
    """Mean profit of a trade in quote."""
    return float(np.mean(pnl)) if len(pnl) else None


def exposure_pct(equity: pd.DataFrame) -> float | None:
    """Mean share of equity that was invested, percent."""
    return float(equity["exposure_pct"].mean()) if len(equity) else None


def turnover(curve: NDArray[np.float64], trades: pd.DataFrame) -> float | None:
    """Notional bought and sold by the closed trades / mean equity."""
    if not len(curve):
        return None
    traded = trades["quantity"] * (trades["entry_price"] + trades["exit_price"])
    return float(traded.sum()) / float(np.mean(curve))


def cost_share_pct(pnl: NDArray[np.float64], cost: NDArray[np.float64]) -> float | None:
    """Costs of the closed trades in percent of what the winning ones made before costs. None without any."""
    before_costs = pnl + cost
    earned = float(before_costs[before_costs > 0.0].sum())
    return 100.0 * float(cost.sum()) / earned if earned > 0.0 else None
