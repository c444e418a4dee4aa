"""Scores of a model version and the candidates of a promotion decision."""

import json
from collections.abc import Mapping
from typing import Any

from okx_services.reports.markdown import shown, table


def candidate_table(evidence: str) -> str:
    """Each candidate of the week with its scores and why it was not promoted; `evidence` as ml.champions holds it."""
    candidates: Mapping[str, Mapping[str, Any]] = json.loads(evidence)
    head = ("algorithm", "version", "rank IC", "t", "hold-out rows", "rejection reason")
    return table(head, [
        [name, f"v{found['version']}", shown(found["rank_ic"], 4), shown(found["rank_ic_t"], 2),
         f"{found['holdout_rows']:,}", found["rejection_reason"] or "none: it passed the gate"]
        for name, found in sorted(candidates.items())
    ])  # fmt: skip


def outcome_words(decision: Mapping[str, object]) -> str:
    """One line about a row of ml.champions."""
    version, algorithm = decision["model_version"], decision["algorithm"]
    if decision["outcome"] == "promoted":
        return f"promoted: version {version}, {algorithm}, passed the gate with the best rank IC"
    if decision["outcome"] == "kept":
        return f"kept: version {version}, {algorithm}, of week {decision['trained_for_week']}; nobody passed the gate"
    return "none: no version has passed the gate yet, so there are no signals"
