"""The card and the figures of a new version, before it is registered."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from okx_core.models.champions.evidence import Evidence
from okx_core.models.champions.record import TrackRecord
from okx_core.models.champions.signal_model import SignalModel
from okx_core.models.evaluation.calibration import brier, reliability_error
from okx_core.models.explanations import Contributions, importance
from okx_core.models.ranks import Floats
from okx_core.models.targets import words_of
from okx_services.reports.explanations import importance_figure, importance_words
from okx_services.reports.figures import reliability_figure
from okx_services.reports.model_card import MEMBER_LIMITS, SIGNAL_LIMITS, Card
from okx_services.reports.models import EVIDENCE_HEAD, evidence_rows
from okx_services.research.member_training import FittedMember
from resources.registry.new_version import NewVersion

NAMED_FEATURES = 20


def with_member_card(
    new: NewVersion, fitted: FittedMember, past: TrackRecord | None = None, *, with_figures: bool
) -> NewVersion:
    """The version with its card and what its features add to its scores of newest training rows.

    `past` are the predictions of the versions before it. Figures take longer than a fit: they are for the newest week,
    not for every week of a backfill.
    """
    found = _contributions(fitted)
    shares = {} if found is None else importance(found)
    figures = {}
    if with_figures and found is not None:
        figures["importance"] = importance_figure(found, fitted.sample, fitted.fitted.names)
    reliability = {} if past is None else probability_metrics(past)
    if with_figures and past is not None and not np.isnan(reliability["brier"]):
        figures["reliability"] = reliability_figure(past.probability, positive_outcome(past))
    words = "unknown" if found is None else importance_words(found)
    card = _member_card(new, fitted, shares, reliability, figures)
    short = (
        f"**Most important features** (SHAP): {words}.\n\n**Limits:** {MEMBER_LIMITS[0]} {MEMBER_LIMITS[3]}"
    )
    return replace(
        new,
        description=f"{new.description}\n\n{short}\n\nThe whole card is the artifact `model_card.html`.",
        documents={**new.documents, "importance": shares},
        texts={**new.texts, **card.files()},
        figures={**new.figures, **figures},
        metrics={**new.metrics, **reliability},
    )


def _member_card(
    new: NewVersion, fitted: FittedMember, shares: Mapping[str, float], reliability: Mapping[str, float],
    figures: Mapping[str, Any],
) -> Card:  # fmt: skip
    """Purpose, data, window, evidence, limits and the features that count most."""
    target = words_of(fitted.spec.target, fitted.spec.horizon_hours)
    return Card(
        f"{new.model_name}, made for {fitted.week}",
        {
            "Purpose": [f"Scores the pairs of an hour; fitted to: {target}."],
            "Data": [
                f"market {new.tags['market']}", f"{fitted.rows:,} rows, one in {fitted.spec.grid_hours} h of each pair",
                f"fingerprint {fitted.fingerprint} of {len(fitted.files)} monthly files, see data_files.json",
            ],
            "Window": [
                f"{fitted.train_start:%Y-%m-%d %H:%M} to {fitted.train_end:%Y-%m-%d %H:%M} UTC, "
                f"{fitted.history_weeks:.0f} weeks",
                f"the newest label was known at {fitted.label_known_at:%Y-%m-%d %H:%M} UTC",
            ],
            "Evidence": [
                "Scores of later hours are in ml.predictions; the evidence for the ensemble in ml.champions.",
                _reliability_words(reliability),
            ],
            "Limits": MEMBER_LIMITS,
        },
        {
            f"Features ({len(fitted.fitted.names)})": (
                ("feature", "mean |SHAP value|"),
                [[name, f"{mean:.3g}"] for name, mean in list(shares.items())[:NAMED_FEATURES]],
            )
        },
        figures,
    )  # fmt: skip


def positive_outcome(record: TrackRecord) -> Floats:
    """1 where a row's excess return was above 0, else 0; NaN where it is unknown."""
    outcome = record.outcome
    return np.where(np.isnan(outcome), np.nan, (outcome > 0).astype(np.float64))


def probability_metrics(record: TrackRecord) -> dict[str, float]:
    """How far the stated probabilities were from what came: Brier score, that of the base rate, and the ECE."""
    positive = positive_outcome(record)
    return {
        "brier": brier(record.probability, positive),
        "brier_of_base_rate": brier(record.base_rate, positive),
        "reliability_error": reliability_error(record.probability, positive),
    }


def _reliability_words(found: Mapping[str, float]) -> str:
    """What the probabilities of the versions before were worth."""
    if not found or np.isnan(found["brier"]):
        return "Versions before it have stated no probability yet whose outcome is known."
    return (
        f"P(excess > 0) as stated by the versions before it: Brier score {found['brier']:.4f}, that of the base rate "
        f"{found['brier_of_base_rate']:.4f}; stated and realised differ by {found['reliability_error']:.4f} (ECE)."
    )


def _contributions(fitted: FittedMember) -> Contributions | None:
    """What each feature adds to the scores of the sample; None without one."""
    if not len(fitted.sample):
        return None
    values = fitted.fitted.contributions(fitted.sample, fitted.fitted.names)
    return Contributions((*fitted.fitted.names, "(base)"), np.asarray(values))


def with_signal_card(new: NewVersion, model: SignalModel, evidence: Evidence) -> NewVersion:
    """The version with its card: members, weights, calibration, and what the members had shown until then."""
    rules = [rule.to_json() for rule in evidence.rules]
    held = model.calibration
    meaning = (
        ["nothing yet: too few outcomes were known"]
        if held is None
        else [
            f"{held.slope:.3f} % of excess return from the lowest rank to the highest (t {held.slope_t:.1f})",
            f"base rate of excess > 0: {held.base_rate:.3f}",
        ]
    )
    card = Card(
        f"{new.model_name}, made for {model.week}",
        {
            "Purpose": ["Expected excess return of the next 24 h, its probability and interval, per pair and hour."],
            "Data": [f"market {new.tags['market']}", "the stored out-of-sample predictions of its members"],
            "Window": [f"everything known before {model.week}"],
            "Meaning of a score": meaning,
            "Limits": SIGNAL_LIMITS,
        },
        {
            "Members": (
                ("member", "version", "weight"),
                [[name, str(version), f"{model.weights[name]:.2f}"] for name, version in model.members.items()],
            ),
            "Evidence when it was made": (EVIDENCE_HEAD, evidence_rows(rules)),
        },
        new.figures,
    )  # fmt: skip
    reason = evidence.rejection_reason or "every rule of the gate was met"
    short = f"**When it was made:** {reason}.\n\n**Limits:** {SIGNAL_LIMITS[0]}"
    return replace(
        new,
        description=f"{new.description}\n\n{short}\n\nThe whole card is the artifact `model_card.html`.",
        texts={**new.texts, **card.files()},
    )
