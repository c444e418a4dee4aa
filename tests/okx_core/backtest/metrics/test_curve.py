"""Each statistic of a curve: by hand, and equal to quantstats and empyrical where they define the same."""

import math
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from okx_core.backtest.metrics import curve as of
from okx_core.backtest.metrics.curve import Array
from tests.examples import examples

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of what they import
    import empyrical
    import quantstats.stats as qs

YEAR = 8760
CURVE = np.array([100.0, 110.0, 99.0, 108.9])


def curve_of(seed: int, hours: int = 3_000, spread: float = 0.004) -> Array:
    returns = np.random.default_rng(seed).standard_t(4, hours) * spread
    return 10_000.0 * np.cumprod(np.append(1.0, 1.0 + returns.clip(-0.5, 0.5)))


def series(returns: Array) -> pd.Series:
    """As other libraries take returns."""
    return pd.Series(returns, index=pd.date_range("2024", periods=len(returns), freq="h"))


@pytest.mark.parametrize("seed", range(5))
def test_equal_to_empyrical(seed: int) -> None:
    curve, market = curve_of(seed), curve_of(seed + 100)
    hourly, theirs = of.hourly_returns(curve), of.hourly_returns(market)
    daily = of.daily_returns(curve)
    alpha, beta = empyrical.alpha_beta_aligned(hourly, theirs, annualization=YEAR)
    expected = {
        "total_return_pct": 100.0 * empyrical.cum_returns_final(hourly),
        "cagr_pct": 100.0 * empyrical.annual_return(hourly, annualization=YEAR),
        "volatility_pct": 100.0 * empyrical.annual_volatility(hourly, annualization=YEAR),
        "sharpe": empyrical.sharpe_ratio(hourly, annualization=YEAR),
        "sortino": empyrical.sortino_ratio(hourly, annualization=YEAR),
        "calmar": empyrical.calmar_ratio(hourly, annualization=YEAR),
        "omega": empyrical.omega_ratio(hourly, annualization=1),
        "max_drawdown_pct": 100.0 * empyrical.max_drawdown(hourly),
        "value_at_risk_pct": 100.0 * empyrical.value_at_risk(daily),
        "expected_shortfall_pct": 100.0 * empyrical.conditional_value_at_risk(daily),
        "tail_ratio": empyrical.tail_ratio(daily),
    }
    assert {name: getattr(of, name)(curve) for name in expected} == pytest.approx(expected, rel=1e-9)
    assert of.beta(curve, market) == pytest.approx(beta, rel=1e-9)
    assert of.alpha_pct(curve, market) == pytest.approx(100.0 * alpha, rel=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_equal_to_quantstats(seed: int) -> None:
    """Left out: its CVaR is the mean of returns below a normal quantile, its CAGR counts calendar days."""
    curve = curve_of(seed)
    hourly = series(of.hourly_returns(curve))
    expected = {
        "total_return_pct": 100.0 * float(qs.comp(hourly)),
        "volatility_pct": 100.0 * float(qs.volatility(hourly, periods=YEAR)),
        "sharpe": float(qs.sharpe(hourly, periods=YEAR)),
        "sortino": float(qs.sortino(hourly, periods=YEAR)),
        "max_drawdown_pct": 100.0 * float(qs.max_drawdown(hourly)),
        "omega": float(qs.omega(hourly)),
    }
    assert {name: getattr(of, name)(curve) for name in expected} == pytest.approx(expected, rel=1e-9)
    daily = series(of.daily_returns(curve))
    assert of.tail_ratio(curve) == pytest.approx(float(qs.tail_ratio(daily)), rel=1e-9)
    normal = 100.0 * float(qs.value_at_risk(daily, confidence=0.95))
    assert of.parametric_value_at_risk_pct(curve) == pytest.approx(normal, rel=1e-9)


def test_the_parametric_shortfall_is_the_mean_of_the_tail_of_the_normal_distribution() -> None:
    curve = curve_of(3)
    daily = of.daily_returns(curve)
    drawn = np.random.default_rng(1).normal(np.mean(daily), np.std(daily, ddof=1), 2_000_000)
    tail = np.sort(drawn)[: int(0.05 * len(drawn))]
    assert of.parametric_expected_shortfall_pct(curve) == pytest.approx(100.0 * tail.mean(), rel=3e-3)
    assert of.parametric_value_at_risk_pct(curve) == pytest.approx(100.0 * tail[-1], rel=3e-3)


def test_by_hand() -> None:
    assert of.total_return_pct(CURVE) == pytest.approx(8.9)
    assert of.max_drawdown_pct(CURVE) == pytest.approx(-10.0)
    assert of.omega(CURVE) == pytest.approx(2.0)
    assert of.cagr_pct(np.linspace(100.0, 110.0, YEAR + 1)) == pytest.approx(10.0)


@pytest.mark.parametrize(
    ("curve", "hours"),
    [
        ([1, 2, 3], 0),  # never below its peak
        ([1, 2, 1, 1, 2, 3], 3),
        ([2, 1, 1, 1], 3),  # not recovered: to the end
        ([1, 2, 1.5, 2, 1, 1, 2], 3),  # the longer of two
        ([5, 5, 5], 0),
    ],
)
def test_a_drawdown_lasts_from_its_peak_until_that_is_reached_again(curve: list[float], hours: int) -> None:
    assert of.longest_drawdown_days(np.array(curve, float)) == pytest.approx(hours / 24)


@settings(max_examples=examples(100))
@given(st.lists(st.integers(1, 5), min_size=2, max_size=30))
def test_the_longest_drawdown_equals_a_walk_through_the_hours(levels: list[int]) -> None:
    peak, peak_at, longest = levels[0], 0, 0
    for hour, level in enumerate(levels[1:], start=1):
        if level >= peak:
            longest = max(longest, hour - peak_at if hour - peak_at > 1 else 0)
            peak, peak_at = level, hour
        else:
            longest = max(longest, hour - peak_at)
    assert of.longest_drawdown_days(np.array(levels, float)) == pytest.approx(longest / 24)


ANNUALISED = ("cagr_pct", "volatility_pct", "sharpe", "sortino", "calmar")


@pytest.mark.parametrize("name", ANNUALISED)
def test_nothing_is_annualised_below_three_months(name: str) -> None:
    assert getattr(of, name)(curve_of(1, 90 * 24 - 1)) is None
    assert getattr(of, name)(curve_of(1, 90 * 24)) is not None
    assert of.alpha_pct(curve_of(1, 100), curve_of(2, 100)) is None


OF_ONE = (*ANNUALISED, "total_return_pct", "omega", "max_drawdown_pct", "longest_drawdown_days", "value_at_risk_pct",
          "expected_shortfall_pct", "parametric_value_at_risk_pct", "parametric_expected_shortfall_pct",
          "tail_ratio")  # fmt: skip


def test_what_a_flat_or_empty_curve_cannot_tell_is_unknown() -> None:
    flat = np.full(YEAR, 100.0)
    known = {name: getattr(of, name)(flat) for name in OF_ONE}
    assert {name for name, value in known.items() if value is not None} == {
        "total_return_pct", "cagr_pct", "volatility_pct", "max_drawdown_pct", "longest_drawdown_days",
        "value_at_risk_pct", "expected_shortfall_pct", "parametric_value_at_risk_pct",
        "parametric_expected_shortfall_pct",
    }  # fmt: skip
    assert {getattr(of, name)(flat[:1]) for name in OF_ONE} == {None}
    assert of.beta(curve_of(1), np.full(3_001, 5.0)) is None
    assert of.correlation(curve_of(1), np.full(3_001, 5.0)) is None


@settings(max_examples=examples(60))
@given(st.lists(st.floats(0.01, 1e6), min_size=1, max_size=60), st.integers(1, 90))
def test_every_statistic_is_finite_or_unknown(values: list[float], repeat: int) -> None:
    found = {name: getattr(of, name)(np.tile(values, repeat)) for name in OF_ONE}
    assert [name for name, value in found.items() if value is not None and not math.isfinite(value)] == []
