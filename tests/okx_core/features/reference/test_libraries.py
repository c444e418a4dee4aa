"""Features against TA-Lib and the `ta` library on the same candles, see `okx_core.features.reference.libraries`."""

from datetime import UTC, datetime

import numpy as np
import pytest

from okx_core.features.bars import Bars
from okx_core.features.reference.libraries import (
    CONVENTIONS,
    LIBRARIES,
    SEED_FADED,
    TIES,
    first_compared,
    peer_values,
    tolerance,
)
from okx_core.features.registry import FEATURES

START = datetime(2024, 1, 3, tzinfo=UTC)
BY_NAME = {feature.name: feature for feature in FEATURES}


@pytest.fixture(scope="module")
def hourly(calm):
    rows = calm.hourly[calm.hourly["pair"] == "SOL-USDT"].set_index("timestamp_utc")
    return rows[["open", "high", "low", "close", "volume"]]


@pytest.fixture(scope="module")
def exact(hourly):
    """Feature values in float64, recursions started on the first candle."""
    fields = {name: hourly[name].to_numpy()[None, :].copy() for name in hourly}
    bars = Bars(fields, len(hourly), 0)
    return lambda name: BY_NAME[name].compute(bars)[0]


@pytest.fixture(scope="module")
def ours(calm_full):
    return calm_full.xs("SOL-USDT", level="pair").astype(np.float64)


@pytest.fixture(scope="module")
def expected_values(hourly):
    return {library: peer_values(library, hourly) for library in LIBRARIES}


def names_of(library):
    """What a library is compared on, asked with bars that are enough for any of them."""
    import pandas as pd

    walk = 100.0 + np.sin(np.arange(200.0))
    bars = pd.DataFrame({"open": walk, "high": walk + 1.0, "low": walk - 1.0, "close": walk, "volume": walk})
    return sorted(peer_values(library, bars))


TALIB_NAMES, TA_NAMES = names_of("talib"), names_of("ta")


def close_to(found, expected, relative):
    magnitude = np.nanmedian(np.abs(expected))
    np.testing.assert_allclose(found, expected, relative, relative * magnitude)


@pytest.mark.parametrize("name", TALIB_NAMES)
def test_formula_equals_talib(exact, expected_values, name):
    expected = expected_values["talib"][name]
    first = max(np.flatnonzero(~np.isnan(expected))[0], first_compared("talib", name))
    if name == "engulfing":
        first = 2
    close_to(exact(name)[first:], expected[first:], tolerance("talib", name))


@pytest.mark.parametrize("name", TA_NAMES)
def test_formula_equals_ta_once_its_seed_has_faded(exact, expected_values, name):
    first = first_compared("ta", name)
    close_to(exact(name)[first:], expected_values["ta"][name][first:], tolerance("ta", name))


@pytest.mark.parametrize("name", TALIB_NAMES)
def test_stored_feature_equals_talib_over_the_whole_history(ours, expected_values, name):
    """Anchoring recursions at the month instead of the listing is below what float32 can hold."""
    close_to(ours[name].to_numpy()[SEED_FADED:], expected_values["talib"][name][SEED_FADED:], 2.0**-22)


def ticked(hourly):
    """The same market in prices of one decimal, as an exchange quotes them: many of them tie."""
    return hourly.assign(**{name: hourly[name].round(1) for name in ("open", "high", "low", "close")})


@pytest.mark.parametrize("library", LIBRARIES)
def test_prices_that_tie_are_counted_as_the_libraries_count_them(hourly, library):
    bars = ticked(hourly)
    fields = {name: bars[name].to_numpy()[None, :].copy() for name in bars}
    whole = Bars(fields, len(bars), 0)
    compared = {
        name: values for name, values in peer_values(library, bars).items() if name not in TIES[library]
    }
    assert compared
    for name, expected in compared.items():
        first = max(np.flatnonzero(~np.isnan(expected))[0], first_compared(library, name), 2)
        close_to(BY_NAME[name].compute(whole)[0][first:], expected[first:], tolerance(library, name))


def test_conventions_and_comparisons_name_features_that_exist():
    assert set(CONVENTIONS) <= set(BY_NAME)
    assert set(TALIB_NAMES) | set(TA_NAMES) <= set(BY_NAME)
    assert set(TIES["ta"]) <= set(TA_NAMES)


def test_every_indicator_of_both_libraries_is_compared_with_both():
    """TA-Lib alone: what ta has under another rule, or that is only composed of TA-Lib's parts."""
    assert set(TALIB_NAMES) - set(TA_NAMES) == {
        "price_velocity", "historical_vol_30", "std_dev_returns_20", "autocorr_1", "engulfing",
        "parabolic_sar_distance", "trending", "ranging", "true_range", "true_range_pct", "chaikin_volatility",
        "volume_average_ratio", "vwma_distance_20", "volume_zone_oscillator",
    }  # fmt: skip
    assert set(TA_NAMES) - set(TALIB_NAMES) == {"log_return"}
