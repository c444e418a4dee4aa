"""What comes rarely is tested too: leap days, turns of the year, the hours after the largest moves."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from okx_core.hours import HOUR
from okx_core.validation.moments import decision_moments, event_moments, some_events
from tests.okx_core.validation.planted import planted, suspected

RARE = {
    "leap day": datetime(2024, 2, 29, tzinfo=UTC),
    "last day of a year": datetime(2023, 12, 31, tzinfo=UTC),
    "first day of a year": datetime(2024, 1, 1, tzinfo=UTC),
    "European summer time": datetime(2024, 3, 31, tzinfo=UTC),
    "European winter time": datetime(2023, 10, 29, tzinfo=UTC),
    "American summer time": datetime(2024, 3, 10, tzinfo=UTC),
    "American winter time": datetime(2023, 11, 5, tzinfo=UTC),
    "end of quarterly contracts": datetime(2024, 3, 29, tzinfo=UTC),
}


@pytest.mark.parametrize("day", RARE)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_day_that_comes_rarely_is_tested(day, seed):
    moments = decision_moments(datetime(2023, 9, 1, tzinfo=UTC), datetime(2024, 5, 1, tzinfo=UTC), seed)
    assert RARE[day] in {moment.replace(hour=0) for moment in moments}
    assert len(moments) < 168 + 50


def test_an_hour_of_the_week_in_which_an_event_lies_is_tested_by_the_event():
    start = datetime(2023, 9, 1, tzinfo=UTC)
    events = [start + 40 * HOUR + hour * HOUR for hour in range(84)]
    moments = {*decision_moments(start, start + timedelta(days=100), 1, events), *events}
    assert len({(moment.weekday(), moment.hour) for moment in moments}) == 168
    assert len(moments) < 168 + 30


def test_the_events_of_a_pair_are_its_largest_moves_ranges_and_volumes(market):
    events = event_moments(market.hourly)
    for pair, rows in market.hourly.sort_values("timestamp_utc").iloc[12 * 31 : -24].groupby("pair"):
        moves = rows["close"].pct_change()
        for size in (moves, -moves, rows["high"] / rows["low"], rows["volume"]):
            assert rows.loc[size.idxmax(), "timestamp_utc"] in events[pair]
    assert len(some_events(events, 1)) <= 84


def ahead(bars):
    following = np.full(bars.close.shape, np.nan)
    following[:, :-1] = bars.log_return[:, 1:]
    return following


def after(condition):
    """The next hour's return where the condition holds, the hour's own elsewhere."""
    return planted(
        lambda bars: np.where(condition(bars), ahead(bars), bars.log_return),
        lookback_bars=2,
        may_be_unknown="the last bar",
    )


def on_leap_day(bars):
    hours = pd.to_datetime(bars.numbers() * 3600, unit="s")
    return (hours.month == 2) & (hours.day == 29)


@pytest.mark.parametrize("name", ["rise", "fall", "volume", "leap day"])
def test_a_leak_in_rare_hours_alone_is_caught(market, name):
    hourly = market.hourly.sort_values(["pair", "timestamp_utc"])
    returns = np.log(hourly["close"]).groupby(hourly["pair"]).diff()
    largest, smallest, most = returns.nlargest(8).iloc[-1], returns.nsmallest(8).iloc[-1], hourly["volume"]
    busiest = most.nlargest(8).iloc[-1]
    conditions = {
        "rise": lambda bars: bars.log_return >= round(largest, 5),
        "fall": lambda bars: bars.log_return <= round(smallest, 5),
        "volume": lambda bars: bars.volume >= round(busiest),
        "leap day": on_leap_day,
    }
    feature = after(conditions[name])
    assert suspected(market, feature, "truncation", "poison") == {"truncation", "poison"}
