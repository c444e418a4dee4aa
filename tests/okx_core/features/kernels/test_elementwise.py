"""Formulas of single bars are those that NumPy computes step by step, to the last bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from okx_core.features.kernels import elementwise, recursions
from okx_core.features.kernels.oscillator import price_oscillator

PRICE = st.floats(1e-6, 1e6) | st.just(float("nan")) | st.just(100.0)
BARS = st.lists(st.tuples(PRICE, PRICE, PRICE), min_size=1, max_size=30)


def rows_of(bars: list[tuple[float, float, float]]) -> list[np.ndarray]:
    return [np.array([row], dtype=np.float64) for row in zip(*bars, strict=True)]


@given(BARS)
def test_each_formula_gives_the_bytes_of_its_numpy_form(bars) -> None:
    one, two, three = rows_of(bars)
    with np.errstate(all="ignore"):
        expected = {
            "typical_price": (one + two + three) / 3.0,
            "distance_pct": 100.0 * (one / two - 1.0),
            "absolute_change": np.abs(one - np.hstack([[[np.nan]], one[:, :-1]])),
            "deviation": np.sqrt(one / 20),
        }
        share = np.where(two == three, 0.5 + (two - one) * 0.0, (two - one) / (two - three))
        expected["williams_r"] = -100.0 * share
        index = np.where(three == 0.0, (one - two) * 0.0, (one - two) / (0.015 * three))
        expected["channel_index"] = index
    found = {
        "typical_price": elementwise.typical_price(one, two, three),
        "distance_pct": elementwise.distance_pct(one, two),
        "absolute_change": elementwise.absolute_change(one),
        "deviation": elementwise.deviation(one, 20),
        "williams_r": elementwise.williams_r(one, two, three),
        "channel_index": elementwise.channel_index(one, two, three),
    }
    unlike = [name for name in expected if not np.array_equal(found[name], expected[name], equal_nan=True)]
    assert unlike == []


def test_a_flat_range_is_in_the_middle_and_a_flat_market_has_no_channel_index() -> None:
    price = np.full((1, 3), 5.0)
    assert elementwise.williams_r(price, price, price).tolist() == [[-50.0] * 3]
    assert elementwise.channel_index(price, price, np.zeros((1, 3))).tolist() == [[0.0] * 3]


@pytest.mark.parametrize("pairs", [4, 5, 9])
def test_pairs_side_by_side_give_the_bytes_of_each_alone(pairs) -> None:
    generator = np.random.default_rng(3)
    close = 100.0 * np.exp(np.cumsum(generator.normal(0.0, 0.01, (pairs, 300)), axis=1))
    spread = np.abs(generator.normal(0.0, 0.5, close.shape))
    close[:, :7] = np.nan  # they begin together
    close[pairs - 1, 100] = np.nan  # the last one has a gap
    high, low = close + spread, close - spread
    kernels = {
        "oscillator": lambda some: price_oscillator(close[some], 12, 26, 9),
        "stops": lambda some: (recursions.parabolic_sar(high[some], low[some], 0.02, 0.2),),
    }
    unlike = [
        (name, pair)
        for name, kernel in kernels.items()
        for pair in range(pairs)
        for one, other in zip(kernel(slice(0, pairs)), kernel(slice(pair, pair + 1)), strict=True)
        if one[pair].tobytes() != other[0].tobytes()
    ]
    assert unlike == []
