"""Recursive kernels equal TA-Lib from its first value on, and start again after a gap."""

import numpy as np
import pytest
import talib

from okx_core.features.bars import lag
from okx_core.features.kernels import recursions, smoothing, windows

SCALES = (1e-8, 1.0, 1e6)


@pytest.fixture(scope="module")
def bars():
    generator = np.random.default_rng(11)
    close = np.exp(np.cumsum(generator.normal(0.0, 0.01, (2, 900)), axis=1))
    high = close * (1.0 + np.abs(generator.normal(0.0, 0.004, close.shape)))
    low = close * (1.0 - np.abs(generator.normal(0.0, 0.004, close.shape)))
    return high, low, close


def macd_signal(close):
    return smoothing.price_oscillator(close, 12, 26, 9)[1]


def kama(close):
    return smoothing.kama(close, windows.rolling_sum(np.abs(close - lag(close, 1)), 10), 10)


def trix(close):
    smooth = smoothing.ema(smoothing.ema(smoothing.ema(close, 15), 15), 15)
    return 100.0 * (smooth / lag(smooth, 1) - 1.0)


KERNELS = {
    "RSI": (lambda *bars: recursions.rsi(bars[2], 14), lambda *bars: talib.RSI(bars[2], 14)),
    "ATR": (lambda *bars: recursions.atr(*bars, 14), lambda *bars: talib.ATR(*bars, 14)),
    "EMA": (lambda *bars: smoothing.ema(bars[2], 50), lambda *bars: talib.EMA(bars[2], 50)),
    "MACD": (lambda *bars: macd_signal(bars[2]), lambda *bars: talib.MACD(bars[2])[1]),
    "SAR": (
        lambda *bars: recursions.parabolic_sar(bars[0], bars[1], 0.02, 0.2),
        lambda *bars: talib.SAR(bars[0], bars[1], 0.02, 0.2),
    ),
    "KAMA": (lambda *bars: kama(bars[2]), lambda *bars: talib.KAMA(bars[2], 10)),
    "TRIX": (lambda *bars: trix(bars[2]), lambda *bars: talib.TRIX(bars[2], 15)),
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


def test_an_exponential_mean_is_the_same_alone_and_among_others():
    generator = np.random.default_rng(12)
    values = generator.normal(100.0, 1.0, (19, 300))
    values[3, 120], values[5, :40], values[6:, :7] = np.nan, np.nan, np.nan
    values[16, 3], values[16, 99] = 100.0, np.nan
    together = smoothing.ema(values, 20)
    for pair in range(19):
        assert together[pair].tobytes() == smoothing.ema(values[pair : pair + 1].copy(), 20).tobytes()
    assert np.isnan(smoothing.ema(values[:, :10].copy(), 20)).all()
