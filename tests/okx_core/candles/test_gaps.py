"""What is said of a bar that stays missing, and when it is asked for again."""

from datetime import UTC, datetime, timedelta

import pytest

from okx_core.candles.gaps import (
    LOST,
    NEVER_TRADED,
    Evidence,
    classify_gap,
    is_conclusive,
    is_due,
    surroundings,
)

CLOSED = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("evidence", "state", "words"),
    [
        (Evidence(False, 40, HOUR), NEVER_TRADED, "no public trade"),
        (Evidence(True, 0, HOUR), LOST, "public trades in its time"),
        (Evidence(None, 2, timedelta(0)), LOST, "2 other pairs have theirs"),
        (Evidence(None, 0, 4 * HOUR, 2), NEVER_TRADED, "no pair has a bar for 4 h: the exchange was down"),
        (Evidence(None, 0, 4 * HOUR, 1), LOST, "too few pairs are known"),
        (Evidence(None, 0, 8658 * HOUR, 9), LOST, "longer than any outage"),
        (Evidence(None, 0, timedelta.max), LOST, "no pair has a bar around it"),
    ],
)
def test_the_state_of_a_gap_follows_the_evidence(evidence: Evidence, state: str, words: str) -> None:
    found, why = classify_gap(evidence)
    assert found == state
    assert words in why


def test_a_young_bar_is_asked_for_at_growing_intervals() -> None:
    for attempts, pause in ((1, 5), (2, 30), (3, 180), (4, 24 * 60), (9, 24 * 60)):
        due = CLOSED + timedelta(minutes=pause)
        assert not is_due(due, attempts, CLOSED, due - timedelta(seconds=1))
        assert is_due(due, attempts, CLOSED, due)


def test_an_old_bar_is_asked_for_a_second_time_at_once_and_then_classified() -> None:
    now = CLOSED + 24 * HOUR
    assert is_due(CLOSED, 1, now, now)
    assert not is_conclusive(CLOSED, 1, now)
    assert is_conclusive(CLOSED, 2, now)
    assert not is_conclusive(CLOSED + HOUR, 9, now)


def test_a_silence_reaches_from_the_bar_before_to_the_bar_after_with_the_fewer_witnesses() -> None:
    market = {CLOSED: 7, CLOSED + HOUR: 5, CLOSED + 5 * HOUR: 3}
    present = list(market)
    assert surroundings(CLOSED + 3 * HOUR, market, present, HOUR) == (3 * HOUR, 3)
    assert surroundings(CLOSED + 6 * HOUR, market, present, HOUR) == (timedelta.max, 0)
    assert surroundings(CLOSED - HOUR, market, present, HOUR) == (timedelta.max, 0)
