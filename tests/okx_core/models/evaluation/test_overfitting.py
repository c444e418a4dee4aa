"""The deflated Sharpe ratio is that of its paper's example; PBO is its definition, enumerated."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from okx_core.models.evaluation.overfitting import (
    OverfittingError,
    backtest_overfitting,
    deflated_sharpe,
    deflated_sharpe_of,
    expected_maximum_sharpe,
    overfitting_of,
    probabilistic_sharpe,
    sharpe_variance,
)

# Bailey and Lopez de Prado (2014), The Deflated Sharpe Ratio, section "A numerical example": an annual Sharpe ratio of
# 2.5 from five years of 250 days, skewness -3, kurtosis 10; the annual Sharpe ratios of the trials have variance 1/2.
DAILY, VARIANCE = 2.5 / np.sqrt(250.0), 0.5 / 250.0


def test_the_expected_maximum_of_the_papers_example() -> None:
    assert expected_maximum_sharpe(100, VARIANCE) == pytest.approx(0.1132, abs=5e-5)


def test_the_deflated_sharpe_ratio_of_the_papers_example() -> None:
    assert deflated_sharpe(DAILY, 1250, -3.0, 10.0, 100, VARIANCE) == pytest.approx(0.9004, abs=5e-5)


def test_with_46_trials_the_papers_example_passes_at_95_percent() -> None:
    assert deflated_sharpe(DAILY, 1250, -3.0, 10.0, 46, VARIANCE) == pytest.approx(0.9505, abs=5e-5)


def test_with_normal_returns_the_papers_example_allows_88_trials() -> None:
    assert deflated_sharpe(DAILY, 1250, 0.0, 3.0, 88, VARIANCE) == pytest.approx(0.9505, abs=5e-5)


def test_one_trial_is_not_deflated() -> None:
    assert expected_maximum_sharpe(1, 9.0) == 0.0
    assert deflated_sharpe(0.1, 500, 0.0, 3.0, 1, 9.0) == probabilistic_sharpe(0.1, 0.0, 500, 0.0, 3.0)


@given(st.integers(2, 500), st.integers(1, 500))
def test_more_trials_never_help(trials: int, more: int) -> None:
    few, many = (deflated_sharpe(0.1, 600, -0.5, 5.0, n, 0.002) for n in (trials, trials + more))
    assert many < few


def test_the_expected_maximum_is_that_of_drawn_trials() -> None:
    drawn = np.random.default_rng(1).normal(0.0, 0.3, size=(20_000, 50)).max(axis=1).mean()
    assert expected_maximum_sharpe(50, 0.09) == pytest.approx(drawn, rel=0.02)


def test_returns_that_do_not_vary_have_no_deflated_sharpe_ratio() -> None:
    assert np.isnan(deflated_sharpe_of(np.zeros(50), 3, 0.1))
    returns = np.random.default_rng(2).normal(0.1, 1.0, 400)
    assert 0.5 < deflated_sharpe_of(returns, 1, 0.0) <= 1.0


def sharpe(returns: np.ndarray) -> np.ndarray:
    return returns.mean(axis=0) / returns.std(axis=0)


def slow_pbo(returns: np.ndarray, blocks: int) -> float:
    """The definition: logit of the relative rank of the in-sample winner, at most 0."""
    parts = np.array_split(returns, blocks)
    logits = []
    for chosen in combinations(range(blocks), blocks // 2):
        inside = np.concatenate([parts[place] for place in chosen])
        outside = np.concatenate([parts[place] for place in range(blocks) if place not in chosen])
        winner = sharpe(inside).argmax()
        out = sharpe(outside)
        omega = ((out < out[winner]).sum() + 1.0) / (returns.shape[1] + 1.0)
        logits.append(np.log(omega / (1.0 - omega)))
    return float(np.mean(np.array(logits) <= 0.0))


@pytest.mark.parametrize(("blocks", "choices"), [(4, 6), (6, 20), (8, 70)])
def test_pbo_is_its_definition_enumerated(blocks: int, choices: int) -> None:
    returns = np.random.default_rng(blocks).normal(size=(blocks * 12, 7))
    found = backtest_overfitting(returns, blocks)
    assert found == slow_pbo(returns, blocks)
    assert (found * choices) % 1.0 == pytest.approx(0.0, abs=1e-9)


def test_trials_of_equal_total_are_overfit_by_construction() -> None:
    """The full overfit of Bailey et al. (2015): every trial sums to nothing, so who wins here loses there."""
    returns = np.random.default_rng(3).normal(size=(1000, 100))
    assert backtest_overfitting(returns - returns.mean(axis=0), 16) == pytest.approx(1.0, abs=0.01)


def test_a_trial_that_is_always_best_is_not_overfit() -> None:
    returns = np.random.default_rng(4).normal(size=(800, 20))
    returns[:, 5] += 2.0
    assert backtest_overfitting(returns, 16) == 0.0


def test_pure_noise_is_overfit_half_of_the_time() -> None:
    rng = np.random.default_rng(5)
    found = [backtest_overfitting(rng.normal(size=(160, 10)), 8) for _ in range(60)]
    assert 0.4 < np.mean(found) < 0.6


@pytest.mark.parametrize(("shape", "blocks"), [((100, 1), 4), ((100, 3), 5), ((10, 3), 8), ((100, 3), 0)])
def test_what_cannot_be_cut_is_refused(shape: tuple[int, int], blocks: int) -> None:
    with pytest.raises(OverfittingError, match="PBO needs"):
        backtest_overfitting(np.ones(shape), blocks)


def test_days_that_one_series_does_not_know_are_left_out_of_all() -> None:
    """Two equal series and a worse one: a week that one of the equal ones lacks changes nothing but its length."""
    rng = np.random.default_rng(3)
    hourly = rng.normal(0.1, 1.0, 24 * 200)
    hole = hourly.copy()
    hole[24 * 50 : 24 * 57] = np.nan
    worse = hourly - 0.5
    assert overfitting_of([hourly, hole, worse], 24) == 0.0
    kept = np.delete(np.arange(24 * 200), np.arange(24 * 50, 24 * 57))
    noise = rng.normal(size=24 * 200)
    expected = overfitting_of([hourly[kept], noise[kept]], 24)
    assert overfitting_of([hole, noise], 24) == expected


def test_trials_without_spread_still_deflate() -> None:
    """A single series, or copies of it, has no variance of its own: that of a series without skill is taken."""
    series = np.random.default_rng(1).normal(0.2, 1.0, 60)
    assert sharpe_variance([series]) == sharpe_variance([series, series]) == 0.0
    few, many = (deflated_sharpe_of(series, trials, 0.0) for trials in (3, 1000))
    assert few > many + 0.2
    assert deflated_sharpe_of(series, 3, 0.0) == deflated_sharpe_of(series, 3, 1.0 / 60)
    assert deflated_sharpe_of(series, 3, 0.1) < few
