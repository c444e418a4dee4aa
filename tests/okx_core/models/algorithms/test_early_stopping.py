"""The number of trees is the one that serves later rows best, whatever the algorithm."""

from dataclasses import replace

import numpy as np
import pytest

from okx_core.models.algorithms.early_stopping import best_number_of_trees
from okx_core.models.members import ALGORITHMS, MemberError, MemberSpec, fit_member
from tests.made_panel import SMALL

NAMES = ("first", "second", "third")
STAGED = sorted(name for name, one in ALGORITHMS.items() if one.is_staged)


def rows(seed: int, noise: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    matrix = rng.uniform(-0.5, 0.5, size=(900, 3)).astype(np.float32)
    target = np.sin(6.0 * matrix[:, 0]) + noise * rng.normal(size=900)
    return matrix, target, rng.uniform(0.5, 1.5, 900)


def estimator(algorithm: str, noise: float):
    spec = MemberSpec("it", algorithm, budget=replace(SMALL, trees=60, depth=5, min_rows_per_leaf=5, l2=0.1))
    return fit_member(spec, *(lambda m, t, w: (m, NAMES, t, w))(*rows(1, noise))).estimator


@pytest.mark.parametrize("algorithm", STAGED)
def test_all_trees_of_a_fit_are_the_fit_and_fewer_are_another(algorithm: str) -> None:
    fitted, matrix = estimator(algorithm, 0.1), rows(2, 0.1)[0]
    np.testing.assert_allclose(fitted.first(60).predict(matrix), fitted.predict(matrix), atol=1e-12)
    assert np.abs(fitted.first(10).predict(matrix) - fitted.predict(matrix)).max() > 0.01


@pytest.mark.parametrize("algorithm", STAGED)
def test_noise_is_stopped_early_and_what_is_there_is_learned(algorithm: str) -> None:
    noisy, clear = (
        best_number_of_trees(estimator(algorithm, noise), *rows(2, noise), 60) for noise in (3.0, 0.01)
    )
    assert noisy <= 20
    assert clear > noisy


def test_the_number_kept_has_the_least_error_of_every_number_asked() -> None:
    fitted, (matrix, target, weight) = estimator("lightgbm", 1.0), rows(2, 1.0)
    errors = [
        float(weight @ (fitted.booster.predict(matrix, num_iteration=count) - target) ** 2)
        for count in range(10, 61, 10)
    ]
    assert best_number_of_trees(fitted, matrix, target, weight, 60) == 10 * (int(np.argmin(errors)) + 1)


def test_what_has_no_stages_cannot_be_stopped() -> None:
    with pytest.raises(MemberError, match="ridge cannot be stopped early; those that can: lightgbm"):
        MemberSpec("it", "ridge", early_stopping_weeks=8)
