"""Hours, days and weeks."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from okx_core.hours import (
    DAY,
    HOUR,
    RECORD,
    WARM_UP,
    WEEK,
    Stretch,
    StretchError,
    floor_hour,
    week_start_on_or_after,
)

moments = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))
midnights = moments.map(lambda t: t.replace(hour=0, minute=0, second=0, microsecond=0))
lengths = st.integers(int((WARM_UP + 2 * WEEK) / HOUR), 24 * 400)


@given(moments)
def test_a_week_begins_on_sunday_midnight_at_or_after_the_moment(moment: datetime) -> None:
    sunday = week_start_on_or_after(moment)
    assert (sunday.weekday(), sunday.hour, sunday.minute, sunday.tzinfo) == (6, 0, 0, UTC)
    assert timedelta(0) <= sunday - floor_hour(moment) < WEEK


@given(moments)
def test_an_hour_is_floored_in_utc(moment: datetime) -> None:
    elsewhere = moment.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert floor_hour(elsewhere) == floor_hour(moment) <= moment < floor_hour(moment) + HOUR
    assert floor_hour(elsewhere).minute == 0


@given(midnights, lengths, st.integers(1, 240))
def test_a_stretch_has_a_trainable_week_and_all_its_days(start: datetime, hours: int, live: int) -> None:
    stretch = Stretch(start, start + hours * HOUR, live)
    assert stretch.first_week >= start + WARM_UP
    weeks = list(stretch.weeks(stretch.end))
    assert weeks
    assert list(stretch.training_weeks(stretch.end))[-1] == weeks[-1]
    assert weeks[0] + WEEK <= stretch.end
    assert weeks == [weeks[0] + n * WEEK for n in range(len(weeks))]
    days = list(stretch.days())
    assert days[0] == start
    assert days[-1] <= stretch.end < days[-1] + DAY
    assert stretch.history_end + live * HOUR == stretch.end


@given(midnights, lengths, st.integers(1, 240), st.integers(2, 60))
def test_models_of_the_newest_weeks_only_are_the_last_of_all_weeks(
    start: datetime, hours: int, live: int, weeks: int
) -> None:
    every = list(Stretch(start, start + hours * HOUR, live).weeks(start + hours * HOUR))
    newest = list(Stretch(start, start + hours * HOUR, live, weeks).weeks(start + hours * HOUR))
    assert newest == every[-len(newest) :]
    assert 1 <= len(newest) <= weeks
    assert len(newest) >= min(len(every), weeks)


@pytest.mark.parametrize("days", [-5, 0, 30, 97])
def test_a_stretch_too_short_to_train_and_test_on_is_refused_with_the_least_length(days: int) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(StretchError, match="take at least 98 days"):
        Stretch(start, start + timedelta(days=days), 24)


@given(midnights, lengths, st.integers(1, 240))
def test_signals_begin_after_half_a_year_of_predictions_where_there_is_so_much(
    start: datetime, hours: int, live: int
) -> None:
    stretch = Stretch(start, start + hours * HOUR, live)
    assert stretch.first_training - start >= WARM_UP
    recorded = stretch.first_week - stretch.first_training
    long_enough = stretch.first_training + RECORD + WEEK <= stretch.end
    assert recorded == (RECORD if long_enough else timedelta(0))
