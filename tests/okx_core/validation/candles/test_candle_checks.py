"""Leaks in the candles themselves are found: a shifted pair, bars of later hours, a universe of its own day."""

from dataclasses import replace

import numpy as np
import pytest

from okx_core.features.candle_set import HOUR, CandleSet
from okx_core.features.registry import FEATURES
from okx_core.validation.candles.candle_checks import candle_leaks
from tests.synthetic_market import some_pairs


def found(candles):
    """What is found, by the pair or table it is found in."""
    return {violation.feature: violation.detail for violation in candle_leaks(candles, FEATURES).violations}


def of(hourly):
    return CandleSet.of_hourly(hourly.sort_values(["pair", "timestamp_utc"], ignore_index=True))


def test_honest_candles_have_no_leak(market):
    assert found(market) == {}


@pytest.fixture
def few(market):
    """Three pairs of the market and no universe."""
    return replace(some_pairs(market, 3), universe=None)


@pytest.mark.parametrize("timeframe", ["4h", "1d"])
@pytest.mark.parametrize("column", ["open", "high", "close", "volume", "quote_volume", "hours"])
def test_a_longer_bar_that_knows_later_hours_is_found_in_any_column(few, timeframe, column):
    bars = few.frames[timeframe].sort_values(["pair", "timestamp_utc"], ignore_index=True)
    bars.loc[bars.index[-1:], "hours"] += 1 if column == "hours" else 0
    early = bars.assign(**{column: bars.groupby("pair")[column].shift(-1).fillna(bars[column])})
    reasons = found(replace(few, frames={**few.frames, timeframe: early}))
    assert set(reasons) == {f"candles_{timeframe}"}
    assert f"{column} " in reasons[f"candles_{timeframe}"]


@pytest.mark.parametrize("timeframe", ["4h", "1d"])
def test_a_longer_bar_may_not_know_what_its_hours_do_not_know(few, timeframe):
    hourly = few.hourly.copy()
    hourly.loc[hourly["timestamp_utc"] == hourly["timestamp_utc"].min() + 100 * HOUR, "volume"] = np.nan
    assert found(of(hourly)) == {}
    known = {**of(hourly).frames, timeframe: few.frames[timeframe]}
    assert set(found(replace(few, frames=known))) == {f"candles_{timeframe}"}


def test_quarters_of_the_next_hour_are_found(market):
    quarters = market.frames["15m"].assign(timestamp_utc=market.frames["15m"]["timestamp_utc"] - HOUR)
    reasons = found(replace(market, frames={**market.frames, "15m": quarters}))
    assert {name.split()[0] for name in reasons} == {"candles_15m"}
    assert len(reasons) == market.hourly["pair"].nunique()
