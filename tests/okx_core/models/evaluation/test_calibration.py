"""Expected excess, probability and interval say what then happens, and nothing where nothing is known."""

import numpy as np
import pytest

from okx_core.models.evaluation.calibration import (
    brier,
    calibrated,
    coverage_by,
    platt,
    reliability_error,
    shrunk_slope,
)

HOURS, PAIRS, HORIZON = 6000, 8, 1


@pytest.fixture(scope="module")
def market():
    """Returns of the next hour: slope x score plus noise that grows with the pair's volatility."""
    rng = np.random.default_rng(7)
    score = np.argsort(np.argsort(rng.normal(size=(HOURS, PAIRS)), axis=1), axis=1) / (PAIRS - 1.0) - 0.5
    volatility = 0.3 * np.exp(0.6 * np.arange(PAIRS) / PAIRS) * np.exp(0.4 * rng.normal(size=(HOURS, 1)))
    returns = 0.3 * score + volatility * rng.standard_t(5, size=(HOURS, PAIRS))
    closes = 100.0 * np.cumprod(1.0 + np.vstack((np.zeros((1, PAIRS)), returns[:-1])) / 100.0, axis=0)
    return score, closes, volatility


@pytest.fixture(scope="module")
def found(market):
    score, closes, volatility = market
    return calibrated(score, closes, volatility, (2500, 4000), HORIZON)


def test_the_slope_is_found_and_hardly_shrunk_when_it_is_sure(market, found) -> None:
    score, _, _ = market
    slope, t = shrunk_slope(score[:-1], found.outcome[:-1])
    assert slope == pytest.approx(0.3, abs=0.04)
    assert t > 8
    np.testing.assert_allclose(found.expected[5000] / score[5000], found.expected[5000, 0] / score[5000, 0])


def test_noise_and_a_wrong_score_are_expected_to_earn_nothing(market, found) -> None:
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, size=found.outcome.shape)
    slope, t = shrunk_slope(noise, found.outcome)
    assert abs(t) < 2 or slope < 0.05
    assert shrunk_slope(-market[0], found.outcome)[0] == 0.0
    unknown, no_t = shrunk_slope(market[0][:500], found.outcome[:500])
    assert (unknown, np.isnan(no_t)) == (0.0, True)


def test_probabilities_are_reliable_and_beat_the_base_rate(found) -> None:
    positive = np.where(np.isnan(found.outcome), np.nan, (found.outcome > 0).astype(float))
    assert reliability_error(found.probability, positive) < 0.02
    assert brier(found.probability, positive) < brier(found.base_rate, positive)


def test_the_interval_covers_four_of_five_at_every_volatility(market, found) -> None:
    shares = coverage_by(market[2], found.low, found.high, found.outcome)
    assert len(shares) == 5
    assert all(0.75 <= share <= 0.85 for share in shares), shares


def test_nothing_is_said_before_the_first_calibration_and_later_outcomes_change_nothing(
    market, found
) -> None:
    score, closes, volatility = market
    other = closes.copy()
    other[4000:] *= np.exp(0.1 * np.random.default_rng(2).normal(size=other[4000:].shape))
    again = calibrated(score, other, volatility, (2500, 4000), HORIZON)
    assert np.isnan(found.probability[:2500]).all()
    for name in ("expected", "probability", "low", "high", "base_rate"):
        np.testing.assert_array_equal(getattr(again, name), getattr(found, name))


def test_platt_is_the_logistic_regression_of_scikit_learn() -> None:
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(3)
    score = rng.uniform(-0.5, 0.5, 20_000)
    positive = (rng.random(20_000) < 1.0 / (1.0 + np.exp(0.2 - 1.5 * score))).astype(float)
    peer = LogisticRegression(C=1e9).fit(score[:, None], positive)
    intercept, slope = platt(score, positive)
    assert (intercept, slope) == (
        pytest.approx(peer.intercept_[0], abs=2e-3),
        pytest.approx(peer.coef_[0, 0], abs=5e-3),
    )


def test_platt_stays_finite_where_the_classes_are_apart() -> None:
    score = np.linspace(-0.5, 0.5, 50)
    assert np.isfinite(platt(score, (score > 0).astype(float))).all()


def test_the_reliability_error_is_the_distance_of_stated_and_realised_shares() -> None:
    stated = np.repeat([0.2, 0.6], 100)
    happened = np.concatenate((np.repeat([1.0, 0.0], [30, 70]), np.repeat([1.0, 0.0], [60, 40])))
    assert reliability_error(stated, happened, 2) == pytest.approx(0.05)
    assert np.isnan(reliability_error(np.array([np.nan]), np.array([1.0])))
    assert brier(np.array([0.5, np.nan]), np.array([1.0, 1.0])) == 0.25
