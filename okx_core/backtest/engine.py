"""One fold: signals become orders and fills, hour by hour, with the code that trades live.

At the close of bar t the portfolio is marked, `order_core` decides on the signals of bar t, and its orders fill at the
open of bar t + 1 h against the modelled book, exits before entries; stops and targets fill inside the bars that
follow. Where the next bar is missing nothing fills. Fee and book are those that were recorded with the signal. Where
none were, the book is the one that turnover and range of the bar let assume; a pair of which one is unknown has the
worst book.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf, nan

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from okx_core.backtest.account import Portfolio, Position
from okx_core.backtest.fills import TRADE_FIELDS, Distances, Steps
from okx_core.backtest.handover import holdings_of, memory_of, portfolio_of, state_of
from okx_core.backtest.laid import LaidFold, lay_fold
from okx_core.backtest.loop import most_trades, trade_hours
from okx_core.backtest.terms import Plan, Terms
from okx_core.decisions.exits import REASONS, ExitRules
from okx_core.decisions.protections import PROTECTIONS, Protections
from okx_core.decisions.rules import DecisionRules, RiskLimits
from okx_core.decisions.sizing import has_turned, sizing_terms
from okx_core.decisions.sizing_methods import size_multipliers
from okx_core.features.timeframes import EPOCH
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
    signals: pd.DataFrame, candles_1h: pd.DataFrame, start: datetime, end: datetime, opening: Portfolio,
    rules: DecisionRules, limits: RiskLimits, fee_rate: float = TAKER_FEE_RATE, exits: ExitRules | None = None,
    fills: FillRules | None = None, protections: Protections | None = None,
) -> FoldResult:  # fmt: skip
    """Trade the signals of bars start <= open < end, beginning with `opening`.

    `signals` holds pair, timestamp_utc, predicted_excess_pct, tradable, turnover_24h_quote and optionally
    risk_multiplier, atr_pct, leaves, the fields of SizingFigures and the COLUMNS of `costs_of`; `fee_rate` is charged
    where a pair's fee is unknown.
    `candles_1h` must hold the bars start <= open <= end: the orders of the last hour fill at the open of bar `end`.
    With `rules.max_correlation` it must also reach back by `rules.correlation_hours`.
    Folds that follow each other equal one long fold. With `exits` that have a stop, risk is measured to it, and a pair
    whose stop is unknown is not bought. Without `protections` there are none.
    """
    named = (*opening.positions, *opening.protections.pairs)
    pairs = tuple(sorted({*candles_1h["pair"].unique(), *signals["pair"].unique(), *named}))
    history = rules.correlation_hours if rules.max_correlation is not None else 0
    laid = lay_fold(signals, candles_1h, pairs, start, end, fee_rate, history)
    return trade_laid(laid, opening, rules, limits, exits, fills, protections)


def trade_laid(
    laid: LaidFold,
    opening: Portfolio,
    rules: DecisionRules,
    limits: RiskLimits,
    exits: ExitRules | None = None,
    fills: FillRules | None = None,
    protections: Protections | None = None,
) -> FoldResult:
    """`run_fold` of what is laid already; many variants are traded on bars and costs that are laid once.

    The pairs of `laid` must hold those of `opening`, and its bars the hours before that `rules` correlate over.
    """
    exits, fills, protections = exits or ExitRules(), fills or FillRules(), protections or Protections()
    pairs, first = laid.pairs, laid.first_hour
    held = holdings_of(opening, pairs)
    most = most_trades(laid.hours, len(pairs), rules.max_positions)
    state = state_of(opening.protections, pairs, most, laid.hours)
    terms = Terms(sizing_terms(rules, limits), exits.terms(), protections.terms(), fills.volume_share)
    records, trades = trade_hours(
        laid.bars,
        _plan(laid, rules, limits, exits),
        laid.costs,
        fills.steps(pairs),
        held,
        state,
        float(first),
        terms,
    )
    stop = float(first + laid.hours)
    return FoldResult(
        trades=_trades_frame(trades, pairs),
        equity=_equity_frame(records, first),
        closing=portfolio_of(held, memory_of(state, protections, pairs, stop), pairs),
        opening_equity_quote=opening.equity_quote,
        refused=dict(zip(PROTECTIONS, state.refused.tolist(), strict=True)),
    )


def _plan(laid: LaidFold, rules: DecisionRules, limits: RiskLimits, exits: ExitRules) -> Plan:
    """What the signals want, as [hours, pairs]; no signal is unknown."""
    distances = Distances(exits.stop_distances(laid.atr_pct), exits.trail_distances(laid.atr_pct))
    multiplier = size_multipliers(rules, limits, distances.stop_pct if exits.has_stop else None, laid.figures)
    tradable, prediction = laid.tradable, laid.predicted_excess_pct
    if exits.has_stop:
        tradable = tradable & ~np.isnan(distances.stop_pct)
    leaves = has_turned(prediction, rules) if laid.leaves is None else laid.leaves
    return Plan(prediction, tradable, leaves, multiplier * laid.size_multiplier, distances)


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
