"""Members: an algorithm fitted to a target at a horizon on some features; one contract for all of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from okx_core.errors import OkxSignalError
from okx_core.models.algorithms import boosters, forests, linear
from okx_core.models.algorithms.estimator import Budget, Estimator, Floats, Matrix
from okx_core.models.targets import OF_CLASSES
from okx_core.models.training_range import TrainingRange

Fit = Callable[[Matrix, Floats, Floats, Budget], Estimator]


class MemberError(OkxSignalError):
    """A member cannot be fitted, or was given other columns than it was fitted on."""


class Algorithm(NamedTuple):
    """Fit and load of an algorithm, whether it takes ranked features, and whether equal fits give equal bytes.

    `is_staged`: tree is added to tree, so that the fit can be stopped early.
    """

    fit: Fit
    load: Callable[[bytes], Estimator]
    ranked: bool
    same_bytes: bool
    is_staged: bool = False


ALGORITHMS = {
    "lightgbm": Algorithm(boosters.fit_lightgbm, boosters.load_lightgbm, False, True, True),
    "catboost": Algorithm(boosters.fit_catboost, boosters.load_catboost, False, False, True),
    "xgboost": Algorithm(boosters.fit_xgboost, boosters.load_xgboost, False, True, True),
    "random_forest": Algorithm(forests.fit_random_forest, forests.load_trees, False, True),
    "histogram_boosting": Algorithm(forests.fit_histogram_boosting, forests.load_trees, False, True, True),
    "mlp": Algorithm(linear.fit_network, linear.load_network, True, True),
    "ridge": Algorithm(linear.fit_ridge, linear.load_ridge, True, True),
}


@dataclass(frozen=True)
class MemberSpec:
    """What a member learns from what.

    `target` is a name of `TARGETS`, of the return of `horizon_hours`. `history_weeks` None takes all history before
    the training date. Rows are thinned to one in `grid_hours`, each pair in its own phase. `features` None takes all.
    `class_balance`: every class of the target has the same total weight. `early_stopping_weeks`: the number of trees is
    the one that serves the newest weeks of the training rows best when they are held back and purged; then all rows
    are fitted. Raises MemberError for a target without classes, or an algorithm without stages.
    """

    name: str
    algorithm: str = "lightgbm"
    target: str = "rank"
    horizon_hours: int = 72
    history_weeks: int | None = None
    grid_hours: int = 4
    features: tuple[str, ...] | None = None
    half_life_weeks: float | None = None
    budget: Budget = field(default_factory=Budget)
    class_balance: bool = False
    early_stopping_weeks: int | None = None

    def __post_init__(self) -> None:
        if self.class_balance and self.target not in OF_CLASSES:
            raise MemberError(
                f"{self.name}: the target {self.target} has no classes to balance; those that have: "
                f"{', '.join(sorted(OF_CLASSES))}"
            )
        staged = [name for name, one in ALGORITHMS.items() if one.is_staged]
        if self.early_stopping_weeks is not None and self.algorithm not in staged:
            raise MemberError(
                f"{self.name}: {self.algorithm} cannot be stopped early; those that can: {', '.join(staged)}"
            )

    @property
    def ranked(self) -> bool:
        """Whether the member takes features as ranks inside their hour."""
        return ALGORITHMS[self.algorithm].ranked

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "MemberSpec":
        """The specification that `dataclasses.asdict` wrote as JSON. Raises MemberError for an unknown algorithm."""
        features = None if values["features"] is None else tuple(values["features"])
        spec = cls(**{**values, "features": features, "budget": Budget(**values["budget"])})
        if spec.algorithm not in ALGORITHMS:
            raise MemberError(f"{spec.name}: no algorithm {spec.algorithm}; known: {', '.join(ALGORITHMS)}")
        return spec


def _member(name: str, algorithm: str, target: str = "rank", horizon: int = 72) -> MemberSpec:
    return MemberSpec(name, algorithm, target, horizon)


DEFAULTS = (
    _member("lightgbm_rank_72h", "lightgbm"),
    _member("lightgbm_rank_24h", "lightgbm", horizon=24),
    _member("ridge_rank_24h", "ridge", horizon=24),
)
CHALLENGERS = (
    _member("catboost_rank_72h", "catboost"),
    _member("xgboost_rank_72h", "xgboost"),
    _member("random_forest_rank_72h", "random_forest"),
    _member("histogram_boosting_rank_72h", "histogram_boosting"),
    _member("mlp_rank_24h", "mlp", horizon=24),
    _member("lightgbm_top_third_72h", "lightgbm", "top_third"),
)
# Measured on real candles and no better there, see docs/members.md: to be tried on other candles.
VARIANTS = (
    MemberSpec("lightgbm_rank_72h_stopped", early_stopping_weeks=26),
    MemberSpec("lightgbm_rank_24h_stopped", horizon_hours=24, early_stopping_weeks=26),
    MemberSpec("lightgbm_top_third_72h_balanced", target="top_third", class_balance=True),
    MemberSpec("lightgbm_profit_72h", target="profit_after_fees"),
    MemberSpec("lightgbm_profit_72h_balanced", target="profit_after_fees", class_balance=True),
    MemberSpec("lightgbm_breakout_24h", target="breakout", horizon_hours=24),
    MemberSpec("lightgbm_breakout_24h_balanced", target="breakout", horizon_hours=24, class_balance=True),
    MemberSpec("lightgbm_rebound_24h", target="rebound", horizon_hours=24),
    MemberSpec("lightgbm_rebound_24h_balanced", target="rebound", horizon_hours=24, class_balance=True),
)
MEMBERS = {spec.name: spec for spec in (*DEFAULTS, *CHALLENGERS, *VARIANTS)}


@dataclass(frozen=True)
class Fitted:
    """A member fitted on columns `names`; it refuses any others, and these in another order.

    `training_range` is None for members of evaluations, and of versions that were made before ranges were kept.
    """

    spec: MemberSpec
    names: tuple[str, ...]
    estimator: Estimator
    training_range: TrainingRange | None = None
    trees: int | None = None
    """How many trees early stopping has kept; None without it, and of too few rows before those held back."""

    def predict(self, matrix: Matrix, names: Sequence[str]) -> Floats:
        """Scores [rows] of a matrix [rows, features] whose columns are `names`. Raises MemberError on other columns."""
        self._require_columns(matrix, names)
        return self.estimator.predict(matrix)

    def contributions(self, matrix: Matrix, names: Sequence[str]) -> Floats:
        """What each feature adds to the score, and the base last [rows, features + 1]."""
        self._require_columns(matrix, names)
        return self.estimator.contributions(matrix)

    def to_bytes(self) -> bytes:
        """The fitted algorithm; `load_member` needs the specification and names beside it."""
        return self.estimator.to_bytes()

    def _require_columns(self, matrix: Matrix, names: Sequence[str]) -> None:
        given = tuple(names)
        if given == self.names and matrix.shape[1] == len(given):
            return
        missing = [name for name in self.names if name not in given]
        unknown = [name for name in given if name not in self.names]
        reason = (
            f"missing: {', '.join(missing)}" if missing
            else f"not fitted on: {', '.join(unknown)}" if unknown
            else f"{matrix.shape[1]} columns for {len(given)} names" if given == self.names
            else "in another order"
        )  # fmt: skip
        raise MemberError(f"{self.spec.name}: columns {reason}; give {len(self.names)} columns as fitted")


def fit_member(
    spec: MemberSpec, matrix: Matrix, names: Sequence[str], target: Floats, weight: Floats
) -> Fitted:
    """The member fitted to `target` [rows], rows weighted by `weight` [rows].

    `matrix` float32 [rows, features], NaN where unknown (ranked members: no NaN). Raises MemberError for an
    unknown algorithm, no rows, or a target that is unknown or constant.
    """
    if spec.algorithm not in ALGORITHMS:
        raise MemberError(f"{spec.name}: no algorithm {spec.algorithm}; known: {', '.join(ALGORITHMS)}")
    if not len(target) or np.isnan(target).any() or not target.min() < target.max():
        raise MemberError(f"{spec.name}: {len(target)} rows, whose target must be known and vary")
    return Fitted(spec, tuple(names), ALGORITHMS[spec.algorithm].fit(matrix, target, weight, spec.budget))


def load_member(spec: MemberSpec, names: Sequence[str], data: bytes) -> Fitted:
    """The member that `to_bytes` wrote."""
    return Fitted(spec, tuple(names), ALGORITHMS[spec.algorithm].load(data))
