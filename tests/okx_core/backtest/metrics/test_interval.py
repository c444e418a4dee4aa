"""Intervals from redrawn days: they hold the truth as often as they say, and keep neighbouring days together."""

import numpy as np
import pytest

from okx_core.backtest.metrics.interval import intervals, redrawn


def curve_of(daily: np.ndarray) -> np.ndarray:
    """A curve whose days have these returns, all of it made in their first hour."""
    return np.repeat(np.cumprod(np.append(1.0, 1.0 + daily)), 24)[: 24 * len(daily) + 1]


def test_nine_of_ten_intervals_hold_the_true_sharpe_ratio() -> None:
    rng, held = np.random.default_rng(3), 0
    for _ in range(100):
        found = intervals(curve_of(rng.normal(0.002, 0.02, 365)))["sharpe"]
        assert found is not None
        held += found.low < 0.1 * np.sqrt(365.0) < found.high
    assert 82 <= held <= 97


def test_blocks_keep_days_together_and_every_day_is_as_likely() -> None:
    days = np.arange(200.0)
    drawn = redrawn(days, 2_000)
    together = (np.diff(drawn, axis=1) % 200 == 1).mean()
    assert together == pytest.approx(0.9, abs=0.01)
    assert np.bincount(drawn.astype(int).ravel(), minlength=200).std() < 0.06 * 2_000
    np.testing.assert_array_equal(drawn, redrawn(days, 2_000))


def test_a_short_or_flat_curve_has_none() -> None:
    assert set(intervals(curve_of(np.full(89, 0.01))).values()) == {None}
    assert set(intervals(curve_of(np.zeros(365))).values()) == {None}


def test_a_drawdown_interval_is_negative_and_a_return_interval_holds_what_was_earned() -> None:
    daily = np.random.default_rng(5).normal(0.001, 0.02, 500)
    found = intervals(curve_of(daily))
    drawdown, total = found["max_drawdown_pct"], found["total_return_pct"]
    assert drawdown is not None
    assert total is not None
    assert drawdown.low < drawdown.high < 0.0
    assert total.low < 100.0 * (np.prod(1.0 + daily) - 1.0) < total.high
