"""Rank IC, its t statistic and RMSE against other people's definitions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from okx_core.models.scores import cross_sectional_rank_ic, newey_west_t, period_means, rmse
from tests.examples import examples


@given(st.integers(0, 10_000), st.integers(3, 15), st.booleans())
@settings(max_examples=examples(10))
def test_rank_ic_is_scipys_spearman_per_hour(seed: int, pairs: int, with_ties: bool) -> None:
    rng = np.random.default_rng(seed)
    hours = np.repeat(np.arange(4), pairs)
    prediction, outcome = rng.normal(size=(2, 4 * pairs))
    if with_ties:
        prediction, outcome = prediction.round(), outcome.round(1)
    spread = [h for h in range(4) if np.ptp(prediction[hours == h]) > 0 and np.ptp(outcome[hours == h]) > 0]
    expected = [stats.spearmanr(prediction[hours == h], outcome[hours == h]).statistic for h in spread]
    assert cross_sectional_rank_ic(hours, prediction, outcome) == pytest.approx(expected)


def test_rows_may_come_in_any_order_and_hours_come_out_in_order() -> None:
    rng = np.random.default_rng(1)
    hours = np.repeat(np.arange(6), 5)
    prediction, outcome = rng.normal(size=(2, 30))
    shuffled = rng.permutation(30)
    assert cross_sectional_rank_ic(hours[shuffled], prediction[shuffled], outcome[shuffled]) == pytest.approx(
        cross_sectional_rank_ic(hours, prediction, outcome)
    )


def test_an_unknown_value_leaves_its_row_out() -> None:
    hours = np.zeros(5, dtype=np.int64)
    prediction = np.array([1.0, 2.0, np.nan, 3.0, 9.0])
    outcome = np.array([1.0, 2.0, 0.0, 3.0, np.nan])
    assert cross_sectional_rank_ic(hours, prediction, outcome) == pytest.approx([1.0])


def test_hours_with_too_few_pairs_or_no_spread_have_no_value() -> None:
    hours = np.array([0, 0, 1, 1, 1, 2, 2, 2])
    prediction = np.array([1.0, 2.0, 5.0, 5.0, 5.0, 1.0, 2.0, 3.0])
    outcome = np.array([1.0, 2.0, 1.0, 2.0, 3.0, 3.0, 2.0, 1.0])
    assert cross_sectional_rank_ic(hours, prediction, outcome) == pytest.approx([-1.0])


def test_newey_west_without_lags_is_the_plain_t_statistic() -> None:
    values = np.random.default_rng(2).normal(0.1, 1, 500)
    plain = values.mean() / (values.std() / np.sqrt(len(values)))
    assert newey_west_t(values, 0) == pytest.approx(plain)


def test_newey_west_weights_fall_linearly_with_the_lag() -> None:
    values = np.array([1.0, 3.0, 2.0, 5.0, 4.0, 4.5])
    c = values - values.mean()
    long_run = (c @ c + 2 * (2 / 3) * (c[1:] @ c[:-1]) + 2 * (1 / 3) * (c[2:] @ c[:-2])) / 6
    assert newey_west_t(values, 2) == pytest.approx(values.mean() / np.sqrt(long_run / 6))


def rejections(series: np.ndarray, lag: int) -> float:
    """Share of the series [n, hours] whose mean is declared different from 0 at 5 %."""
    return float(np.mean([abs(newey_west_t(row, lag)) > 1.96 for row in series]))


def test_independent_noise_is_called_significant_about_one_time_in_twenty() -> None:
    noise = np.random.default_rng(4).normal(size=(600, 1500))
    assert 0.02 < rejections(noise, 24) < 0.10


def test_overlapping_horizons_fool_the_plain_t_statistic_but_not_this_one() -> None:
    steps = np.random.default_rng(5).normal(size=(300, 1524))
    overlapping = np.lib.stride_tricks.sliding_window_view(steps, 24, axis=1).mean(axis=2)
    assert rejections(overlapping, 0) > 0.5
    assert rejections(overlapping, 24) < 0.20


def test_a_series_too_short_or_constant_has_no_t_statistic() -> None:
    assert np.isnan(newey_west_t(np.arange(25.0), 24))
    assert np.isnan(newey_west_t(np.ones(100), 24))
    assert np.isnan(newey_west_t(np.array([]), 24))


def test_rmse_leaves_unknown_rows_out_and_is_unknown_without_any() -> None:
    assert rmse(np.array([1.0, np.nan, 3.0]), np.array([0.0, 1.0, 3.0])) == pytest.approx(np.sqrt(0.5))
    assert np.isnan(rmse(np.array([np.nan]), np.array([1.0])))


def test_a_day_is_the_mean_of_its_known_hours() -> None:
    hourly = np.full(72, np.nan)
    hourly[[3, 5, 50]] = 1.0, 3.0, 7.0
    np.testing.assert_allclose(period_means(hourly, 24), [2.0, 7.0])
