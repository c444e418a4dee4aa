"""The bar's place in the day, the week and the year, by its open (UTC).

Sessions follow the usual working hours of the three regions in UTC, without daylight saving.
"""

import numpy as np

from okx_core.features.bars import Bars
from okx_core.features.declaration import Array, Feature, feature

FIRST_DAY_OF_WEEK = 3  # 1970-01-01 was a Thursday, Monday is 0
SESSIONS = {"asian": (0, 8), "european": (7, 16), "american": (13, 22)}


def _hour(bars: Bars) -> Array:
    return (bars.numbers() % 24).astype(np.float64)


def _weekday(bars: Bars) -> Array:
    return ((bars.numbers() // 24 + FIRST_DAY_OF_WEEK) % 7).astype(np.float64)


def _month(bars: Bars) -> Array:
    months = bars.numbers().astype("datetime64[h]").astype("datetime64[M]").astype(np.int64)
    return (months % 12 + 1).astype(np.float64)


def _wave(function: np.ufunc, place: Array, places: int, bars: Bars) -> Array:
    """`place` on a circle of `places`, from one small table: equal places give equal bytes."""
    table: Array = function(2.0 * np.pi * np.arange(places) / places)
    return _everywhere(table[place.astype(np.int64)], bars)


def _everywhere(values: Array, bars: Bars) -> Array:
    return np.broadcast_to(values, bars.close.shape)


@feature("seasonality", "hour", 1, formula="hour of open", inputs=("timestamp_utc",))
def hour_of_day(bars: Bars) -> Array:
    """Hour of the day, 0 to 23."""
    return _everywhere(_hour(bars), bars)


@feature("seasonality", "-1..1", 1, formula="sin(2 pi hour / 24)", inputs=("timestamp_utc",))
def hour_sin(bars: Bars) -> Array:
    """Hour of the day on a circle, east."""
    return _wave(np.sin, _hour(bars), 24, bars)


@feature("seasonality", "-1..1", 1, formula="cos(2 pi hour / 24)", inputs=("timestamp_utc",))
def hour_cos(bars: Bars) -> Array:
    """Hour of the day on a circle, north."""
    return _wave(np.cos, _hour(bars), 24, bars)


@feature("seasonality", "day", 1, formula="weekday of open", inputs=("timestamp_utc",))
def day_of_week(bars: Bars) -> Array:
    """Day of the week, Monday 0 to Sunday 6."""
    return _everywhere(_weekday(bars), bars)


@feature("seasonality", "-1..1", 1, formula="sin(2 pi weekday / 7)", inputs=("timestamp_utc",))
def weekday_sin(bars: Bars) -> Array:
    """Day of the week on a circle, east; Monday is 0."""
    return _wave(np.sin, _weekday(bars), 7, bars)


@feature("seasonality", "-1..1", 1, formula="cos(2 pi weekday / 7)", inputs=("timestamp_utc",))
def weekday_cos(bars: Bars) -> Array:
    """Day of the week on a circle, north; Monday is 0."""
    return _wave(np.cos, _weekday(bars), 7, bars)


@feature("seasonality", "month", 1, formula="month of open", inputs=("timestamp_utc",))
def month_of_year(bars: Bars) -> Array:
    """Month of the year, 1 to 12."""
    return _everywhere(_month(bars), bars)


@feature("seasonality", "-1..1", 1, formula="sin(2 pi (month - 1) / 12)", inputs=("timestamp_utc",))
def month_sin(bars: Bars) -> Array:
    """Month of the year on a circle, east; January is 0."""
    return _wave(np.sin, _month(bars) - 1.0, 12, bars)


@feature("seasonality", "-1..1", 1, formula="cos(2 pi (month - 1) / 12)", inputs=("timestamp_utc",))
def month_cos(bars: Bars) -> Array:
    """Month of the year on a circle, north; January is 0."""
    return _wave(np.cos, _month(bars) - 1.0, 12, bars)


@feature("seasonality", "0 or 1", 1, formula="1 if weekday >= 5 else 0", inputs=("timestamp_utc",))
def is_weekend(bars: Bars) -> Array:
    """Whether the bar opens on Saturday or Sunday."""
    return _everywhere((_weekday(bars) >= 5.0).astype(np.float64), bars)


def _session(region: str) -> Feature:
    opens, closes = SESSIONS[region]

    def inside(bars: Bars) -> Array:
        hour = _hour(bars)
        return _everywhere(((hour >= opens) & (hour < closes)).astype(np.float64), bars)

    inside.__name__ = f"is_{region}_session"
    inside.__doc__ = f"Whether the bar opens in {region.capitalize()} working hours."
    formula = f"1 if {opens} <= hour < {closes} else 0"
    return feature("seasonality", "0 or 1", 1, formula=formula, inputs=("timestamp_utc",))(inside)


SESSION_FLAGS = tuple(_session(region) for region in SESSIONS)


@feature(
    "seasonality",
    "h",
    1,
    formula="interval - (T - P) mod interval, T the close, P the last payment, interval the time from the one before",
    inputs=("timestamp_utc", "funding"),
    undefined="8 h and the grid of 00, 08, 16 UTC where no payment of the last 3 days is known",
)
def hours_to_funding(bars: Bars) -> Array:
    """Hours from the bar's close to the next funding of the pair's swap; the whole interval when one is just paid."""
    return bars.hours_to_funding
