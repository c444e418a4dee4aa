"""Candlestick patterns on bars drawn by hand; each bar is (open, high, low, close)."""

import numpy as np
import pytest

from okx_core.features.bars import Bars
from okx_core.features.indicators.patterns import (
    doji,
    engulfing,
    evening_star,
    hammer,
    inside_bar,
    morning_star,
    outside_bar,
)

CALM = (10.0, 10.5, 9.5, 10.2)
FALL, RISE = (12.0, 12.1, 9.9, 10.0), (10.0, 12.1, 9.9, 12.0)


def last(feature, *drawn):
    fields = np.array(drawn).T
    named = dict(zip(("open", "high", "low", "close"), (row[None, :].copy() for row in fields), strict=True))
    count = len(drawn)
    return feature.compute(Bars({**named, "volume": np.ones((1, count))}, count, 0))[0, -1]


@pytest.mark.parametrize(
    ("feature", "bar", "value"),
    [
        (doji, (10.0, 11.0, 9.0, 10.1), 1.0),
        (doji, (10.0, 11.0, 9.0, 10.6), 0.0),
        (hammer, (10.0, 10.35, 8.5, 10.3), 1.0),
        (hammer, (10.0, 11.0, 8.5, 10.3), 0.0),
        (hammer, (10.0, 10.3, 9.7, 10.3), 0.0),
    ],
)
def test_one_bar(feature, bar, value):
    assert last(feature, CALM, CALM, bar) == value


@pytest.mark.parametrize(
    ("before", "bar", "value"),
    [
        ((10.5, 10.6, 9.9, 10.0), (9.9, 10.8, 9.8, 10.7), 1.0),
        ((10.5, 10.6, 9.9, 10.0), (10.0, 10.8, 9.8, 10.7), 1.0),
        ((10.5, 10.6, 9.9, 10.0), (10.0, 10.8, 9.8, 10.5), 0.0),
        ((10.0, 10.6, 9.9, 10.5), (10.6, 10.7, 9.8, 9.9), -1.0),
        ((10.0, 10.6, 9.9, 10.5), (10.4, 10.7, 9.8, 9.9), 0.0),
        ((10.2, 10.6, 9.9, 10.2), (10.6, 10.7, 9.8, 9.9), 0.0),
        ((10.2, 10.6, 9.9, 10.2), (9.9, 10.7, 9.8, 10.6), 0.0),
    ],
)
def test_engulfing(before, bar, value):
    assert last(engulfing, CALM, before, bar) == value


def test_stars():
    pause, high_pause = (9.9, 10.1, 9.7, 9.8), (12.1, 12.3, 12.0, 12.2)
    assert last(morning_star, FALL, pause, (9.8, 11.6, 9.7, 11.5)) == 1.0
    assert last(morning_star, FALL, pause, (9.8, 11.0, 9.7, 10.9)) == 0.0
    assert last(morning_star, FALL, (11.5, 11.6, 9.7, 9.8), (9.8, 11.6, 9.7, 11.5)) == 0.0
    assert last(evening_star, RISE, high_pause, (12.2, 12.3, 10.4, 10.5)) == 1.0
    assert last(evening_star, RISE, high_pause, (12.2, 12.3, 11.4, 11.5)) == 0.0


def test_inside_and_outside():
    inner, outer = (10.0, 10.4, 9.6, 10.2), (10.0, 10.6, 9.4, 10.2)
    assert (last(inside_bar, CALM, inner), last(outside_bar, CALM, inner)) == (1.0, 0.0)
    assert (last(inside_bar, CALM, outer), last(outside_bar, CALM, outer)) == (0.0, 1.0)
    assert (last(inside_bar, CALM, CALM), last(outside_bar, CALM, CALM)) == (0.0, 0.0)
