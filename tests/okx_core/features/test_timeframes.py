"""Bars are numbered in UTC, months are anchors, and only closed bars are usable."""

from datetime import UTC, datetime, timedelta

import pytest

from okx_core.features.timeframes import EPOCH, TIMEFRAMES, history_start, hour_number

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize("timeframe", TIMEFRAMES.values(), ids=lambda timeframe: timeframe.name)
def test_the_usable_bar_has_closed_and_the_next_one_has_not(timeframe):
    for hour in range(480_000, 480_100):
        row_closes = 60 * (hour + 1)
        bar = timeframe.usable_bar(hour)
        assert (bar + 1) * timeframe.minutes <= row_closes < (bar + 2) * timeframe.minutes


@pytest.mark.parametrize("timeframe", TIMEFRAMES.values(), ids=lambda timeframe: timeframe.name)
def test_months_cover_the_bars_once_and_never_cross_a_month(timeframe):
    first = hour_number(datetime(2023, 12, 20, tzinfo=UTC)) * 60 // timeframe.minutes
    stop = hour_number(datetime(2024, 3, 2, tzinfo=UTC)) * 60 // timeframe.minutes
    pieces = list(timeframe.months(first, stop))
    assert [begin for begin, _ in pieces] == [first, *(end for _, end in pieces[:-1])]
    assert pieces[-1][1] == stop
    for begin, end in pieces:
        opens = [EPOCH + bar * timeframe.minutes * MINUTE for bar in (begin, end - 1)]
        assert opens[0].month == opens[1].month


def test_history_starts_at_a_point_fixed_by_the_month():
    rows = [datetime(2024, 5, day, 9, tzinfo=UTC) for day in (3, 17, 31)]
    assert {history_start(row) for row in rows} == {datetime(2024, 5, 1, tzinfo=UTC) - timedelta(days=180)}
    assert history_start(rows[0], "1h") == datetime(2024, 5, 1, tzinfo=UTC) - timedelta(hours=600)
    assert history_start(rows[0], "4h") == datetime(2024, 5, 1, tzinfo=UTC) - timedelta(days=60)


def test_the_first_hour_of_a_month_reads_the_month_before_for_days():
    assert history_start(datetime(2024, 5, 1, 4, tzinfo=UTC), "1d") == datetime(
        2024, 4, 1, tzinfo=UTC
    ) - timedelta(days=180)
