"""The versions of members: trained where due, registered, recorded, and their weeks predicted."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import pandas as pd

from okx_core.hours import MIN_HISTORY_WEEKS, WEEK, floor_hour, week_start
from okx_core.models.members import MemberSpec
from okx_core.models.targets import words_of
from okx_core.models.training_range import TrainingRange
from okx_services.reports.market_origin import market_note
from okx_services.research.evaluation.model_cards import with_member_card
from okx_services.research.member_training import (
    FittedMember,
    due_weeks,
    first_trainable,
    fit_for,
    load_history,
)
from okx_services.research.predictions import Versions, predict_window, registered_versions
from okx_services.research.search.specifications import first_week_of, specification
from okx_services.research.track_record import midnight, read_record
from okx_services.research.trials import count_member
from resources.config.code_version import code_version
from resources.feature_store.store import FeatureStore
from resources.feature_store.training_rows import file_words
from resources.postgres.database import Database
from resources.registry import served_member
from resources.registry.new_version import NewVersion
from resources.registry.tracking import MEMBER_DESCRIPTION, Tracking, member_model

LIBRARIES = {
    "lightgbm": "lightgbm", "catboost": "catboost", "xgboost": "xgboost-cpu", "random_forest": "scikit-learn",
    "histogram_boosting": "scikit-learn", "mlp": "scikit-learn", "ridge": "numpy",
}  # fmt: skip


@dataclass
class Trained:
    """What a run has done: versions made, hours predicted by member, and why a date was left out."""

    versions: list[tuple[str, date, int]] = field(default_factory=list)
    predicted: dict[str, int] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Training:
    """Where members are trained from and kept. `run_id` names the Dagster run, for the tags of the versions."""

    store: FeatureStore
    tracking: Tracking
    now: datetime
    retrain_weeks: int
    run_id: str
    first_in_sql: datetime
    report: Callable[[str], None] = lambda _: None

    def run(self, weeks: Sequence[date], members: Sequence[str]) -> Trained:
        """Train what is due in `weeks`, then predict their hours that have closed. Work that is done stays.

        Raises TooFewPairsError, IncompleteHistoryError, FeatureStoreError, TrackingError.
        """
        done = Trained()
        versions = registered_versions(self.store.database, members)
        first = first_trainable(self.store)
        early = [week for week in weeks if first is None or week < first]
        if early:
            done.left_out.append(
                f"{early[0]} to {early[-1]}: less than {MIN_HISTORY_WEEKS} weeks of features before them"
            )
        late_enough = [week for week in weeks if week not in early]
        due = {
            name: self._due(versions[name], self._may_be_trained(name, late_enough, done)) for name in members
        }
        self._train(due, weeks, versions, done)
        self._predict_weeks(weeks, versions, done)
        return done

    def _predict_weeks(self, weeks: Sequence[date], versions: dict[str, Versions], done: Trained) -> None:
        if not weeks:
            return
        for name, held in versions.items():
            fresh = sum(self._predict(held, *window) for window in _windows(weeks))
            done.predicted[name] = done.predicted.get(name, 0) + fresh

    def _train(
        self, due: dict[str, list[date]], asked: Sequence[date], versions: dict[str, Versions], done: Trained
    ) -> None:
        """Date by date, so that the members of a date share its bins.

        The weeks `asked` for before the newest are predicted before its members are kept: their pages show what the
        versions before them were worth.
        """
        weeks = sorted({week for some in due.values() for week in some})
        if not weeks:
            return
        specs = [specification(self.store.database, name) for name, some in due.items() if some]
        history = load_history(self.store, specs, midnight(weeks[-1]))
        for week in weeks:
            if week == week_start(self.now).date():
                self._predict_weeks([one for one in asked if one < week], versions, done)
            for spec in (spec for spec in specs if week in due[spec.name]):
                fitted = fit_for(history, spec, week, done.left_out.append)
                if fitted is not None:
                    self.keep(fitted, versions, done)

    def _may_be_trained(self, name: str, weeks: Sequence[date], done: Trained) -> list[date]:
        """The weeks that are no evidence for the choice of the member itself."""
        first = first_week_of(self.store.database, name)
        kept = [week for week in weeks if first is None or week >= first]
        if len(kept) < len(weeks):
            done.left_out.append(f"{name} before {first}: it was chosen by what came before")
        return kept

    def _due(self, versions: Versions, weeks: Sequence[date]) -> list[date]:
        newest = week_start(self.now).date()
        return due_weeks(weeks, list(versions.by_week), newest, self.retrain_weeks)

    def keep(
        self, fitted: FittedMember, versions: dict[str, Versions], done: Trained, *, pinned: bool = True
    ) -> None:
        """Register and record the version; pins first: one that is on record has its files for good.

        Without pins the files may be replaced by others: a home must not keep a copy of the newest month for every day.
        """
        name, database = fitted.spec.name, self.store.database
        market = str(database.scalar("select identity from ops.market_source") or "")
        new = _new_version(fitted, market, self.run_id)
        is_newest = fitted.week >= week_start(self.now).date()
        # A daily refit is carded without: its record has a date for every day.
        past = read_record(self.store, [name], midnight(fitted.week)) if is_newest and pinned else None
        registered = self.tracking.register(with_member_card(new, fitted, past, with_figures=is_newest))
        files = [file.file_id for file in fitted.files] if pinned else []
        self.store.manifest.pin(member_model(name), registered.version, files)
        row = _record(fitted, registered.version, registered.run_id)
        database.upsert("ml.model_versions", ["week", "member"], [row])
        count_member(database, fitted.spec, self.now)
        old = versions[name]
        versions[name] = Versions(
            name,
            {**old.by_week, fitted.week: registered.version},
            {**old.fitted, registered.version: fitted.fitted},
        )
        done.versions.append((name, fitted.week, registered.version))
        if fitted.label_known_at > midnight(fitted.week):
            done.late.append(f"{name} {fitted.week}: {fitted.label_known_at:%Y-%m-%d %H:%M}")
        if fitted.unknown_labels:
            done.late.append(
                f"{name} {fitted.week}: {fitted.unknown_labels} labels not of the closes before it"
            )
        self.report(f"{name} {fitted.week}: version {registered.version}, {fitted.rows:,} rows")

    def _predict(self, versions: Versions, start: datetime, end: datetime) -> int:
        end = min(end, floor_hour(self.now))
        if start >= end:
            return 0
        return predict_window(self.store, self.tracking, versions, start, end, self.first_in_sql)


def _windows(weeks: Sequence[date]) -> Iterator[tuple[datetime, datetime]]:
    """The weeks as stretches [start, end), those that follow each other joined."""
    start: date | None = None
    ordered = sorted(weeks)
    for week, following in zip(ordered, [*ordered[1:], None], strict=True):
        start = start or week
        if following != week + WEEK:
            yield midnight(start), midnight(week) + WEEK
            start = None


def _new_version(fitted: FittedMember, market: str, run_id: str) -> NewVersion:
    example = pd.DataFrame(fitted.example, columns=pd.Index(fitted.fitted.names))
    served = served_member.ServedMember(fitted.fitted)
    spec = fitted.spec
    return NewVersion(
        model_name=member_model(spec.name),
        model_description=MEMBER_DESCRIPTION,
        run_name=f"{fitted.week} {spec.name}",
        description=_description(fitted, market),
        files=served_member.files_of(fitted.fitted),
        loader=served_member.__name__,
        example=example,
        prediction=served.predict(example),
        requirements=(LIBRARIES[spec.algorithm], "numpy", "pandas"),
        parameters=_parameters(spec),
        metrics=_metrics(fitted),
        tags=_tags(fitted, market, run_id),
        documents={
            "features": {"features": list(fitted.fitted.names)},
            "data_files": {"files": file_words(fitted.files)},
        },
    )


def _parameters(spec: MemberSpec) -> dict[str, object]:
    return {
        "algorithm": spec.algorithm,
        "target": spec.target,
        "horizon_hours": spec.horizon_hours,
        "history_weeks": spec.history_weeks,
        "grid_hours": spec.grid_hours,
        "half_life_weeks": spec.half_life_weeks,
        "class_balance": spec.class_balance,
        "early_stopping_weeks": spec.early_stopping_weeks,
        **{f"budget.{name}": value for name, value in vars(spec.budget).items()},
    }


def _metrics(fitted: FittedMember) -> dict[str, float]:
    found = {"fit_rows": float(fitted.rows), "history_weeks": fitted.history_weeks}
    trees = fitted.fitted.trees
    return found if trees is None else {**found, "trees": float(trees)}


def _tags(fitted: FittedMember, market: str, run_id: str) -> dict[str, str]:
    """Where the version comes from."""
    return {
        "member": fitted.spec.name,
        "week": f"{fitted.week}",
        "dagster_run_id": run_id,
        "data_fingerprint": fitted.fingerprint,
        "data_window": f"{fitted.train_start:%Y-%m-%dT%H}/{fitted.train_end:%Y-%m-%dT%H}",
        "code_version": code_version(),
        "market": market or "unknown",
    }


def _description(fitted: FittedMember, market: str) -> str:
    """What the version predicts and what it was trained on, in Markdown."""
    spec = fitted.spec
    ranks = "as ranks inside their hour" if spec.ranked else "as they are"
    lines = [
        f"Predicts: {words_of(spec.target, spec.horizon_hours)}. Algorithm: {spec.algorithm}. Trained for "
        f"{fitted.week} (UTC): it scores hours from then on.",
        f"**Training:** {fitted.rows:,} rows of {len(fitted.fitted.names)} features {ranks}, one row in "
        f"{spec.grid_hours} h, bars from {fitted.train_start:%Y-%m-%d %H:%M} to {fitted.train_end:%Y-%m-%d %H:%M} UTC "
        f"({fitted.history_weeks:.0f} weeks). The newest label was known at {fitted.label_known_at:%Y-%m-%d %H:%M}.",
        "**Out of sample:** its scores are in `ml.predictions`; what they were worth is in the evidence of "
        "`ml.champions`.",
        f"**Market:** {market or 'unknown'}. {market_note(market)}".rstrip(),
    ]
    return "\n\n".join(lines)


def _record(fitted: FittedMember, version: int, run_id: str) -> dict[str, object]:
    return {
        "week": fitted.week,
        "member": fitted.spec.name,
        "model_name": member_model(fitted.spec.name),
        "model_version": version,
        "run_id": run_id,
        "target": words_of(fitted.spec.target, fitted.spec.horizon_hours),
        "train_start": fitted.train_start,
        "train_end": fitted.train_end,
        "train_rows": fitted.rows,
        "history_weeks": fitted.history_weeks,
        "label_known_at": fitted.label_known_at,
        "feature_count": len(fitted.fitted.names),
        **_bounds(fitted.fitted.training_range),
        "data_fingerprint": fitted.fingerprint,
        "code_version": code_version(),
        "trained_at": datetime.now(UTC),
    }


def _bounds(ranged: TrainingRange | None) -> dict[str, float | None]:
    """The bounds beyond which a row is not traded."""
    if ranged is None:
        return {"max_outside_share": None, "max_distance": None}
    return {
        "max_outside_share": float(ranged.max_outside_share[0]),
        "max_distance": float(ranged.max_distance[0]),
    }


def late_versions(database: Database) -> int:
    """Versions whose newest label was known only after the date that they were trained for."""
    return int(
        database.scalar(
            "select count(*) from ml.model_versions where label_known_at > week::timestamp at time zone 'UTC'"
        )
    )
