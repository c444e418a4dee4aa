"""All statistics of a backtest in one table."""

import numpy as np
import pandas as pd

from okx_core.backtest.metrics import closed_trades as trade
from okx_core.backtest.metrics import curve as of
from okx_core.backtest.metrics.curve import Array

OF_A_CURVE = (
    of.total_return_pct, of.cagr_pct, of.volatility_pct, of.sharpe, of.sortino, of.calmar, of.omega,
    of.max_drawdown_pct, of.longest_drawdown_days, of.value_at_risk_pct, of.expected_shortfall_pct,
    of.parametric_value_at_risk_pct, of.parametric_expected_shortfall_pct, of.tail_ratio,
)  # fmt: skip
OF_TRADES = (
    trade.profit_factor, trade.payoff_ratio, trade.win_rate_pct, trade.expectancy_quote, trade.system_quality
)  # fmt: skip


def equity_curve(equity: pd.DataFrame, opening_equity_quote: float) -> Array:
    """What there was before the first hour, then the equity of each hour [hours + 1]."""
    return np.concatenate(([opening_equity_quote], equity["equity_quote"].to_numpy(dtype=np.float64)))


def metrics(
    equity: pd.DataFrame, trades: pd.DataFrame, opening_equity_quote: float
) -> dict[str, float | None]:
    """Every statistic of a fold's equity and trades; folds that follow each other may be concatenated.

    `equity` has equity_quote and exposure_pct, a row an hour; `trades` a row for each closed trade.
    """
    curve = equity_curve(equity, opening_equity_quote)
    pnl = trades["pnl_quote"].to_numpy(dtype=np.float64)
    cost = trades["cost_quote"].to_numpy(dtype=np.float64)
    return {
        **{figure.__name__: figure(curve) for figure in OF_A_CURVE},
        **{figure.__name__: figure(pnl) for figure in OF_TRADES},
        "exposure_pct": exposure_pct(equity),
        "turnover": trade.turnover(curve, trades),
        "cost_share_pct": trade.cost_share_pct(pnl, cost),
        "trades": float(len(trades)),
    }


def exposure_pct(equity: pd.DataFrame) -> float | None:
    """Mean share of equity that was invested, percent."""
    return float(equity["exposure_pct"].mean()) if len(equity) else None


def monthly_returns_pct(equity: pd.DataFrame, opening_equity_quote: float) -> pd.Series:
    """Return of each calendar month (UTC) by its first day, percent; the first and last may be parts of one.

    `equity` also has timestamp_utc, the open of the bar at whose close equity is marked.
    """
    months = equity["timestamp_utc"].dt.tz_localize(None).dt.to_period("M").dt.start_time
    closing = equity.groupby(months)["equity_quote"].last()
    opening = closing.shift(1, fill_value=opening_equity_quote)
    return (100.0 * (closing / opening - 1.0)).rename("return_pct")
