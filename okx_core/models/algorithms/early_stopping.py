"""Early stopping: how many trees of a fit serve rows best that came after those it was fitted on."""

from typing import Protocol

from okx_core.models.algorithms.estimator import Estimator, Floats, Matrix

STEP = 10


class Staged(Estimator, Protocol):
    """An estimator that adds tree to tree."""

    def first(self, trees: int) -> Estimator:
        """What the first `trees` of it predict."""


def best_number_of_trees(fitted: Staged, matrix: Matrix, target: Floats, weight: Floats, most: int) -> int:
    """The number of trees, in steps of ten up to `most`, with the least weighted squared error on later rows.

    `matrix` [rows, features], `target` and `weight` [rows]. Of equal errors the fewest trees.
    """

    def error(trees: int) -> float:
        missed = fitted.first(trees).predict(matrix) - target
        return float(weight @ missed**2)

    counts: list[int] = [*range(STEP, most, STEP), most]
    return min(counts, key=error)
