"""Means over periods of an hourly series."""

import numpy as np

from okx_core.models.evaluation.scores import known_mean, period_means


def test_a_day_is_the_mean_of_its_known_hours() -> None:
    hourly = np.full(72, np.nan)
    hourly[[3, 5, 50]] = 1.0, 3.0, 7.0
    np.testing.assert_allclose(period_means(hourly, 24), [2.0, 7.0])


def test_hours_after_the_last_whole_period_are_left_out() -> None:
    np.testing.assert_allclose(period_means(np.arange(50.0), 24), [11.5, 35.5])


def test_the_mean_of_nothing_known_is_unknown() -> None:
    assert np.isnan(known_mean(np.full(3, np.nan)))
    assert known_mean(np.array([1.0, np.nan, 3.0])) == 2.0
