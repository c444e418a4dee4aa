"""Windows cut at month starts."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from resources.feature_store.months import following, month_of, month_parts, start_of

NOON = datetime(2026, 8, 9, 12, tzinfo=UTC)


@given(st.integers(0, 24 * 800))
def test_the_parts_tile_the_window_and_each_lies_in_one_month(hours: int) -> None:
    start, end = NOON, NOON + timedelta(hours=hours)
    parts = list(month_parts(start, end))
    assert [part.start for part in parts] == [start, *(part.end for part in parts[:-1])][: len(parts)]
    assert all(part.start < part.end for part in parts)
    assert all(part.end <= start_of(following(part.month)) for part in parts)
    assert all(month_of(part.start) == part.month for part in parts)
    assert (parts[-1].end == end) if parts else start == end


def test_months_are_utc_and_december_is_followed_by_january() -> None:
    assert following(date(2026, 12, 1)) == date(2027, 1, 1)
    east = datetime.fromisoformat("2026-01-01T01:00+02:00")
    assert month_of(east) == date(2025, 12, 1)
