"""Levels of exits: which of them a bar hits, how stops move, and what cannot be meant."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from okx_core.decisions.exits import (
    BREAK_EVEN,
    STAYS,
    STOP,
    TARGET,
    TRAILING,
    ExitRules,
    ExitRulesError,
    bar_exit,
    level_above,
    level_below,
    moved_stop,
)

NONE = math.nan


@pytest.mark.parametrize(
    ("bar", "price", "reason"),
    [
        ((100.0, 103.0, 98.0), NONE, STAYS),
        ((100.0, 103.0, 95.0), 95.0, STOP),  # touched: a stop is triggered at its price
        ((100.0, 103.0, 90.0), 95.0, STOP),
        ((94.0, 99.0, 90.0), 94.0, STOP),  # through a gap: at the open
        ((100.0, 110.0, 98.0), NONE, STAYS),  # touched: others were before it in the queue
        ((100.0, 110.5, 98.0), 110.0, TARGET),
        ((112.0, 113.0, 99.0), 112.0, TARGET),  # a gap beyond a limit order fills at the better price
        ((100.0, 120.0, 90.0), 95.0, STOP),  # both: the worse of the two
        ((112.0, 120.0, 90.0), 112.0, TARGET),  # both, but the open was beyond the target already
        ((NONE, NONE, NONE), NONE, STAYS),
    ],
)
def test_a_bar_hits_the_worse_level_that_it_reaches(bar, price: float, reason: int) -> None:
    found = bar_exit(*bar, 95.0, 110.0, STOP)
    assert found[1] == reason
    assert found[0] == pytest.approx(price, nan_ok=True)


def test_levels_that_are_none_are_never_hit() -> None:
    assert bar_exit(100.0, 1e9, 1e-9, NONE, NONE, STOP)[1] == STAYS


def test_a_stop_moves_to_the_entry_and_then_trails_and_never_falls() -> None:
    terms = ExitRules(stop_pct=5.0, break_even_after_pct=3.0, trail_pct=2.0, trail_after_pct=10.0).terms()
    stops = [(95.0, STOP)]
    for highest in (102.9, 103.0, 109.0, 110.0, 120.0, 120.0):
        stops.append(moved_stop(*stops[-1], 100.0, highest, 2.0, 0.1, terms))
    assert stops[1:] == [
        (95.0, STOP), (100.0, BREAK_EVEN), (100.0, BREAK_EVEN), (107.8, TRAILING), (117.6, TRAILING), (117.6, TRAILING)
    ]  # fmt: skip


def test_a_position_without_a_stop_can_trail() -> None:
    terms = ExitRules(trail_pct=10.0).terms()
    assert moved_stop(NONE, STOP, 100.0, 104.0, 10.0, 0.0, terms) == (pytest.approx(93.6), TRAILING)


@given(
    steps=st.integers(1, 10**9),
    tick=st.sampled_from(["0.00000001", "0.0001", "0.01", "0.1", "0.5", "1", "10"]),
)
def test_a_price_on_the_grid_stays_where_it_is(steps: int, tick: str) -> None:
    from decimal import Decimal

    price = float(steps * Decimal(tick))
    assert level_below(price, float(tick)) == price
    assert level_above(price, float(tick)) == price


def test_a_stop_is_rounded_down_and_a_target_up() -> None:
    assert (level_below(99.37, 0.1), level_above(99.33, 0.1)) == (99.3, 99.4)
    assert (level_below(99.37, 0.0), level_above(99.33, 0.0)) == (99.37, 99.33)


def test_of_two_stops_the_nearer_counts_and_an_unknown_range_is_unknown() -> None:
    atr = np.array([1.0, 4.0, np.nan])
    assert ExitRules(stop_pct=5.0, stop_atr=2.0).stop_distances(atr).tolist() == pytest.approx(
        [2.0, 5.0, np.nan], nan_ok=True
    )
    assert ExitRules(stop_pct=5.0).stop_distances(atr).tolist() == [5.0, 5.0, 5.0]
    assert np.isnan(ExitRules().stop_distances(atr)).all()
    assert np.isnan(
        ExitRules(stop_atr=30.0).stop_distances(np.array([4.0]))
    ).all()  # more than the whole price


@pytest.mark.parametrize(
    ("given_", "complaint"),
    [
        ({"stop_pct": 0.0}, "stop_pct is 0.0: give a number above 0"),
        ({"stop_pct": 100.0}, "stop_pct is 100.0 %: a price cannot fall by 100 %"),
        ({"trail_pct": -1.0}, "trail_pct is -1.0"),
        ({"stop_atr": math.nan}, "stop_atr is nan"),
        ({"trail_after_pct": math.inf}, "trail_after_pct is inf"),
        ({"target_ratio": 2.0}, "give stop_pct or stop_atr"),
    ],
)
def test_exits_that_cannot_be_meant_are_refused(given_: dict[str, float], complaint: str) -> None:
    with pytest.raises(ExitRulesError, match=complaint):
        ExitRules(**given_)
