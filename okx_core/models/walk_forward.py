"""Walk-forward: members trained every few weeks on what was known then, and their scores until the next time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from okx_core.models.algorithms.boosters import binned, fit_binned
from okx_core.models.members import Fitted, MemberError, MemberSpec, fit_member
from okx_core.models.panel import Panel
from okx_core.models.ranks import Floats, Matrix, Whole, matrix_ranks
from okx_core.models.targets import TARGETS, decay, future_return_pct, uniqueness
from okx_core.models.training_range import PART_HOURS, TrainingRange, training_range

WEEK_HOURS = 168


@dataclass(frozen=True)
class WalkForward:
    """When members are trained: first after `min_history_weeks`, then every `every_weeks`.

    A member trained for hour d (the open of the first bar that it scores) is fitted on rows
    t < d - embargo - max(horizon, purge): their labels were known an embargo before. One purge for all horizons lets
    members share their rows and bins. With fewer than `min_rows` rows nothing is trained.
    """

    every_weeks: int = 4
    min_history_weeks: int = 52
    purge_hours: int = 72
    embargo_hours: int = 24
    min_rows: int = 1_000

    def dates(self, hours: int) -> list[int]:
        """Hours of the grid at which members are trained."""
        return list(range(self.min_history_weeks * WEEK_HOURS, hours, self.every_weeks * WEEK_HOURS))

    def require_history(self, hours: int) -> None:
        """Raises MemberError when `hours` of candles are too few for the first training date."""
        if not self.dates(hours):
            raise MemberError(
                f"{hours / WEEK_HOURS:.0f} weeks of candles: the first model needs {self.min_history_weeks} "
                "before its first hour; give more history or a smaller --min-history"
            )

    def fit_end(self, date: int, horizon: int) -> int:
        """The first hour whose row may not be fitted for `date`."""
        return date - self.embargo_hours - max(horizon, self.purge_hours)


@dataclass(frozen=True)
class Predictions:
    """Out-of-sample scores: by member a grid [hours, pairs], NaN where none was trained; `dates` are training hours."""

    panel: Panel
    dates: tuple[int, ...]
    scores: dict[str, Floats]

    def frame(self) -> pd.DataFrame:
        """One long table: member, train_date, pair, timestamp_utc, score."""
        dates = np.asarray(self.dates)
        parts = []
        for name, grid in self.scores.items():
            hour, pair = np.nonzero(~np.isnan(grid))
            train = dates[np.maximum(np.searchsorted(dates, hour, side="right") - 1, 0)]
            part = pd.DataFrame(
                {
                    "member": name,
                    "train_date": self._moments(train),
                    "pair": np.asarray(self.panel.pairs)[pair],
                    "timestamp_utc": self._moments(hour),
                    "score": grid[hour, pair],
                }
            )
            parts.append(part)
        return pd.concat(parts, ignore_index=True)

    def _moments(self, hours: Whole) -> pd.DatetimeIndex:
        seconds = (self.panel.first_hour + hours) * 3600
        return pd.to_datetime(seconds, unit="s", utc=True).as_unit("us")


def walk_forward(
    panel: Panel, members: Sequence[MemberSpec], schedule: WalkForward, out: Predictions
) -> Iterator[tuple[int, str]]:
    """Fill `out` date by date and member by member; yields (date, member) before each fit, for progress.

    A date whose rows are too few or whose target does not vary leaves its hours without a score.
    """
    thinned = {hours: ThinnedRows.of(panel, hours) for hours in {spec.grid_hours for spec in members}}
    targets = {spec.name: target_of(panel.closes, spec) for spec in members}
    for number, date in enumerate(out.dates):
        stop = out.dates[number + 1] if number + 1 < len(out.dates) else panel.hours
        scored = slice(int(panel.starts[date]), int(panel.starts[stop]))
        ranked = panel.ranked(scored.start, scored.stop) if any(spec.ranked for spec in members) else None
        for spec in members:
            yield date, spec.name
            fitted = thinned[spec.grid_hours].fit(spec, targets[spec.name], schedule, date)
            if fitted is not None and scored.stop > scored.start:
                matrix = ranked if spec.ranked and ranked is not None else panel.values[scored]
                score = fitted.predict(_columns(panel.names, fitted.names, matrix), fitted.names)
                out.scores[spec.name][panel.row_hour[scored], panel.row_pair[scored]] = score


def empty_predictions(panel: Panel, members: Sequence[MemberSpec], schedule: WalkForward) -> Predictions:
    """Nothing predicted yet. Raises MemberError when the panel is too short for the first training date."""
    schedule.require_history(panel.hours)
    dates = schedule.dates(panel.hours)
    return Predictions(
        panel, tuple(dates), {spec.name: np.full(panel.closes.shape, np.nan) for spec in members}
    )


def fitted_at(panel: Panel, spec: MemberSpec, schedule: WalkForward, date: int) -> Fitted | None:
    """The member as it is trained for one date; None when there are too few rows."""
    return ThinnedRows.of(panel, spec.grid_hours).fit(spec, target_of(panel.closes, spec), schedule, date)


def target_of(closes: Floats, spec: MemberSpec) -> Floats:
    """What the member is fitted to, on a grid of closes [hours, pairs]; NaN where its horizon is not over."""
    return TARGETS[spec.target](future_return_pct(closes, spec.horizon_hours))


def scores_of(fitted: Fitted, matrix: Matrix, names: Sequence[str], hours: Whole) -> Floats:
    """Scores [rows] of a matrix whose columns are among `names`; rows sorted by `hours`, and each hour complete.

    Raises MemberError when the member was fitted on a column that is not among them.
    """
    return fitted.predict(*inputs_of(fitted, matrix, names, hours))


def inputs_of(
    fitted: Fitted, matrix: Matrix, names: Sequence[str], hours: Whole
) -> tuple[Matrix, tuple[str, ...]]:
    """The columns of the member that are among `names`, raw or ranked in their hour as it takes them."""
    mine = _columns(names, fitted.names, matrix)
    ranked = matrix_ranks(np.ascontiguousarray(mine), hours) if fitted.spec.ranked else mine
    return ranked, tuple(name for name in fitted.names if name in names)


def _columns(held: Sequence[str], wanted: Sequence[str], matrix: Matrix) -> Matrix:
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
        rows = known + low
        start, end = self._window(spec, schedule, date)
        weight = _weights(spec, self.hour[rows], self.pair[rows], start, end, self.pairs)
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
        return fit_member(spec, _columns(self.names, names, matrix), names, values, weight)

    def newest(
        self, spec: MemberSpec, target: Floats, schedule: WalkForward, date: int, hours: int
    ) -> tuple[Matrix, Floats, Floats, Whole]:
        """The rows that `fit` would use for a date, of its newest `hours`: features, target, weight, hours."""
        low, _, known = self._known(spec, target, schedule, date)
        rows = known + low
        start, end = self._window(spec, schedule, date)
        weight = _weights(spec, self.hour[rows], self.pair[rows], start, end, self.pairs)
        kept = self.hour[rows] >= end - hours
        matrix = self._features(spec, rows[kept])
        return matrix, target[self.hour[rows], self.pair[rows]][kept], weight[kept], self.hour[rows][kept]

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
        return _columns(self.names, names, self._matrix(ranked=spec.ranked)[rows])

    def training_range(self, spec: MemberSpec, schedule: WalkForward, date: int) -> TrainingRange:
        """The range of the window's rows, whether their target is known or not; the newest of each kind is kept."""
        low, high = (int(n) for n in np.searchsorted(self.hour, self._window(spec, schedule, date)))
        key = (low, high, spec.features)
        if self._ranges.get(spec.ranked, (None,))[0] != key:
            names = self.names if spec.features is None else spec.features
            matrix = _columns(self.names, names, self._matrix(ranked=spec.ranked)[low:high])
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
        key = (low, high, spec.features, spec.budget)
        if self._bins[0] != key:
            names = self.names if spec.features is None else spec.features
            matrix = _columns(self.names, names, self._matrix(ranked=False)[low:high])
            self._bins = (key, binned(matrix, spec.budget))
        return self._bins[1]


def _weights(spec: MemberSpec, hour: Whole, pair: Whole, start: int, end: int, pairs: int) -> Floats:
    """Label uniqueness times decay, with mean 1; of the rows of this fit alone, so later rows change nothing."""
    labelled = np.zeros((end - start, pairs))
    labelled[hour - start, pair] = 1.0
    unique: Floats = uniqueness(labelled, spec.horizon_hours)[hour - start, pair]
    weight = unique * decay((end - hour).astype(np.float64), spec.half_life_weeks)
    return np.asarray(weight / weight.mean())


def with_threads(spec: MemberSpec, threads: int) -> MemberSpec:
    """The same member, fitted by so many threads."""
    return replace(spec, budget=replace(spec.budget, threads=threads))
