"""Versions of the signal model, the evidence for them, and why each may or may not trade."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from okx_core.decisions.gates import PASS
from okx_core.models.champions.decision import Decision, is_expired
from okx_services.reports.markdown import shown, table
from resources.postgres.database import Database
from resources.postgres.queries import query
from resources.registry.tracking import SIGNAL_MODEL

EVIDENCE_HEAD = ("rule", "found", "needed", "met")
NO_EVIDENCE = "no version has been made yet"


def evidence_rows(rules: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """The rules of the gate, as ml.champions.evidence holds them: value, what is needed, whether it is met."""
    words = {True: "yes", False: "NO", None: "shown only"}
    return [[rule["rule"], _value(rule["value"]), rule["needed"], words[rule["passed"]]] for rule in rules]


def _value(value: float | None) -> str:
    return "unknown" if value is None else shown(value, 4)


def evidence_table(rules: Sequence[Mapping[str, Any]]) -> str:
    """The same as Markdown."""
    return table(EVIDENCE_HEAD, evidence_rows(rules)) if rules else NO_EVIDENCE


def version_table(rows: Sequence[tuple[str, str]]) -> str:
    """Versions beside the week that they were made for."""
    return table(("version", "week"), [list(row) for row in rows]) if rows else ""


def signal_version_facts(database: Database, version: int) -> dict[str, object]:
    """What a version of the signal model is made of and expects, in words."""
    row = database.rows(
        "select * from ml.signal_versions where model_name = $1 and model_version = $2",
        (SIGNAL_MODEL, version),
    )[0]
    weights = ", ".join(
        f"{name} v{number} x {row['weights'][name]:.2f}" for name, number in row["members"].items()
    )
    return {
        "members_and_weights": weights,
        "expected_excess": excess_words(row["calibration"]),
        "outcomes_known_until": shown(row["outcome_known_at"]),
        "states_probabilities": "yes" if row["has_skill"] else "no: they were no better than the base rate",
    }


def excess_words(calibration: Mapping[str, Any] | None) -> str:
    """What a score is expected to earn, from `ml.signal_versions.calibration`."""
    return "unknown" if calibration is None else f"{calibration['slope']:.3f} % from lowest to highest"


def outcome_words(decision: Decision) -> str:
    """One line about a decision."""
    who = "nobody may trade" if decision.version is None else f"version {decision.version}"
    return f"{decision.outcome}: {who}; {decision.reason}"


@dataclass(frozen=True)
class ModelState:
    """Everything that `okxsignal models` shows; `champion` is what MLflow says, `day` the exchange's."""

    day: date
    champion: int | None
    max_age_weeks: int
    versions: list[dict[str, Any]]
    members: list[dict[str, Any]]
    decision: dict[str, Any] | None
    promotions: list[dict[str, Any]]
    trials: int
    found: list[dict[str, Any]] = field(default_factory=list)
    newest_hour: str = ""
    """Why the signal model let nothing be traded in the newest hour; empty where it did."""
    deleted: frozenset[int] = frozenset()
    """Versions that MLflow does not have any more."""

    def may_trade(self, version: Mapping[str, Any]) -> str:
        """Why a version of the signal model may or may not open positions now."""
        if version["model_version"] in self.deleted:
            return "no: it was deleted in MLflow"
        if is_expired(version["week"], self.day, self.max_age_weeks):
            return f"no: older than {self.max_age_weeks} weeks"
        if version["model_version"] == self.champion:
            return f"no: {self.newest_hour}" if self.newest_hour else "yes: @champion"
        if self.decision is None:
            return "no: nothing has been decided yet"
        if self.decision["model_version"] == version["model_version"]:
            return "no: the gate chose it, but @champion was moved"
        if self.champion is not None:
            return f"no: version {self.champion} trades"
        chosen = self.decision["model_version"]
        return f"no: {self.decision['reason']}" if chosen is None else f"no: the gate chose version {chosen}"


def read_models(
    database: Database, champion: int | None, day: date, max_age_weeks: int, newest: int
) -> ModelState:
    """The `newest` versions of the signal model, the newest version of each member, and what was decided last."""
    decisions = database.rows(
        "select * from ml.champions where model_name = $1 order by week desc limit 1", (SIGNAL_MODEL,)
    )
    return ModelState(
        day,
        champion,
        max_age_weeks,
        database.rows(query("newest_signal_versions"), (newest,)),
        database.rows(query("newest_member_versions")),
        decisions[0] if decisions else None,
        database.rows("select * from ml.promotions order by promotion_id desc limit 10"),
        int(database.scalar(query("model_trials"))),
        database.rows(
            "select name, search, score, retired_at from ml.member_specifications order by search, name"
        ),
        _newest_hour(database, champion),
    )


def _newest_hour(database: Database, champion: int | None) -> str:
    """What the newest hour's signals say of the version in charge; nothing where they were made by another one."""
    rows = database.rows(
        "select timestamp_utc, gate_model, model_version from trading.signals order by timestamp_utc desc limit 1"
    )
    if not rows or rows[0]["gate_model"] == PASS or rows[0]["model_version"] not in (None, champion):
        return ""
    return f"{rows[0]['gate_model']} (hour {rows[0]['timestamp_utc']:%Y-%m-%d %H:%M})"
