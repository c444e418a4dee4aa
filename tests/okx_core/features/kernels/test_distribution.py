"""Hurst exponent and order entropy on series whose answer is known."""

import math
from itertools import permutations

import numpy as np
import pytest

from okx_core.features.kernels.distribution import hurst, order_entropy

MOVES = 80
RETURNS = 87  # the longest move takes 7 more
WALKS = 20_000


def last_hurst(returns):
    return hurst(np.ascontiguousarray(returns), MOVES)[:, -1]


@pytest.mark.parametrize("scale", [1e-9, 0.01, 1e6])
def test_a_gaussian_random_walk_has_an_exponent_of_one_half(scale):
    found = last_hurst(scale * np.random.default_rng(1).normal(size=(WALKS, RETURNS)))
    assert abs(found.mean() - 0.5) < 4.0 * found.std() / math.sqrt(WALKS)
    assert found.std() < 0.11


def test_a_random_walk_with_fat_tails_has_an_exponent_of_one_half():
    found = last_hurst(np.random.default_rng(2).standard_t(4.0, size=(WALKS, RETURNS)))
    assert abs(found.mean() - 0.5) < 0.005


def test_a_random_walk_whose_volatility_clusters_has_an_exponent_of_one_half():
    generator = np.random.default_rng(3)
    level = np.exp(np.cumsum(generator.normal(0.0, 0.15, (WALKS, RETURNS)), axis=1))
    found = last_hurst(level * generator.normal(size=(WALKS, RETURNS)))
    assert abs(found.mean() - 0.5) < 0.02


def fractional_noise(exponent, count, walks, seed):
    """Increments of fractional Brownian motion, from their covariance."""
    lags = np.arange(count)
    covariance = 0.5 * (
        np.abs(lags + 1.0) ** (2 * exponent)
        - 2.0 * lags ** (2 * exponent)
        + np.abs(lags - 1.0) ** (2 * exponent)
    )
    root = np.linalg.cholesky(covariance[np.abs(lags[:, None] - lags)])
    return np.random.default_rng(seed).normal(size=(walks, count)) @ root.T


@pytest.mark.parametrize("exponent", [0.3, 0.4, 0.6, 0.7])
def test_fractional_brownian_motion_has_its_own_exponent(exponent):
    found = last_hurst(fractional_noise(exponent, RETURNS, 5_000, 4))
    assert found.mean() == pytest.approx(exponent, abs=0.02)


def test_what_has_not_moved_is_a_random_walk():
    assert last_hurst(np.zeros((1, RETURNS)))[0] == 0.5


def test_order_entropy_equals_its_definition():
    values = np.random.default_rng(5).normal(size=(1, 400)).round(1)
    found = order_entropy(values, 48)[0]
    assert np.isnan(found[:49]).all()
    for bar in range(49, 400, 7):
        triples = [
            tuple(np.argsort(values[0, end - 2 : end + 1], kind="stable")) for end in range(bar - 47, bar + 1)
        ]
        shares = [triples.count(order) / 48 for order in permutations(range(3))]
        expected = -sum(share * math.log(share) for share in shares if share) / math.log(6.0)
        assert found[bar] == pytest.approx(expected, abs=1e-12)


def test_order_entropy_forgets_a_gap():
    values = np.random.default_rng(6).normal(size=(1, 200))
    broken = values.copy()
    broken[0, 100] = np.nan
    found, whole = order_entropy(broken, 48)[0], order_entropy(values, 48)[0]
    assert found[:100].tobytes() == whole[:100].tobytes()
    assert found[150:].tobytes() == whole[150:].tobytes()


def test_order_entropy_near_a_gap_is_that_of_the_known_orders():
    values = np.random.default_rng(7).normal(size=(1, 200))
    values[0, [100, 130]] = np.nan
    found = order_entropy(values, 48)[0]
    for bar in range(49, 200):
        last = [values[0, end - 2 : end + 1] for end in range(bar - 47, bar + 1)]
        triples = [tuple(np.argsort(three, kind="stable")) for three in last if not np.isnan(three).any()]
        shares = [triples.count(order) / len(triples) for order in set(triples)]
        expected = -sum(share * math.log(share) for share in shares) / math.log(6.0)
        assert found[bar] == pytest.approx(
            expected if len(triples) >= 36 else math.nan, nan_ok=True, abs=1e-12
        )
