"""The best of an hour, and staying with what is still good."""

import numpy as np

from okx_core.strategies.choice import best, decision_hours, places
from okx_core.strategies.panel import Panel

NONE = np.nan


def test_the_place_of_a_pair_is_its_rank_and_an_unknown_score_has_none() -> None:
    found = places(np.array([[1.0, 3.0, NONE, 2.0], [5.0, 5.0, 5.0, NONE], [NONE] * 4]))
    np.testing.assert_array_equal(found, [[2, 0, NONE, 1], [0, 1, 2, NONE], [NONE] * 4])


def test_the_best_are_bought_in_deciding_hours_and_left_below_the_place_that_is_kept() -> None:
    score = np.array([[4.0, 3.0, 2.0, 1.0, NONE]] * 2)
    wants = best(score, np.array([True, False]), top=1, keep=3)
    np.testing.assert_array_equal(wants.score, [[4.0, NONE, NONE, NONE, NONE], [NONE] * 5])
    np.testing.assert_array_equal(wants.leaves, [[False, False, False, True, False], [False] * 5])


def test_a_daily_decision_falls_on_the_close_of_the_last_hour_of_the_day(panel: Panel) -> None:
    rows = np.flatnonzero(decision_hours(panel, 24))
    assert [panel.moment(int(row)).hour for row in rows[:3]] == [23, 23, 23]
    assert len(rows) == 14
    assert panel.moment(int(np.flatnonzero(decision_hours(panel, 24, 6))[0])).hour == 5
