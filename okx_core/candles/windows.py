"""Stretches of time that a fetch still has to cover."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

Stretch = tuple[datetime, datetime]


def remaining(window: Stretch, covered: Iterable[Stretch]) -> list[Stretch]:
    """The parts of `window` [start, end) that no stretch of `covered` holds, in order of time."""
    start, end = window
    left: list[Stretch] = []
    for first, last in sorted(covered):
        if first > start:
            left.append((start, min(first, end)))
        start = max(start, last)
        if start >= end:
            break
    if start < end:
        left.append((start, end))
    return [(first, last) for first, last in left if first < last]


def stretches(moments: Sequence[datetime], step: timedelta) -> list[Stretch]:
    """Sorted bar opens as runs [first, last + step) without a hole."""
    runs: list[Stretch] = []
    for moment in moments:
        if runs and runs[-1][1] == moment:
            runs[-1] = (runs[-1][0], moment + step)
        else:
            runs.append((moment, moment + step))
    return runs
