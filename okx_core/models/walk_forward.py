"""Walk-forward: members trained every few weeks on what was known then, and their scores until the next time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from okx_core.models.members import Fitted, MemberSpec
from okx_core.models.panel import Panel
from okx_core.models.ranks import Floats, Matrix, Whole, matrix_ranks
from okx_core.models.training.rows import ThinnedRows, columns_of, target_of
from okx_core.models.training.schedule import WalkForward


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
    targets = {spec.name: target_of(panel.prices, spec) for spec in members}
    for number, date in enumerate(out.dates):
        stop = out.dates[number + 1] if number + 1 < len(out.dates) else panel.hours
        scored = slice(int(panel.starts[date]), int(panel.starts[stop]))
        ranked = panel.ranked(scored.start, scored.stop) if any(spec.ranked for spec in members) else None
        for spec in members:
            yield date, spec.name
            fitted = thinned[spec.grid_hours].fit(spec, targets[spec.name], schedule, date)
            if fitted is not None and scored.stop > scored.start:
                matrix = ranked if spec.ranked and ranked is not None else panel.values[scored]
                score = fitted.predict(columns_of(panel.names, fitted.names, matrix), fitted.names)
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
    return ThinnedRows.of(panel, spec.grid_hours).fit(spec, target_of(panel.prices, spec), schedule, date)


def scores_of(fitted: Fitted, matrix: Matrix, names: Sequence[str], hours: Whole) -> Floats:
    """Scores [rows] of a matrix whose columns are among `names`; rows sorted by `hours`, and each hour complete.

    Raises MemberError when the member was fitted on a column that is not among them.
    """
    return fitted.predict(*inputs_of(fitted, matrix, names, hours))


def inputs_of(
    fitted: Fitted, matrix: Matrix, names: Sequence[str], hours: Whole
) -> tuple[Matrix, tuple[str, ...]]:
    """The columns of the member that are among `names`, raw or ranked in their hour as it takes them."""
    mine = columns_of(names, fitted.names, matrix)
    ranked = matrix_ranks(np.ascontiguousarray(mine), hours) if fitted.spec.ranked else mine
    return ranked, tuple(name for name in fitted.names if name in names)


def with_threads(spec: MemberSpec, threads: int) -> MemberSpec:
    """The same member, fitted by so many threads."""
    return replace(spec, budget=replace(spec.budget, threads=threads))
