"""One line of `okxsignal doctor`: subject, state and remedy."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Diagnosis:
    """One thing looked at; `remedy` is empty when it is in order."""

    subject: str
    state: str
    remedy: str = ""
