"""Who is in charge after the gate has been asked."""

from datetime import date, timedelta

import numpy as np
import pytest

from okx_core.models.champions.decision import KEPT, NONE, PROMOTED, Standing, decide, is_expired
from okx_core.models.champions.evidence import Evidence, Rule

DAY = date(2026, 8, 9)
OLD, NEW = ("one", "two"), ("one", "three")
GOOD, BAD = Rule("t", 4.0, ">= 3", True), Rule("t", 1.0, ">= 3", False)
MAX_AGE = 5


def standing(version: int, rule: Rule, *, weeks: int = 1, members=OLD, excess: float = 0.0) -> Standing:
    series = excess + 0.01 * np.random.default_rng(version).normal(size=20 * 336)
    return Standing(version, DAY - timedelta(weeks=weeks), members, Evidence((rule,), series))


def outcome(candidate: Standing | None, incumbent: Standing | None) -> tuple[str, int | None]:
    found = decide(candidate, incumbent, DAY, MAX_AGE)
    assert found.reason
    return found.outcome, found.version


def test_the_first_that_passes_is_promoted_and_one_that_does_not_is_refused_with_the_rule() -> None:
    assert outcome(standing(2, GOOD), None) == (PROMOTED, 2)
    assert outcome(standing(2, BAD), None) == (NONE, None)
    assert "t 1, needed >= 3" in decide(standing(2, BAD), None, DAY, MAX_AGE).reason
    assert outcome(None, None) == (NONE, None)


def test_a_version_trained_anew_replaces_the_one_before_it() -> None:
    assert outcome(standing(3, GOOD), standing(2, GOOD, weeks=4)) == (PROMOTED, 3)
    assert outcome(standing(2, GOOD), standing(2, GOOD)) == (KEPT, 2)


def test_evidence_that_has_vanished_leaves_nobody_in_charge() -> None:
    assert outcome(standing(2, BAD), standing(2, BAD)) == (NONE, None)
    assert outcome(standing(3, BAD), standing(2, BAD, weeks=4)) == (NONE, None)


@pytest.mark.parametrize(
    ("excess", "expected"), [(0.02, (PROMOTED, 3)), (0.0, (KEPT, 2)), (-0.02, (KEPT, 2))]
)
def test_other_members_must_beat_an_incumbent_that_still_passes(excess, expected) -> None:
    assert outcome(standing(3, GOOD, members=NEW, excess=excess), standing(2, GOOD)) == expected


def test_other_members_that_fail_leave_a_passing_incumbent_in_charge() -> None:
    assert outcome(standing(3, BAD, members=NEW), standing(2, GOOD)) == (KEPT, 2)
    assert outcome(standing(3, BAD, members=NEW), standing(2, BAD)) == (NONE, None)


def test_an_expired_incumbent_needs_not_be_beaten_and_an_expired_candidate_is_refused() -> None:
    assert outcome(standing(3, GOOD, members=NEW, excess=-0.02), standing(2, GOOD, weeks=6)) == (PROMOTED, 3)
    assert outcome(standing(3, GOOD, weeks=6), None) == (NONE, None)
    assert outcome(standing(3, BAD, members=NEW), standing(2, GOOD, weeks=6)) == (NONE, None)


def test_a_version_expires_after_the_last_day_of_its_weeks() -> None:
    assert not is_expired(DAY - timedelta(weeks=5), DAY, MAX_AGE)
    assert is_expired(DAY - timedelta(weeks=5, days=1), DAY, MAX_AGE)
