"""What a fetch still has to cover, and runs of missing bars."""

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from okx_core.candles.windows import remaining, stretches

T0 = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
hours = st.integers(0, 40)
covers = st.lists(st.tuples(hours, hours).map(sorted), max_size=6)


def at(hour: int) -> datetime:
    return T0 + hour * HOUR


@given(st.tuples(hours, hours).map(sorted), covers)
def test_what_remains_is_the_window_less_what_is_covered(window: list[int], covered: list[list[int]]) -> None:
    left = remaining((at(window[0]), at(window[1])), [(at(first), at(last)) for first, last in covered])
    wanted = {hour for hour in range(*window) if not any(first <= hour < last for first, last in covered)}
    assert {hour for hour in range(40) if any(first <= at(hour) < last for first, last in left)} == wanted
    assert all(one[1] < other[0] or one[1] == other[0] for one, other in itertools.pairwise(left))
    assert all(first < last for first, last in left)


@given(st.sets(hours))
def test_runs_hold_every_moment_once_and_never_touch(moments: set[int]) -> None:
    runs = stretches([at(hour) for hour in sorted(moments)], HOUR)
    assert sum(((last - first) // HOUR for first, last in runs), 0) == len(moments)
    assert all(one[1] < other[0] for one, other in itertools.pairwise(runs))
    assert all(any(first <= at(hour) < last for first, last in runs) for hour in moments)
