"""The weekly decision: the newest version is promoted, the one in charge is kept, or nothing may trade."""

from dataclasses import dataclass
from datetime import date, timedelta

from okx_core.models.champions.evidence import Evidence
from okx_core.models.evaluation.scores import block_mean_t

PROMOTED, KEPT, NONE = "promoted", "kept", "none"
MIN_DIFFERENCE_T = 2.0


@dataclass(frozen=True)
class Standing:
    """A version of the signal model with the evidence of its members' past predictions."""

    version: int
    trained: date
    members: tuple[str, ...]
    evidence: Evidence


@dataclass(frozen=True)
class Decision:
    """What was decided, the version in charge from now on, and why."""

    outcome: str
    version: int | None
    reason: str


def is_expired(trained: date, day: date, max_age_weeks: int) -> bool:
    """Whether a version that was trained for `trained` is too old on `day` to open positions."""
    return day - trained > timedelta(weeks=max_age_weeks)


def decide(candidate: Standing | None, incumbent: Standing | None, day: date, max_age_weeks: int) -> Decision:
    """Who is in charge from `day` on.

    The candidate, the newest version, must pass the gate. A version of the same members replaces the one before it:
    their evidence is one and the same process. One of other members must also beat an incumbent that still passes, by
    the t of the difference of their excess after costs.
    """
    if candidate is None:
        return Decision(NONE, None, "no version has been trained")
    holds = (
        incumbent is not None
        and incumbent.evidence.passed
        and not is_expired(incumbent.trained, day, max_age_weeks)
    )
    refused = _refusal(candidate, day, max_age_weeks)
    if refused and holds and incumbent is not None and incumbent.members != candidate.members:
        return Decision(KEPT, incumbent.version, f"version {candidate.version} was refused: {refused}")
    if refused:
        return Decision(NONE, None, refused)
    if incumbent is None or not holds:
        return Decision(PROMOTED, candidate.version, "passed the gate")
    if incumbent.version == candidate.version:
        return Decision(KEPT, candidate.version, "passed the gate again; there is no newer version")
    if incumbent.members == candidate.members:
        return Decision(
            PROMOTED, candidate.version, f"passed the gate; version {incumbent.version} trained anew"
        )
    t = block_mean_t(candidate.evidence.excess_pct - incumbent.evidence.excess_pct)
    words = f"difference to version {incumbent.version} has t {t:.2f}, needed >= {MIN_DIFFERENCE_T:g}"
    if t >= MIN_DIFFERENCE_T:
        return Decision(PROMOTED, candidate.version, f"passed the gate; {words}")
    return Decision(KEPT, incumbent.version, words)


def _refusal(candidate: Standing, day: date, max_age_weeks: int) -> str:
    """Why the candidate may not be promoted, empty when it may."""
    if is_expired(candidate.trained, day, max_age_weeks):
        return f"version {candidate.version} was trained for {candidate.trained}, more than {max_age_weeks} weeks ago"
    return candidate.evidence.rejection_reason
