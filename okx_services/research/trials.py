"""The ledger of trials: every variant that was ever trained counts against the best of them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from okx_core.models.members import MemberSpec
from resources.postgres.database import Database

INSERT = (
    "insert into ml.trials (name, kind, specification, first_tried_at) values ($1, $2, $3, $4) "
    "on conflict (name) do nothing"
)


def ensemble_name(members: Sequence[str]) -> str:
    """The trial of an ensemble of these members."""
    return "+".join(sorted(members))


def count_member(database: Database, spec: MemberSpec, now: datetime) -> None:
    """Count a member once, however often it is trained anew."""
    database.execute(INSERT, (spec.name, "member", repr(spec), now))


def count_ensemble(database: Database, members: Sequence[str], now: datetime) -> None:
    """Count an ensemble once."""
    name = ensemble_name(members)
    database.execute(INSERT, (name, "ensemble", f"weighted mean rank of {', '.join(sorted(members))}", now))


def number_of_trials(database: Database) -> int:
    """Variants tried so far in this home."""
    return int(database.scalar("select count(*) from ml.trials"))


def note_sharpes(
    database: Database, members: Sequence[str], sharpes: Mapping[str, float], week: date
) -> None:
    """Keep the newest Sharpe ratio of each trial; one of an earlier week does not replace it."""
    for name, sharpe in sharpes.items():
        trial = ensemble_name(members) if name == "ensemble" else name
        database.execute(
            "update ml.trials set weekly_sharpe = $2, as_of = $3 where name = $1 and (as_of is null or as_of <= $3)",
            (trial, None if sharpe != sharpe else sharpe, week),
        )
