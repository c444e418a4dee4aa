"""States of a bar that should exist and does not.

OKX emits a bar for every hour in which a pair could be traded, flat and with volume 0 where nobody did.
A hole is therefore late (the exchange has not published the bar yet), the trace of a stretch in which
nobody could trade, or data that the exchange has lost. Nothing is ever filled in.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

OPEN, REFETCHED, NEVER_TRADED, LOST = "open", "refetched", "never_traded", "lost"
# How long to wait after the first, second and third attempt; then a day each time.
PAUSES = (timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=3))
DAILY = timedelta(hours=24)
# A bar this old is not late any more: asked twice and absent twice is enough.
LATE_FOR = timedelta(hours=24)
ATTEMPTS_WHEN_OLD = 2
# The whole exchange has been down for hours, never for days: a longer silence is missing data.
MAX_OUTAGE = timedelta(hours=24)
# One silent pair is no evidence of an outage.
WITNESSES_NEEDED = 2


@dataclass(frozen=True)
class Evidence:
    """Evidence about a missing bar; None is unknown.

    `traded`: the public trades of the bar's time show a trade (True) or none (False).
    `market_bars`: how many other pairs have the bar. `silence`: how long no pair at all has one, and
    `witnesses` how many pairs have bars right before and after it.
    """

    traded: bool | None
    market_bars: int
    silence: timedelta
    witnesses: int = 0


def surroundings(
    bar: datetime, market: Mapping[datetime, int], present: Sequence[datetime], length: timedelta
) -> tuple[timedelta, int]:
    """How long no pair has a bar around `bar`, and how many pairs have the last before and the first after.

    `market` counts the pairs of every bar that some pair has, `present` are its bars in order of time; the
    witnesses are the fewer of both sides. Without a bar on one side the silence has no end: timedelta.max,
    and no witness.
    """
    place = bisect_left(present, bar)
    if place == 0 or place == len(present):
        return timedelta.max, 0
    before, after = present[place - 1], present[place]
    return after - before - length, min(market[before], market[after])


def is_due(bar_closed_at: datetime, attempts: int, asked_at: datetime, now: datetime) -> bool:
    """Whether to ask again after `attempts`, the last at `asked_at`.

    A young bar is asked for at growing intervals, an old one at once.
    """
    if now - bar_closed_at >= LATE_FOR and attempts < ATTEMPTS_WHEN_OLD:
        return True
    return now - asked_at >= (PAUSES[attempts - 1] if attempts <= len(PAUSES) else DAILY)


def is_conclusive(bar_closed_at: datetime, attempts: int, now: datetime) -> bool:
    """Whether asking again is pointless: the bar is old, and `attempts` have not brought it."""
    return now - bar_closed_at >= LATE_FOR and attempts >= ATTEMPTS_WHEN_OLD


def classify_gap(evidence: Evidence) -> tuple[str, str]:
    """The final state of a bar that stays absent, and the reason in words.

    Public trades decide where they are known. Where they are not, a bar that no pair has, in a silence
    short enough to be an outage, was never traded; everything else is lost.
    """
    if evidence.traded is False:
        return NEVER_TRADED, "the exchange has no bar, and no public trade in its time"
    if evidence.traded is True:
        return LOST, "the exchange has public trades in its time, but no bar"
    if evidence.market_bars > 0:
        return LOST, f"the exchange has no bar; {evidence.market_bars} other pairs have theirs"
    if evidence.silence == timedelta.max:
        return LOST, "no pair has a bar around it"
    hours = evidence.silence / timedelta(hours=1)
    if evidence.witnesses < WITNESSES_NEEDED:
        return LOST, "the exchange has no bar, and too few pairs are known to say whether it was down"
    if evidence.silence <= MAX_OUTAGE:
        return NEVER_TRADED, f"no pair has a bar for {hours:g} h: the exchange was down"
    return LOST, f"no pair has a bar for {hours:g} h, longer than any outage"
