"""Protections asked once, from tables: what a trader does with the code that the backtest runs hour by hour."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from okx_core.decisions.exits import REASONS
from okx_core.decisions.protection_state import (
    NOT_REFUSED,
    ProtectionState,
    add_entry,
    add_equities,
    add_exit,
    begin_day,
    new_state,
    refused_by,
)
from okx_core.decisions.protections import (
    CONSECUTIVE_LOSSES,
    COOLDOWN,
    DAILY_LOSS,
    DAILY_TRADES,
    LOW_PROFIT,
    MAX_DRAWDOWN,
    PAIR_STOP_GUARD,
    PROTECTIONS,
    STOP_GUARD,
    Protections,
    ProtectionTerms,
)
from okx_core.features.timeframes import EPOCH

OTHER_REASON = -1  # of an exit that no backtest knows: no stop


def verdicts(
    closed: pd.DataFrame,
    equity: pd.Series,
    now: datetime,
    pairs: Sequence[str],
    protections: Protections,
    entered: Iterable[datetime] = (),
) -> dict[str, str]:
    """Why each of `pairs` may not be bought at `now`: the first protection that refuses it, in words; empty if it may.

    `closed` holds pair, entry_time, exit_time, return_pct after costs (NaN if unknown) and exit_reason of closed trades
    of all pairs, those of equal time in the order in which they were closed. `equity` is in quote, NaN where unknown,
    by the moment at which it was marked (in a backtest the open of the bar and an hour). `entered` are the entries of
    positions that are open. What came after `now` is left out. Both must reach back by
    `protections.history_hours`, and `closed` by as many trades as may be lost in a row before that. Either may be
    empty: what is unknown refuses nothing, as `Protections` says.
    """
    every = sorted({*pairs, *closed["pair"].unique()})
    state = new_state(len(every), len(closed), len(equity))
    terms, at = protections.terms(), (now - EPOCH) / timedelta(hours=1)
    if len(closed):
        _add_exits(state, terms, closed[closed["exit_time"] <= now], every)
    if len(equity):
        _add_marks(state, terms, equity[equity.index <= now])
    begin_day(state.counts, state.day_opening, at)
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    for entry in (*entered, *closed["entry_time"]):
        if today <= entry <= now:
            add_entry(state, terms, at)
    return {pair: _rejection_reason(state, protections, at, every, pair) for pair in pairs}


def _rejection_reason(
    state: ProtectionState, protections: Protections, now: float, pairs: Sequence[str], pair: str
) -> str:
    """Why `pair` may not be bought at `now` (hours since 1970); empty if it may. `pairs` are those of `state`."""
    place = pairs.index(pair)
    protection = refused_by(state, now, place)
    if protection == NOT_REFUSED:
        return ""
    hours = max(state.paused_until[protection], state.pair_paused_until[protection, place])
    until = EPOCH + timedelta(hours=float(hours))
    return f"{PROTECTIONS[protection]}: {_cause(protection, protections)}; no entry before {until:%Y-%m-%d %H:%M} UTC"


def _cause(protection: int, of: Protections) -> str:
    causes = {
        MAX_DRAWDOWN: f"equity fell more than {of.max_drawdown_pct} % below its highest of {of.drawdown_hours} h",
        DAILY_LOSS: f"equity fell more than {of.daily_loss_pct} % in the UTC day",
        DAILY_TRADES: f"the {of.daily_trades} entries of the UTC day are used up",
        CONSECUTIVE_LOSSES: f"at least {of.consecutive_losses} trades in a row lost",
        STOP_GUARD: f"at least {of.stop_guard_stops} losing stops of all pairs within {of.stop_guard_hours} h",
        PAIR_STOP_GUARD: f"at least {of.stop_guard_pair_stops} losing stops of the pair within {of.stop_guard_hours} h",
        LOW_PROFIT: f"the pair's trades of {of.pair_profit_hours} h returned less than {of.min_pair_profit_pct} %",
        COOLDOWN: f"the pair was sold less than {of.cooldown_hours} h ago",
    }
    return causes[protection]


def _add_exits(
    state: ProtectionState, terms: ProtectionTerms, closed: pd.DataFrame, pairs: Sequence[str]
) -> None:
    ordered = closed.sort_values("exit_time", kind="stable")
    places = {pair: place for place, pair in enumerate(pairs)}
    hours = _hours(pd.DatetimeIndex(ordered["exit_time"]))
    returned = ordered["return_pct"].to_numpy(dtype=np.float64)
    for pair, hour, value, reason in zip(
        ordered["pair"], hours, returned, ordered["exit_reason"], strict=True
    ):
        number = REASONS.index(reason) if reason in REASONS else OTHER_REASON
        add_exit(state, terms, places[pair], float(hour), float(value), number)


def _add_marks(state: ProtectionState, terms: ProtectionTerms, equity: pd.Series) -> None:
    marked = equity.sort_index()
    values = marked.to_numpy(dtype=np.float64)
    for place, moment in enumerate(_hours(pd.DatetimeIndex(marked.index))):
        add_equities(state, terms, float(moment), values[place : place + 1])


def _hours(moments: pd.DatetimeIndex) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.asarray((moments - EPOCH) / pd.Timedelta(hours=1), dtype=np.float64)
