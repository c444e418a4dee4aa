"""The card and the figures of a new version, before it is registered."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from okx_core.models.calibration import Calibration
from okx_core.models.champions.evidence import Evidence
from okx_core.models.champions.signal_model import SignalModel
from okx_core.models.explanations import BASE, Contributions, importance
from okx_services.reports.explanations import importance_figure, importance_words
from okx_services.reports.model_card import MEMBER_LIMITS, SIGNAL_LIMITS, Card
from okx_services.reports.models import EVIDENCE_HEAD, evidence_rows
from okx_services.research.member_training import FittedMember
from resources.registry.tracking import NewVersion

NAMED_FEATURES = 20
WHOLE_CARD = "The whole card is the artifact `model_card.html`."


def with_member_card(new: NewVersion, fitted: FittedMember, *, with_figures: bool) -> NewVersion:
    """The version with its card and what its features add to its scores of newest training rows.

    Figures take longer than a fit: they are for the newest week, not for every week of a backfill.
    """
    found = _contributions(fitted)
    shares = {} if found is None else importance(found)
    drawn = {}
    if with_figures and found is not None:
        drawn["importance"] = importance_figure(found, fitted.sample, fitted.fitted.names)
    rows = [[name, f"{mean:.3g}"] for name, mean in list(shares.items())[:NAMED_FEATURES]]
    features = {f"Features ({len(fitted.fitted.names)})": (("feature", "mean |SHAP value|"), rows)}
    card = Card(_title(new, f"{fitted.week}"), _member_facts(new, fitted), features, drawn)
    words = "unknown" if found is None else importance_words(found)
    short = (
        f"**Most important features** (SHAP): {words}.",
        f"**Limits:** {MEMBER_LIMITS[0]} {MEMBER_LIMITS[-1]}",
    )
    return replace(
        new,
        description="\n\n".join((new.description, *short, WHOLE_CARD)),
        documents={**new.documents, "importance": shares, **card.files()},
        figures={**new.figures, **drawn},
    )


def with_signal_card(new: NewVersion, model: SignalModel, evidence: Evidence) -> NewVersion:
    """The version with its card: members, weights, calibration, and what the members had shown until then."""
    rules = [rule.to_json() for rule in evidence.rules]
    members = [[name, str(version), f"{model.weights[name]:.2f}"] for name, version in model.members.items()]
    tables = {
        "Members": (("member", "version", "weight"), members),
        "Evidence when it was made": (EVIDENCE_HEAD, evidence_rows(rules)),
    }
    card = Card(_title(new, model.week), _signal_facts(new, model), tables, new.figures)
    reason = evidence.rejection_reason or "every rule of the gate was met"
    short = (f"**When it was made:** {reason}.", f"**Limits:** {SIGNAL_LIMITS[0]}")
    return replace(
        new,
        description="\n\n".join((new.description, *short, WHOLE_CARD)),
        documents={**new.documents, **card.files()},
    )


def _title(new: NewVersion, week: str) -> str:
    return f"{new.model_name}, made for {week}"


def _member_facts(new: NewVersion, fitted: FittedMember) -> Mapping[str, Sequence[str]]:
    spec = fitted.spec
    window = f"{fitted.train_start:%Y-%m-%d %H:%M} to {fitted.train_end:%Y-%m-%d %H:%M} UTC"
    return {
        "Purpose": [
            f"Scores the pairs of an hour by the {spec.target} of the {spec.horizon_hours} h return."
        ],
        "Data": [
            f"market {new.tags['market']}",
            f"{fitted.rows:,} rows, one in {spec.grid_hours} h of each pair",
            f"fingerprint {fitted.fingerprint} of {len(fitted.files)} monthly files, see data_files.json",
        ],
        "Window": [
            f"{window}, {fitted.history_weeks:.0f} weeks",
            f"the newest label was known at {fitted.label_known_at:%Y-%m-%d %H:%M} UTC",
        ],
        "Evidence": [
            "Scores of later hours are in ml.predictions, the evidence of the ensemble in ml.champions."
        ],
        "Limits": MEMBER_LIMITS,
    }


def _signal_facts(new: NewVersion, model: SignalModel) -> Mapping[str, Sequence[str]]:
    return {
        "Purpose": [
            "Expected excess return of the next 24 h, its probability and interval, per pair and hour."
        ],
        "Data": [f"market {new.tags['market']}", "the stored out-of-sample predictions of its members"],
        "Window": [f"everything known before {model.week}"],
        "Meaning of a score": _meaning(model.calibration),
        "Limits": SIGNAL_LIMITS,
    }


def _meaning(found: Calibration | None) -> list[str]:
    if found is None:
        return ["nothing yet: too few outcomes were known"]
    return [
        f"{found.slope:.3f} % of excess return a rank (t {found.slope_t:.1f})",
        f"base rate of excess > 0: {found.base_rate:.3f}",
    ]


def _contributions(fitted: FittedMember) -> Contributions | None:
    """What each feature adds to the scores of the sample; None without one."""
    if not len(fitted.sample):
        return None
    values = fitted.fitted.contributions(fitted.sample, fitted.fitted.names)
    return Contributions((*fitted.fitted.names, BASE), np.asarray(values))
