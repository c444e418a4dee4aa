"""What a proof says."""

from collections.abc import Sequence
from dataclasses import dataclass

from okx_core.features.declaration import Feature


@dataclass(frozen=True)
class Finding:
    """One feature that a proof objects to, and why."""

    feature: str
    detail: str


@dataclass(frozen=True)
class Verdict:
    """The outcome of one proof over `tried` features; `advisory` findings ask for a look, not for a stop."""

    proof: str
    claim: str
    tried: int
    findings: tuple[Finding, ...]
    evidence: str
    advisory: bool = False

    @property
    def passed(self) -> bool:
        return not self.findings or self.advisory

    @property
    def suspects(self) -> set[str]:
        return {finding.feature for finding in self.findings}


def verdict(
    proof: str,
    claim: str,
    features: Sequence[Feature],
    findings: dict[str, str],
    evidence: str,
    *,
    advisory: bool = False,
) -> Verdict:
    """`findings` maps the feature to what is wrong with it."""
    listed = tuple(Finding(feature, detail) for feature, detail in findings.items())
    return Verdict(proof, claim, len(features), listed, evidence, advisory)
