"""Random forest and histogram gradient boosting of scikit-learn, kept as plain arrays after the fit.

Arrays predict and explain by one compiled loop, need no pickle, and give the same bytes for the same fit.
"""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from okx_core.compilation import compiled
from okx_core.models.algorithms.estimator import Budget, Floats, Matrix, arrays_from, bytes_of

Whole = npt.NDArray[np.int64]
LEAF = -1
# A forest averages: deeper trees, each of few rows and features.
FOREST_TREES, FOREST_ROWS, FOREST_FEATURES, FOREST_DEPTH = 60, 0.1, 0.1, 7


@dataclass(frozen=True)
class Trees:
    """Trees laid end to end; `roots` are the places of their first nodes, `feature` is -1 at a leaf.

    A row goes left when its value is at most the threshold, or is unknown and `unknown_left` is 1. `value` of an
    inner node is the mean of its rows. The prediction is `base` plus `scale` times the sum of the leaves.
    """

    roots: Whole
    left: Whole
    right: Whole
    feature: Whole
    threshold: Floats
    unknown_left: Whole
    value: Floats
    base: Floats
    scale: Floats

    def predict(self, matrix: Matrix) -> Floats:
        return self._walk(matrix, 0)[:, 0]

    def first(self, trees: int) -> "Trees":
        """The first `trees` of trees that are added; those of a forest are averaged, their `scale` is of all."""
        return replace(self, roots=self.roots[:trees])

    def contributions(self, matrix: Matrix) -> Floats:
        """Changes of the node value along each row's path, by feature (Saabas, 2014)."""
        return self._walk(matrix, matrix.shape[1])

    def _walk(self, matrix: Matrix, columns: int) -> Floats:
        arrays = (self.left, self.right, self.feature, self.threshold, self.unknown_left, self.value)
        out: Floats = _walk(matrix, columns, self.roots, *arrays)
        out *= self.scale[0]
        out[:, -1] += self.base[0]
        return out

    def to_bytes(self) -> bytes:
        return bytes_of({field.name: getattr(self, field.name) for field in fields(self)})


@compiled
def _walk(
    matrix: Matrix, columns: int, roots: Whole, left: Whole, right: Whole, feature: Whole, threshold: Floats,
    unknown_left: Whole, value: Floats,
) -> Floats:  # fmt: skip
    """Sum over the trees [rows, columns + 1]: changes by feature and the roots; the leaves where columns is 0."""
    out = np.zeros((matrix.shape[0], columns + 1))
    for row in range(matrix.shape[0]):
        for root in roots:
            node = root
            while feature[node] >= 0:
                number = matrix[row, feature[node]]
                goes_left = unknown_left[node] == 1 if np.isnan(number) else number <= threshold[node]
                after = left[node] if goes_left else right[node]
                if columns:
                    out[row, feature[node]] += value[after] - value[node]
                node = after
            out[row, columns] += value[root] if columns else value[node]
    return out


def load_trees(data: bytes) -> Trees:
    return Trees(**arrays_from(data))  # type: ignore[arg-type]


def fit_random_forest(matrix: Matrix, target: Floats, weight: Floats, budget: Budget) -> Trees:
    """Random forest (Breiman, 2001); each tree draws a tenth of the rows."""
    from sklearn.ensemble import RandomForestRegressor

    trees = min(budget.trees, FOREST_TREES)
    forest = RandomForestRegressor(
        trees, max_depth=FOREST_DEPTH, min_samples_leaf=max(1, budget.min_rows_per_leaf // 2),
        max_features=FOREST_FEATURES, max_samples=FOREST_ROWS, random_state=budget.seed, n_jobs=budget.threads,
    ).fit(matrix, target, sample_weight=weight)  # fmt: skip
    return _joined([_forest_nodes(tree.tree_) for tree in forest.estimators_], 0.0, 1.0 / trees)


def fit_histogram_boosting(matrix: Matrix, target: Floats, weight: Floats, budget: Budget) -> Trees:
    """Histogram gradient boosting of scikit-learn, after LightGBM."""
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    # Its bins cannot be cut where nothing is known; a constant column is never split either.
    unknown = np.isnan(matrix).all(axis=0)
    if unknown.any():
        matrix = np.where(unknown, np.float32(0.0), matrix)
    with threadpool_limits(budget.threads):
        model = HistGradientBoostingRegressor(
            max_iter=budget.trees, learning_rate=budget.learning_rate, max_depth=budget.depth,
            min_samples_leaf=budget.min_rows_per_leaf, l2_regularization=budget.l2, max_bins=budget.bins,
            max_features=budget.feature_fraction, early_stopping=False, random_state=budget.seed,
        ).fit(matrix, target, sample_weight=weight)  # fmt: skip
    nodes = [_boosted_nodes(stage[0].nodes) for stage in model._predictors]
    return _joined(nodes, float(np.ravel(model._baseline_prediction)[0]), 1.0)


def _forest_nodes(tree: Any) -> dict[str, npt.NDArray[Any]]:
    return {
        "left": tree.children_left, "right": tree.children_right, "feature": tree.feature,
        "threshold": tree.threshold, "unknown_left": tree.missing_go_to_left, "value": tree.value[:, 0, 0],
    }  # fmt: skip


def _boosted_nodes(nodes: Any) -> dict[str, npt.NDArray[Any]]:
    """Inner nodes get the mean of their leaves, weighted by rows."""
    value, count = nodes["value"].astype(np.float64), nodes["count"].astype(np.float64)
    leaf = nodes["is_leaf"].astype(bool)
    for place in range(len(nodes) - 1, -1, -1):  # children come after their parent
        if not leaf[place]:
            below = [int(nodes["left"][place]), int(nodes["right"][place])]
            value[place] = np.average(value[below], weights=count[below])
    feature = np.where(leaf, LEAF, nodes["feature_idx"].astype(np.int64))
    return {
        "left": nodes["left"], "right": nodes["right"], "feature": feature, "threshold": nodes["num_threshold"],
        "unknown_left": nodes["missing_go_to_left"], "value": value,
    }  # fmt: skip


def _joined(trees: list[dict[str, npt.NDArray[Any]]], base: float, scale: float) -> Trees:
    sizes = np.array([len(tree["left"]) for tree in trees])
    roots = np.concatenate(([0], np.cumsum(sizes)[:-1])).astype(np.int64)

    def whole(name: str) -> Whole:
        return np.concatenate([tree[name].astype(np.int64) for tree in trees])

    def moved(name: str) -> Whole:
        return np.concatenate(
            [tree[name].astype(np.int64) + root for tree, root in zip(trees, roots, strict=True)]
        )

    return Trees(
        roots, moved("left"), moved("right"), whole("feature"),
        np.concatenate([tree["threshold"].astype(np.float64) for tree in trees]), whole("unknown_left"),
        np.concatenate([tree["value"].astype(np.float64) for tree in trees]), np.array([base]), np.array([scale]),
    )  # fmt: skip
