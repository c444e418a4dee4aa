"""Training of members: one load of the history for all members and dates of a run, a registered version of each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from okx_core.errors import OkxSignalError
from okx_core.features.registry import model_feature_names
from okx_core.hours import HOUR, MIN_HISTORY_WEEKS, WEEK, week_start_on_or_after
from okx_core.models.members import Fitted, MemberSpec
from okx_core.models.panel import MIN_MODELLED_PAIRS, Prices, hour_number, on_grid, phases
from okx_core.models.ranks import Floats, Matrix, Whole, matrix_ranks
from okx_core.models.targets import OF_EVENTS
from okx_core.models.training.growing_matrix import GrowingMatrix
from okx_core.models.training.known_labels import unknown_labels
from okx_core.models.training.rows import ThinnedRows, target_of
from okx_core.models.training.schedule import WalkForward
from okx_core.models.training.warm_refit import REFIT_HOURS, refit
from okx_services.research.prices import read_prices
from resources.feature_store.manifest import ManifestFile
from resources.feature_store.store import FeatureStore
from resources.feature_store.training_rows import FEATURES, FeatureRows, feature_rows, fingerprint

SAMPLE_HOURS, SAMPLE_ROWS = 672, 256  # to explain a member by: of the last four weeks
LATEST_ROW_SLACK = timedelta(hours=48)  # an outage at the end of the window is no reason not to train
SCHEDULE = WalkForward(min_history_weeks=MIN_HISTORY_WEEKS)


class TooFewPairsError(OkxSignalError):
    """There are too few pairs to learn which of them does better."""


class IncompleteHistoryError(OkxSignalError):
    """The features do not reach the end of the training window, or begin too late."""


@dataclass(frozen=True)
class FittedMember:
    """A member fitted for a date, and what it was fitted on.

    `example` holds a few rows of its features, `sample` some of its newest training rows as the member takes them.
    `unknown_labels` are training rows whose label does not follow from the closes of before the date.
    """

    spec: MemberSpec
    week: date
    fitted: Fitted
    rows: int
    train_start: datetime
    train_end: datetime
    label_known_at: datetime
    files: tuple[ManifestFile, ...]
    fingerprint: str
    example: Matrix
    sample: Matrix = field(default_factory=lambda: np.empty((0, 0), np.float32))
    unknown_labels: int = 0

    @property
    def history_weeks(self) -> float:
        """Weeks from the first training row to the last."""
        return (self.train_end - self.train_start) / WEEK


@dataclass
class History:
    """Features of all pairs thinned to a grid, raw and ranked, and the prices [hours, pairs] from `first_hour` on.

    Highs and lows are there when a member needs them.
    """

    pairs: tuple[str, ...]
    first_hour: int
    prices: Prices
    files: tuple[ManifestFile, ...]
    thinned: dict[int, ThinnedRows]
    example: Matrix
    newest: datetime | None = None
    targets: dict[str, Floats] = field(default_factory=dict)

    def target(self, spec: MemberSpec) -> Floats:
        """What the member is fitted to, made once for all dates."""
        if spec.name not in self.targets:
            self.targets[spec.name] = target_of(self.prices, spec)
        return self.targets[spec.name]


def due_weeks(
    weeks: Sequence[date], trained: Sequence[date], newest_week: date, every_weeks: int
) -> list[date]:
    """The weeks among `weeks` in which a member is trained.

    The newest week always, an older one when the version before it is `every_weeks` old; none is trained twice.
    """
    known, due = sorted(trained), list[date]()
    for week in sorted(weeks):
        before = [one for one in (*known, *due) if one <= week]
        is_old = not before or week - max(before) >= every_weeks * WEEK
        if week not in known and week <= newest_week and (is_old or week == newest_week):
            due.append(week)
    return due


def first_trainable(store: FeatureStore) -> date | None:
    """The first week that has `MIN_HISTORY_WEEKS` of features before it; None without any features."""
    files = store.files(FEATURES, datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))
    if not files:
        return None
    month = datetime(files[0].month.year, files[0].month.month, 1, tzinfo=UTC)
    times = store.read(FEATURES, month, files[0].watermark + HOUR, columns=[]).column("timestamp_utc")
    return week_start_on_or_after(pc.min(times).as_py() + MIN_HISTORY_WEEKS * WEEK).date()


def load_history(
    store: FeatureStore, members: Sequence[MemberSpec], end: datetime, names: tuple[str, ...] | None = None
) -> History:
    """Everything before `end`, read once: a month at a time, of which only the thinned rows are kept."""
    names = model_feature_names() if names is None else names
    ranked = any(spec.ranked for spec in members)
    start = datetime(1970, 1, 1, tzinfo=UTC)
    stored = sum(file.row_count for file in store.files(FEATURES, start, end))
    parts = {
        every: _Thinned(
            every, _growing(names, stored // every), _growing(names, stored // every) if ranked else None
        )
        for every in sorted({spec.grid_hours for spec in members})
    }
    files, newest = [], None
    for file, rows in feature_rows(store, names, start, end):
        files.append(file)
        newest = _moment(int(rows.hours[-1])) if len(rows.hours) else newest
        for part in parts.values():
            part.add(rows)
    finest = next(iter(parts.values()))
    pairs = tuple(sorted({str(pair) for month in finest.pairs for pair in np.unique(month)}))
    require_pairs(pairs)
    if not pairs:
        raise IncompleteHistoryError(
            f"there are no rows of {FEATURES}: run `okxsignal backfill --from` with the first day that is wanted"
        )
    first = min(int(hours[0]) for hours in finest.hours if len(hours))
    example = finest.raw.rows[-5:].copy()
    events = any(spec.target in OF_EVENTS for spec in members)
    prices = read_prices(store, pairs, _moment(first), end, with_ranges=events)
    thinned = {every: part.joined(names, pairs, first) for every, part in parts.items()}
    return History(pairs, first, prices, tuple(files), thinned, example, newest)


def fit_for(
    history: History, spec: MemberSpec, week: date, report: Callable[[str], None] = lambda _: None
) -> FittedMember | None:
    """The member fitted for a week; with too few rows the reason is reported instead."""
    start = datetime(week.year, week.month, week.day, tzinfo=UTC)
    place = hour_number(pd.Timestamp(start)) - history.first_hour
    require_complete(history, spec, start)
    rows, target = history.thinned[spec.grid_hours], history.target(spec)
    hours = rows.fitted_hours(spec, target, SCHEDULE, place)
    fitted = rows.fit(spec, target, SCHEDULE, place)
    if fitted is None:
        report(f"{spec.name} {week}: {len(hours)} rows with a known outcome, {SCHEDULE.min_rows} are needed")
        return None
    fitted = replace(fitted, training_range=rows.training_range(spec, SCHEDULE, place))
    described = _described(history, spec, week, fitted, hours + history.first_hour)
    unknown = unknown_labels(history.prices, spec, place, *rows.fitted(spec, target, SCHEDULE, place))
    sample = rows.example(spec, target, SCHEDULE, place, SAMPLE_HOURS, SAMPLE_ROWS)
    return replace(described, sample=sample, unknown_labels=unknown)


def refit_for(
    history: History,
    spec: MemberSpec,
    day: date,
    base: Fitted | None,
    report: Callable[[str], None] = lambda _: None,
    *,
    anew: bool = False,
) -> FittedMember | None:
    """The daily refit of a member, of which `base` is the version in charge; too few rows are reported instead."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    place = hour_number(pd.Timestamp(start)) - history.first_hour
    require_complete(history, spec, start)
    rows, target = history.thinned[spec.grid_hours], history.target(spec)
    fitted = refit(rows, spec, target, SCHEDULE, place, base, anew=anew)
    if fitted is None:
        report(f"{spec.name} {day}: too few rows with a known outcome, {SCHEDULE.min_rows} are needed")
        return None
    is_warm = spec.algorithm == "lightgbm" and not anew
    hours = (
        rows.newest(spec, target, SCHEDULE, place, REFIT_HOURS)[3] if is_warm
        else rows.fitted_hours(spec, target, SCHEDULE, place)
    )  # fmt: skip
    fitted = replace(fitted, training_range=rows.training_range(spec, SCHEDULE, place))
    unknown = unknown_labels(history.prices, spec, place, *rows.fitted(spec, target, SCHEDULE, place))
    described = _described(history, spec, day, fitted, hours + history.first_hour)
    return replace(described, unknown_labels=unknown)


def require_pairs(pairs: Sequence[str]) -> None:
    """Refuse to train on fewer than four pairs: of three no model could pass the gate.

    No pair at all is another matter: then the history is missing.
    """
    if 0 < len(pairs) < MIN_MODELLED_PAIRS:
        raise TooFewPairsError(
            f"training needs at least {MIN_MODELLED_PAIRS} pairs, because it predicts which does better than the "
            "others, apart from volatility, and "
            f"has {', '.join(sorted(pairs))}: enable more pairs (OKXSIGNAL_PAIRS for the simulated market, "
            "market.pair_settings and the universe's limits elsewhere)"
        )


def require_complete(history: History, spec: MemberSpec, week: datetime) -> None:
    """Refuse to train before features have been made up to the end of the training rows."""
    end = week - (SCHEDULE.embargo_hours + max(spec.horizon_hours, SCHEDULE.purge_hours)) * HOUR
    if history.newest is None or history.newest < end - LATEST_ROW_SLACK:
        raise IncompleteHistoryError(
            f"the newest feature row is {history.newest}, training needs them up to {end:%Y-%m-%d %H:%M}: backfill "
            "features/features_1h first, or, when their hours count as materialised already (a home from before the "
            "feature store), run `okxsignal refresh full`"
        )


def _growing(names: tuple[str, ...], expected: int) -> GrowingMatrix:
    """Room for the thinned rows, and a twentieth more: an hour may lie differently in each month."""
    return GrowingMatrix(len(names), expected * 21 // 20)


@dataclass(frozen=True)
class _Thinned:
    """The rows that are kept, one in `every` hours, month by month; `ranked` where a member takes ranks."""

    every: int
    raw: GrowingMatrix
    ranked: GrowingMatrix | None
    hours: list[Whole] = field(default_factory=list)
    pairs: list["np.ndarray[tuple[int], np.dtype[np.str_]]"] = field(default_factory=list)

    def add(self, rows: FeatureRows) -> None:
        """Ranks are made of all rows of an hour, before any is left out."""
        names, codes = np.unique(rows.pairs, return_inverse=True)
        kept = np.flatnonzero(on_grid(rows.hours, phases(names.tolist())[codes], self.every))
        self.hours.append(rows.hours[kept])
        self.pairs.append(rows.pairs[kept])
        self.raw.add(rows.matrix[kept])
        if self.ranked is not None:
            self.ranked.add(matrix_ranks(rows.matrix, rows.hours, kept))

    def joined(self, names: tuple[str, ...], pairs: tuple[str, ...], first: int) -> ThinnedRows:
        """All months in one."""
        hours = np.concatenate(self.hours) - first
        places = np.concatenate([pd.Index(pairs).get_indexer(pd.Index(month)) for month in self.pairs])
        matrices = {False: self.raw.rows}
        if self.ranked is not None:
            matrices[True] = self.ranked.rows
        return ThinnedRows(names, len(pairs), hours, places.astype(np.int64), matrices.__getitem__)


def _described(history: History, spec: MemberSpec, week: date, fitted: Fitted, hours: Whole) -> FittedMember:
    start, last = _moment(int(hours[0])), _moment(int(hours[-1]))
    files = tuple(file for file in history.files if file.month <= last.date())
    known_at = last + (spec.horizon_hours + 1) * HOUR
    stop = hour_number(pd.Timestamp(known_at)) - history.first_hour
    return FittedMember(
        spec, week, fitted, len(hours), start, last + HOUR, known_at, files,
        fingerprint(files, _known_prices(history, spec, stop)), _example(history, spec, fitted),
    )  # fmt: skip


def _known_prices(history: History, spec: MemberSpec, stop: int) -> bytes:
    """The prices before `stop` that the target of a member is made of."""
    known = history.prices.between(0, stop)
    used = known if spec.target in OF_EVENTS else known[:1]
    return b"".join(np.ascontiguousarray(grid).tobytes() for grid in used if grid is not None)


def _example(history: History, spec: MemberSpec, fitted: Fitted) -> Matrix:
    """A few rows of the columns that the member was fitted on."""
    names = history.thinned[spec.grid_hours].names
    return history.example[:, [names.index(name) for name in fitted.names]]


def _moment(hour: int) -> datetime:
    """The open of an hour since 1970."""
    return datetime.fromtimestamp(hour * 3600, UTC)
