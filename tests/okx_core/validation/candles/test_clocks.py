"""A pair, or its volume, on another clock is found; honest candles are not."""

from datetime import timedelta

import pytest

from okx_core.hours import HOUR
from okx_core.validation.candles.clocks import other_clocks


@pytest.mark.parametrize(
    ("hours", "text"), [(-1, "1 h before"), (1, "1 h after"), (-13, "13 h before"), (-24, "24 h before")]
)
def test_a_pair_on_another_clock_is_found(market, hours, text):
    hourly = market.hourly.copy()
    shifted = hourly["pair"] == "SOL-USDT"
    hourly.loc[shifted, "timestamp_utc"] += hours * HOUR
    reasons = dict(other_clocks(hourly))
    assert set(reasons) == {"SOL-USDT"}
    assert reasons["SOL-USDT"].startswith(f"moves {text} the other pairs from 20")


@pytest.mark.parametrize(("first_day", "days"), [(60, 60), (40, 30), (53, 20), (101, 19)])
def test_a_pair_on_another_clock_for_some_weeks_alone_is_found(market, first_day, days):
    hourly = market.hourly.copy()
    begin = hourly["timestamp_utc"].min() + timedelta(days=first_day)
    during = hourly["timestamp_utc"].between(begin, begin + timedelta(days=days))
    hourly.loc[(hourly["pair"] == "SOL-USDT") & during, "timestamp_utc"] -= HOUR
    reasons = dict(other_clocks(hourly.drop_duplicates(["pair", "timestamp_utc"])))
    assert set(reasons) == {"SOL-USDT"}
    assert "1 h before the other pairs" in reasons["SOL-USDT"]


def test_volumes_that_follow_the_moves_are_honest(lively):
    assert dict(other_clocks(lively)) == {}


@pytest.mark.parametrize("hours", [-1, 1, -24])
@pytest.mark.parametrize("columns", [["volume"], ["volume", "quote_volume", "taker_buy_base"]])
@pytest.mark.parametrize("pairs", [1, 5])
def test_a_volume_on_another_clock_than_the_prices_is_found(lively, pairs, columns, hours):
    chosen = sorted(lively["pair"].unique())[:pairs]
    of_these = lively["pair"].isin(chosen)
    moved = lively.groupby("pair")[columns].shift(hours)
    lively.loc[of_these, columns] = moved[of_these]
    reasons = dict(other_clocks(lively))
    assert set(reasons) == set(chosen)
    assert all(f"{abs(hours)} h {'before' if hours < 0 else 'after'}" in text for text in reasons.values())
