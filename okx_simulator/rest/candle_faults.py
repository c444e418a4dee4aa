"""Bars as a fault script lets them be seen: late, missing, revised or unconfirmed."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from okx_simulator.faults.rules import FaultRule
from okx_simulator.faults.script import Faults
from okx_simulator.protocol.clock import HOUR_MS
from okx_simulator.responses.market_and_orders import candle_rows
from okx_simulator.tape.bars import Bars

SPARE_ROWS = 24  # bars read beyond a page, to fill the places of those that are not shown


def _means_bar(rule: FaultRule, pair: str, open_hour: int) -> bool:
    """Whether a rule is about this bar: named by `bar`, or drawn by chance from all of them."""
    named = rule.bar_ms is None or rule.bar_ms == open_hour * HOUR_MS
    return named and rule.names(pair) and rule.drawn(pair, open_hour)


def alters_candles(faults: Faults) -> bool:
    """Whether any rule is about bars."""
    return any(faults.armed("late_candle", "missing_candle", "revised_candle", "unconfirmed"))


def late_until_ms(faults: Faults, pair: str, open_hour: int, bar_hours: int) -> int | None:
    """When a closed bar first shows, if later than its close; whoever asks counts it as a strike."""
    close_ms = (open_hour + bar_hours) * HOUR_MS
    for armed in faults.armed("late_candle"):
        until_ms = close_ms + round(armed.rule.wait_seconds * 1000)
        if faults.now_ms() < until_ms and _means_bar(armed.rule, pair, open_hour):
            armed.fired += 1
            return until_ms
    return None


def is_missing(faults: Faults, pair: str, open_hour: int) -> bool:
    """Whether a bar is not there, for as many asks as the rule says."""
    for armed in faults.armed("missing_candle"):
        asks, rule = armed.asks[pair, open_hour], armed.rule
        if (rule.count is None or asks < rule.count) and _means_bar(rule, pair, open_hour):
            return True
    return False


def count_asks(faults: Faults, pair: str, open_hours: Iterable[int]) -> None:
    """Bars that were asked for, or would have been pushed, whether they showed or not."""
    for armed in faults.armed("missing_candle"):
        for hour in open_hours:
            if _means_bar(armed.rule, pair, hour):
                armed.asks[pair, hour] += 1
                armed.fired += armed.rule.count is None or armed.asks[pair, hour] <= armed.rule.count


def served(faults: Faults, pair: str, bars: Bars, bar_hours: int, limit: int) -> Bars:
    """The newest `limit` of `bars` as an answer shows them: without what is late or missing, revised."""
    now_ms = faults.now_ms()

    def gone(hour: int) -> bool:
        closed = (hour + bar_hours) * HOUR_MS <= now_ms
        late = closed and late_until_ms(faults, pair, hour, bar_hours) is not None
        return late or is_missing(faults, pair, hour)

    hours = bars.hours.tolist()
    kept = np.array([row for row, hour in enumerate(hours) if not gone(hour)][-limit:], np.intp)
    oldest = hours[kept[0]] if len(kept) == limit else 0
    count_asks(faults, pair, [hour for hour in hours if hour >= oldest])
    columns = (column[kept] for column in bars.values())
    return revised(faults, pair, Bars(bars.hours[kept], *columns), bar_hours)


def revised(faults: Faults, pair: str, bars: Bars, bar_hours: int) -> Bars:
    """The bars with the closes and volumes that rules give them for now; a forming one is left alone."""
    now_ms, factors = faults.now_ms(), np.ones(len(bars))
    for armed in faults.armed("revised_candle"):
        rule = armed.rule
        for row, hour in enumerate(bars.hours.tolist()):
            close_ms = (hour + bar_hours) * HOUR_MS
            over = rule.seconds is not None and now_ms >= close_ms + rule.seconds * 1000
            if close_ms <= now_ms and rule.holds_at(now_ms) and not over and _means_bar(rule, pair, hour):
                factors[row] *= rule.factor
                armed.fired += 1
    return bars if (factors == 1).all() else _scaled(bars, factors)


def faulty_rows(
    faults: Faults, pair: str, bars: Bars, bar_hours: int, forming_hour: int, limit: int
) -> list[list[str]]:
    """The rows of an answer of up to `limit` bars, newest first, as the rules let them be seen."""
    shown = served(faults, pair, bars, bar_hours, limit)
    opens = unconfirmed(faults, pair, shown, bar_hours)
    rows = candle_rows(shown, forming_hour)
    return [[*row[:8], "0"] if int(row[0]) // HOUR_MS in opens else row for row in rows]


def unconfirmed(faults: Faults, pair: str, bars: Bars, bar_hours: int) -> frozenset[int]:
    """The opens, in hours since 1970, of closed bars that still say confirm 0."""
    now_ms, found = faults.now_ms(), set()
    for armed in faults.armed("unconfirmed"):
        for hour in bars.hours.tolist():
            close_ms = (hour + bar_hours) * HOUR_MS
            within = armed.rule.seconds is None or now_ms < close_ms + armed.rule.seconds * 1000
            if close_ms <= now_ms and within and _means_bar(armed.rule, pair, hour):
                found.add(hour)
                armed.fired += 1
    return frozenset(found)


def _scaled(bars: Bars, factors: np.ndarray[Any, np.dtype[np.float64]]) -> Bars:
    """Close and volumes times `factors` [n]; high and low give way where they must."""
    altered = factors != 1
    close = np.where(altered, np.round(bars.close * factors, 10), bars.close)
    return Bars(
        bars.hours,
        bars.open,
        np.maximum(bars.high, close),
        np.minimum(bars.low, close),
        close,
        np.where(altered, np.round(bars.volume * factors, 8), bars.volume),
        np.where(altered, np.round(bars.quote_volume * factors, 8), bars.quote_volume),
    )
