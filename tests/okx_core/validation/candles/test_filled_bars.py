"""Bars that nobody traded are found, however they were made; quiet, coarse and dead markets are not."""

import numpy as np
import pandas as pd
import pytest

from okx_core.hours import HOUR
from okx_core.validation.candles.filled_bars import filled_bars


def joined(rest, own):
    """All pairs in order, with other bars of one of them."""
    both = pd.concat([rest, own.assign(pair="ETH-USDT").reset_index()], ignore_index=True)
    return both.sort_values(["pair", "timestamp_utc"], ignore_index=True)


def filled(hourly, how, hours=10, begins=(500,)):
    """The candles with missing hours of a pair filled in."""
    own = hourly[hourly["pair"] == "ETH-USDT"].sort_values("timestamp_utc").set_index("timestamp_utc")
    values = own.drop(columns="pair").copy()
    for begin in begins:
        values.iloc[begin : begin + hours] = np.nan
    values = how(values)
    rest = hourly[hourly["pair"] != "ETH-USDT"]
    return joined(rest, values)


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
def test_bars_that_were_filled_in_are_found(lively, how, text):
    reasons = dict(filled_bars(filled(lively, how)))
    assert set(reasons) == {"ETH-USDT"}
    assert text in reasons["ETH-USDT"]


def drawn(path, volume):
    """Bars from close to close along a path, and their volume."""

    def how(values):
        missing = values["close"].isna()
        close = path(values["close"])
        opens = close.shift(1)
        made = {
            "open": opens,
            "close": close,
            "high": close.clip(lower=opens),
            "low": close.clip(upper=opens),
        }
        for column in values.columns:
            values[column] = values[column].where(~missing, made.get(column, volume(values[column])))
        return values

    return how


def as_in_the_log(series):
    return np.exp(np.log(series).interpolate())


def copied(hours, scale=lambda _: 1.0):
    """The bars of so many hours before, with the prices at the level of `scale`."""

    def how(values):
        missing = np.flatnonzero(values["close"].isna())
        for place in missing:
            earlier = values.iloc[place - hours].copy()
            earlier[["open", "high", "low", "close"]] *= scale(place)
            values.iloc[place] = earlier
        return values

    return how


PATHS = {
    "linear": lambda close: close.interpolate(),
    "log": as_in_the_log,
    "pchip": lambda close: close.interpolate("pchip"),
    "cubic": lambda close: close.interpolate("cubicspline"),
    "flat": lambda close: close.ffill(),
    "later": lambda close: close.bfill(),
}
VOLUMES = {
    "interpolated": lambda volume: volume.interpolate(),
    "nothing": lambda volume: 0.0 * volume.ffill(),
    "next to nothing": lambda volume: 0.0 * volume.ffill() + 1e-6,
    "always the same": lambda volume: 0.0 * volume.ffill() + volume.median(),
    "of the day before": lambda volume: volume.shift(24),
}


@pytest.mark.parametrize("volume", VOLUMES)
@pytest.mark.parametrize("path", PATHS)
def test_a_path_that_was_drawn_into_a_gap_is_found_whatever_its_volume(lively, path, volume):
    hourly = filled(lively, drawn(PATHS[path], VOLUMES[volume]), 24, (400, 1100, 1800))
    assert set(dict(filled_bars(hourly))) == {"ETH-USDT"}


@pytest.mark.parametrize("hours", [24, 31, 168])
@pytest.mark.parametrize("scale", [lambda _: 1.0, lambda _: 1.02, lambda place: 1.0 + 1e-5 * place])
def test_bars_that_were_copied_from_another_day_are_found(lively, hours, scale):
    reasons = dict(filled_bars(filled(lively, copied(hours, scale))))
    assert set(reasons) == {"ETH-USDT"}
    assert "repeat" in reasons["ETH-USDT"]


@pytest.mark.parametrize("seed", range(3))
def test_prices_of_few_ticks_are_not_filled_bars(lively, seed):
    """Of a pair whose price moves by a tick or not at all in most hours."""
    own = (lively["pair"] == "ETH-USDT").to_numpy()
    generator = np.random.default_rng(seed)
    steps = generator.choice([-1, 0, 0, 1], int(own.sum()))
    close = 500.0 + np.cumsum(steps)
    top = np.maximum(close, close - steps) + generator.integers(0, 2, close.size)
    bottom = np.minimum(close, close - steps) - generator.integers(0, 2, close.size)
    lively.loc[own, ["open", "high", "low", "close"]] = 1e-4 * np.column_stack(
        [close - steps, top, bottom, close]
    )
    assert dict(filled_bars(lively)) == {}


def one_in_thirty(hourly, how):
    """The candles with single hours of a pair replaced, here and there."""
    own = hourly[hourly["pair"] == "ETH-USDT"].set_index("timestamp_utc").drop(columns="pair")
    places = np.arange(40, len(own) - 1, 30)
    for place in places:
        own.iloc[place] = pd.Series(how(own.iloc[place - 1], own.iloc[place + 1])).reindex(own.columns)
    rest = hourly[hourly["pair"] != "ETH-USDT"]
    return joined(rest, own)


def between(before, after):
    close, volume = 0.5 * (before["close"] + after["open"]), 0.5 * (before["volume"] + after["volume"])
    sides = {"open": before["close"], "close": close}
    return {**sides, "high": max(sides.values()), "low": min(sides.values()), "volume": volume}


def silent(before, _after):
    return dict.fromkeys(("open", "high", "low", "close"), before["close"]) | {"volume": 0.0}


@pytest.mark.parametrize(
    ("how", "text"), [(between, "mean volume of their neighbours"), (silent, "while the others trade")]
)
def test_single_hours_that_were_filled_in_are_found(lively, how, text):
    reasons = dict(filled_bars(one_in_thirty(lively, how)))
    assert set(reasons) == {"ETH-USDT"}
    assert text in reasons["ETH-USDT"]


def test_hours_without_a_trade_of_a_pair_that_is_hardly_traded_are_not_filled_bars(lively):
    hourly = one_in_thirty(lively, silent)
    thin = (hourly["pair"] == "ETH-USDT") & (hourly["volume"] > 0.0)
    generator = np.random.default_rng(4)
    hourly.loc[thin, "volume"] *= generator.lognormal(0.0, 2.5, int(thin.sum()))
    hourly["quote_volume"] = np.nan
    assert dict(filled_bars(hourly)) == {}


def test_flat_hours_of_a_market_wide_outage_are_not_filled_bars(lively):
    hourly = lively
    begin = hourly["timestamp_utc"].min() + 700 * HOUR
    quiet = hourly["timestamp_utc"].between(begin, begin + 8 * HOUR)
    last = hourly["close"].where(~quiet).groupby(hourly["pair"]).ffill()
    for column in ("open", "high", "low", "close"):
        hourly.loc[quiet, column] = last[quiet]
    hourly.loc[quiet, ["volume", "quote_volume", "taker_buy_base"]] = 0.0
    assert dict(filled_bars(hourly)) == {}
