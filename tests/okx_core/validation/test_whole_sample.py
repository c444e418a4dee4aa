"""Constants that were computed from all rows are found, in whatever form a column uses them."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from okx_core.compilation import compiled
from okx_core.features.registry import FEATURES
from okx_core.validation.carried_numbers import carried_numbers
from okx_core.validation.whole_sample import whole_sample
from tests.okx_core.validation.planted import planted, suspected


def by_deviation(values):
    return (values - values.mean()) / values.std()


def by_median(values, factor=1.0):
    centred = values - np.median(values)
    return centred / (factor * np.median(np.abs(centred)))


def between_percentiles(values, share):
    low, high = np.quantile(values, [share, 1.0 - share])
    return np.clip((values - low) / (high - low), 0.0, 1.0)


def classes(values, count):
    return np.searchsorted(np.quantile(values, np.arange(1, count) / count), values).astype(float)


FORMS = {
    "mean and deviation": by_deviation,
    "in a logistic curve": lambda values: expit(by_deviation(values)),
    "median": by_median,
    "median as a deviation": partial(by_median, factor=1.4826),
    "median in tanh": lambda values: np.tanh(by_median(values)),
    "smallest and largest": lambda values: (values - values.min()) / np.ptp(values),
    "share of smaller values": lambda values: (values.argsort().argsort() + 0.5) / len(values),
    "1 to 99 %": partial(between_percentiles, share=0.01),
    "5 to 95 %": partial(between_percentiles, share=0.05),
    "deciles": partial(classes, count=10),
    "quartiles": partial(classes, count=4),
}


@pytest.mark.parametrize("of_pair", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_a_column_that_somebody_scaled_is_found_by_its_values(market, form, of_pair):
    hourly = market.hourly.sort_values(["pair", "timestamp_utc"], ignore_index=True)
    spread = np.log(hourly["high"] / hourly["low"])
    groups = hourly["pair"] if of_pair else np.zeros(len(hourly))
    scaled = spread.groupby(groups).transform(lambda values: FORMS[form](values.to_numpy()))
    frame = hourly[["pair", "timestamp_utc"]].assign(planted=scaled.astype(np.float32), plain=spread)
    result = whole_sample(frame, [planted(None)])
    assert "constants of the whole sample" in result.violations[0].detail


def test_honest_columns_of_that_kind_are_not_found(market):
    hourly = market.hourly.sort_values(["pair", "timestamp_utc"], ignore_index=True)
    spread = np.log(hourly["high"] / hourly["low"])
    early = spread[hourly["timestamp_utc"] < hourly["timestamp_utc"].quantile(0.3)].to_numpy()
    edges = np.quantile(early, np.arange(1, 10) / 10)
    rank = spread.groupby(hourly["timestamp_utc"]).rank(pct=True)
    for honest in (
        (spread - early.mean()) / early.std(),
        np.clip((spread - early.min()) / np.ptp(early), 0.0, 1.0),
        np.searchsorted(edges, spread).astype(float),
        rank,
        np.tanh(spread * 50.0),
    ):
        frame = hourly[["pair", "timestamp_utc"]].assign(planted=np.asarray(honest, dtype=np.float32))
        assert whole_sample(frame, [planted(None)]).violations == ()


def test_ranks_of_pairs_of_which_some_came_later_are_honest(market):
    hourly = market.hourly[market.hourly["pair"].isin(sorted(market.hourly["pair"].unique())[:8])]
    chosen = sorted(hourly["pair"].unique())[:5]
    late = hourly["timestamp_utc"] > hourly["timestamp_utc"].quantile(0.4)
    known = hourly[late | hourly["pair"].isin(chosen)]
    rank = known.groupby("timestamp_utc")["volume"].rank(pct=True).astype(np.float32)
    frame = known[["pair", "timestamp_utc"]].assign(planted=rank)
    assert whole_sample(frame, [planted(None, "cross", ("volume",))]).violations == ()


@pytest.mark.parametrize("count", [5, 12, 40, 100])
@pytest.mark.parametrize("middle", [0.0, 0.5])
def test_even_ranks_of_however_many_pairs_are_honest(count, middle):
    rng = np.random.default_rng(count)
    hours = pd.date_range("2022-01-01", periods=1_200, freq="h", tz="UTC")
    ranks = np.array([rng.permutation(count) for _ in hours]) / (count - 1)
    full = pd.DataFrame(
        {
            "pair": np.tile([f"P{number}-USDT" for number in range(count)], len(hours)),
            "timestamp_utc": np.repeat(hours, count),
            "planted": (ranks + middle - 0.5).ravel().astype(np.float32),
        }
    )
    assert whole_sample(full, [planted(lambda bars: bars.close, timeframe="cross")]).passed


SAMPLE = np.random.default_rng(6).lognormal(size=1_000)
CENTRE, WIDTH = float(np.median(SAMPLE)), SAMPLE.std()
EDGES = np.quantile(SAMPLE, np.arange(0.1, 1.0, 0.1))


@compiled
def less_centre(values):
    return values - CENTRE


class Scaler:
    def __init__(self):
        self.width = WIDTH

    def __call__(self, bars):
        return bars.close / self.width


CARRIERS = {
    "global numbers": lambda bars: np.clip((bars.close - CENTRE) / WIDTH, -3.0, 3.0),
    "edges": lambda bars: np.searchsorted(EDGES, bars.close),
    "a default": lambda bars, centre=CENTRE: bars.close - centre,
    "a literal": lambda bars: bars.close - 0.0063128475190123,
    "a partial": partial(lambda bars, centre: np.exp(-bars.close / centre), centre=CENTRE),
    "an object": Scaler(),
    "a method": Scaler().__call__,
    "a compiled loop": lambda bars: less_centre(bars.close),
    "an inner function": lambda bars: (lambda values: np.sqrt(values / CENTRE))(bars.close),
    "a dictionary": (lambda known: lambda bars: bars.close / known["BTC-USDT"])({"BTC-USDT": CENTRE}),
}


@pytest.mark.parametrize("place", CARRIERS)
def test_a_function_that_carries_constants_of_a_sample_is_found_whatever_it_does_with_them(place):
    assert carried_numbers(CARRIERS[place])


def test_constants_of_formulas_are_not_constants_of_a_sample():
    def formula(bars):
        return bars.close * 0.015 + 2 / 3 + 252**0.5 + np.pi / 7 + 1.4826022185056018 + 0.6931471805599453

    assert carried_numbers(formula) == []
    assert {feature.name for feature in FEATURES if carried_numbers(feature.compute)} == set()


def test_a_clipped_z_score_of_all_rows_is_caught(market):
    spread = np.log(market.hourly["high"] / market.hourly["low"])
    mean, deviation = float(spread.mean()), float(spread.std())
    feature = planted(
        lambda bars: np.clip((np.log(bars.high / bars.low) - mean) / deviation, -3.0, 3.0),
        inputs=("high", "low"),
    )
    assert suspected(market, feature, "whole sample") == {"whole sample"}
