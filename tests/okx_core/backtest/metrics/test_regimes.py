"""Regimes are known before the hour that they are counted in, and their hours make up the whole."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from okx_core.backtest.metrics.curve import MIN_ANNUALISED_HOURS, sharpe, total_return_pct
from okx_core.backtest.metrics.regimes import (
    MEDIAN_HOURS,
    MIN_KNOWN,
    TREND_HOURS,
    VOLATILITY_HOURS,
    Regimes,
    market_regimes,
    regime_figures,
)

HOURS = 24 * 300


def walk(seed: int, hours: int = HOURS, pairs: int = 2) -> np.ndarray:
    dice = np.random.default_rng(seed)
    scale = 0.004 * (1.0 + (np.arange(hours) // 500 % 2))[:, None]
    closes = 100.0 * np.exp(np.cumsum(scale * dice.normal(size=(hours, pairs)), axis=0))
    closes[dice.random(closes.shape) < 0.01] = np.nan
    return closes


def by_hand(closes: np.ndarray, hour: int) -> tuple[float, float]:
    """Trend and volatility of one hour from the rows until it, by plain loops."""

    def mean_return(row: int, lag: int) -> float:
        if row < lag:
            return math.nan
        known = [one for one in closes[row] / closes[row - lag] - 1.0 if one == one]
        return sum(known) / len(known) if known else math.nan

    def deviation(row: int) -> float:
        known = [
            value for at in range(max(row - VOLATILITY_HOURS + 1, 0), row + 1)
            if (value := mean_return(at, 1)) == value
        ]  # fmt: skip
        return float(np.std(known, ddof=1)) if len(known) >= VOLATILITY_HOURS // 2 else math.nan

    rise, now = mean_return(hour, TREND_HOURS), deviation(hour)
    past = [one for at in range(max(hour - MEDIAN_HOURS + 1, 0), hour + 1) if (one := deviation(at)) == one]
    usual = float(np.median(past)) if len(past) >= MIN_KNOWN else math.nan
    return (
        math.nan if rise != rise else float(rise > 0.0),
        math.nan if now != now or usual != usual else float(now > usual),
    )


@pytest.mark.parametrize("hour", [600, TREND_HOURS, 800, 1_500, 2_400])
def test_an_hour_is_as_by_hand(hour) -> None:
    closes = walk(1, 2_600)
    found = market_regimes(closes)
    np.testing.assert_array_equal([found.rises[hour], found.is_volatile[hour]], by_hand(closes, hour))


@given(st.integers(1, HOURS - 1), st.integers(0, 50))
def test_later_hours_change_no_regime(hour, seed) -> None:
    closes = walk(2)
    whole, alone = market_regimes(closes), market_regimes(closes[: hour + 1])
    other = closes.copy()
    other[hour + 1 :] *= np.random.default_rng(seed).uniform(0.5, 2.0, other[hour + 1 :].shape)
    changed = market_regimes(other)
    assert len(alone.rises) == hour + 1
    for one, two, three in zip(whole, alone, changed, strict=True):
        np.testing.assert_array_equal(one[: hour + 1], two)
        np.testing.assert_array_equal(one[: hour + 1], three[: hour + 1])


def test_without_a_month_of_history_the_regime_is_unknown_and_both_states_occur_later() -> None:
    found = market_regimes(walk(3))
    assert np.isnan(found.rises[:TREND_HOURS]).all()
    assert np.isnan(found.is_volatile[:MIN_KNOWN]).all()
    for state in found:
        later = state[MIN_KNOWN + VOLATILITY_HOURS :]
        assert {0.0, 1.0} == set(later[~np.isnan(later)])
        assert 0.2 < np.nanmean(later) < 0.8


@given(st.integers(0, 1_000))
def test_the_hours_of_trends_and_of_volatilities_make_up_the_whole(seed) -> None:
    dice = np.random.default_rng(seed)
    hours = 3_000
    curve, market = (np.cumprod(1.0 + dice.normal(0.0, 0.01, hours + 1)) for _ in range(2))
    known = Regimes(*(dice.choice([0.0, 1.0, np.nan], hours) for _ in range(2)))
    found = {one.name: one for one in regime_figures(curve, market, known)}
    trends = [found[name] for name in ("up trend", "down trend", "trend unknown")]
    states = [found[name] for name in ("high volatility", "low volatility", "volatility unknown")]
    for parts in (trends, states):
        assert sum(one.hours_pct for one in parts) == pytest.approx(100.0)
        for figure, whole in (("return_pct", curve), ("market_return_pct", market)):
            together = np.prod([1.0 + getattr(one, figure) / 100.0 for one in parts])
            assert together == pytest.approx(1.0 + total_return_pct(whole) / 100.0)
    assert "up trend, high volatility" in found
    assert all(one.sharpe is None for one in found.values()), "no regime has three months"


def test_one_regime_has_the_figures_of_the_curve() -> None:
    dice = np.random.default_rng(1)
    hours = MIN_ANNUALISED_HOURS + 5
    curve = np.cumprod(1.0 + dice.normal(0.0, 0.01, hours + 1))
    (up, high, both) = regime_figures(curve, curve, Regimes(np.ones(hours), np.ones(hours)))
    assert [one.name for one in (up, high, both)] == [
        "up trend",
        "high volatility",
        "up trend, high volatility",
    ]
    assert up.sharpe == pytest.approx(sharpe(curve))
    assert up.return_pct == pytest.approx(total_return_pct(curve))
    assert up.hours_pct == 100.0
