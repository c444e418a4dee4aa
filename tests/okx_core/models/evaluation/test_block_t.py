"""The t statistic by blocks allows for labels that overlap."""

import numpy as np
import pytest

from okx_core.models.evaluation.scores import block_mean_t, block_means


def test_it_is_the_t_statistic_of_the_means_of_blocks() -> None:
    values = np.array([1.0, 3.0, 2.0, 4.0, 6.0, 2.0])
    means = np.array([2.0, 3.0, 4.0])
    assert block_mean_t(values, 2) == pytest.approx(means.mean() / (means.std(ddof=1) / np.sqrt(3)))


def test_blocks_begin_at_the_first_known_hour_and_leave_out_what_is_hardly_known() -> None:
    values = np.array([np.nan, np.nan, np.nan, 1.0, 1.0, 1.0, 1.0, np.nan, np.nan, np.nan, 5.0, 2.0, np.nan])
    np.testing.assert_allclose(
        block_means(values, 4),
        [
            1.0,
        ],
    )
    assert np.isnan(block_mean_t(values, 4))


def test_a_series_without_a_known_hour_has_no_t() -> None:
    assert np.isnan(block_mean_t(np.full(2000, np.nan)))


def test_overlapping_noise_is_rarely_called_significant() -> None:
    rng = np.random.default_rng(5)
    kernel = np.ones(72) / 72.0
    found = [block_mean_t(np.convolve(rng.normal(size=12_000), kernel, "valid")) for _ in range(150)]
    assert np.mean(np.abs(found) > 2.0) < 0.12
    assert 0.8 < np.std(found) < 1.25
