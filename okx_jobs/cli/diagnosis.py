"""What `okxsignal doctor` tells of one thing that it looked at."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Diagnosis:
    """One thing looked at; `remedy` is empty when it is in order."""

    subject: str
    state: str
    remedy: str = ""
