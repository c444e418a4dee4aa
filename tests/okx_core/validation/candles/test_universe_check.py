"""A universe that knows its own day or a later one is found; one that follows the days before is not."""

from dataclasses import replace

import pandas as pd
import pytest

from okx_core.features.candle_set import CandleSet
from okx_core.features.registry import FEATURES
from okx_core.validation.candles.candle_checks import candle_leaks
from okx_core.validation.candles.universe_check import knows_its_day


def universe_of(hourly, days_before):
    """The half of the pairs that turned over most, a number of days before."""
    turnover = (hourly["volume"] * hourly["close"]).groupby(
        [hourly["timestamp_utc"].dt.floor("D"), hourly["pair"]]
    )
    table = turnover.sum().unstack().shift(days_before).dropna()
    enabled = table.rank(axis=1).gt(table.shape[1] / 2).stack().rename("enabled").reset_index()
    enabled.columns = pd.Index(["day", "pair", "enabled"])
    return enabled.assign(day=enabled["day"].dt.date)


@pytest.mark.parametrize(
    ("days_before", "leak"),
    [(0, True), (-1, True), (-2, True), (-3, True), (-7, True), (1, False), (2, False), (7, False)],
)
def test_a_universe_that_knows_its_day_or_a_later_one_is_found(restless, days_before, leak):
    assert bool(knows_its_day(universe_of(restless, days_before), restless)) == leak


def of_returns(hourly, days, sign):
    """The half of the pairs that will rise most over the next days, that fall most, or (days below 0) rose."""
    close = hourly.pivot(index="timestamp_utc", columns="pair", values="close").resample("D").last()
    before = close.shift(1)
    moved = sign * (close.shift(1 - days) / before - 1.0 if days > 0 else before / before.shift(-days) - 1.0)
    known = moved.dropna()
    chosen = known.gt(known.median(axis=1), axis=0).stack().rename("enabled").reset_index()
    chosen.columns = pd.Index(["day", "pair", "enabled"])
    return chosen.assign(day=chosen["day"].dt.date)


@pytest.mark.parametrize(("days", "sign"), [(1, 1.0), (1, -1.0), (2, 1.0), (3, -1.0), (7, 1.0)])
def test_a_universe_of_the_pairs_that_will_rise_or_fall_is_found(market, days, sign):
    universe = of_returns(market.hourly, days, sign)
    assert "enabled pairs differ by the" in knows_its_day(universe, market.hourly)


@pytest.mark.parametrize(("days", "sign"), [(-1, 1.0), (-1, -1.0), (-3, 1.0), (-30, -1.0)])
def test_a_universe_of_the_pairs_that_rose_or_fell_is_honest(market, days, sign):
    assert knows_its_day(of_returns(market.hourly, days, sign), market.hourly) == ""


def test_a_universe_of_its_day_is_a_leak_of_the_candles(restless):
    candles = replace(CandleSet.of_hourly(restless), universe=universe_of(restless, 0))
    (violation,) = candle_leaks(candles, FEATURES).violations
    assert violation.feature == "universe"
    assert "turnover of the day itself" in violation.detail
