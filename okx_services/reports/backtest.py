"""What the out-of-sample weeks have earned: curve, scores per week and per pair, the versions that were traded."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from okx_core.backtest.metrics import curve as of
from okx_core.backtest.metrics.benchmarks import MOMENTUM_HOURS, benchmark_curves
from okx_core.backtest.metrics.closed_trades import grouped
from okx_core.backtest.metrics.curve import Array
from okx_core.backtest.metrics.interval import Interval, intervals
from okx_core.backtest.metrics.summary import equity_curve, metrics
from okx_core.hours import HOUR
from okx_core.market.fees import TAKER_FEE_RATE
from okx_services.reports.markdown import shown, table
from resources.postgres.database import Database
from resources.postgres.queries import query

MAX_TRADED = 12
WEEK_COLUMNS = {
    "week": ("week", 0), "return %": ("return_pct", 2), "max drawdown %": ("max_drawdown_pct", 2),
    "win rate %": ("win_rate_pct", 1), "trades": ("trades", 0), "costs": ("cost_quote", 2),
    "closing equity": ("closing_equity_quote", 2),
}  # fmt: skip
BENCHMARK_HEAD = ("", "return %", "Sharpe", "max drawdown %", "beta", "correlation with ours")
PAIR_COLUMNS = {
    "pair": ("pair", 0), "trades": ("trades", 0), "win rate %": ("win_rate_pct", 1), "profit": ("pnl_quote", 2),
    "costs": ("cost_quote", 2), "mean return %": ("return_pct", 3),
}  # fmt: skip
EQUITY_SQL = "select timestamp_utc, equity_quote, exposure_pct\nfrom backtests.equity order by timestamp_utc"
RUNS_SQL = "select week, return_pct, max_drawdown_pct, trades, cost_quote, model_versions\nfrom backtests.runs order by week"  # noqa: E501
TRADES_SQL = "select pair, count(*), sum(pnl_quote) as profit, sum(cost_quote) as costs\nfrom backtests.trades group by pair order by profit desc"  # noqa: E501


@dataclass(frozen=True)
class BacktestReport:
    """All stored weeks together, in order of time."""

    weeks: pd.DataFrame
    trades: pd.DataFrame
    equity: pd.DataFrame
    traded: list[dict[str, Any]]
    market: str
    benchmarks: dict[str, Array] = field(default_factory=dict)
    """Equity [hours + 1] of what could have been had instead, beginning with 1, by name; the first is a pair held."""

    @cached_property
    def scores(self) -> dict[str, float | None]:
        """Scores over all weeks; empty without one."""
        return metrics(self.equity, self.trades, self.opening_equity_quote) if len(self.equity) else {}

    @cached_property
    def intervals(self) -> dict[str, Interval | None]:
        """How sure the total return, the Sharpe ratio and the drawdown are."""
        return intervals(equity_curve(self.equity, self.opening_equity_quote)) if len(self.equity) else {}

    @property
    def opening_equity_quote(self) -> float:
        """What there was before the first week."""
        return float(self.weeks["opening_equity_quote"].iloc[0])

    def benchmark_table(self) -> str:
        """Ours beside each benchmark; empty without a week."""
        return table(BENCHMARK_HEAD, self.benchmark_rows())

    def benchmark_rows(self) -> list[list[str]]:
        """The cells of `BENCHMARK_HEAD`, ours first."""
        if not self.benchmarks:
            return []
        ours = equity_curve(self.equity, self.opening_equity_quote)
        first = next(iter(self.benchmarks.values()))
        rows = {"backtest, after costs": ours, **self.benchmarks}
        return [
            [
                name,
                shown(of.total_return_pct(curve)),
                shown(of.sharpe(curve)),
                shown(of.max_drawdown_pct(curve)),
                shown(of.beta(curve, first)),
                shown(of.correlation(ours, curve)),
            ]
            for name, curve in rows.items()
        ]

    def interval_words(self) -> str:
        """Each figure with bounds that hold it in nine of ten redrawn histories; empty with too few days."""
        return "; ".join(
            f"{name} {shown(self.scores[name])} ({shown(bounds.low)} to {shown(bounds.high)})"
            for name, bounds in self.intervals.items()
            if bounds is not None
        )

    @property
    def cost_quote(self) -> float:
        """Costs of all weeks."""
        return float(self.weeks["cost_quote"].sum())

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """One row per pair, the most profitable first."""
        return grouped(self.trades, "pair")

    def week_table(self) -> str:
        """One line per week, the newest first."""
        return _table(self.weeks.iloc[::-1], WEEK_COLUMNS)

    def pair_table(self) -> str:
        """One line per pair."""
        return _table(self.pairs, PAIR_COLUMNS)


def read_backtest(database: Database) -> BacktestReport:
    """The stored weeks."""
    equity = database.frame("select * from backtests.equity order by timestamp_utc")
    return BacktestReport(
        weeks=database.frame("select * from backtests.runs order by week"),
        trades=database.frame("select * from backtests.trades order by exit_time, pair"),
        equity=equity,
        benchmarks=read_benchmarks(database, equity["timestamp_utc"]),
        traded=database.rows(query("traded_versions"), (MAX_TRADED,)),
        market=str(database.scalar("select identity from ops.market_source") or ""),
    )


def read_benchmarks(database: Database, hours: "pd.Series[pd.Timestamp]") -> dict[str, Array]:
    """What could have been had in the hours of the backtest; none without an hour or a candle of it."""
    if not len(hours):
        return {}
    first, last = hours.iloc[0], hours.iloc[-1]
    candles = database.frame(
        "select pair, timestamp_utc, close from market.candles_1h where timestamp_utc >= $1 and timestamp_utc <= $2",
        (first - (MOMENTUM_HOURS + 1) * HOUR, last),
    )
    return benchmarks_of(candles, pd.DatetimeIndex([first - HOUR, *hours]))


def benchmarks_of(candles: pd.DataFrame, hours: pd.DatetimeIndex) -> dict[str, Array]:
    """Equity [hours] of what could have been had instead, beginning with 1, by name; none without a candle of them.

    `hours` are opens, the first that before the start. `candles` (pair, timestamp_utc, close) should reach 28 days
    further back: without them the momentum begins in cash.
    """
    closes = candles.pivot(index="timestamp_utc", columns="pair", values="close")
    pairs = [pair for pair in closes.columns if not closes[pair].reindex(hours).isna().all()]
    if not pairs:
        return {}
    before = pd.date_range(hours[0] - MOMENTUM_HOURS * HOUR, hours[0] - HOUR, freq="h")
    held = next((pair for pair in pairs if pair.startswith("BTC-")), pairs[0])
    curves = benchmark_curves(
        closes[pairs].reindex(hours).to_numpy(np.float64), pairs.index(held),
        closes[pairs].reindex(before).to_numpy(np.float64), TAKER_FEE_RATE,
    )  # fmt: skip
    names = {
        "held": f"{held} held",
        "equal_weight": "all pairs alike, weekly",
        "momentum_28d": "best 3 of 28 days, weekly",
    }
    return {names.get(name, name): curve for name, curve in curves.items()}


def _table(frame: pd.DataFrame, columns: dict[str, tuple[str, int]]) -> str:
    rows = frame[[name for name, _ in columns.values()]].to_dict("records")
    return table(
        list(columns),
        [[shown(row[name], digits) for name, digits in columns.values()] for row in rows],
    )
