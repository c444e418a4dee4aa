"""What a missing bar costs: windows of known bars, by definition and against pandas; the look-back rule."""

import math

import numpy as np
import pandas as pd
import pytest

from okx_core.features.kernels import missing, windows
from okx_core.features.kernels.moments import rolling_comoments, rolling_moments
from okx_core.features.registry import FEATURES

WINDOWS = (2, 3, 5, 11, 14, 20, 48)
BARS = 300


@pytest.fixture(scope="module", params=[0.02, 0.1, 0.4])
def values(request):
    """Two series with single missing bars, and one missing stretch."""
    generator = np.random.default_rng(3)
    series = np.exp(np.cumsum(generator.normal(0.0, 0.02, (2, BARS)), axis=1))
    series[generator.random(series.shape) < request.param] = np.nan
    series[:, 150:170] = np.nan
    return series


def by_definition(statistic, values, window):
    """`statistic` of the known values of each window that has three quarters of them."""
    out = np.full(values.shape, np.nan)
    for pair, bar in np.ndindex(values.shape):
        some = values[pair, bar - window + 1 : bar + 1] if bar >= window - 1 else np.empty(0)
        known = some[np.isfinite(some)]
        if len(known) and len(known) >= math.ceil(0.75 * window):
            out[pair, bar] = statistic(known, some)
    return out


@pytest.mark.parametrize("window", WINDOWS)
def test_a_sum_and_an_extreme_are_those_of_pandas_over_the_known_values(values, window):
    series = pd.DataFrame(values.T)
    assert series.isna().any().all()
    rolling = series.rolling(window, min_periods=math.ceil(0.75 * window))
    ours = (
        windows.rolling_sum(values, window),
        windows.rolling_max(values, window),
        windows.rolling_min(values, window),
    )
    for found, expected in zip(ours, (rolling.mean() * window, rolling.max(), rolling.min()), strict=True):
        np.testing.assert_allclose(found[:, window - 1 :], expected.to_numpy().T[:, window - 1 :], 1e-10)


@pytest.mark.parametrize("window", WINDOWS)
def test_moments_and_places_are_those_of_the_known_values(values, window):
    moments = rolling_moments(values, window, 4)
    for place, power in ((1, 2), (2, 3), (3, 4)):

        def central(known, some, power=power):
            return np.mean((known - known.mean()) ** power) * some.size

        np.testing.assert_allclose(moments[place], by_definition(central, values, window), 1e-7, 1e-15)
    newest = by_definition(
        lambda known, some: some.size - 1 - np.flatnonzero(some == known.max())[-1], values, window
    )
    np.testing.assert_array_equal(windows.bars_since_highest(values, window), newest)
    deviation = windows.rolling_absolute_deviation(values, moments[0], window)
    expected = by_definition(lambda known, _: np.mean(np.abs(known - known.mean())), values, window)
    at_known_bars = np.isfinite(values)
    np.testing.assert_allclose(deviation[at_known_bars], expected[at_known_bars], 1e-9)


@pytest.mark.parametrize("window", [14, 24, 72])
def test_comoments_are_those_of_the_bars_that_both_series_know(values, window):
    other = np.where(np.arange(BARS) % 37 == 0, np.nan, np.sin(np.arange(BARS)) + np.zeros((2, 1)))
    ones, others, both = rolling_comoments(values, other, window)
    for pair, bar in ((0, 100), (1, 140), (1, 260), (0, 299)):
        some = slice(bar - window + 1, bar + 1)
        frame = pd.DataFrame({"one": values[pair, some], "other": other[pair, some]}).dropna()
        if len(frame) < math.ceil(0.75 * window):
            assert np.isnan(both[pair, bar])
            continue
        scaled = frame.cov(ddof=0) * window
        found = [ones[pair, bar], others[pair, bar], both[pair, bar]]
        expected = [scaled.loc["one", "one"], scaled.loc["other", "other"], scaled.loc["one", "other"]]
        np.testing.assert_allclose(found, expected, 1e-8, 1e-12)


def test_equal_values_around_a_gap_have_exactly_no_deviation():
    level = np.full((1, 60), 123456.789)
    level[0, 30] = np.nan
    assert (rolling_moments(level, 20, 4)[1:, 0, 19:] == 0.0).all()


def test_a_share_below_leaves_out_what_is_unknown():
    values = np.arange(40.0)[None, :].copy()
    values[0, 20] = np.nan
    found = windows.share_below(values, 2, 8)[0]
    assert found[[16, 18, 22, 24, 36, 38]].tolist() == [1.0] * 6
    assert np.isnan(found[20])
    values[0, [22, 24]] = np.nan
    assert np.isnan(windows.share_below(values, 2, 8)[0, 26])


def test_the_last_known_value_is_forgotten_after_a_long_gap():
    values = np.full((1, 80), np.nan)
    values[0, [3, 5]] = 1.0, 2.0
    found = missing.last_known(values)[0]
    assert np.isnan(found[:4]).all()
    assert found[4:6].tolist() == [1.0, 1.0]
    assert (found[6 : 6 + missing.MAX_HELD + 1] == 2.0).all()
    assert np.isnan(found[6 + missing.MAX_HELD + 1 :]).all()


@pytest.mark.parametrize("lookback", [1, 2, 3, 4, 10, 28, 100])
def test_the_look_back_rule_by_its_definition(lookback):
    generator = np.random.default_rng(lookback)
    close = np.where(generator.random((3, 400)) < 0.06, np.nan, 1.0)
    close[0, :40], close[1, 200:230], close[2, 300:] = np.nan, np.nan, np.nan
    found = missing.support(close, lookback) >= lookback
    assert found.any()
    for pair, bar in np.ndindex(close.shape):
        row = np.isfinite(close[pair, : bar + 1])
        begin = int(np.argmax(row)) if row.any() else bar + 1
        holes = "".join("1" if here else "0" for here in row[begin:])
        long = holes.rfind("0" * (lookback // 4 + 1))
        stretch = holes[long + lookback // 4 + 1 :].lstrip("0") if long >= 0 else holes
        enough = row[max(bar - lookback + 1, 0) :].sum() >= math.ceil(0.75 * lookback)
        assert found[pair, bar] == (bool(row[bar]) and len(stretch) >= lookback and bool(enough)), (pair, bar)


def test_the_rule_of_a_series_without_gap_is_its_age():
    close = np.ones((2, 50))
    close[1, :7] = np.nan
    assert not missing.has_gap(close)
    run = windows.run_length(close)
    for lookback in (1, 5, 20):
        assert ((missing.support(close, lookback) >= lookback) == (run >= lookback)).all()


def test_no_recursion_forgets_its_state_before_its_look_back_does():
    assert max(feature.lookback_bars for feature in FEATURES if feature.anchored) // 4 <= missing.MAX_HELD
