"""One fold: signals become orders and fills, hour by hour, with the code that trades live.

At the close of bar t the portfolio is marked, `order_core` decides on the signals of bar t, and its
orders fill at the open of bar t + 1 h against the modelled book, exits before entries. A buy pays
its fee in base units and a sale in quote, as OKX takes them. Where the next bar is missing nothing
fills. Fee and book are those that were recorded with the signal. Where none were, the book is the one that turnover
and range of the bar let assume; a pair of which one is unknown has the worst book.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from okx_core.backtest.account import Portfolio, Position
from okx_core.backtest.loop import TRADE_FIELDS, Holdings, trade_hours
from okx_core.decisions.costs import Costs, assumed_books
from okx_core.decisions.rules import DecisionRules, RiskLimits
from okx_core.decisions.sizing import sizing_terms
from okx_core.features.grid import lay_on_grid, pair_places
from okx_core.features.timeframes import EPOCH, HOURLY, bar_numbers, hour_number
from okx_core.market.book_model import range_bps
from okx_core.market.fees import TAKER_FEE_RATE

__all__ = ["FoldResult", "Portfolio", "Position", "run_fold"]

Array = NDArray[np.float64]
EXIT_REASONS = ("horizon", "prediction")


@dataclass(frozen=True)
class FoldResult:
    """The result of a fold.

    `trades`, one row per closed trade: pair, entry_time, exit_time (opens of the bars they filled
    at), quantity, entry_price, exit_price, pnl_quote, return_pct, cost_quote, exit_reason.
    `equity`, one row per hour: timestamp_utc, equity_quote, cash_quote and exposure_pct at the close
    of that bar before its orders, cost_quote of its orders (paid at the next open).
    """

    trades: pd.DataFrame
    equity: pd.DataFrame
    closing: Portfolio
    opening_equity_quote: float


def run_fold(
    signals: pd.DataFrame,
    candles_1h: pd.DataFrame,
    start: datetime,
    end: datetime,
    opening: Portfolio,
    rules: DecisionRules,
    limits: RiskLimits,
    fee_rate: float = TAKER_FEE_RATE,
) -> FoldResult:
    """Trade the signals of bars start <= open < end, beginning with `opening`.

    `signals` holds pair, timestamp_utc, predicted_excess_pct, tradable, turnover_24h_quote and optionally
    risk_multiplier and the COLUMNS of `costs_of`; `fee_rate` is charged where a pair's fee is unknown. `candles_1h`
    must hold the bars start <= open <= end: the orders of the last hour fill at the open of bar `end`. Folds that
    follow each other equal one long fold.
    """
    first, stop = hour_number(start), hour_number(end)
    pairs = tuple(sorted({*candles_1h["pair"].unique(), *signals["pair"].unique(), *opening.positions}))
    grid = lay_on_grid(candles_1h, pairs, first, stop + 1, HOURLY, ("open", "high", "low", "close"))
    prediction, tradable, multiplier = _lay_signals(signals, pairs, first, stop)
    ranged = _by_hour(range_bps(grid.fields["high"], grid.fields["low"]))[:-1]
    holdings = _holdings(opening, pairs)
    records, trades, account = trade_hours(
        _by_hour(grid.fields["open"]),
        _by_hour(grid.fields["close"]),
        prediction,
        tradable,
        _lay_costs(signals, pairs, first, ranged, fee_rate),
        multiplier,
        holdings,
        float(first),
        sizing_terms(rules, limits),
    )
    return FoldResult(
        trades=_trades_frame(trades, pairs),
        equity=_equity_frame(records, first),
        closing=_portfolio(account, holdings, pairs),
        opening_equity_quote=opening.equity_quote,
    )


def _by_hour(values: Array) -> Array:
    return np.ascontiguousarray(values.T)


def _lay_signals(
    signals: pd.DataFrame, pairs: tuple[str, ...], first: int, stop: int
) -> tuple[Array, NDArray[np.bool_], Array]:
    """prediction, tradable and size multiplier as [hours, pairs]; no signal is unknown."""
    laid = _Laid(signals, pairs, first, stop - first)
    scaled = "risk_multiplier" in signals.columns
    return (
        laid.of("predicted_excess_pct"),
        laid.of("tradable") == 1.0,
        laid.of("risk_multiplier") if scaled else np.ones((stop - first, len(pairs))),
    )


def _lay_costs(
    signals: pd.DataFrame, pairs: tuple[str, ...], first: int, ranged: Array, fee_rate: float
) -> Costs:
    """Costs [hours, pairs]; `fee_rate` where the fee is unknown, the assumed book where none was recorded."""
    laid = _Laid(signals, pairs, first, len(ranged))
    assumed = assumed_books(laid.of("turnover_24h_quote"), ranged)
    spread, depth = laid.of("book_spread_bps"), laid.of("book_depth_quote")
    unseen = np.isnan(spread) | np.isnan(depth)
    fee = laid.of("taker_fee_rate")
    return Costs(
        np.where(np.isnan(fee), fee_rate, fee),
        np.where(unseen, assumed[0], spread),
        np.where(unseen, assumed[1], depth),
    )


class _Laid:
    """Columns of signals as grids [hours, pairs], NaN where there is no signal or no such column."""

    def __init__(self, signals: pd.DataFrame, pairs: tuple[str, ...], first: int, hours: int) -> None:
        rows = bar_numbers(signals["timestamp_utc"], HOURLY) - first
        self._inside = (rows >= 0) & (rows < hours)
        self._places = rows[self._inside], pair_places(signals["pair"], pairs)[self._inside]
        self._signals, self._shape = signals, (hours, len(pairs))

    def of(self, name: str) -> Array:
        values = np.full(self._shape, np.nan)
        if name in self._signals.columns:
            values[self._places] = self._signals[name].to_numpy(dtype=np.float64)[self._inside]
        return values


def _holdings(opening: Portfolio, pairs: tuple[str, ...]) -> Holdings:
    """The opening positions as arrays [pairs]; flat pairs hold 0 and have no mark yet."""
    holdings = Holdings(
        cash=np.array([opening.cash_quote]),
        base=np.zeros(len(pairs)),
        entry_hour=np.zeros(len(pairs)),
        entry_price=np.zeros(len(pairs)),
        entry_quote=np.zeros(len(pairs)),
        entry_cost=np.zeros(len(pairs)),
        mark=np.full(len(pairs), np.nan),
    )
    for pair, position in opening.positions.items():
        place = pairs.index(pair)
        holdings.base[place] = position.quantity
        holdings.entry_hour[place] = hour_number(position.entry_hour)
        holdings.entry_price[place] = position.entry_price
        holdings.entry_quote[place] = position.entry_quote
        holdings.entry_cost[place] = position.entry_cost_quote
        holdings.mark[place] = position.mark_price
    return holdings


def _portfolio(cash_quote: float, holdings: Holdings, pairs: tuple[str, ...]) -> Portfolio:
    positions = {
        pairs[place]: Position(
            quantity=float(holdings.base[place]),
            entry_hour=EPOCH + timedelta(hours=float(holdings.entry_hour[place])),
            entry_price=float(holdings.entry_price[place]),
            entry_quote=float(holdings.entry_quote[place]),
            entry_cost_quote=float(holdings.entry_cost[place]),
            mark_price=float(holdings.mark[place]),
        )
        for place in np.flatnonzero(holdings.base)
    }
    return Portfolio(float(cash_quote), positions)


def _times(hours: Array) -> pd.DatetimeIndex:
    opens = hours.astype(np.int64).astype("datetime64[h]").astype("datetime64[us]")
    return pd.DatetimeIndex(opens).tz_localize("UTC")


def _trades_frame(trades: Array, pairs: tuple[str, ...]) -> pd.DataFrame:
    """`trades` is [trades, TRADE_FIELDS]."""
    column = {name: trades[:, place] for place, name in enumerate(TRADE_FIELDS)}
    return pd.DataFrame(
        {
            "pair": pd.array(list(pairs), dtype="str").take(column["pair"].astype(np.int64)),
            "entry_time": _times(column["entry_hour"]),
            "exit_time": _times(column["exit_hour"]),
            "quantity": column["quantity"],
            "entry_price": column["entry_price"],
            "exit_price": column["exit_price"],
            "pnl_quote": column["proceeds"] - column["spent"],
            "return_pct": 100.0 * (column["proceeds"] / column["spent"] - 1.0),
            "cost_quote": column["cost"],
            "exit_reason": pd.array(list(EXIT_REASONS), dtype="str").take(column["reason"].astype(np.int64)),
        }
    )


def _equity_frame(records: Array, first: int) -> pd.DataFrame:
    """`records` is [hours, (equity, cash, exposure %, cost)]."""
    names = ("equity_quote", "cash_quote", "exposure_pct", "cost_quote")
    times = _times(first + np.arange(len(records), dtype=np.float64))
    return pd.DataFrame({"timestamp_utc": times, **{name: records[:, i] for i, name in enumerate(names)}})
