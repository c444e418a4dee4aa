"""Out-of-sample weeks: the recorded signals traded with costs, each week opened with the portfolio of the last."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd

from okx_core.backtest.ends import candle_ends
from okx_core.backtest.engine import FillRules, FoldResult, Portfolio, run_fold
from okx_core.backtest.metrics.summary import metrics
from okx_core.contracts import require_contract
from okx_core.decisions.protections import DEFAULT_PROTECTIONS
from okx_core.decisions.rules import PRODUCT_LIMITS, DecisionRules
from okx_core.hours import WEEK
from okx_services.trading.account_fees import dearest_fee
from resources.postgres.database import Database
from resources.postgres.queries import query
from resources.registry.tracking import SIGNAL_MODEL

STARTING_CASH_QUOTE = 10_000.0
CASH_TOLERANCE_QUOTE = 1e-6


@dataclass(frozen=True)
class TradedWeek:
    """One stored week and what its checks ask."""

    start: datetime
    result: FoldResult

    @property
    def trades(self) -> int:
        return len(self.result.trades)

    @property
    def costs_are_on(self) -> bool:
        """True when every trade has paid a cost."""
        return bool((self.result.trades["cost_quote"] > 0).all())

    @property
    def cash_is_never_negative(self) -> bool:
        return bool((self.result.equity["cash_quote"] >= -CASH_TOLERANCE_QUOTE).all())


def trade_weeks(database: Database, start: datetime, end: datetime, now: datetime) -> Iterator[TradedWeek]:
    """Trade and store the weeks of [start, end) that are over at `now`, one after the other."""
    while start < end and start + WEEK <= now:
        result, signals = trade_week(database, start)
        store_week(database, start.date(), result, signals)
        yield TradedWeek(start, result)
        start += WEEK


def opening_portfolio(database: Database, week: date) -> Portfolio:
    """The portfolio the week before handed on; cash only where there is none."""
    handed_on = database.scalar(
        "select closing_portfolio from backtests.runs where week = $1", (week - WEEK,)
    )
    return Portfolio(STARTING_CASH_QUOTE, {}) if handed_on is None else Portfolio.from_json(handed_on)


def trade_week(database: Database, start: datetime) -> tuple[FoldResult, pd.DataFrame]:
    """Run the fold of the week that begins at `start`: the signals of the bars that open in it."""
    first, last = start, start + WEEK
    signals = database.frame(
        "select * from trading.signals where timestamp_utc >= $1 and timestamp_utc < $2", (first, last)
    )
    candles = database.frame(
        "select pair, timestamp_utc, open, high, low, close, volume, quote_volume from market.candles_1h "
        "where timestamp_utc >= $1 and timestamp_utc <= $2",
        (first, last),
    )
    opening = opening_portfolio(database, start.date())
    result = run_fold(
        signals, candles, first, last, opening, DecisionRules(), PRODUCT_LIMITS, dearest_fee(database),
        fills=FillRules(ends=candle_ends(candles, opening.positions, first, last)), protections=DEFAULT_PROTECTIONS,
    )  # fmt: skip
    return result, signals


def store_week(database: Database, week: date, result: FoldResult, signals: pd.DataFrame) -> None:
    """Replace everything that is stored of the week."""
    scores = metrics(result.equity, result.trades, result.opening_equity_quote)
    equity = result.equity
    row = {
        "week": week,
        "opening_equity_quote": result.opening_equity_quote,
        "closing_equity_quote": float(equity["equity_quote"].iloc[-1]),
        "return_pct": scores["total_return_pct"],
        **{name: scores[name] for name in ("max_drawdown_pct", "profit_factor", "win_rate_pct", "exposure_pct",
                                           "turnover", "cost_share_pct")},
        "cost_quote": float(equity["cost_quote"].sum()),
        "trades": len(result.trades),
        "signals": len(signals),
        "model_name": SIGNAL_MODEL,
        "model_versions": sorted(int(v) for v in signals["model_version"].dropna().unique()),
        "fee_rate": _highest_fee(database, signals),
        "closing_portfolio": json.dumps(result.closing.to_json()),
    }  # fmt: skip
    require_contract("backtests.trades", result.trades)
    require_contract("backtests.equity", equity)
    database.replace_rows("backtests.trades", result.trades.assign(week=week), "week = $1", (week,))
    database.replace_rows("backtests.equity", equity.assign(week=week), "week = $1", (week,))
    database.upsert("backtests.runs", ["week"], [row])


def _highest_fee(database: Database, signals: pd.DataFrame) -> float:
    """The highest taker fee that the week was charged: that of a pair whose own is unknown is the dearest known."""
    known = signals["taker_fee_rate"].astype(float)
    return dearest_fee(database) if known.isna().any() or known.empty else float(known.max())


def out_of_sample(database: Database) -> bool:
    """True when every traded version was trained for a week not after the fold's."""
    late = database.scalar(query("versions_trained_too_late"))
    return int(late) == 0
