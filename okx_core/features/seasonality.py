"""Hour of the day and day of the week of the bar's open (UTC), on circles."""

import math

import numpy as np

from okx_core.features.bars import Bars
from okx_core.features.declaration import Array, Feature

FIRST_DAY_OF_WEEK = 3  # 1970-01-01 was a Thursday, Monday is 0


def _on_circle(places: int, wave: str) -> Array:
    function = math.sin if wave == "sin" else math.cos
    return np.array([function(2.0 * math.pi * place / places) for place in range(places)])


def _everywhere(values: Array, bars: Bars) -> Array:
    return np.broadcast_to(values, bars.close.shape)


def hour_sin(bars: Bars) -> Array:
    return _everywhere(_on_circle(24, "sin")[bars.numbers() % 24], bars)


def hour_cos(bars: Bars) -> Array:
    return _everywhere(_on_circle(24, "cos")[bars.numbers() % 24], bars)


def weekday_sin(bars: Bars) -> Array:
    return _everywhere(_on_circle(7, "sin")[(bars.numbers() // 24 + FIRST_DAY_OF_WEEK) % 7], bars)


def weekday_cos(bars: Bars) -> Array:
    return _everywhere(_on_circle(7, "cos")[(bars.numbers() // 24 + FIRST_DAY_OF_WEEK) % 7], bars)


FEATURES = (
    Feature("hour_sin", "seasonality", "sin(2 pi hour / 24)", "-1..1", 1, hour_sin),
    Feature("hour_cos", "seasonality", "cos(2 pi hour / 24)", "-1..1", 1, hour_cos),
    Feature("weekday_sin", "seasonality", "sin(2 pi weekday / 7), Monday 0", "-1..1", 1, weekday_sin),
    Feature("weekday_cos", "seasonality", "cos(2 pi weekday / 7), Monday 0", "-1..1", 1, weekday_cos),
)
