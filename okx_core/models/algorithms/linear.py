"""Ridge regression and a small neural network, for features that are ranks: no unknown value, no heavy tail."""

from dataclasses import dataclass

import numpy as np

from okx_core.errors import OkxSignalError
from okx_core.models.algorithms.estimator import Budget, Floats, Matrix, arrays_from, bytes_of

BLOCK = 20_000
PENALTY = 0.02  # of the mean squared feature times the rows
HIDDEN, DECAY, LEARNING_RATE = (24,), 1e-3, 3e-3
EPOCHS, BATCH, MIN_STEPS = 4, 1024, 400


class UnknownValueError(OkxSignalError):
    """A linear model was given an unknown value."""


def _require_known(matrix: Matrix) -> None:
    unknown = sum(
        int(np.isnan(matrix[first : first + BLOCK]).sum()) for first in range(0, len(matrix), BLOCK)
    )
    if unknown:
        raise UnknownValueError(f"{unknown} values are unknown: linear members take ranked features")


@dataclass(frozen=True)
class Ridge:
    """`intercept` [1] plus matrix times `coefficients` [features], around `means` [features]."""

    coefficients: Floats
    means: Floats
    intercept: Floats

    def predict(self, matrix: Matrix) -> Floats:
        _require_known(matrix)
        out = np.empty(len(matrix))
        for first in range(0, len(matrix), BLOCK):
            block = matrix[first : first + BLOCK].astype(np.float64)
            out[first : first + BLOCK] = (block - self.means) @ self.coefficients + self.intercept
        return out

    def contributions(self, matrix: Matrix) -> Floats:
        """Coefficient times distance from the mean: the SHAP value of a linear model with independent features."""
        _require_known(matrix)
        each = (matrix.astype(np.float64) - self.means) * self.coefficients
        return np.column_stack((each, np.broadcast_to(self.intercept, len(matrix))))

    def to_bytes(self) -> bytes:
        return bytes_of({"coefficients": self.coefficients, "means": self.means, "intercept": self.intercept})


def fit_ridge(matrix: Matrix, target: Floats, weight: Floats, budget: Budget) -> Ridge:  # noqa: ARG001
    """Weighted least squares with an L2 penalty by normal equations in float64 (Hoerl and Kennard, 1970)."""
    _require_known(matrix)
    columns, total = matrix.shape[1], weight.sum()
    gram, moment, sums = np.zeros((columns, columns)), np.zeros(columns), np.zeros(columns)
    for first in range(0, len(matrix), BLOCK):
        rows = slice(first, first + BLOCK)
        block = matrix[rows].astype(np.float64)
        weighted = block * weight[rows, None]
        gram += weighted.T @ block
        moment += weighted.T @ target[rows]
        sums += weighted.sum(axis=0)
    means: Floats = np.asarray(sums / total, dtype=np.float64)
    centre = float(weight @ target / total)
    gram -= total * np.outer(means, means)
    moment -= total * means * centre
    penalty = max(PENALTY * float(np.trace(gram)) / columns, np.finfo(np.float64).tiny)
    gram[np.diag_indices(columns)] += penalty
    coefficients = np.asarray(np.linalg.solve(gram, moment), dtype=np.float64)
    return Ridge(coefficients, means, np.array([centre]))


def load_ridge(data: bytes) -> Ridge:
    return Ridge(**arrays_from(data))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Network:
    """One hidden layer of rectified linear units."""

    weights: Floats
    biases: Floats
    out_weights: Floats
    out_bias: Floats

    def predict(self, matrix: Matrix) -> Floats:
        _require_known(matrix)
        hidden = np.maximum(matrix.astype(np.float64) @ self.weights + self.biases, 0.0)
        return np.asarray(hidden @ self.out_weights + self.out_bias[0])

    def contributions(self, matrix: Matrix) -> Floats:
        """Gradient times input, exact because the network is linear around each row; the base differs by row."""
        _require_known(matrix)
        active = (matrix.astype(np.float64) @ self.weights + self.biases) > 0.0
        each = matrix * ((active * self.out_weights) @ self.weights.T)
        return np.column_stack((each, (active * self.out_weights) @ self.biases + self.out_bias[0]))

    def to_bytes(self) -> bytes:
        return bytes_of(
            {
                "weights": self.weights, "biases": self.biases, "out_weights": self.out_weights,
                "out_bias": self.out_bias,
            }
        )  # fmt: skip


def fit_network(matrix: Matrix, target: Floats, weight: Floats, budget: Budget) -> Network:
    """A multi-layer perceptron by Adam (Kingma and Ba, 2015), four epochs or 400 steps."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPRegressor
    from threadpoolctl import threadpool_limits

    _require_known(matrix)
    batch = min(BATCH, len(matrix))
    model = MLPRegressor(
        hidden_layer_sizes=HIDDEN, alpha=DECAY, batch_size=batch, learning_rate_init=LEARNING_RATE,
        max_iter=max(EPOCHS, MIN_STEPS * batch // len(matrix)), random_state=budget.seed,
        n_iter_no_change=MIN_STEPS,
    )  # fmt: skip
    with threadpool_limits(budget.threads), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is the stop
        model.fit(matrix.astype(np.float64), target, sample_weight=weight)
    first, second = (np.asarray(layer, dtype=np.float64) for layer in model.coefs_)
    biases = [np.asarray(layer, dtype=np.float64) for layer in model.intercepts_]
    return Network(first, biases[0], second[:, 0], biases[1])


def load_network(data: bytes) -> Network:
    return Network(**arrays_from(data))  # type: ignore[arg-type]
