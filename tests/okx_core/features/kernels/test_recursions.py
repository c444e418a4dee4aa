"""Recursive kernels equal TA-Lib from its first value on, and keep their state over a short gap."""

import numpy as np
import pytest
import talib

from okx_core.features.bars import lag
from okx_core.features.kernels import recursions, smoothing, windows
from okx_core.features.kernels.missing import MAX_HELD
from okx_core.features.kernels.oscillator import price_oscillator

SCALES = (1e-8, 1.0, 1e6)


@pytest.fixture(scope="module")
def bars():
    generator = np.random.default_rng(11)
    close = np.exp(np.cumsum(generator.normal(0.0, 0.01, (2, 900)), axis=1))
    high = close * (1.0 + np.abs(generator.normal(0.0, 0.004, close.shape)))
    low = close * (1.0 - np.abs(generator.normal(0.0, 0.004, close.shape)))
    return high, low, close


def macd_signal(close):
    return price_oscillator(close, 12, 26, 9)[1]


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


def without(bars, first, last):
    """The bars with those of [first, last) unknown."""
    broken = [values.copy() for values in bars]
    for values in broken:
        values[:, first:last] = np.nan
    return broken


@pytest.mark.parametrize("name", KERNELS)
def test_a_long_gap_starts_the_recursion_again(bars, name):
    ours, _ = KERNELS[name]
    stop = 300 + MAX_HELD + 1
    fresh = ours(*(np.ascontiguousarray(values[:, stop:]) for values in bars))
    found = ours(*without(bars, 300, stop))
    assert np.isnan(found[:, 300:stop]).all()
    assert found[:, stop:].tobytes() == fresh.tobytes()
    assert found[:, :300].tobytes() == ours(*bars)[:, :300].tobytes()


PURE_RECURSIONS = ("RSI", "EMA", "MACD", "SAR", "ADX", "PLUS_DI", "MINUS_DI")


@pytest.mark.parametrize("gap", [1, 2, 7, MAX_HELD])
@pytest.mark.parametrize("name", PURE_RECURSIONS)
def test_over_a_gap_the_recursion_goes_on_from_its_state(bars, name, gap):
    """As if the bars that are known followed each other."""
    ours, _ = KERNELS[name]
    joined = [np.hstack([values[:, :300], values[:, 300 + gap :]]) for values in bars]
    found = ours(*without(bars, 300, 300 + gap))
    assert np.isnan(found[:, 300 : 300 + gap]).all()
    assert found[:, 300 + gap :].tobytes() == np.ascontiguousarray(ours(*joined)[:, 300:]).tobytes()


@pytest.mark.parametrize("name", KERNELS)
def test_a_value_after_a_gap_comes_near_the_unbroken_one_and_meets_it_in_time(bars, name):
    ours, _ = KERNELS[name]
    whole, found = ours(*bars), ours(*without(bars, 300, 303))
    assert np.isfinite(found[:, 316:]).all()
    scale = np.nanstd(whole)
    assert np.abs(found[:, 316:] - whole[:, 316:]).max() < 0.7 * scale
    assert np.abs(found[:, 700:] - whole[:, 700:]).max() < 1e-3 * scale


def test_the_true_range_after_a_gap_is_unknown_so_the_mean_of_the_known_ones_stays(bars):
    high, low, close = without(bars, 300, 302)
    ranges = recursions.true_range(high, low, close)
    assert np.isnan(ranges[:, 300:303]).all()
    known = np.delete(ranges, [300, 301, 302], axis=1)
    expected = smoothing.wilder(known, 14)[:, 300:]
    assert recursions.atr(high, low, close, 14)[:, 303:].tobytes() == np.ascontiguousarray(expected).tobytes()


def test_an_exponential_mean_is_the_same_alone_and_among_others():
    generator = np.random.default_rng(12)
    values = generator.normal(100.0, 1.0, (19, 300))
    values[3, 120], values[5, :40], values[6:, :7] = np.nan, np.nan, np.nan
    values[16, 3], values[16, 99] = 100.0, np.nan
    together = smoothing.ema(values, 20)
    for pair in range(19):
        assert together[pair].tobytes() == smoothing.ema(values[pair : pair + 1].copy(), 20).tobytes()
    assert np.isnan(smoothing.ema(values[:, :10].copy(), 20)).all()
