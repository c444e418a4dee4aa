"""Correlation of two pairs: that of numpy on what is known of both, and unknown where that is too little."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from okx_core.decisions.correlation import pair_correlation


@given(seed=st.integers(0, 10**6), hours=st.integers(3, 40), row=st.integers(0, 59), gaps=st.floats(0.0, 0.4))
def test_it_is_that_of_the_returns_known_of_both(seed: int, hours: int, row: int, gaps: float) -> None:
    dice = np.random.default_rng(seed)
    closes = 100.0 * np.exp(np.cumsum(dice.normal(0.0, 0.01, (60, 2)), axis=0))
    closes[dice.random(closes.shape) < gaps] = np.nan
    returns = closes[1:] / closes[:-1] - 1.0
    window = returns[max(0, row - hours) : row]
    both = window[np.isfinite(window).all(axis=1)]
    expected = np.nan if len(both) < max(3, hours / 2) else np.corrcoef(both.T)[0, 1]
    assert pair_correlation(closes, row, hours, 0, 1) == pytest.approx(expected, abs=1e-9, nan_ok=True)


def test_a_pair_that_does_not_move_has_none() -> None:
    closes = np.column_stack((np.arange(1.0, 11.0), np.full(10, 5.0)))
    assert np.isnan(pair_correlation(closes, 9, 9, 0, 1))
    assert pair_correlation(closes, 9, 9, 0, 0) == pytest.approx(1.0)
