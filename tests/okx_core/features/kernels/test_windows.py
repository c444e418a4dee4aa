"""Window kernels against the plain definition, window by window."""

import numpy as np
import pytest

from okx_core.features.bars import correlation
from okx_core.features.kernels import windows
from okx_core.features.kernels.moments import rolling_moments

WINDOWS = (1, 2, 3, 7, 14, 20, 24, 48)
BARS = 90


@pytest.fixture(scope="module")
def values():
    generator = np.random.default_rng(0)
    return np.exp(np.cumsum(generator.normal(0.0, 0.02, (3, BARS)), axis=1))


def by_definition(statistic, values, window):
    out = np.full(values.shape, np.nan)
    for pair, bar in np.ndindex(values.shape):
        if bar >= window - 1:
            out[pair, bar] = statistic(values[pair, bar - window + 1 : bar + 1])
    return out


@pytest.mark.parametrize("window", WINDOWS)
def test_sum_and_maximum(values, window):
    np.testing.assert_allclose(
        windows.rolling_sum(values, window), by_definition(np.sum, values, window), 1e-12
    )
    np.testing.assert_array_equal(windows.rolling_max(values, window), by_definition(np.max, values, window))


@pytest.mark.parametrize("window", WINDOWS)
def test_moments(values, window):
    moments = rolling_moments(values, window, 4)
    np.testing.assert_allclose(moments[0], by_definition(np.mean, values, window), 1e-12)
    for place, power in ((1, 2), (2, 3), (3, 4)):
        expected = by_definition(lambda x, power=power: np.sum((x - x.mean()) ** power), values, window)
        np.testing.assert_allclose(moments[place], expected, 1e-8, 1e-16)
    assert rolling_moments(values, window, 2).tobytes() == moments[:2].tobytes()


@pytest.mark.parametrize("window", WINDOWS)
def test_bars_since_the_highest(values, window):
    expected = by_definition(lambda x: np.argmax(x[::-1]), values, window)
    np.testing.assert_array_equal(windows.bars_since_highest(values, window), expected)


def test_of_equal_highs_the_newest_counts():
    assert windows.bars_since_highest(np.full((1, 9), 3.0), 5)[0, 4:].tolist() == [0.0] * 5


def test_share_below():
    values = np.array([[3.0, 9.0, 1.0, 9.0, 2.0, 9.0, 2.0]])
    assert windows.share_below(values, 2, 3)[0].tolist()[-1] == pytest.approx((1.0 + 0.5) / 3)
    assert np.isnan(windows.share_below(values, 2, 3)[0, :6]).all()


def test_absolute_deviation_and_correlation(values):
    mean = rolling_moments(values, 14, 2)[0]
    expected = by_definition(lambda x: np.mean(np.abs(x - x.mean())), values, 14)
    np.testing.assert_allclose(windows.rolling_absolute_deviation(values, mean, 14), expected, 1e-11)
    other = values[::-1].copy()
    found = correlation(values, other, 24)
    for bar in range(23, BARS):
        pearson = np.corrcoef(values[0, bar - 23 : bar + 1], other[0, bar - 23 : bar + 1])[0, 1]
        assert found[0, bar] == pytest.approx(pearson, abs=1e-10)


@pytest.mark.parametrize("bars", [1, 5, 19])
def test_a_window_longer_than_the_array_is_unknown_everywhere(values, bars):
    short = np.ascontiguousarray(values[:, :bars])
    kernels = (
        windows.rolling_sum,
        windows.rolling_max,
        lambda x, w: rolling_moments(x, w, 2)[0],
        windows.bars_since_highest,
    )
    assert all(np.isnan(kernel(short, 20)).all() for kernel in kernels)


@pytest.mark.parametrize("poison", [np.nan, 1e300])
def test_a_spike_or_a_gap_is_forgotten_when_it_leaves_the_window(values, poison):
    hurt = values.copy()
    hurt[:, 30] = poison
    for window in (2, 20, 24):
        for kernel in (windows.rolling_sum, lambda x, w: rolling_moments(x, w, 4)):
            clean, found = kernel(values, window), kernel(hurt, window)
            assert clean[..., 30 + window :].tobytes() == found[..., 30 + window :].tobytes()
            assert clean[..., :30].tobytes() == found[..., :30].tobytes()
            assert not (found[..., 30 : 30 + window] == clean[..., 30 : 30 + window]).any()


def test_the_bytes_do_not_depend_on_where_the_array_starts(values):
    late = np.ascontiguousarray(values[:, 13:])
    for window in (20, 24):
        whole, part = rolling_moments(values, window, 4), rolling_moments(late, window, 4)
        assert whole[..., 13 + window :].tobytes() == part[..., window:].tobytes()


@pytest.mark.parametrize("level", [1e-8, 1.0, 123456.789, 1e6])
def test_equal_values_have_exactly_no_deviation(level):
    _, squares, cubes, fourths = rolling_moments(np.full((1, 60), level), 20, 4)
    assert (squares[:, 19:] == 0.0).all()
    assert (cubes[:, 19:] == 0.0).all()
    assert (fourths[:, 19:] == 0.0).all()


def test_run_length_counts_known_bars_in_a_row():
    values = np.array([[1.0, 2.0, np.nan, 3.0, 4.0, 5.0]])
    assert windows.run_length(values).tolist() == [[1, 2, 0, 1, 2, 3]]
