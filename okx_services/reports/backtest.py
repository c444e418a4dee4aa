"""What the out-of-sample weeks have earned: curve, scores per week and per pair, the versions that were traded."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from okx_core.backtest.metrics import metrics
from okx_services.reports.markdown import shown, table
from resources.postgres.database import Database
from resources.postgres.queries import query

MAX_TRADED = 12
WEEK_COLUMNS = {
    "week": ("week", 0), "return %": ("return_pct", 2), "max drawdown %": ("max_drawdown_pct", 2),
    "Sharpe": ("sharpe", 2), "win rate %": ("win_rate_pct", 1), "trades": ("trades", 0), "costs": ("cost_quote", 2),
    "closing equity": ("closing_equity_quote", 2),
}  # fmt: skip
PAIR_COLUMNS = {
    "pair": ("pair", 0), "trades": ("trades", 0), "win rate %": ("win_rate_pct", 1), "profit": ("pnl_quote", 2),
    "costs": ("cost_quote", 2), "mean return %": ("return_pct", 3),
}  # fmt: skip
EQUITY_SQL = "select timestamp_utc, equity_quote, exposure_pct\nfrom backtests.equity order by timestamp_utc"
RUNS_SQL = "select week, return_pct, sharpe, max_drawdown_pct, trades, cost_quote, model_versions\nfrom backtests.runs order by week"  # noqa: E501
TRADES_SQL = "select pair, count(*), sum(pnl_quote) as profit, sum(cost_quote) as costs\nfrom backtests.trades group by pair order by profit desc"  # noqa: E501


@dataclass(frozen=True)
class BacktestReport:
    """All stored weeks together, in order of time."""

    weeks: pd.DataFrame
    trades: pd.DataFrame
    equity: pd.DataFrame
    traded: list[dict[str, Any]]
    market: str

    @cached_property
    def scores(self) -> dict[str, float | None]:
        """Scores over all weeks; empty without one."""
        return metrics(self.equity, self.trades) if len(self.equity) else {}

    @property
    def cost_quote(self) -> float:
        """Costs of all weeks."""
        return float(self.weeks["cost_quote"].sum())

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """One row per pair, the most profitable first."""
        groups = self.trades.assign(win_rate_pct=100.0 * (self.trades["pnl_quote"] > 0)).groupby("pair")
        sums = groups[["pnl_quote", "cost_quote"]].sum()
        means = groups[["win_rate_pct", "return_pct"]].mean()
        pairs = pd.concat([groups.size().rename("trades"), sums, means], axis=1)
        return pairs.sort_values("pnl_quote", ascending=False).reset_index()

    def week_table(self) -> str:
        """One line per week, the newest first."""
        return _table(self.weeks.iloc[::-1], WEEK_COLUMNS)

    def pair_table(self) -> str:
        """One line per pair."""
        return _table(self.pairs, PAIR_COLUMNS)


def read_backtest(database: Database) -> BacktestReport:
    """The stored weeks."""
    return BacktestReport(
        weeks=database.frame("select * from backtests.runs order by week"),
        trades=database.frame("select * from backtests.trades order by exit_time, pair"),
        equity=database.frame("select * from backtests.equity order by timestamp_utc"),
        traded=database.rows(query("traded_versions"), (MAX_TRADED,)),
        market=str(database.scalar("select identity from ops.market_source") or ""),
    )


def _table(frame: pd.DataFrame, columns: dict[str, tuple[str, int]]) -> str:
    rows = frame[[name for name, _ in columns.values()]].to_dict("records")
    return table(
        list(columns),
        [[shown(row[name], digits) for name, digits in columns.values()] for row in rows],
    )
