"""PBO on the data of a published worked example: the vignette of the R package pbo (Barry, 2014).

The vignette draws its trials with R's generator from a seed, so they can be drawn again: Mersenne Twister with R's
seeding, normals by inversion. It prints p_bo 1, an adjusted R2 of 0.97 and, under the name of a slope, the intercept
-0.0030456 of the winners' Sharpe ratios in sample on those out of sample: that these come out says the data are right.
"""

from itertools import combinations

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import linregress

from okx_core.models.evaluation.overfitting import backtest_overfitting

SEED, TRIALS, DAYS, BLOCKS = 765, 100, 2400, 8
RISK_FREE = 0.03 / 252
STEP, COARSE = 2.3283064365386963e-10, 134217728  # of R: 1 / (2**32 - 1), and 2**27 of its inversion


def r_normals(seed: int, count: int) -> np.ndarray:
    """What `set.seed(seed); rnorm(count)` gives in R."""
    state = seed
    words = []
    for turn in range(50 + 625):
        state = (69069 * state + 1) % 2**32
        words += [state] if turn > 50 else []
    twister = np.random.RandomState()
    twister.set_state(("MT19937", np.array(words, dtype=np.uint32), 624))
    uniform = twister.randint(0, 2**32, size=(count, 2), dtype=np.uint32) * STEP
    return ndtri((np.floor(COARSE * uniform[:, 0]) + uniform[:, 1]) / COARSE)


@pytest.fixture(scope="module")
def excess() -> np.ndarray:
    """The trials less the risk-free rate [days, trials]: of one volatility, and without any mean of their own."""
    drawn = r_normals(SEED, TRIALS * DAYS).reshape(TRIALS, DAYS).T
    scaled = drawn / (drawn.std(axis=0, ddof=1) * 252.0**0.5)
    return scaled - scaled.mean(axis=0) - RISK_FREE


def sharpe(returns: np.ndarray) -> np.ndarray:
    return returns.mean(axis=0) / returns.std(axis=0, ddof=1)


def test_the_generator_is_that_of_r() -> None:
    np.testing.assert_allclose(r_normals(42, 3), [1.37095845, -0.56469817, 0.36312841], atol=1e-8)


def test_the_winners_fall_behind_as_published(excess) -> None:
    parts = np.split(excess, BLOCKS)
    inside, outside = [], []
    for chosen in combinations(range(BLOCKS), BLOCKS // 2):
        seen = sharpe(np.concatenate([parts[place] for place in chosen]))
        unseen = sharpe(np.concatenate([parts[place] for place in range(BLOCKS) if place not in chosen]))
        inside.append(seen.max())
        outside.append(unseen[seen.argmax()])
    fit = linregress(outside, inside)
    adjusted = 1.0 - (1.0 - fit.rvalue**2) * (len(inside) - 1) / (len(inside) - 2)
    assert f"{fit.intercept:.7f}" == "-0.0030456"
    assert f"{adjusted:.2f}" == "0.97"


def test_pbo_of_the_published_trials_is_the_published_one(excess) -> None:
    assert backtest_overfitting(excess, BLOCKS) == 1.0
