"""What is due between the schedules: refits when labels have matured, training that was missed, models that expire."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from okx_core.hours import HOUR, week_start
from okx_core.models.champions.decision import is_expired
from okx_services.research.lifecycle.challengers import daily_members, shadow_members
from okx_services.research.member_training import SCHEDULE
from okx_services.research.track_record import midnight
from resources.postgres.database import Database
from resources.registry.tracking import SIGNAL_MODEL

LATE = timedelta(hours=6)  # after the week began, when its schedules have had their time
WARNED_BEFORE = timedelta(days=7)


@dataclass(frozen=True)
class Matured:
    """Whether the labels for a day's refits are known; why not otherwise."""

    day: date
    is_due: bool
    reason: str


def matured_labels(
    database: Database, members: Sequence[str], now: datetime, further: Sequence[str] = ()
) -> Matured:
    """Today's refits are due once the label of the last row that they are fitted to is stored, until they are made."""
    day = now.astimezone(UTC).date()
    daily = daily_members(members)
    found = [name for name in shadow_members(database, members, further) if name not in daily]
    made = _with_version(database, daily, day) + _with_version(database, found, week_start(now).date())
    if made == len(daily) + len(found):
        return Matured(day, False, f"today's challengers are made: {made}")
    bases = database.scalar("select count(*) from ml.model_versions where member = any($1)", (list(members),))
    if not bases:
        return Matured(day, False, "no member has a version yet that could be refitted")
    last = midnight(day) - (SCHEDULE.embargo_hours + SCHEDULE.purge_hours + 1) * HOUR
    newest = database.scalar("select max(timestamp_utc) from ml.labels_1d")
    if newest is None or newest < last:
        return Matured(
            day, False, f"the newest label is of {newest}, today's refits need {last:%Y-%m-%d %H:%M}"
        )
    return Matured(day, True, f"labels up to {newest:%Y-%m-%d %H:%M} are known")


def _with_version(database: Database, members: Sequence[str], week: date) -> int:
    """How many of the members have a version for a date."""
    return int(
        database.scalar(
            "select count(distinct member) from ml.model_versions where member = any($1) and week = $2",
            (list(members), week),
        )
    )


def missed_training(database: Database, members: Sequence[str], now: datetime) -> str:
    """What the week that has begun lacks although its schedules have had their time: "train", "choose", or nothing."""
    week = week_start(now)
    if now < week + LATE:
        return ""
    trained = _with_version(database, members, week.date())
    known = database.scalar(
        "select count(distinct member) from ml.model_versions where member = any($1)", (list(members),)
    )
    if known and trained < len(members):
        return "train"
    chosen = database.scalar(
        "select count(*) from ml.champions where week = $1 and model_name = $2", (week.date(), SIGNAL_MODEL)
    )
    return "choose" if trained == len(members) and not chosen else ""


def expiry(database: Database, champion: int | None, now: datetime, max_age_weeks: int) -> str:
    """What to say about the age of the version behind @champion; empty while it is young enough."""
    if champion is None:
        return ""
    week = database.scalar(
        "select week from ml.signal_versions where model_name = $1 and model_version = $2",
        (SIGNAL_MODEL, champion),
    )
    if week is None:
        return f"version {champion} behind @champion is not on record: its age is unknown"
    day = now.astimezone(UTC).date()
    last = week + timedelta(weeks=max_age_weeks)
    if is_expired(week, day, max_age_weeks):
        return (
            f"version {champion} behind @champion was trained for {week} and has expired: it opens no position. Train "
            "with `okxsignal train`, or see in `okxsignal models` why no newer version passed the gate"
        )
    if last - day <= WARNED_BEFORE:
        return (
            f"version {champion} behind @champion was trained for {week}: after {last} it opens no position"
        )
    return ""


def drifted_models(database: Database, day: date) -> list[tuple[str, str]]:
    """(model, reason) of what has drifted on a day."""
    rows = database.rows(
        "select model, reason from ml.drift where day = $1 and drifted order by model", (day,)
    )
    return [(row["model"], row["reason"]) for row in rows]
