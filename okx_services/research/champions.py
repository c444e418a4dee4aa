"""The weekly decision which model version is in charge."""

import json
from datetime import date, datetime
from typing import Any

import numpy as np

from okx_core.models.promotion import Candidate, PromotionGate, choose_champion
from resources.postgres.database import Database
from resources.tracking import MODEL_NAME, Tracking

GATE = PromotionGate()


def promote_champion(database: Database, tracking: Tracking, week: date, now: datetime) -> dict[str, object]:
    """Decide on the champion of `week` and store the decision; only the newest week moves the alias @champion."""
    decision = decide_champion(database, week)
    decision["decided_at"] = now
    database.upsert("ml.champions", ["week"], [decision])
    version = decision["model_version"]
    newest = database.scalar("select max(week) from ml.champions") == week
    if newest and version is not None:
        tracking.promote(int(str(version)))
    return decision


def decide_champion(database: Database, week: date) -> dict[str, object]:
    """The row of ml.champions for `week`: the best candidate that passes the gate, else the incumbent."""
    rows = database.rows("select * from ml.model_versions where week = $1 order by algorithm", (week,))
    candidates = [
        Candidate(
            algorithm=row["algorithm"],
            version=row["model_version"],
            rank_ic=_number(row["rank_ic"]),
            rank_ic_t=_number(row["rank_ic_t"]),
            holdout_rows=row["holdout_rows"],
        )
        for row in rows
    ]
    chosen = choose_champion(candidates, GATE)
    incumbent = database.rows(
        "select * from ml.champions where week < $1 order by week desc limit 1", (week,)
    )
    evidence = {
        c.algorithm: {**_json(vars(c)), "rejection_reason": GATE.rejection_reason(c)} for c in candidates
    }
    decision: dict[str, object] = {
        "week": week, "model_name": MODEL_NAME, "model_version": None, "algorithm": None,
        "trained_for_week": None, "outcome": "none", "evidence": json.dumps(evidence),
    }  # fmt: skip
    if chosen is not None:
        decision |= {"model_version": chosen.version, "algorithm": chosen.algorithm}
        decision |= {"trained_for_week": week, "outcome": "promoted"}
    elif incumbent and incumbent[0]["model_version"] is not None:
        decision |= {name: incumbent[0][name] for name in ("model_version", "algorithm", "trained_for_week")}
        decision["outcome"] = "kept"
    return decision


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def _json(values: dict[str, Any]) -> dict[str, Any]:
    return {name: None if isinstance(v, float) and np.isnan(v) else v for name, v in values.items()}
