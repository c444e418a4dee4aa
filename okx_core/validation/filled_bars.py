"""Bars that nobody traded: copied from a neighbour, drawn between two, or set to a later price."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from okx_core.hours import HOUR

PRICES = ("open", "high", "low", "close")
SAME = 1e-9
FEW = 3  # bars without volume whose four prices may lie there by chance
WEEK = 168  # hours
ALWAYS_TRADED = (
    0.05  # of the usual volume, which 99 % of the hours of a pair reach that is traded all the time
)

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


def filled_bars(hourly: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """(pair, what was found) of each pair with filled bars; `hourly` sorted by pair and time."""
    silent_market = _silent_hours(hourly)
    for pair, rows in hourly.groupby("pair"):
        opens = rows["timestamp_utc"].reset_index(drop=True)
        follows = (opens.diff() == HOUR).to_numpy()
        for text, filled in _kinds(rows, follows, opens.isin(silent_market).to_numpy()):
            if filled.any():
                first = opens[int(np.flatnonzero(filled)[0])]
                yield (
                    str(pair),
                    (
                        f"{int(filled.sum())} bars {text}, the first at {first:%Y-%m-%d %H:%M}; leave missing bars out"
                    ),
                )
                break


def _kinds(rows: pd.DataFrame, follows: Mask, silent_market: Mask) -> Iterator[tuple[str, Mask]]:
    """Each kind of filling and the bars [bars] that look like it; `follows` is whether the hour before is there."""
    values = [rows[name].to_numpy(np.float64) for name in PRICES]
    volume = rows["volume"].to_numpy(np.float64)
    before = [np.concatenate([[np.nan], column[:-1]]) for column in (*values, volume)]
    after = [np.concatenate([column[1:], [np.nan]]) for column in (*values, volume)]
    followed = np.concatenate([follows[1:], [False]])
    lively = (values[1] > values[2]) & ~(volume == 0.0)
    traded = lively & np.isfinite(volume)
    copied, drawn = follows & traded, follows & followed & lively
    for column, older, newer in zip((*values, volume), before, after, strict=True):
        copied &= column == older
        drawn &= _between(column, older, newer) | ~np.isfinite(column)
    yield "repeat the bar before", copied
    by_chance = drawn.sum() < FEW and not np.isfinite(volume).any()
    yield "lie in the middle between their neighbours", drawn & (not by_chance)
    middle = follows & followed & lively & _in_the_middle(volume, 1)
    middle &= _between(values[3], before[3], after[0]) | _between(values[3], before[3], after[3])
    by_chance = middle.sum() < FEW + 5 * _in_the_middle(volume, 2).sum()
    yield "have the mean volume of their neighbours and close between them", middle & (not by_chance)
    flat = (values[1] == values[2]) & (volume == 0.0)
    later = np.abs(values[3] - before[3]) > SAME * values[3]
    yield "without a trade have a later price", flat & follows & followed & later & (values[3] == after[0])
    silent = flat & ~silent_market
    yield "without a trade while the others trade", silent & _is_always_traded(volume)


def _between(values: Floats, one: Floats, other: Floats) -> Mask:
    """Where the values lie exactly in the middle of two others."""
    middle = 0.5 * (one + other)
    found: Mask = np.abs(values - middle) <= SAME * np.abs(middle)
    return found


def _in_the_middle(values: Floats, distance: int) -> Mask:
    """Where the values are the mean of those so many bars before and after them."""
    gap = np.full(distance, np.nan)
    return _between(
        values, np.concatenate([gap, values[:-distance]]), np.concatenate([values[distance:], gap])
    )


def _is_always_traded(volume: Floats) -> bool:
    """Whether the pair never nearly stops being traded, so that an hour without a trade needs another reason."""
    traded = pd.Series(np.where(volume > 0.0, volume, np.nan))
    usual = traded.rolling(WEEK, min_periods=24).median()
    return bool((traded / usual).quantile(0.01) > ALWAYS_TRADED)


def _silent_hours(hourly: pd.DataFrame) -> "pd.Series[pd.Timestamp]":
    """Hours in which no more than half of the pairs traded: an outage."""
    traded = (hourly["volume"] > 0.0).groupby(hourly["timestamp_utc"]).mean()
    return pd.Series(traded.index[traded <= 0.5])
