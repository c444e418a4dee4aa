"""Arrays of trees and weights give what the libraries give, and ridge what its formula says."""

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import Ridge as PeerRidge
from sklearn.neural_network import MLPRegressor

from okx_core.models.algorithms import boosters, forests, linear
from tests.made_panel import SMALL


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(8)
    matrix = rng.normal(size=(900, 4)).astype(np.float32)
    target = np.sin(matrix[:, 0]) + 0.3 * matrix[:, 1] + 0.1 * rng.normal(size=900)
    return matrix, target, rng.uniform(0.5, 2.0, 900)


class Spy:
    """Keeps the library's own model while ours is made of it."""

    def __init__(self, monkeypatch, kind) -> None:
        self.models = []
        fit = kind.fit

        def kept(model, *args, **named):
            self.models.append(fit(model, *args, **named))
            return self.models[-1]

        monkeypatch.setattr(kind, "fit", kept)


@pytest.mark.parametrize(
    ("ours", "kind", "unknown"),
    [
        (forests.fit_random_forest, RandomForestRegressor, True),
        (forests.fit_histogram_boosting, HistGradientBoostingRegressor, True),
        (linear.fit_network, MLPRegressor, False),
    ],
)
def test_it_predicts_what_the_library_predicts(monkeypatch, data, ours, kind, unknown) -> None:
    matrix, target, weight = data
    if unknown:
        matrix = np.where(np.random.default_rng(1).random(matrix.shape) < 0.1, np.float32(np.nan), matrix)
    spy = Spy(monkeypatch, kind)
    found = ours(matrix, target, weight, SMALL)
    np.testing.assert_allclose(found.predict(matrix), spy.models[0].predict(matrix), atol=1e-9)


def test_ridge_is_that_of_scikit_learn(data) -> None:
    matrix, target, weight = data
    found = linear.fit_ridge(matrix, target, weight, SMALL)
    centred = matrix - np.average(matrix, axis=0, weights=weight)
    penalty = linear.PENALTY * float((weight[:, None] * centred**2).sum()) / matrix.shape[1]
    peer = PeerRidge(alpha=penalty).fit(matrix.astype(np.float64), target, sample_weight=weight)
    np.testing.assert_allclose(found.predict(matrix), peer.predict(matrix.astype(np.float64)), atol=1e-8)


def test_a_column_that_is_wholly_unknown_harms_no_tree(data) -> None:
    matrix, target, weight = data
    matrix = np.column_stack((matrix, np.full(len(matrix), np.nan, dtype=np.float32)))
    for fit in (forests.fit_random_forest, forests.fit_histogram_boosting, boosters.fit_xgboost):
        assert np.corrcoef(fit(matrix, target, weight, SMALL).predict(matrix), target)[0, 1] > 0.7


def test_shared_bins_give_the_model_of_its_own_rows(data) -> None:
    matrix, target, weight = data
    own = boosters.fit_lightgbm(matrix, target, weight, SMALL)
    shared = boosters.binned(matrix, SMALL)
    boosters.fit_binned(shared, np.arange(0, 900, 2), target[::2], weight[::2], SMALL)
    again = boosters.fit_binned(shared, np.arange(900), target, weight, SMALL)
    assert again.to_bytes() == own.to_bytes()
