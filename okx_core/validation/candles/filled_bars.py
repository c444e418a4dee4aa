"""Bars that nobody traded: copied from a neighbour or another day, drawn between two, or set to a later price."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from okx_core.hours import HOUR
from okx_core.validation.candles.unlikely_runs import unlikely_runs

COLUMNS = ("open", "high", "low", "close", "volume")
SAME = 1e-9
FEW = 3  # bars without volume whose four prices may lie there by chance
WEEK = 168  # hours
# Share of the usual volume that 99 % of the hours reach of a pair that is traded all the time.
ALWAYS_TRADED = 0.05
HARDLY = 1e-3  # of the usual volume: as good as nothing

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


@dataclass(frozen=True)
class _Bars:
    """The bars of a pair: each column, that column a bar before and a bar after, and which neighbours are there."""

    rows: pd.DataFrame
    follows: Mask
    followed: Mask

    def now(self, name: str) -> Floats:
        return self.rows[name].to_numpy(np.float64)

    def before(self, name: str) -> Floats:
        return np.concatenate([[np.nan], self.now(name)[:-1]])

    def after(self, name: str) -> Floats:
        return np.concatenate([self.now(name)[1:], [np.nan]])

    @property
    def lively(self) -> Mask:
        lively: Mask = (self.now("high") > self.now("low")) & ~(self.now("volume") == 0.0)
        return lively


def _kinds(rows: pd.DataFrame, follows: Mask, silent_market: Mask) -> Iterator[tuple[str, Mask]]:
    """Each kind of filling and the bars [bars] that look like it; `follows` is whether the hour before is there."""
    bars = _Bars(rows, follows, np.concatenate([follows[1:], [False]]))
    yield "repeat the bar before", _copied(bars)
    yield "lie in the middle between their neighbours", _drawn(bars)
    yield "have the mean volume of their neighbours and close between them", _interpolated(bars)
    close, volume = bars.now("close"), bars.now("volume")
    flat = bars.now("high") == bars.now("low")
    moves = ~flat | (bars.now("open") != close)
    yield "without a trade have moved", (volume == 0.0) & moves & bool((volume > 0.0).any())
    later = np.abs(close - bars.before("close")) > SAME * close
    at_next = later & (close == bars.after("open"))
    yield (
        "without a trade have a later price",
        flat & (volume == 0.0) & bars.follows & bars.followed & at_next,
    )
    hardly, always = _hardly_traded(volume)
    yield "without a trade while the others trade", flat & hardly & ~silent_market & always
    yield from unlikely_runs(rows, follows, silent_market)


def _copied(bars: _Bars) -> Mask:
    same = bars.follows & bars.lively & np.isfinite(bars.now("volume"))
    for name in COLUMNS:
        same &= bars.now(name) == bars.before(name)
    return same


def _drawn(bars: _Bars) -> Mask:
    """Every known value is the mean of those of both neighbours."""
    drawn = bars.follows & bars.followed & bars.lively
    for name in COLUMNS:
        drawn &= _between(bars.now(name), bars.before(name), bars.after(name)) | ~np.isfinite(bars.now(name))
    by_chance = drawn.sum() < FEW and not np.isfinite(bars.now("volume")).any()
    return drawn & (not by_chance)


def _interpolated(bars: _Bars) -> Mask:
    """Volume and close alone are, more often than by chance: as often as of bars two hours away."""
    close, before, volume = bars.now("close"), bars.before("close"), bars.now("volume")
    found = bars.follows & bars.followed & bars.lively & _in_the_middle(volume, 1)
    found &= _between(close, before, bars.after("open")) | _between(close, before, bars.after("close"))
    by_chance = found.sum() < FEW + 5 * _in_the_middle(volume, 2).sum()
    return found & (not by_chance)


def _between(values: Floats, one: Floats, other: Floats) -> Mask:
    """Where the values lie exactly in the middle of two others, by their difference or their ratio."""
    found = np.zeros(values.shape, dtype=bool)
    for middle in (0.5 * (one + other), np.sqrt(np.maximum(one * other, 0.0))):
        found |= np.abs(values - middle) <= SAME * np.abs(middle)
    return found


def _in_the_middle(values: Floats, distance: int) -> Mask:
    """Where the values are the mean of those so many bars before and after them."""
    gap = np.full(distance, np.nan)
    return _between(
        values, np.concatenate([gap, values[:-distance]]), np.concatenate([values[distance:], gap])
    )


def _hardly_traded(volume: Floats) -> tuple[Mask, bool]:
    """Bars [bars] with next to none of the usual volume, and whether the pair otherwise never nearly stops.

    An hour without a trade of a pair that is traded all the time needs another reason.
    """
    usual = pd.Series(np.where(volume > 0.0, volume, np.nan)).rolling(WEEK, min_periods=24).median()
    usual = usual.fillna(float(np.nanmedian(volume)) if np.isfinite(volume).any() else np.nan)
    hardly: Mask = volume <= HARDLY * usual.to_numpy()
    share = pd.Series(np.where(hardly, np.nan, volume)) / usual
    return hardly, bool(share.quantile(0.01) > ALWAYS_TRADED)


def _silent_hours(hourly: pd.DataFrame) -> "pd.Series[pd.Timestamp]":
    """Hours in which no more than half of the pairs traded: an outage."""
    traded = (hourly["volume"] > 0.0).groupby(hourly["timestamp_utc"]).mean()
    return pd.Series(traded.index[traded <= 0.5])
