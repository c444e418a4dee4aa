"""The rows that members are fitted on: thinned to a grid, cut by date, weighted."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np

from okx_core.models.algorithms.boosters import binned, fit_binned, options_of
from okx_core.models.algorithms.early_stopping import Staged, best_number_of_trees
from okx_core.models.members import Fitted, MemberSpec, fit_member
from okx_core.models.panel import Panel, Prices
from okx_core.models.ranks import Floats, Matrix, Whole
from okx_core.models.targets import TARGETS, class_weights, decay, uniqueness
from okx_core.models.training.schedule import WEEK_HOURS, WalkForward
from okx_core.models.training_range import PART_HOURS, TrainingRange, training_range


def target_of(prices: Prices, spec: MemberSpec) -> Floats:
    """What the member is fitted to [hours, pairs]; NaN where its horizon is not over, or it is not known."""
    return TARGETS[spec.target](prices, spec.horizon_hours)


def columns_of(held: Sequence[str], wanted: Sequence[str], matrix: Matrix) -> Matrix:
    """The columns that are wanted and there; no copy where that is all of them."""
    if tuple(held) == tuple(wanted):
        return matrix
    places = {name: place for place, name in enumerate(held)}
    return matrix[:, [places[name] for name in wanted if name in places]]


class ThinnedRows:
    """Rows thinned to a grid, cut by date; the bins of LightGBM are made once a date.

    `hour` and `pair` [rows] are places in a grid with `pairs` pairs, sorted; `matrix_of(ranked)` gives their features
    `names`, raw or as ranks inside their hour, and is called once for each.
    """

    def __init__(
        self,
        names: tuple[str, ...],
        pairs: int,
        hour: Whole,
        pair: Whole,
        matrix_of: Callable[[bool], Matrix],
    ) -> None:
        self.names, self.pairs, self.hour, self.pair = names, pairs, hour, pair
        self._matrix_of = matrix_of
        self._matrices: dict[bool, Matrix] = {}
        self._bins: tuple[object, Any] = (None, None)
        self._ranges: dict[bool, tuple[object, TrainingRange]] = {}

    @classmethod
    def of(cls, panel: Panel, grid_hours: int) -> "ThinnedRows":
        """The thinned rows of a panel."""
        rows = np.flatnonzero(panel.staggered(grid_hours)).astype(np.int64)
        return cls(
            panel.names, len(panel.pairs), panel.row_hour[rows], panel.row_pair[rows],
            lambda ranked: panel.thinned(rows, ranked=ranked),
        )  # fmt: skip

    def fit(self, spec: MemberSpec, target: Floats, schedule: WalkForward, date: int) -> Fitted | None:
        """The member trained for a date; None where fewer than `min_rows` rows are known or none differs."""
        low, high, known = self._known(spec, target, schedule, date)
        values = target[self.hour[low:high], self.pair[low:high]][known]
        if len(known) < schedule.min_rows or not values.min() < values.max():
            return None
        start, end = self._window(spec, schedule, date)
        weight = self._weights(spec, known + low, values, start, end)
        if spec.early_stopping_weeks is None:
            return self._fit_rows(spec, low, high, known, values, weight)
        trees = self._trees(spec, low, high, known, values, weight, schedule, end)
        if trees is None:
            return self._fit_rows(spec, low, high, known, values, weight)
        shorter = replace(spec, budget=replace(spec.budget, trees=trees))
        fitted = self._fit_rows(shorter, low, high, known, values, weight)
        return replace(fitted, spec=spec, trees=trees)

    def _trees(
        self, spec: MemberSpec, low: int, high: int, known: Whole, values: Floats, weight: Floats,
        schedule: WalkForward, end: int,
    ) -> int | None:  # fmt: skip
        """The number of trees that serves the newest weeks best; None with too few rows before these.

        What comes before the newest weeks is fitted as for a training date at their first hour.
        """
        tail_start = end - (spec.early_stopping_weeks or 0) * WEEK_HOURS
        hours = self.hour[known + low]
        head, tail = hours < schedule.fit_end(tail_start, spec.horizon_hours), hours >= tail_start
        if head.sum() < schedule.min_rows or not tail.any() or not values[head].min() < values[head].max():
            return None
        fitted = self._fit_rows(spec, low, high, known[head], values[head], weight[head])
        matrix = self._features(spec, known[tail] + low)
        estimator = cast("Staged", fitted.estimator)
        return best_number_of_trees(estimator, matrix, values[tail], weight[tail], spec.budget.trees)

    def _fit_rows(
        self, spec: MemberSpec, low: int, high: int, known: Whole, values: Floats, weight: Floats
    ) -> Fitted:
        """The member fitted to rows `known` of [low, high)."""
        rows = known + low
        names = self.names if spec.features is None else spec.features
        if spec.algorithm == "lightgbm":
            data = self._binned(spec, low, high)
            return Fitted(spec, names, fit_binned(data, known, values, weight, spec.budget))
        matrix = self._matrix(ranked=spec.ranked)
        if (
            spec.algorithm == "ridge"
        ):  # rows of weight 0 change nothing, and leaving them out would copy the rest
            matrix, all_rows = matrix[low:high], np.zeros((2, high - low))
            all_rows[:, known] = values, weight
            values, weight = all_rows
        else:
            matrix = matrix[low:high] if len(rows) == high - low else matrix[rows]
        return fit_member(spec, columns_of(self.names, names, matrix), names, values, weight)

    def newest(
        self, spec: MemberSpec, target: Floats, schedule: WalkForward, date: int, hours: int
    ) -> tuple[Matrix, Floats, Floats, Whole]:
        """The rows that `fit` would use for a date, of its newest `hours`: features, target, weight, hours."""
        low, _, known = self._known(spec, target, schedule, date)
        rows = known + low
        start, end = self._window(spec, schedule, date)
        values = np.asarray(target[self.hour[rows], self.pair[rows]])
        weight = self._weights(spec, rows, values, start, end)
        kept = self.hour[rows] >= end - hours
        matrix = self._features(spec, rows[kept])
        return matrix, values[kept], weight[kept], self.hour[rows][kept]

    def example(
        self, spec: MemberSpec, target: Floats, schedule: WalkForward, date: int, hours: int, count: int
    ) -> Matrix:
        """At most `count` of the rows that `fit` would use for a date, evenly from its newest `hours`."""
        low, _, known = self._known(spec, target, schedule, date)
        rows = known + low
        newest = rows[self.hour[rows] >= self._window(spec, schedule, date)[1] - hours]
        return self._features(spec, newest[:: max(1, -(-len(newest) // count))])

    def _features(self, spec: MemberSpec, rows: Whole) -> Matrix:
        """Rows of the columns that the member takes, raw or ranked."""
        names = self.names if spec.features is None else spec.features
        return columns_of(self.names, names, self._matrix(ranked=spec.ranked)[rows])

    def training_range(self, spec: MemberSpec, schedule: WalkForward, date: int) -> TrainingRange:
        """The range of the window's rows, whether their target is known or not; the newest of each kind is kept."""
        low, high = (int(n) for n in np.searchsorted(self.hour, self._window(spec, schedule, date)))
        key = (low, high, spec.features)
        if self._ranges.get(spec.ranked, (None,))[0] != key:
            names = self.names if spec.features is None else spec.features
            matrix = columns_of(self.names, names, self._matrix(ranked=spec.ranked)[low:high])
            parts = int(self.hour[high - 1] - self.hour[low]) // PART_HOURS if high > low else 0
            self._ranges[spec.ranked] = (key, training_range(matrix, parts))
        return self._ranges[spec.ranked][1]

    def fitted(
        self, spec: MemberSpec, target: Floats, schedule: WalkForward, date: int
    ) -> tuple[Whole, Whole, Floats]:
        """Hour, pair and target of each row that `fit` uses for a date."""
        low, _, known = self._known(spec, target, schedule, date)
        hour, pair = self.hour[known + low], self.pair[known + low]
        return hour, pair, np.asarray(target[hour, pair])

    def fitted_hours(self, spec: MemberSpec, target: Floats, schedule: WalkForward, date: int) -> Whole:
        """The hour of each row that `fit` uses for a date, in order."""
        low, _, known = self._known(spec, target, schedule, date)
        return np.asarray(self.hour[known + low])

    def _window(self, spec: MemberSpec, schedule: WalkForward, date: int) -> tuple[int, int]:
        end = schedule.fit_end(date, spec.horizon_hours)
        start = 0 if spec.history_weeks is None else max(0, end - spec.history_weeks * WEEK_HOURS)
        return start, max(start, end)

    def _known(
        self, spec: MemberSpec, target: Floats, schedule: WalkForward, date: int
    ) -> tuple[int, int, Whole]:
        """Rows [low, high) of the window, and which of them have a target."""
        low, high = (int(n) for n in np.searchsorted(self.hour, self._window(spec, schedule, date)))
        known = np.flatnonzero(~np.isnan(target[self.hour[low:high], self.pair[low:high]]))
        return low, high, known.astype(np.int64)

    def _matrix(self, *, ranked: bool) -> Matrix:
        if ranked not in self._matrices:
            self._matrices[ranked] = self._matrix_of(ranked)
        return self._matrices[ranked]

    def _binned(self, spec: MemberSpec, low: int, high: int) -> Any:
        """Bins of rows [low, high); the newest are kept, for the members that share them."""
        key = (low, high, spec.features, tuple(options_of(spec.budget).items()))
        if self._bins[0] != key:
            names = self.names if spec.features is None else spec.features
            matrix = columns_of(self.names, names, self._matrix(ranked=False)[low:high])
            self._bins = (key, binned(matrix, spec.budget))
        return self._bins[1]

    def _weights(self, spec: MemberSpec, rows: Whole, values: Floats, start: int, end: int) -> Floats:
        """Label uniqueness times decay and class weight, with mean 1; later rows than these change nothing.

        `rows` are those of [start, end) that are fitted, `values` their target.
        """
        hour, pair = self.hour[rows], self.pair[rows]
        labelled = np.zeros((end - start, self.pairs))
        labelled[hour - start, pair] = 1.0
        unique: Floats = uniqueness(labelled, spec.horizon_hours)[hour - start, pair]
        weight = unique * decay((end - hour).astype(np.float64), spec.half_life_weeks)
        if spec.class_balance:
            weight *= class_weights(values)
        return np.asarray(weight / weight.mean())
