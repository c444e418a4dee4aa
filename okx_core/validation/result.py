"""The result of a check."""

from collections.abc import Sequence
from dataclasses import dataclass

from okx_core.features.declaration import Feature

CLAIMS = {
    "truncation": "features at t from data up to t equal those from all data",
    "poison": "a future of NaN and of spikes changes nothing",
    "start-invariance": "one hour, a rolling window and the full history give the same bytes",
    "null rates": "NULL only at the start, near a gap, or for a declared reason",
    "null shift": "the newest day knows what the training window knew",
    "distinct": "no column is constant or a copy of another",
    "near copies": "no column is nearly another, or nearly constant",
    "whole sample": "no column is scaled by constants of the whole sample",
    "inputs": "only the declared columns change a feature",
    "candles": "no pair, longer bar or universe knows a later hour, and no bar is filled in",
    "agreement": "TA-Lib's and ta's indicators have their values, to 1e-9 after warm-up",
    "rank IC": "no feature knows the returns of the next 1, 24 or 72 hours too well",
    "information": "every feature is related to one of these returns",
    "drift": "the newest rows are distributed like the older ones",
}

LISTS = ("near copies", "information")  # checks that list what a user may leave out: nothing is wrong with it


@dataclass(frozen=True)
class Violation:
    """One feature that fails a check, and why."""

    feature: str
    detail: str


@dataclass(frozen=True)
class ValidationResult:
    """The outcome of one check over `tried` features; `advisory` violations ask for a look, not for a stop."""

    check: str
    tried: int
    violations: tuple[Violation, ...]
    evidence: str
    advisory: bool = False

    @property
    def claim(self) -> str:
        return CLAIMS[self.check]

    @property
    def passed(self) -> bool:
        return not self.violations or self.advisory

    @property
    def suspects(self) -> set[str]:
        return {violation.feature for violation in self.violations}


def validation_result(
    check: str,
    features: Sequence[Feature],
    violations: dict[str, str],
    evidence: str,
    *,
    advisory: bool = False,
) -> ValidationResult:
    """`violations` maps the feature to what is wrong with it."""
    listed = tuple(Violation(feature, detail) for feature, detail in violations.items())
    return ValidationResult(check, len(features), listed, evidence, advisory)


def combined(one: ValidationResult, other: ValidationResult) -> ValidationResult:
    """The result of a check that was made in two ways over different features."""
    evidence = "; ".join(part.evidence for part in (one, other) if part.tried)
    violations = (*one.violations, *other.violations)
    return ValidationResult(one.check, one.tried + other.tried, violations, evidence, one.advisory)
