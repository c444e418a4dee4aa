"""What protections know, as arrays that compiled code changes in place, and the events that change it.

Times are hours since 1970. Exits must come in the order of their times, and so must marks of equity. What an
event costs does not grow with the history: an exit takes as many steps as its pair has trades in the hours looked back
at.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from okx_core.compilation import compiled
from okx_core.decisions.exits import BREAK_EVEN, STOP, TRAILING
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
    ProtectionTerms,
)

Array = NDArray[np.float64]

DAY_HOURS = 24
NOT_REFUSED = -1
PAIR, HOUR, RETURN_PCT, IS_STOP, BEFORE = range(
    5
)  # columns of `closed`; the row before it of the same pair, or -1
COUNTS = range(8)
CLOSED, OUTSIDE, STOPS, LOSSES, DAY, ENTRIES, FIRST_PEAK, PEAKS = COUNTS


class ProtectionState(NamedTuple):
    """`paused_until` [protections] of all pairs, `pair_paused_until` [protections, pairs], -inf while not paused.

    `closed` [trades, 5] holds closed trades and `last_of_pair` [pairs] the newest row of each pair, or -1. `peaks`
    [marks, (hour, equity)] are the equities that no later one has reached. `counts` are closed trades, those of them
    outside the hours looked back at, stops inside, losses in a row, the UTC day, its entries, the first peak in use and
    the end of the peaks. `day_opening` and `latest_pause` are [1]; `refused` [protections] counts refused entries.
    """

    paused_until: Array
    pair_paused_until: Array
    latest_pause: Array
    closed: Array
    last_of_pair: NDArray[np.int64]
    peaks: Array
    counts: NDArray[np.int64]
    day_opening: Array
    refused: NDArray[np.int64]


def new_state(pairs: int, trades: int, marks: int) -> ProtectionState:
    """Nothing known yet, with room for so many closed trades and marks of equity."""
    counts = np.zeros(len(COUNTS), np.int64)
    counts[DAY] = -1
    return ProtectionState(
        paused_until=np.full(len(PROTECTIONS), -np.inf),
        pair_paused_until=np.full((len(PROTECTIONS), pairs), -np.inf),
        latest_pause=np.full(1, -np.inf),
        closed=np.empty((trades, 5)),
        last_of_pair=np.full(pairs, -1, np.int64),
        peaks=np.empty((marks, 2)),
        counts=counts,
        day_opening=np.full(1, np.nan),
        refused=np.zeros(len(PROTECTIONS), np.int64),
    )


@compiled
def add_equities(state: ProtectionState, terms: ProtectionTerms, first: float, equities: Array) -> None:
    """Equity in quote was `equities` [hours] at `first` and each hour after it; what is not finite is left out."""
    lost, dropped = -np.inf, -np.inf  # how long the two pause entries: nothing is called in most of the hours
    counts, peaks, day_opening = state.counts, state.peaks, state.day_opening
    for hour in range(equities.size):
        now, equity = first + hour, equities[hour]
        begin_day(counts, day_opening, now)
        if not np.isfinite(equity):
            continue
        if np.isnan(day_opening[0]):
            day_opening[0] = equity
        if day_opening[0] - equity > terms.daily_loss_pct / 100.0 * day_opening[0]:
            lost = _end_of_day(counts)
        if np.isnan(terms.max_drawdown_pct):
            continue
        peak = _highest(peaks, counts, now, equity, terms.drawdown_hours)
        if peak - equity > terms.max_drawdown_pct / 100.0 * peak:
            dropped = now + terms.drawdown_pause_hours
    pause(state, DAILY_LOSS, lost)
    pause(state, MAX_DRAWDOWN, dropped)


@compiled
def add_exit(
    state: ProtectionState, terms: ProtectionTerms, pair: int, now: float, return_pct: float, reason: int
) -> None:
    """A position of `pair` was closed at `now` for `reason` and returned `return_pct` after costs, NaN if unknown."""
    stopped = reason in (STOP, BREAK_EVEN, TRAILING) and not return_pct >= 0.0
    keep_closed(state, pair, now, return_pct, stopped)
    pause_pair(state, COOLDOWN, pair, now + terms.cooldown_hours)
    if return_pct >= 0.0:
        state.counts[LOSSES] = 0
    elif return_pct < 0.0:
        state.counts[LOSSES] += 1
        if state.counts[LOSSES] >= terms.consecutive_losses:
            pause(state, CONSECUTIVE_LOSSES, now + terms.losses_pause_hours)
    if stopped and _stops_within(state, now - terms.stop_guard_hours) >= terms.stop_guard_stops:
        pause(state, STOP_GUARD, now + terms.stop_guard_pause_hours)
    stops, trades, returned = _of_pair(
        state, pair, now - terms.stop_guard_hours, now - terms.pair_profit_hours
    )
    if stopped and stops >= terms.stop_guard_pair_stops:
        pause_pair(state, PAIR_STOP_GUARD, pair, now + terms.stop_guard_pause_hours)
    if trades >= terms.pair_profit_trades and returned < terms.min_pair_profit_pct:
        pause_pair(state, LOW_PROFIT, pair, now + terms.pair_profit_pause_hours)


@compiled
def add_entry(state: ProtectionState, terms: ProtectionTerms, now: float) -> None:
    """A position was opened at `now`."""
    begin_day(state.counts, state.day_opening, now)
    state.counts[ENTRIES] += 1
    if state.counts[ENTRIES] >= terms.daily_trades:
        pause(state, DAILY_TRADES, _end_of_day(state.counts))


@compiled
def entries_left(state: ProtectionState, terms: ProtectionTerms, otherwise: int) -> int:
    """How many positions may still be opened in the day, at most `otherwise`."""
    if np.isnan(terms.daily_trades):
        return otherwise
    return int(max(0, min(otherwise, terms.daily_trades - state.counts[ENTRIES])))


@compiled
def refused_by(state: ProtectionState, now: float, pair: int) -> int:
    """The first of PROTECTIONS that does not let `pair` be bought at `now`, NOT_REFUSED where none."""
    if now < state.latest_pause[0]:
        for protection in range(state.paused_until.size):
            if now < max(state.paused_until[protection], state.pair_paused_until[protection, pair]):
                return protection
    return NOT_REFUSED


@compiled
def begin_day(counts: NDArray[np.int64], day_opening: Array, now: float) -> None:
    """Where `now` lies in another UTC day than the last event, no entry and no equity of the day is known."""
    day = int(np.floor(now / DAY_HOURS))
    if day != counts[DAY]:
        counts[DAY], counts[ENTRIES] = day, 0
        day_opening[0] = np.nan


@compiled
def keep_closed(state: ProtectionState, pair: int, hour: float, return_pct: float, stopped: bool) -> None:
    """Remember a closed trade; it pauses nothing."""
    row = state.counts[CLOSED]
    state.closed[row, PAIR], state.closed[row, HOUR] = pair, hour
    state.closed[row, RETURN_PCT], state.closed[row, IS_STOP] = return_pct, stopped
    state.closed[row, BEFORE] = state.last_of_pair[pair]
    state.last_of_pair[pair] = row
    state.counts[CLOSED] += 1
    state.counts[STOPS] += stopped


@compiled
def pause(state: ProtectionState, protection: int, until: float) -> None:
    """Refuse every entry before `until`."""
    state.paused_until[protection] = max(state.paused_until[protection], until)
    state.latest_pause[0] = max(state.latest_pause[0], until)


@compiled
def pause_pair(state: ProtectionState, protection: int, pair: int, until: float) -> None:
    """Refuse entries of `pair` before `until`; NaN is no pause."""
    if until > state.pair_paused_until[protection, pair]:
        state.pair_paused_until[protection, pair] = until
        state.latest_pause[0] = max(state.latest_pause[0], until)


@compiled
def _end_of_day(counts: NDArray[np.int64]) -> float:
    return float(DAY_HOURS * (counts[DAY] + 1))


@compiled
def _highest(peaks: Array, counts: NDArray[np.int64], now: float, equity: float, hours: float) -> float:
    """The highest equity from `hours` before `now` on, after `equity` has joined the peaks."""
    first, end = counts[FIRST_PEAK], counts[PEAKS]
    while first < end and peaks[first, 0] < now - hours:
        first += 1
    while first < end and peaks[end - 1, 1] <= equity:
        end -= 1
    peaks[end, 0], peaks[end, 1] = now, equity
    counts[FIRST_PEAK], counts[PEAKS] = first, end + 1
    return float(peaks[first, 1])


@compiled
def _stops_within(state: ProtectionState, since: float) -> int:
    """Losing stops of all pairs after `since`."""
    while state.closed[state.counts[OUTSIDE], HOUR] <= since:
        state.counts[STOPS] -= int(state.closed[state.counts[OUTSIDE], IS_STOP])
        state.counts[OUTSIDE] += 1
    return int(state.counts[STOPS])


@compiled
def _of_pair(
    state: ProtectionState, pair: int, stops_since: float, trades_since: float
) -> tuple[int, int, float]:
    """Of the closed trades of a pair: losing stops after the one time; number and sum of returns after the other."""
    stops, trades, returned = 0, 0, 0.0
    row = state.last_of_pair[pair]
    while row >= 0 and state.closed[row, HOUR] > min(stops_since, trades_since):
        if state.closed[row, HOUR] > stops_since:
            stops += int(state.closed[row, IS_STOP])
        if state.closed[row, HOUR] > trades_since and not np.isnan(state.closed[row, RETURN_PCT]):
            trades += 1
            returned += state.closed[row, RETURN_PCT]
        row = int(state.closed[row, BEFORE])
    return stops, trades, returned
