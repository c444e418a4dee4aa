"""One fold: signals become orders and fills, hour by hour, with the code that trades live.

At the close of bar t the portfolio is marked, `order_core` decides on the signals of bar t, and its orders fill at the
open of bar t + 1 h against the modelled book, exits before entries; stops and targets fill inside the bars that
follow. Where the next bar is missing nothing fills. Fee and book are those that were recorded with the signal. Where
none were, the book is the one that turnover and range of the bar let assume; a pair of which one is unknown has the
worst book.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from math import inf, nan

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from okx_core.backtest.account import Portfolio, Position
from okx_core.backtest.fills import TRADE_FIELDS, Distances, Steps
from okx_core.backtest.handover import holdings_of, memory_of, portfolio_of, state_of
from okx_core.backtest.loop import most_trades, trade_hours
from okx_core.backtest.terms import Bars, Plan, Terms
from okx_core.candles.turnover import quote_turnover
from okx_core.decisions.costs import Costs, assumed_books
from okx_core.decisions.exits import REASONS, ExitRules
from okx_core.decisions.protections import PROTECTIONS, Protections
from okx_core.decisions.rules import DecisionRules, RiskLimits
from okx_core.decisions.sizing import has_turned, sizing_terms
from okx_core.decisions.sizing_methods import SizingFigures, size_multipliers
from okx_core.features.grid import Grid, lay_on_grid, pair_places
from okx_core.features.timeframes import EPOCH, HOURLY, bar_numbers, hour_number
from okx_core.market.book_model import range_bps
from okx_core.market.fees import TAKER_FEE_RATE
from okx_core.market.instruments import Instrument

__all__ = ["FillRules", "FoldResult", "Portfolio", "Position", "run_fold"]

Array = NDArray[np.float64]
BAR_FIELDS = ("open", "high", "low", "close", "volume", "quote_volume")


@dataclass(frozen=True)
class FillRules:
    """What holds an order back: the share of a bar's volume that may be traded in it, and the exchange's steps.

    Without a share orders fill whole; a pair that is not in `instruments` has no steps. A position in a pair is closed
    at its last price when its `delist_time` has come, or the moment in `ends`, after which it has no candle any more.
    """

    volume_share: float = inf
    instruments: Mapping[str, Instrument] = field(default_factory=dict)
    ends: Mapping[str, datetime] = field(default_factory=dict)

    def steps(self, pairs: tuple[str, ...]) -> Steps:
        """The steps of the pairs as arrays [pairs]."""
        known = [self.instruments.get(pair) for pair in pairs]
        ends = [
            min(
                (end for end in (None if one is None else one.delist_time, self.ends.get(pair)) if end),
                default=None,
            )
            for pair, one in zip(pairs, known, strict=True)
        ]
        return Steps(
            lot=np.array([0.0 if one is None else float(one.lot) for one in known]),
            min_size=np.array([0.0 if one is None else float(one.min_size) for one in known]),
            tick=np.array([0.0 if one is None else float(one.tick) for one in known]),
            delisted_hour=np.array(
                [nan if end is None else (end - EPOCH) / timedelta(hours=1) for end in ends]
            ),
        )


@dataclass(frozen=True)
class FoldResult:
    """The result of a fold.

    `trades`, one row per closed trade: pair, entry_time, exit_time (opens of the bars they filled
    at), quantity, entry_price, exit_price, pnl_quote, return_pct, cost_quote, of it fee_quote and spread_quote
    (the rest is impact and what was too small to be sold), exit_reason.
    `equity`, one row per hour: timestamp_utc, equity_quote, cash_quote and exposure_pct at the close
    of that bar before its orders, cost_quote of its orders (paid at the next open).
    `refused` counts the entries that a protection refused: a pair and hour that was tradable and not held, by the first
    protection that refused it.
    """

    trades: pd.DataFrame
    equity: pd.DataFrame
    closing: Portfolio
    opening_equity_quote: float
    refused: Mapping[str, int]


def run_fold(
    signals: pd.DataFrame,
    candles_1h: pd.DataFrame,
    start: datetime,
    end: datetime,
    opening: Portfolio,
    rules: DecisionRules,
    limits: RiskLimits,
    fee_rate: float = TAKER_FEE_RATE,
    exits: ExitRules | None = None,
    fills: FillRules | None = None,
    protections: Protections | None = None,
) -> FoldResult:
    """Trade the signals of bars start <= open < end, beginning with `opening`.

    `signals` holds pair, timestamp_utc, predicted_excess_pct, tradable, turnover_24h_quote and optionally
    risk_multiplier, atr_pct, leaves, the fields of SizingFigures and the COLUMNS of `costs_of`; `fee_rate` is charged
    where a pair's fee is unknown.
    `candles_1h` must hold the bars start <= open <= end: the orders of the last hour fill at the open of bar `end`.
    With `rules.max_correlation` it must also reach back by `rules.correlation_hours`.
    Folds that follow each other equal one long fold. With `exits` that have a stop, risk is measured to it, and a pair
    whose stop is unknown is not bought. Without `protections` there are none.
    """
    exits, fills, protections = exits or ExitRules(), fills or FillRules(), protections or Protections()
    first, stop = hour_number(start), hour_number(end)
    named = (*opening.positions, *opening.protections.pairs)
    pairs = tuple(sorted({*candles_1h["pair"].unique(), *signals["pair"].unique(), *named}))
    history = rules.correlation_hours if rules.max_correlation is not None else 0
    bars = _bars(lay_on_grid(candles_1h, pairs, first - history, stop + 1, HOURLY, BAR_FIELDS), history)
    laid = _Laid(signals, pairs, first, stop - first)
    held = holdings_of(opening, pairs)
    most = most_trades(stop - first, len(pairs), rules.max_positions)
    state = state_of(opening.protections, pairs, most, stop - first)
    terms = Terms(sizing_terms(rules, limits), exits.terms(), protections.terms(), fills.volume_share)
    records, trades = trade_hours(
        bars, _plan(laid, rules, limits, exits), _costs(laid, range_bps(bars.high, bars.low)[:-1], fee_rate),
        fills.steps(pairs), held, state, float(first), terms,
    )  # fmt: skip
    return FoldResult(
        trades=_trades_frame(trades, pairs),
        equity=_equity_frame(records, first),
        closing=portfolio_of(held, memory_of(state, protections, pairs, float(stop)), pairs),
        opening_equity_quote=opening.equity_quote,
        refused=dict(zip(PROTECTIONS, state.refused.tolist(), strict=True)),
    )


def _bars(grid: Grid, history: int) -> Bars:
    """The bars of a grid whose first `history` hours are not traded."""
    whole = {name: _by_hour(grid.fields[name]) for name in BAR_FIELDS}
    opened, high, low, close, volume, quote = (whole[name][history:] for name in BAR_FIELDS)
    return Bars(opened, high, low, close, quote_turnover(quote, volume, close), whole["close"])


def _by_hour(values: Array) -> Array:
    return np.ascontiguousarray(values.T)


def _plan(laid: "_Laid", rules: DecisionRules, limits: RiskLimits, exits: ExitRules) -> Plan:
    """What the signals want, as [hours, pairs]; no signal is unknown."""
    prediction, atr = laid.of("predicted_excess_pct"), laid.of("atr_pct")
    distances = Distances(exits.stop_distances(atr), exits.trail_distances(atr))
    tradable = laid.of("tradable") == 1.0
    figures = SizingFigures(*(laid.of(field.name) for field in fields(SizingFigures)))
    multiplier = size_multipliers(rules, limits, distances.stop_pct if exits.has_stop else None, figures)
    if exits.has_stop:
        tradable &= ~np.isnan(distances.stop_pct)
    if laid.has("risk_multiplier"):
        multiplier = multiplier * laid.of("risk_multiplier")
    leaves = laid.of("leaves") == 1.0 if laid.has("leaves") else has_turned(prediction, rules)
    return Plan(prediction, tradable, leaves, multiplier, distances)


def _costs(laid: "_Laid", ranged: Array, fee_rate: float) -> Costs:
    """Costs [hours, pairs]; `fee_rate` where the fee is unknown, the assumed book where none was recorded."""
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

    def has(self, name: str) -> bool:
        return name in self._signals.columns

    def of(self, name: str) -> Array:
        values = np.full(self._shape, np.nan)
        if self.has(name):
            values[self._places] = self._signals[name].to_numpy(dtype=np.float64)[self._inside]
        return values


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
            "fee_quote": column["fee"],
            "spread_quote": column["spread"],
            "exit_reason": pd.array(list(REASONS), dtype="str").take(column["reason"].astype(np.int64)),
        }
    )


def _equity_frame(records: Array, first: int) -> pd.DataFrame:
    """`records` is [hours, (equity, cash, exposure %, cost)]."""
    names = ("equity_quote", "cash_quote", "exposure_pct", "cost_quote")
    times = _times(first + np.arange(len(records), dtype=np.float64))
    return pd.DataFrame({"timestamp_utc": times, **{name: records[:, i] for i, name in enumerate(names)}})
