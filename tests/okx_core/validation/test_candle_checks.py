"""Leaks in the candles themselves are found: a shifted pair, bars of later hours, a universe of its own day."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from okx_core.features.candle_set import HOUR, CandleSet
from okx_core.features.registry import FEATURES
from okx_core.validation.candle_checks import candle_leaks


def found(candles):
    """What is found, by the pair or table it is found in."""
    return {violation.feature: violation.detail for violation in candle_leaks(candles, FEATURES).violations}


def of(hourly):
    return CandleSet.of_hourly(hourly.sort_values(["pair", "timestamp_utc"], ignore_index=True))


def test_honest_candles_have_no_leak(market):
    assert found(market) == {}


@pytest.mark.parametrize(("hours", "text"), [(-1, "1 h before"), (1, "1 h after"), (-8, "8 h before")])
def test_a_pair_on_another_clock_is_found(market, hours, text):
    hourly = market.hourly.copy()
    shifted = hourly["pair"] == "SOL-USDT"
    hourly.loc[shifted, "timestamp_utc"] += hours * HOUR
    reasons = found(of(hourly))
    assert set(reasons) == {"SOL-USDT"}
    assert reasons["SOL-USDT"].startswith(f"moves {text} the other pairs from 20")


def test_a_pair_on_another_clock_for_two_months_alone_is_found(market):
    hourly = market.hourly.copy()
    begin = hourly["timestamp_utc"].min() + timedelta(days=60)
    later = (hourly["pair"] == "SOL-USDT") & (hourly["timestamp_utc"] > begin)
    hourly.loc[later, "timestamp_utc"] -= HOUR
    assert set(found(of(hourly.drop_duplicates(["pair", "timestamp_utc"])))) == {"SOL-USDT"}


@pytest.mark.parametrize("timeframe", ["4h", "1d"])
def test_a_longer_bar_that_knows_later_hours_is_found(market, timeframe):
    bars = market.frames[timeframe].sort_values(["pair", "timestamp_utc"])
    early = bars.assign(close=bars.groupby("pair")["close"].shift(-1).fillna(bars["close"]))
    reasons = found(replace(market, frames={**market.frames, timeframe: early}))
    assert set(reasons) == {f"candles_{timeframe}"}
    assert "are not those of their hours" in reasons[f"candles_{timeframe}"]


def test_quarters_of_the_next_hour_are_found(market):
    quarters = market.frames["15m"].assign(timestamp_utc=market.frames["15m"]["timestamp_utc"] - HOUR)
    reasons = found(replace(market, frames={**market.frames, "15m": quarters}))
    assert {name.split()[0] for name in reasons} == {"candles_15m"}
    assert len(reasons) == market.hourly["pair"].nunique()


def universe_of(hourly, days_before):
    """The half of the pairs that turned over most, a number of days before."""
    turnover = (hourly["volume"] * hourly["close"]).groupby(
        [hourly["timestamp_utc"].dt.floor("D"), hourly["pair"]]
    )
    table = turnover.sum().unstack().shift(days_before).dropna()
    enabled = table.rank(axis=1).gt(table.shape[1] / 2).stack().rename("enabled").reset_index()
    enabled.columns = pd.Index(["day", "pair", "enabled"])
    return enabled.assign(day=enabled["day"].dt.date)


@pytest.fixture
def restless(market):
    """The market with a turnover that changes from day to day, as a real one does."""
    generator = np.random.default_rng(3)
    days = market.hourly["timestamp_utc"].dt.floor("D")
    keys = pd.MultiIndex.from_arrays([days, market.hourly["pair"]])
    levels = pd.Series(generator.lognormal(0.0, 2.0, keys.nunique()), index=keys.unique())
    return market.hourly.assign(
        volume=market.hourly["volume"] * levels.reindex(keys).to_numpy(), quote_volume=np.nan
    )


@pytest.mark.parametrize(("days_before", "leak"), [(0, True), (1, False), (2, False)])
def test_a_universe_that_knows_its_day_is_found(restless, days_before, leak):
    candles = replace(of(restless), universe=universe_of(restless, days_before))
    reasons = found(candles)
    assert ("universe" in reasons) == leak
    assert set(reasons) <= {"universe"}


def test_a_universe_of_the_pairs_that_will_rise_is_found(market):
    close = market.hourly.pivot(index="timestamp_utc", columns="pair", values="close").resample("D").last()
    rises = close.pct_change().dropna().gt(0.0).stack().rename("enabled").reset_index()
    rises.columns = pd.Index(["day", "pair", "enabled"])
    candles = replace(market, universe=rises.assign(day=rises["day"].dt.date))
    assert "return of the day itself" in found(candles)["universe"]


def filled(hourly, how):
    """The candles with ten missing hours of a pair filled in."""
    own = hourly[hourly["pair"] == "ETH-USDT"].set_index("timestamp_utc")
    values = own.drop(columns="pair").copy()
    values.iloc[500:510] = np.nan
    values = how(values)
    rest = hourly[hourly["pair"] != "ETH-USDT"]
    return pd.concat([rest, values.assign(pair="ETH-USDT").reset_index()], ignore_index=True)


def as_flat(values, price):
    """Flat bars without a trade at the price that `price` gives for each missing close."""
    missing = values["close"].isna()
    for column in ("open", "high", "low", "close"):
        values.loc[missing, column] = price(values["close"])[missing]
    return values.fillna(0.0)


@pytest.mark.parametrize(
    ("how", "text"),
    [
        (lambda values: values.ffill(), "repeat the bar before"),
        (lambda values: values.bfill(), "repeat the bar before"),
        (lambda values: values.interpolate(), "lie in the middle"),
        (lambda values: as_flat(values, lambda close: close.bfill()), "without a trade"),
        (
            lambda values: as_flat(values, lambda close: close.ffill()),
            "without a trade while the others trade",
        ),
    ],
)
def test_bars_that_were_filled_in_are_found(market, how, text):
    reasons = found(of(filled(market.hourly, how)))
    assert set(reasons) == {"ETH-USDT"}
    assert text in reasons["ETH-USDT"]


def one_in_thirty(hourly, how):
    """The candles with single hours of a pair replaced, here and there."""
    own = hourly[hourly["pair"] == "ETH-USDT"].set_index("timestamp_utc").drop(columns="pair")
    places = np.arange(40, len(own) - 1, 30)
    for place in places:
        own.iloc[place] = pd.Series(how(own.iloc[place - 1], own.iloc[place + 1])).reindex(own.columns)
    rest = hourly[hourly["pair"] != "ETH-USDT"]
    return pd.concat([rest, own.assign(pair="ETH-USDT").reset_index()], ignore_index=True)


def between(before, after):
    close, volume = 0.5 * (before["close"] + after["open"]), 0.5 * (before["volume"] + after["volume"])
    sides = {"open": before["close"], "close": close}
    return {**sides, "high": max(sides.values()), "low": min(sides.values()), "volume": volume}


def silent(before, _after):
    return dict.fromkeys(("open", "high", "low", "close"), before["close"]) | {"volume": 0.0}


@pytest.mark.parametrize(
    ("how", "text"), [(between, "mean volume of their neighbours"), (silent, "while the others trade")]
)
def test_single_hours_that_were_filled_in_are_found(market, how, text):
    reasons = found(of(one_in_thirty(market.hourly, how)))
    assert set(reasons) == {"ETH-USDT"}
    assert text in reasons["ETH-USDT"]


def test_hours_without_a_trade_of_a_pair_that_is_hardly_traded_are_not_filled_bars(market):
    hourly = one_in_thirty(market.hourly, silent)
    thin = (hourly["pair"] == "ETH-USDT") & (hourly["volume"] > 0.0)
    generator = np.random.default_rng(4)
    hourly.loc[thin, "volume"] *= generator.lognormal(0.0, 2.5, int(thin.sum()))
    hourly["quote_volume"] = np.nan
    assert found(of(hourly)) == {}


def test_flat_hours_of_a_market_wide_outage_are_not_filled_bars(market):
    hourly = market.hourly.sort_values(["pair", "timestamp_utc"], ignore_index=True)
    begin = hourly["timestamp_utc"].min() + 700 * HOUR
    quiet = hourly["timestamp_utc"].between(begin, begin + 8 * HOUR)
    last = hourly["close"].where(~quiet).groupby(hourly["pair"]).ffill()
    for column in ("open", "high", "low", "close"):
        hourly.loc[quiet, column] = last[quiet]
    hourly.loc[quiet, ["volume", "quote_volume", "taker_buy_base"]] = 0.0
    assert found(of(hourly)) == {}
