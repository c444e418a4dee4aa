"""Challengers: members that are trained and predict beside those in charge, and are never traded."""

from collections.abc import Sequence
from datetime import date, datetime

from okx_core.hours import week_start
from okx_core.models.members import Fitted
from okx_core.models.training.warm_refit import daily_name
from okx_services.research.member_training import load_history, refit_for
from okx_services.research.members import Trained, Training
from okx_services.research.predictions import predict_hours, registered_versions
from okx_services.research.search.specifications import found_members, specification
from okx_services.research.track_record import midnight
from resources.feature_store.store import FeatureStore
from resources.postgres.database import Database
from resources.postgres.queries import query
from resources.registry.tracking import Tracking


def daily_members(members: Sequence[str]) -> list[str]:
    """The members whose versions are daily refits of `members`."""
    return [daily_name(name) for name in members]


def drifted_members(database: Database, members: Sequence[str], day: date) -> set[str]:
    """The members whose version in charge has drifted since it was made, or whose ensemble has."""
    rows = database.rows(query("drifted_members"), (list(members), day))
    return {row["member"] for row in rows}


def shadow_members(database: Database, members: Sequence[str], further: Sequence[str] = ()) -> list[str]:
    """Every challenger: the daily refits of `members`, what searches have found, and `further` ones that were named.

    What `members` names is no challenger.
    """
    found = [
        name for name, one in found_members(database).items() if not one.is_retired and name not in members
    ]
    named = [name for name in further if name not in members and name not in found]
    return [*daily_members(members), *found, *named]


def train_challengers(
    training: Training, day: date, members: Sequence[str], further: Sequence[str] = ()
) -> Trained:
    """Refit the members in charge for a day, and train the other challengers for its week where that is due.

    A member that has drifted is trained anew instead of refitted, until a new version of it is in charge. Nothing is
    done twice. Raises TooFewPairsError, IncompleteHistoryError, FeatureStoreError, TrackingError.
    """
    database = training.store.database
    daily = daily_members(members)
    found = [name for name in shadow_members(database, members, further) if name not in daily]
    done = training.run([week_start(midnight(day)).date()], found) if found else Trained()
    _refit(training, day, members, done)
    return done


def _refit(training: Training, day: date, members: Sequence[str], done: Trained) -> None:
    database = training.store.database
    versions = registered_versions(database, [daily_name(name) for name in members])
    missing = [name for name in members if day not in versions[daily_name(name)].by_week]
    bases = {name: _base(training, name, day) for name in missing}
    due = [name for name, base in bases.items() if base is not None]
    done.left_out += [
        f"{name}: no version before {day} to refit" for name, base in bases.items() if base is None
    ]
    if not due:
        return
    history = load_history(training.store, [specification(database, name) for name in due], midnight(day))
    drifted = drifted_members(database, due, day)
    for name in due:
        spec = specification(database, daily_name(name))
        anew = name in drifted
        fitted = refit_for(history, spec, day, bases[name], done.left_out.append, anew=anew)
        if fitted is not None:
            if anew:
                training.report(f"{name} has drifted: trained anew for {day}")
            training.keep(fitted, versions, done, pinned=False)


def _base(training: Training, name: str, day: date) -> Fitted | None:
    """The version of the member in charge on the day."""
    versions = registered_versions(training.store.database, [name])[name]
    weeks = [week for week in versions.by_week if week <= day]
    return versions.load(training.tracking, versions.by_week[max(weeks)]) if weeks else None


def score_challengers(
    store: FeatureStore,
    tracking: Tracking,
    members: Sequence[str],
    start: datetime,
    end: datetime,
    first_in_sql: datetime,
    further: Sequence[str] = (),
) -> tuple[dict[str, int], list[str]]:
    """Rows written by challenger for the hours of [start, end); a challenger that fails is named with its reason."""
    return predict_hours(
        store, tracking, shadow_members(store.database, members, further), start, end, first_in_sql
    )
