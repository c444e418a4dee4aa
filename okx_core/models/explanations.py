"""What sets a pair apart from the others of its hour: contributions of the members' features to their joint score."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from okx_core.models.members import Fitted
from okx_core.models.ranks import Floats, Matrix, Whole
from okx_core.models.walk_forward import inputs_of

BASE = "(base)"


@dataclass(frozen=True)
class Contributions:
    """What each of `names` adds to a score: `values` [rows, names], whose rows sum to `score` [rows]."""

    names: tuple[str, ...]
    values: Floats

    @property
    def score(self) -> Floats:
        return np.asarray(self.values.sum(axis=1))


def member_contributions(fitted: Fitted, matrix: Matrix, names: Sequence[str], hours: Whole) -> Contributions:
    """The library's own SHAP values of a member; the last name is the BASE. They sum to the member's score.

    `matrix` [rows, names] is raw, sorted by `hours` [rows], and each hour complete, as for `scores_of`.
    """
    values = fitted.contributions(*inputs_of(fitted, matrix, names, hours))
    return Contributions((*fitted.names, BASE), values)


def joint_contributions(members: Sequence[Contributions], weights: Sequence[float]) -> Contributions:
    """Contributions to the relative score of the pairs of one hour.

    Each member's score is taken as deviation from the mean of the hour, in standard deviations, and averaged by
    weight; each contribution likewise, so that they add up to it. Members average ranks, of which this is the linear
    form: ranks have no contributions. A member that scores all pairs alike adds nothing.
    """
    names = tuple(dict.fromkeys(name for one in members for name in one.names))
    places = {name: place for place, name in enumerate(names)}
    joint = np.zeros((len(members[0].values), len(names)))
    total = sum(weights)
    for one, weight in zip(members, weights, strict=True):
        spread = float(one.score.std())
        if spread > 0.0 and total > 0.0:
            apart = (one.values - one.values.mean(axis=0)) / spread
            joint[:, [places[name] for name in one.names]] += weight / total * apart
    return Contributions(names, joint)


def largest(found: Contributions, row: int, count: int) -> list[tuple[str, float]]:
    """The `count` names that add most to the score of a row, for or against, the largest first."""
    order = np.argsort(-np.abs(found.values[row]), kind="stable")[:count]
    return [(found.names[place], float(found.values[row, place])) for place in order]


def importance(found: Contributions) -> dict[str, float]:
    """Mean absolute contribution of each feature, the largest first, without the base."""
    means = np.abs(found.values).mean(axis=0)
    order = np.argsort(-means, kind="stable")
    return {found.names[place]: float(means[place]) for place in order if found.names[place] != BASE}
