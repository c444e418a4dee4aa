"""The ledger of trials: every variant that was ever trained counts against the best of them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from okx_core.models.members import MemberSpec
from okx_core.strategies.strategy import StrategySpec
from resources.evaluated_files import variants_tried
from resources.postgres.database import Database
from resources.postgres.queries import query

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


def count_evaluated(database: Database, members: Sequence[MemberSpec], now: datetime) -> None:
    """Count what was evaluated on the home's own candles: each member, and their ensemble."""
    for spec in members:
        count_member(database, spec, now)
    count_ensemble(database, [spec.name for spec in members], now)


def variant_names(members: Sequence[MemberSpec]) -> list[str]:
    """What an evaluation of `members` tries: each as it is specified, and their ensemble."""
    return [
        *(repr(replace(spec, budget=replace(spec.budget, threads=1))) for spec in members),
        ensemble_name([spec.name for spec in members]),
    ]


def tried_before(candles: Path | None, home: Path, members: Sequence[MemberSpec], stated: int) -> int:
    """Variants tried before those of an evaluation: so many as the user says, or as the home has tried on the file."""
    if candles is None:
        return stated
    return max(stated, len(variants_tried(home, candles) - set(variant_names(members))))


def number_of_trials(database: Database) -> int:
    """Variants of models tried so far in this home."""
    return int(database.scalar(query("model_trials")))


def count_strategy(database: Database, spec: StrategySpec, weekly_sharpe: float | None, end: date) -> None:
    """Count a version of a strategy once, with its Sharpe ratio in the newest stretch that it was tried on."""
    name = f"{spec.name}@{spec.version}"
    database.execute(INSERT, (name, "strategy", json.dumps(spec.to_json()), datetime.now(UTC)))
    database.execute(
        "update ml.trials set weekly_sharpe = $2, as_of = $3 where name = $1 and (as_of is null or as_of <= $3)",
        (name, weekly_sharpe, end),
    )


def strategies_tried(database: Database) -> tuple[int, float]:
    """Versions of strategies tried so far in this home, and the variance of their weekly Sharpe ratios."""
    (row,) = database.rows(
        "select count(*) as tried, coalesce(var_samp(weekly_sharpe), 0) as variance from ml.trials "
        "where kind = 'strategy'"
    )
    return int(row["tried"]), float(row["variance"])


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
