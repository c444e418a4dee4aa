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
    "agreement": "TA-Lib's and ta's indicators have their values, to 1e-9 after warm-up",
    "rank IC": "no feature knows the next hour's return too well",
    "drift": "the newest rows are distributed like the older ones",
}


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
