"""The record of a strategy's own wants: known when it was known, and not before."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from okx_core.strategies.outcomes import MIN_OUTCOMES, known_outcomes
from okx_core.strategies.strategy import Wants


def drawn(seed: int, hours: int = 120, pairs: int = 3) -> tuple[Wants, np.ndarray]:
    dice = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(dice.normal(0.0, 0.01, (hours, pairs)), axis=0))
    close[dice.random(close.shape) < 0.03] = np.nan
    score = np.where(dice.random(close.shape) < 0.5, dice.normal(0.5, 1.0, close.shape), np.nan)
    return Wants(score, dice.random(close.shape) < 0.1), close


def by_hand(wants: Wants, close: np.ndarray, horizon: int, cost: float, at: int) -> list[float]:
    """Every outcome known at row `at`, one entry after the other."""
    found = []
    for row in range(at):
        for pair in range(close.shape[1]):
            if not wants.score[row, pair] > 0.0:
                continue
            end = next(
                (h for h in range(row + 1, row + horizon) if h <= at and wants.leaves[h, pair]), row + horizon
            )
            value = 100.0 * (close[end, pair] / close[row, pair] - 1.0) - cost if end <= at else np.nan
            found += [value] if np.isfinite(value) else []
    return found


@given(seed=st.integers(0, 10**6), horizon=st.integers(1, 30), at=st.integers(0, 119))
def test_mean_and_variance_are_those_of_the_outcomes_known_at_the_hour(
    seed: int, horizon: int, at: int
) -> None:
    wants, close = drawn(seed)
    record = known_outcomes(wants, close, horizon, 0.2)
    expected = by_hand(wants, close, horizon, 0.2, at)
    if len(expected) < MIN_OUTCOMES:
        assert np.isnan(record.mean_pct[at])
        assert np.isnan(record.variance_pct2[at])
    else:
        assert record.mean_pct[at] == pytest.approx(np.mean(expected), abs=1e-9)
        assert record.variance_pct2[at] == pytest.approx(np.var(expected, ddof=1), rel=1e-6)


def test_later_hours_change_nothing() -> None:
    wants, close = drawn(3)
    whole = known_outcomes(wants, close, 10, 0.2)
    cut = known_outcomes(Wants(wants.score[:70], wants.leaves[:70]), close[:70], 10, 0.2)
    np.testing.assert_array_equal(whole.mean_pct[:70], cut.mean_pct)
    np.testing.assert_array_equal(whole.variance_pct2[:70], cut.variance_pct2)
    assert np.isfinite(whole.mean_pct[69])
