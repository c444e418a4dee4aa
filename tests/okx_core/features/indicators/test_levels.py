"""Support, resistance and breakouts against the plain definition, and what they know."""

import numpy as np
import pytest

from okx_core.features.bars import Bars
from okx_core.features.indicators.levels import (
    LEVEL_BARS,
    WING_BARS,
    breakout_distance_atr,
    confirmed_breakout,
    resistance_level,
    support_level,
)

BARS = 400


@pytest.fixture(scope="module")
def fields():
    generator = np.random.default_rng(23)
    close = 100.0 * np.exp(np.cumsum(generator.normal(0.0, 0.01, (2, BARS)), axis=1))
    wide = np.abs(generator.normal(0.0, 0.004, (2, 2, BARS)))
    volume = generator.lognormal(3.0, 1.0, close.shape)
    return {
        "open": close,
        "high": close * (1.0 + wide[0]),
        "low": close * (1.0 - wide[1]),
        "close": close,
        "volume": volume,
    }


def as_bars(fields):
    return Bars(fields, fields["close"].shape[1], 0)


def by_definition(high, close, bar):
    """Lowest of the confirmed swing highs of the window that are not below close, else the highest high."""
    start = bar - LEVEL_BARS + 1
    swings = [
        high[peak]
        for peak in range(start + WING_BARS, bar - WING_BARS + 1)
        if high[peak] == high[peak - WING_BARS : peak + WING_BARS + 1].max() and high[peak] >= close[bar]
    ]
    return min(swings, default=high[start : bar + 1].max())


def test_levels_equal_their_definition(fields):
    bars = as_bars(fields)
    resistance, support = resistance_level.compute(bars), support_level.compute(bars)
    for pair in (0, 1):
        for bar in range(LEVEL_BARS - 1, BARS):
            high, low, close = fields["high"][pair], fields["low"][pair], fields["close"][pair]
            assert resistance[pair, bar] == by_definition(high, close, bar)
            assert support[pair, bar] == -by_definition(-low, -close, bar)
    assert (support[:, LEVEL_BARS - 1 :] <= fields["close"][:, LEVEL_BARS - 1 :]).all()
    assert (resistance[:, LEVEL_BARS - 1 :] >= fields["close"][:, LEVEL_BARS - 1 :]).all()


def test_a_swing_high_is_known_five_bars_later_and_not_before():
    high = np.full((1, 130), 10.0) + np.linspace(0.0, 0.1, 130)
    high[0, 20], high[0, 110] = 30.0, 20.0
    flat = np.full((1, 130), 9.0)
    level = resistance_level.compute(
        as_bars({"open": flat, "high": high, "low": flat, "close": flat, "volume": flat})
    )
    assert (level[0, 95:115] == 30.0).all()
    assert level[0, 115] == 20.0


def test_a_level_is_the_same_wherever_the_array_starts(fields):
    late = {name: np.ascontiguousarray(values[:, 50:]) for name, values in fields.items()}
    whole, part = (resistance_level.compute(as_bars(some)) for some in (fields, late))
    assert whole[:, 50 + LEVEL_BARS :].tobytes() == part[:, LEVEL_BARS:].tobytes()


def test_a_breakout_is_measured_in_atrs_and_confirmed_by_volume():
    shape = 1, 60
    close = np.full(shape, 100.0)
    fields = {
        "open": close,
        "high": close + 1.0,
        "low": close - 1.0,
        "close": close.copy(),
        "volume": np.full(shape, 5.0),
    }
    fields["close"][0, -1], fields["high"] = 104.0, fields["high"].copy()
    fields["high"][0, -1] = 104.0
    quiet = as_bars(fields)
    atr = (13.0 * 2.0 + 5.0) / 14.0  # of 13 calm bars and the last
    assert breakout_distance_atr.compute(quiet)[0, -1] == pytest.approx(3.0 / atr)
    assert (breakout_distance_atr.compute(quiet)[0, 30:-1] == 0.0).all()
    assert confirmed_breakout.compute(quiet)[0, -1] == 0.0
    loud = as_bars({**fields, "volume": np.where(np.arange(60) == 59, 8.0, 5.0)[None, :]})
    assert confirmed_breakout.compute(loud)[0, -1] == 1.0
