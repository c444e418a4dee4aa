"""Out-of-sample predictions: each member's score of each hour that a version was in charge of, written once."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from okx_core.errors import OkxSignalError
from okx_core.hours import HOUR
from okx_core.models.members import Fitted, MemberError
from okx_core.models.walk_forward import inputs_of
from resources.feature_store.months import month_parts
from resources.feature_store.store import FeatureStore
from resources.feature_store.training_rows import FEATURES, feature_rows
from resources.postgres.database import Database
from resources.registry.served_member import member_from
from resources.registry.tracking import Tracking, member_model

TABLE = "ml.predictions"
COLUMNS = ["score", "version", "outside_share", "distance"]
MISSED_HOURS = 24  # before an hour, that are predicted with it when they were not in their time


def store_table(member: str) -> str:
    """The table of the feature store that holds a member's predictions: members are written independently."""
    return f"{TABLE}.{member}"


@dataclass(frozen=True)
class Versions:
    """The versions of a member by training date, and those that were loaded."""

    member: str
    by_week: Mapping[date, int]
    fitted: dict[int, Fitted] = field(default_factory=dict)

    def in_charge(self, start: datetime, end: datetime) -> Iterator[tuple[int, datetime, datetime]]:
        """(version, first hour, end) of the parts of [start, end); hours before the first version have none."""
        weeks = sorted(self.by_week)
        bounds = [datetime(week.year, week.month, week.day, tzinfo=UTC) for week in weeks] + [end]
        for week, (first, following) in zip(weeks, pairwise(bounds), strict=True):
            since, until = max(first, start), min(following, end)
            if since < until:
                yield self.by_week[week], since, until

    def load(self, tracking: Tracking, version: int) -> Fitted:
        """The version, from MLflow unless it was loaded before. Raises TrackingError or MemberError."""
        if version not in self.fitted:
            self.fitted[version] = load_registered(tracking, self.member, version)
        return self.fitted[version]


def load_registered(tracking: Tracking, member: str, version: int) -> Fitted:
    """A version of a member, from MLflow. Raises TrackingError, and MemberError that names it."""
    try:
        return member_from(tracking.files(member_model(member), version))
    except MemberError as error:
        raise MemberError(f"version {version} of member {member}: {error}") from None


def registered_versions(database: Database, members: Sequence[str]) -> dict[str, Versions]:
    """The recorded versions of each member; none for one that was never trained."""
    rows = database.rows(
        "select member, week, model_version from ml.model_versions where member = any($1) order by week",
        (list(members),),
    )
    return {
        name: Versions(name, {row["week"]: row["model_version"] for row in rows if row["member"] == name})
        for name in members
    }


def predict_window(
    store: FeatureStore,
    tracking: Tracking,
    versions: Versions,
    start: datetime,
    end: datetime,
    first_in_sql: datetime,
) -> int:
    """Score the hours of [start, end) that have no row yet with the version in charge of each; rows written.

    Raises TrackingError when a version cannot be loaded, MemberError when its features are not those stored; what
    was written before stays, and nothing is written of the part that failed.
    """
    written = 0
    for version, first, last in versions.in_charge(start, end):
        for part in month_parts(first, last):
            done = _hours_of(stored(store, versions.member, part.start, part.end))
            if len(done) < _hours_with_features(store, part.start, part.end):
                fitted = versions.load(tracking, version)
                rows = score_hours(store, fitted, part.start, part.end, done).assign(version=version)
                written += record(store, versions.member, rows, part.start, part.end, first_in_sql)
    return written


def predict_hours(
    store: FeatureStore,
    tracking: Tracking,
    members: Sequence[str],
    start: datetime,
    end: datetime,
    first_in_sql: datetime,
) -> tuple[dict[str, int], list[str]]:
    """Rows written by member for the hours of [start, end), and hours before it that were missed lately.

    A member that cannot predict does not stop the others: its reason is in the list.
    """
    done: dict[str, int] = {}
    failures = []
    for name, versions in registered_versions(store.database, members).items():
        try:
            done[name] = predict_window(
                store, tracking, versions, start - MISSED_HOURS * HOUR, end, first_in_sql
            )
        except OkxSignalError as error:
            done[name] = 0
            failures.append(f"{name}: {error}")
    return done, failures


def score_hours(
    store: FeatureStore,
    fitted: Fitted,
    start: datetime,
    end: datetime,
    but: "set[pd.Timestamp] | None" = None,
) -> pd.DataFrame:
    """The feature rows of [start, end), except of the hours in `but`, with the member's score of each.

    pair, timestamp_utc, score, and how far the row lies outside the training range of the member: outside_share and
    distance, NaN for a version that kept no range.
    """
    none = np.empty(0, np.int64)
    parts = [_scored(np.empty(0, "U1"), none, np.empty((3, 0)))]
    for _, rows in feature_rows(store, fitted.names, start, end):
        matrix, names = inputs_of(fitted, rows.matrix, fitted.names, rows.hours)
        figures = np.full((3, len(matrix)), np.nan)
        figures[0] = fitted.predict(matrix, names)
        if fitted.training_range is not None:
            figures[1:] = fitted.training_range.measured(matrix)
        parts.append(_scored(rows.pairs, rows.hours, figures))
    scored = pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)
    return scored[~scored["timestamp_utc"].isin(but or set())].reset_index(drop=True)


def _scored(
    pairs: npt.NDArray[np.str_], hours: npt.NDArray[np.int64], figures: npt.NDArray[np.float64]
) -> pd.DataFrame:
    keys = {"pair": pd.array(pairs, "str"), "timestamp_utc": _moments(hours)}
    return pd.DataFrame(keys | dict(zip(("score", "outside_share", "distance"), figures, strict=True)))


def record(
    store: FeatureStore,
    member: str,
    rows: pd.DataFrame,
    start: datetime,
    end: datetime,
    first_in_sql: datetime,
) -> int:
    """Keep the predictions of a member in [start, end); rows written. An hour that has a row is never written again.

    `rows` has pair, timestamp_utc and `COLUMNS`. Rows from `first_in_sql` on are in PostgreSQL too, older ones
    leave it.
    """
    with _alone(store.database, member):
        held = stored(store, member, start, end)
        fresh = rows[~rows["timestamp_utc"].isin(_hours_of(held))]
        both = pd.concat([held, fresh], ignore_index=True) if len(held) else fresh
        if len(fresh):
            store.replace_window(store_table(member), both[["pair", "timestamp_utc", *COLUMNS]], start, end)
        _copy_to_sql(store.database, member, both, start, end, first_in_sql)
    return len(fresh)


@contextmanager
def _alone(database: Database, member: str) -> Iterator[None]:
    """One writer of a member at a time, from reading which hours it has to both copies."""
    with database.connect() as connection:
        connection.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", (f"predict {member}",))
        yield


def _copy_to_sql(
    database: Database, member: str, rows: pd.DataFrame, start: datetime, end: datetime, first: datetime
) -> None:
    recent = rows[rows["timestamp_utc"] >= first]
    with database.bulk() as bulk:
        bulk.run(
            f"delete from {TABLE} where member = $1 and "  # noqa: S608
            "(timestamp_utc < $2 or timestamp_utc >= $3 and timestamp_utc < $4)",
            (member, first, start, end),
        )
        if len(recent):
            bulk.append(TABLE, recent.assign(member=member, version=recent["version"].astype("int32")))


def stored(store: FeatureStore, member: str, start: datetime, end: datetime) -> pd.DataFrame:
    """The predictions of [start, end): pair, timestamp_utc and `COLUMNS`; what an older month lacks is NaN."""
    rows = store.frame(store_table(member), start, end)
    lacking = [name for name in COLUMNS if name not in rows.columns]
    return rows.assign(**dict.fromkeys(lacking, np.nan))


def _hours_of(rows: pd.DataFrame) -> "set[pd.Timestamp]":
    return set(rows["timestamp_utc"].unique())


def _hours_with_features(store: FeatureStore, start: datetime, end: datetime) -> int:
    """Hours of [start, end) that have feature rows, without reading their values."""
    rows = store.read(FEATURES, start, end, columns=[])
    return len(rows.column("timestamp_utc").unique())


def _moments(hours: npt.NDArray[np.int64]) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(hours.astype("datetime64[h]").astype("datetime64[us]")).tz_localize("UTC")
