"""The portfolio as it is stored, and as the arrays that the loop over hours changes."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import timedelta
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from okx_core.backtest.account import Portfolio, Position, ProtectionMemory
from okx_core.backtest.fills import Holdings
from okx_core.decisions.protection_state import (
    CLOSED,
    DAY,
    ENTRIES,
    FIRST_PEAK,
    HOUR,
    IS_STOP,
    LOSSES,
    PAIR,
    PEAKS,
    RETURN_PCT,
    ProtectionState,
    keep_closed,
    new_state,
    pause,
    pause_pair,
)
from okx_core.decisions.protections import PROTECTIONS, Protections
from okx_core.features.timeframes import EPOCH, hour_number

Array = NDArray[np.float64]
POSITION_FIELDS = tuple(name for name in Holdings._fields if name not in ("cash", "entry_hour"))


def holdings_of(opening: Portfolio, pairs: tuple[str, ...]) -> Holdings:
    """The opening positions as arrays [pairs]; flat pairs hold 0 and have no mark yet."""
    held = Holdings(np.array([opening.cash_quote]), *(np.zeros(len(pairs)) for _ in Holdings._fields[1:]))
    held.mark_price[:] = nan
    for pair, position in opening.positions.items():
        place = pairs.index(pair)
        held.entry_hour[place] = hour_number(position.entry_hour)
        for name in POSITION_FIELDS:
            value = getattr(position, name)
            getattr(held, name)[place] = nan if value is None else value
    return held


def state_of(memory: ProtectionMemory, pairs: tuple[str, ...], trades: int, hours: int) -> ProtectionState:
    """What is remembered, with room for so many more closed trades and hours. `pairs` are all that are named in it."""
    state = new_state(len(pairs), len(memory.closed) + trades, len(memory.peaks) + hours)
    place = {pair: number for number, pair in enumerate(pairs)}
    for pair, hour, return_pct, stopped in memory.closed:
        keep_closed(state, place[pair], hour, nan if return_pct is None else return_pct, stopped)
    for name, until in memory.paused_until.items():
        pause(state, PROTECTIONS.index(name), until)
    for name, by_pair in memory.pair_paused_until.items():
        for pair, until in by_pair.items():
            pause_pair(state, PROTECTIONS.index(name), place[pair], until)
    state.peaks[: len(memory.peaks)] = np.array(memory.peaks).reshape(-1, 2)
    state.counts[[LOSSES, DAY, ENTRIES]] = memory.losses_in_a_row, memory.day, memory.day_entries
    state.counts[PEAKS] = len(memory.peaks)
    state.day_opening[0] = nan if memory.day_opening_quote is None else memory.day_opening_quote
    return state


def portfolio_of(held: Holdings, memory: ProtectionMemory, pairs: tuple[str, ...]) -> Portfolio:
    positions = {}
    for place in np.flatnonzero(held.quantity):
        values = {name: float(getattr(held, name)[place]) for name in POSITION_FIELDS}
        entry_hour = EPOCH + timedelta(hours=float(held.entry_hour[place]))
        positions[pairs[place]] = Position(entry_hour=entry_hour, **_plain(values))
    return Portfolio(float(held.cash[0]), positions, memory)


def memory_of(
    state: ProtectionState, protections: Protections, pairs: tuple[str, ...], end: float
) -> ProtectionMemory:
    """What protections must know from the hour `end` on; nothing where there are none."""
    if not protections.is_on:
        return ProtectionMemory()
    closed = state.closed[: state.counts[CLOSED]]
    recent = closed[closed[:, HOUR] > end - protections.trade_hours]
    rows = zip(PROTECTIONS, state.pair_paused_until, strict=True)
    by_pair = {name: _later(pairs, row, end) for name, row in rows}
    return ProtectionMemory(
        closed=tuple(
            (pairs[int(row[PAIR])], float(row[HOUR]), _known(row[RETURN_PCT]), bool(row[IS_STOP]))
            for row in recent
        ),
        paused_until=_later(PROTECTIONS, state.paused_until, end),
        pair_paused_until={name: row for name, row in by_pair.items() if row},
        losses_in_a_row=int(state.counts[LOSSES]),
        day=int(state.counts[DAY]),
        day_entries=int(state.counts[ENTRIES]),
        day_opening_quote=_known(state.day_opening[0]),
        peaks=tuple(map(tuple, state.peaks[state.counts[FIRST_PEAK] : state.counts[PEAKS]].tolist())),
    )


def _later(names: Sequence[str], until: Array, end: float) -> dict[str, float]:
    """Names with the pauses that reach beyond `end`."""
    return {name: float(hours) for name, hours in zip(names, until, strict=True) if hours > end}


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _plain(values: dict[str, float]) -> dict[str, Any]:
    """Values of a position as it keeps them: None where unknown, whole numbers where it counts."""
    kinds = {field.name: field.type for field in fields(Position)}
    return {
        name: None if np.isnan(value) else int(value) if kinds[name] is int else value
        for name, value in values.items()
    }
