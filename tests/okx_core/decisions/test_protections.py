"""Protections: what can be meant, and what each event pauses, by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from okx_core.decisions.exits import BREAK_EVEN, HORIZON, STOP, TARGET, TRAILING
from okx_core.decisions.protection_state import (
    NOT_REFUSED,
    ProtectionState,
    add_entry,
    add_equities,
    add_exit,
    entries_left,
    new_state,
    refused_by,
)
from okx_core.decisions.protections import (
    CONSECUTIVE_LOSSES,
    COOLDOWN,
    DAILY_LOSS,
    DAILY_TRADES,
    DEFAULT_PROTECTIONS,
    LOW_PROFIT,
    MAX_DRAWDOWN,
    PAIR_STOP_GUARD,
    STOP_GUARD,
    Protections,
    ProtectionsError,
)

A, B, PAIRS = 0, 1, 2
UNKNOWN = math.nan


class Trader:
    """A state with its terms."""

    def __init__(self, **given_: float) -> None:
        self.terms = Protections(**given_).terms()  # type: ignore[arg-type]
        self.state: ProtectionState = new_state(PAIRS, 100, 1_000)

    def exits(self, *rows: tuple[int, float, float, int]) -> "Trader":
        """Pair, hour, return and reason of each."""
        for pair, hour, returned, reason in rows:
            add_exit(self.state, self.terms, pair, float(hour), returned, reason)
        return self

    def equity(self, first: float, *values: float) -> "Trader":
        add_equities(self.state, self.terms, first, np.array(values))
        return self

    def refused(self, now: float, pair: int = A) -> int:
        return int(refused_by(self.state, float(now), pair))


@pytest.mark.parametrize(
    ("given_", "complaint"),
    [
        ({"cooldown_hours": 0}, "cooldown_hours is 0: give a whole number from 1 on, or none"),
        ({"stop_guard_stops": 1.5}, "stop_guard_stops is 1.5: give a whole number"),
        ({"stop_guard_hours": None}, "stop_guard_hours is None: give a whole number from 1 on$"),
        ({"daily_trades": math.inf}, "daily_trades is inf"),
        ({"daily_trades": math.nan}, "daily_trades is nan"),
        ({"max_drawdown_pct": 100.0}, "max_drawdown_pct is 100.0 %: give more than 0 and less than 100"),
        ({"daily_loss_pct": -1.0}, "daily_loss_pct is -1.0 %"),
        ({"min_pair_profit_pct": math.nan}, "min_pair_profit_pct is nan: give a number"),
    ],
)
def test_protections_that_cannot_be_meant_are_refused(given_: dict[str, float], complaint: str) -> None:
    with pytest.raises(ProtectionsError, match=complaint):
        Protections(**given_)  # type: ignore[arg-type]


def test_none_is_no_protection() -> None:
    assert not Protections().is_on
    assert DEFAULT_PROTECTIONS.is_on
    trader = Trader().exits(*[(A, hour, -50.0, STOP) for hour in range(20)]).equity(0.0, 100.0, 1.0)
    add_entry(trader.state, trader.terms, 2.0)
    assert trader.refused(3) == NOT_REFUSED
    assert entries_left(trader.state, trader.terms, 7) == 7


def test_after_an_exit_its_pair_alone_waits() -> None:
    trader = Trader(cooldown_hours=5).exits((A, 10, 3.0, TARGET))
    assert [trader.refused(hour) for hour in (10, 14, 15)] == [COOLDOWN, COOLDOWN, NOT_REFUSED]
    assert trader.refused(11, B) == NOT_REFUSED


def test_stops_of_all_pairs_within_the_hours_pause_every_entry() -> None:
    rules = {"stop_guard_stops": 2, "stop_guard_hours": 6, "stop_guard_pause_hours": 3}
    assert Trader(**rules).exits((A, 10, -1.0, STOP), (B, 16, -1.0, STOP)).refused(17) == NOT_REFUSED
    trader = Trader(**rules).exits((A, 10, -1.0, TRAILING), (B, 15, -1.0, BREAK_EVEN))
    assert [trader.refused(hour, A) for hour in (15, 17, 18)] == [STOP_GUARD, STOP_GUARD, NOT_REFUSED]


def test_a_stop_that_earned_and_an_exit_that_is_no_stop_do_not_count_but_an_unknown_stop_does() -> None:
    rules = {"stop_guard_stops": 2}
    assert Trader(**rules).exits((A, 1, -1.0, STOP), (A, 2, 0.0, TRAILING)).refused(3) == NOT_REFUSED
    assert Trader(**rules).exits((A, 1, -1.0, STOP), (A, 2, -9.0, HORIZON)).refused(3) == NOT_REFUSED
    assert Trader(**rules).exits((A, 1, -1.0, STOP), (A, 2, UNKNOWN, STOP)).refused(3) == STOP_GUARD


def test_stops_of_one_pair_pause_that_pair() -> None:
    trader = Trader(stop_guard_pair_stops=2).exits((A, 1, -1.0, STOP), (B, 1, -1.0, STOP), (A, 2, -1.0, STOP))
    assert (trader.refused(3, A), trader.refused(3, B)) == (PAIR_STOP_GUARD, NOT_REFUSED)


def test_drawdown_is_measured_from_the_highest_of_the_window_and_pauses_while_it_lasts_and_after() -> None:
    trader = Trader(max_drawdown_pct=10.0, drawdown_hours=4, drawdown_pause_hours=3)
    trader.equity(0.0, 90.0, 100.0, 90.0, 89.9, 89.9, 89.9, 89.9)
    # The peak of hour 1 is in the window until hour 5; the pause of hour 5 ends at hour 8.
    assert trader.refused(2.5) == MAX_DRAWDOWN  # the newest pause is known, not the moment at which it began
    assert [trader.refused(hour) for hour in (6, 7.9, 8)] == [MAX_DRAWDOWN, MAX_DRAWDOWN, NOT_REFUSED]
    exactly = Trader(max_drawdown_pct=10.0, drawdown_hours=4).equity(0.0, 100.0, 90.0)
    assert exactly.refused(2) == NOT_REFUSED


def test_the_loss_of_a_day_is_measured_from_its_first_equity_and_pauses_until_midnight() -> None:
    trader = Trader(daily_loss_pct=5.0).equity(22.0, 100.0, 96.0, 95.0, 91.0, 90.3)  # 22:00 to 02:00
    assert trader.refused(26.5) == NOT_REFUSED, "4.9 % below the 95 at midnight"
    trader.equity(27.0, 90.0, 95.0)
    assert [trader.refused(hour) for hour in (28, 47.9, 48)] == [DAILY_LOSS, DAILY_LOSS, NOT_REFUSED]


def test_entries_of_a_day_are_limited_and_the_next_day_begins_anew() -> None:
    trader = Trader(daily_trades=2)
    left = []
    for hour in (1.0, 5.0, 24.0):
        add_entry(trader.state, trader.terms, hour)
        left.append((entries_left(trader.state, trader.terms, 9), trader.refused(hour + 1)))
    assert left == [(1, NOT_REFUSED), (0, DAILY_TRADES), (1, NOT_REFUSED)]


def test_losses_in_a_row_pause_every_entry_and_a_profit_ends_the_row() -> None:
    rules = {"consecutive_losses": 3, "losses_pause_hours": 4}
    rows = [(A, 1, -1.0, HORIZON), (B, 2, -0.1, TARGET), (A, 3, -2.0, STOP)]
    trader = Trader(**rules).exits(*rows)
    assert [trader.refused(hour, B) for hour in (3, 6, 7)] == [
        CONSECUTIVE_LOSSES,
        CONSECUTIVE_LOSSES,
        NOT_REFUSED,
    ]
    assert Trader(**rules).exits(*rows[:2], (B, 2, 0.0, TARGET), *rows[2:]).refused(4) == NOT_REFUSED
    unknown = Trader(**rules).exits(*rows[:2], (B, 2, UNKNOWN, STOP))
    assert unknown.refused(3) == NOT_REFUSED, "a trade of unknown result is no loss"
    assert unknown.exits(rows[2]).refused(4) == CONSECUTIVE_LOSSES, "nor does it end the row"


def test_a_pair_whose_trades_earned_too_little_in_sum_is_not_bought() -> None:
    rules = {
        "min_pair_profit_pct": -1.0,
        "pair_profit_trades": 2,
        "pair_profit_hours": 10,
        "pair_profit_pause_hours": 5,
    }
    trader = Trader(**rules).exits((A, 1, -5.0, HORIZON), (B, 2, -5.0, HORIZON), (A, 3, 3.9, HORIZON))
    assert (trader.refused(4, A), trader.refused(4, B)) == (LOW_PROFIT, NOT_REFUSED)
    assert (trader.refused(7.9), trader.refused(8)) == (LOW_PROFIT, NOT_REFUSED)
    enough = Trader(**rules).exits((A, 1, -5.0, HORIZON), (A, 3, 4.0, HORIZON))
    assert enough.refused(4) == NOT_REFUSED
    old = Trader(**rules).exits((A, 1, -5.0, HORIZON), (A, 11, -5.0, HORIZON))
    assert old.refused(12) == NOT_REFUSED, "the first is no longer looked back at: one is too few"
    unknown = Trader(**rules).exits((A, 1, -5.0, HORIZON), (A, 2, UNKNOWN, HORIZON))
    assert unknown.refused(3) == NOT_REFUSED


@pytest.mark.parametrize("unknown", [UNKNOWN, math.inf, -math.inf])
def test_unknown_equity_is_left_out_and_refuses_nothing(unknown: float) -> None:
    trader = Trader(max_drawdown_pct=10.0, daily_loss_pct=10.0).equity(0.0, unknown, unknown)
    assert trader.refused(2) == NOT_REFUSED
    trader.equity(2.0, 100.0, unknown, 89.0)
    assert trader.refused(5) == MAX_DRAWDOWN, "measured from what was known"


@given(
    values=st.lists(st.floats(1.0, 1_000.0) | st.just(UNKNOWN), min_size=1, max_size=80),
    hours=st.integers(1, 20),
    limit=st.floats(1.0, 60.0),
)
def test_a_drawdown_pauses_as_the_highest_of_every_window_says(
    values: list[float], hours: int, limit: float
) -> None:
    trader = Trader(max_drawdown_pct=limit, drawdown_hours=hours, drawdown_pause_hours=1)
    found, expected = [], []
    for hour, value in enumerate(values):
        trader.equity(float(hour), value)
        window = [known for known in values[max(0, hour - hours) : hour + 1] if not math.isnan(known)]
        found.append(trader.refused(hour) == MAX_DRAWDOWN)
        expected.append(not math.isnan(value) and max(window) - value > limit / 100.0 * max(window))
    assert found == expected
