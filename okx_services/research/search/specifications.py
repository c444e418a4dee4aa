"""Which members there are: those of the code, and those that a search has found."""

import json
from dataclasses import asdict, dataclass
from datetime import date, datetime

from okx_core.models.members import MEMBERS, MemberError, MemberSpec
from okx_core.models.training.warm_refit import DAILY, daily_specification
from resources.postgres.database import Database


@dataclass(frozen=True)
class FoundMember:
    """A member that a search has found with what was known before `search`."""

    spec: MemberSpec
    search: date
    score: float
    is_retired: bool


def found_members(database: Database) -> dict[str, FoundMember]:
    """Every member that a search has found, by name, the newest search last."""
    rows = database.rows("select * from ml.member_specifications order by search, name")
    return {
        row["name"]: FoundMember(
            MemberSpec.from_json(row["specification"]),
            row["search"],
            row["score"],
            row["retired_at"] is not None,
        )
        for row in rows
    }


def specification(database: Database, name: str) -> MemberSpec:
    """The member of a name. Raises MemberError where there is none."""
    if name in MEMBERS:
        return MEMBERS[name]
    if name.endswith(DAILY):
        return daily_specification(specification(database, name.removesuffix(DAILY)))
    found = found_members(database)
    if name not in found:
        known = ", ".join((*MEMBERS, *found))
        raise MemberError(f"no member {name}: neither in the code nor found by a search; known: {known}")
    return found[name].spec


def first_week_of(database: Database, name: str) -> date | None:
    """The first date that a member may be trained for: that of its search; None for any.

    A search has chosen it by all weeks before, so predictions of these would be no evidence.
    """
    first: date | None = database.scalar(
        "select search from ml.member_specifications where name = $1", (name,)
    )
    return first


def keep_winner(database: Database, spec: MemberSpec, search: date, score: float, now: datetime) -> None:
    """Keep the best member of a search; an earlier best of the same search is trained no longer."""
    with database.connect() as connection:
        connection.execute(
            "update ml.member_specifications set retired_at = $3 "
            "where search = $1 and name <> $2 and retired_at is null",
            (search, spec.name, now),
        )
        connection.execute(
            "insert into ml.member_specifications (name, specification, search, score, created_at) "
            "values ($1, $2, $3, $4, $5) on conflict (name) do update set retired_at = null",
            (spec.name, json.dumps(asdict(spec)), search, score, now),
        )
