"""Backfills at OKX's rate limits, on a small scale: nothing lost, nothing doubled, whatever goes wrong."""

import pytest

from benchmarks.backfill import RUNS, SMALL, at_the_limit


@pytest.mark.soak
@pytest.mark.parametrize("disturbance", RUNS.values(), ids=RUNS)
def test_a_backfill_equals_the_tape_row_for_row(disturbance: dict[str, bool]) -> None:
    outcome = at_the_limit(SMALL, "small", **disturbance)
    assert (outcome.rows, outcome.wrong) == (SMALL.pairs * SMALL.days * 24, 0)
    print(outcome)
