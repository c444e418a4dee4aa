"""Recursive kernels equal TA-Lib from its first value on, and start again after a gap."""

import numpy as np
import pytest
import talib

from okx_core.features import recursions

SCALES = (1e-8, 1.0, 1e6)


@pytest.fixture(scope="module")
def bars():
    generator = np.random.default_rng(11)
    close = np.exp(np.cumsum(generator.normal(0.0, 0.01, (2, 900)), axis=1))
    high = close * (1.0 + np.abs(generator.normal(0.0, 0.004, close.shape)))
    low = close * (1.0 - np.abs(generator.normal(0.0, 0.004, close.shape)))
    return high, low, close


KERNELS = {
    "RSI": (lambda *bars: recursions.rsi(bars[2], 14), lambda *bars: talib.RSI(bars[2], 14)),
    "ATR": (lambda *bars: recursions.atr(*bars, 14), lambda *bars: talib.ATR(*bars, 14)),
    "EMA": (lambda *bars: recursions.ema(bars[2], 50), lambda *bars: talib.EMA(bars[2], 50)),
    "MACD": (lambda *bars: recursions.macd_histogram(bars[2]), lambda *bars: talib.MACD(bars[2])[2]),
    "ADX": (lambda *bars: recursions.directional_movement(*bars, 14)[0], lambda *bars: talib.ADX(*bars, 14)),
    "PLUS_DI": (
        lambda *bars: recursions.directional_movement(*bars, 14)[1],
        lambda *bars: talib.PLUS_DI(*bars, 14),
    ),
    "MINUS_DI": (
        lambda *bars: recursions.directional_movement(*bars, 14)[2],
        lambda *bars: talib.MINUS_DI(*bars, 14),
    ),
}


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("name", KERNELS)
def test_kernel_equals_talib(bars, name, scale):
    ours, theirs = KERNELS[name]
    high, low, close = (values * scale for values in bars)
    expected = theirs(high[1], low[1], close[1])
    magnitude = np.nanmean(np.abs(expected))
    np.testing.assert_allclose(ours(high, low, close)[1], expected, 1e-9, 1e-12 * magnitude)


@pytest.mark.parametrize("name", KERNELS)
def test_a_gap_starts_the_recursion_again(bars, name):
    ours, _ = KERNELS[name]
    broken = [values.copy() for values in bars]
    for values in broken:
        values[:, 300] = np.nan
    fresh = ours(*(np.ascontiguousarray(values[:, 301:]) for values in bars))
    found = ours(*broken)
    assert np.isnan(found[:, 300]).all()
    assert found[:, 301:].tobytes() == fresh.tobytes()
    assert found[:, :300].tobytes() == ours(*bars)[:, :300].tobytes()
