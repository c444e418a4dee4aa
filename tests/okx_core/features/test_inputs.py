"""The declared inputs are the ones that count: no more, no less."""

import numpy as np
import pytest

from okx_core.features.bars import Bars
from okx_core.features.registry import FEATURES

OF_BARS = [feature for feature in FEATURES if feature.timeframe in ("1h", "15m")]
COLUMNS = ("open", "high", "low", "close", "volume", "quote_volume", "taker_buy_base")
BARS = 700


@pytest.fixture(scope="module")
def candles():
    """Two pairs; turnover and taker volume are unknown in half of the bars."""
    generator = np.random.default_rng(17)
    shape = 2, BARS
    close = 100.0 * np.exp(np.cumsum(generator.normal(0.0, 0.01, shape), axis=1))
    opened = np.hstack([close[:, :1], close[:, :-1]]) * np.exp(generator.normal(0.0, 0.002, shape))
    volume = generator.lognormal(3.0, 1.0, shape)
    unknown = np.where(generator.random(shape) < 0.5, np.nan, 1.0)
    return {
        "open": opened,
        "high": np.maximum(opened, close) * (1.0 + np.abs(generator.normal(0.0, 0.004, shape))),
        "low": np.minimum(opened, close) * (1.0 - np.abs(generator.normal(0.0, 0.004, shape))),
        "close": close,
        "volume": volume,
        "quote_volume": volume * close * unknown,
        "taker_buy_base": volume * generator.random(shape) * unknown,
    }


@pytest.fixture(scope="module")
def perturbed(candles):
    """The bars with each column changed in turn, by up to a third."""
    generator = np.random.default_rng(18)
    changed = {
        column: values * np.exp(generator.uniform(-0.3, 0.3, values.shape))
        for column, values in candles.items()
    }
    return {column: Bars({**candles, column: changed[column]}, BARS, 0) for column in COLUMNS}


@pytest.fixture(scope="module")
def plain(candles):
    return Bars(candles, BARS, 0)


@pytest.mark.parametrize("feature", OF_BARS, ids=lambda feature: feature.name)
def test_a_feature_changes_with_each_declared_column_and_with_no_other(plain, perturbed, feature):
    with np.errstate(all="ignore"):
        values = feature.compute(plain).tobytes()
        moved = {column for column, bars in perturbed.items() if feature.compute(bars).tobytes() != values}
    assert moved == set(feature.inputs) - {"timestamp_utc", "funding"}  # of funding see test_funding
