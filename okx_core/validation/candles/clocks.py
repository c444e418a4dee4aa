"""Candles on another clock: a pair against the others, and a pair's volume against its own prices."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

LAGS = np.arange(-48, 49)  # hours
BLOCKS = (14 * 24, 30 * 24, 60 * 24)  # hours that are compared at once, each from half a block to the next
MIN_KNOWN_SHARE = 0.6  # of the hours of a block
MIN_ADVANTAGE = 0.1  # of the correlation at another hour over that in the same one
# Deviations by which the correlation at some lag may exceed that at lag 0, for hundreds of pairs, thousands of
# blocks and 97 lags each: the difference of two correlations of n hours has at most a deviation of sqrt(2 / n).
SIGMAS = 7.0
LARGEST = 4.0  # deviations that one hour may count for
SUMS = ("volume", "quote_volume", "taker_buy_base")

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class _Shift:
    """A row of the table that goes with another `lag` hours later better than in the same hour."""

    row: int
    begin: int
    end: int
    lag: int
    best: float
    same: float

    def text(self, opens: pd.DatetimeIndex) -> str:
        return (
            f"from {opens[self.begin]:%Y-%m-%d %H:%M} to {opens[self.end - 1]:%Y-%m-%d %H:%M}: "
            f"correlation {self.best:.2f}, in the same hour {self.same:.2f}"
        )

    @property
    def way(self) -> str:
        return f"{self.lag} h before" if self.lag > 0 else f"{-self.lag} h after"


def other_clocks(hourly: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """(pair, what was found) of each pair whose returns or sums are those of earlier or later hours."""
    wide = {
        name: hourly.pivot(index="timestamp_utc", columns="pair", values=name).asfreq("h")
        for name in ("high", "low", "close", *(name for name in SUMS if name in hourly))
    }
    opens, pairs = pd.DatetimeIndex(wide["close"].index), list(wide["close"].columns)
    with np.errstate(all="ignore"):
        values = {name: np.log(table.to_numpy(np.float64).T) for name, table in wide.items()}
        ranges = np.log(values["high"] - values["low"])
        changes = {name: _scaled(np.diff(table, axis=1, prepend=np.nan)) for name, table in values.items()}
        range_changes = _scaled(np.diff(ranges, axis=1, prepend=np.nan))
    sums = [name for name in SUMS if name in changes]
    found: dict[str, str] = {}
    for name in ("close", *sums) if len(pairs) > 1 else ():
        verb = "moves" if name == "close" else f"has its {name}"
        for shift in _shifts(changes[name], _others(changes[name])):
            text = f"{verb} {shift.way} the other pairs {shift.text(opens)}; its candles are on another clock"
            found.setdefault(str(pairs[shift.row]), text)
    for name in sums:
        for shift in _shifts(changes[name], range_changes):
            text = f"has its {name} {shift.way} its own high and low {shift.text(opens)}; fetch them again"
            found.setdefault(str(pairs[shift.row]), text)
    yield from found.items()


def _scaled(values: Floats) -> Floats:
    """Deviations from the median [rows, hours] in robust units, bounded; infinite ones are unknown."""
    known = np.where(np.isfinite(values), values, np.nan)
    with np.errstate(all="ignore"):
        centred = known - _median(known)
        # Of the hours that are not zero: a pair that does not move in most hours moves in the others.
        usual = 1.4826 * _median(np.where(centred == 0.0, np.nan, np.abs(centred)))
        return np.clip(centred / usual, -LARGEST, LARGEST)


def _median(values: Floats) -> Floats:
    """The median of each row [rows, 1], NaN of a row without a value."""
    return np.nanmedian(
        np.where(np.isnan(values).all(axis=1, keepdims=True), 0.0, values), axis=1, keepdims=True
    )


def _others(own: Floats) -> Floats:
    """The mean of the other rows in each hour [rows, hours]."""
    known = np.isfinite(own)
    count = known.sum(axis=0) - known
    total = np.where(known, own, 0.0)
    return np.where(count > 0, (total.sum(axis=0) - total) / np.maximum(count, 1), np.nan)


def _shifts(own: Floats, other: Floats) -> Iterator[_Shift]:
    """The first block of each row in which another lag than 0 is the strongest, by more than chance."""
    seen: set[int] = set()
    for length in BLOCKS:
        begins, correlation, known = _correlations(own, other, length)
        best = np.nan_to_num(correlation, nan=-1.0).argmax(axis=0)
        highest = np.take_along_axis(correlation, best[None], axis=0)[0]
        same = correlation[-LAGS[0]]
        needed = np.maximum(MIN_ADVANTAGE, SIGMAS / np.sqrt(np.maximum(known, 1.0)))
        with np.errstate(invalid="ignore"):
            rows, blocks = np.nonzero(highest > np.maximum(same, 0.0) + needed)
        for row, block in zip(rows, blocks, strict=True):
            if row not in seen:
                seen.add(int(row))
                begin, lag = int(begins[block]), int(LAGS[best[row, block]])
                is_last = block == len(begins) - 1
                end = own.shape[1] if is_last else begin + length
                yield _Shift(int(row), begin, end, lag, float(highest[row, block]), float(same[row, block]))


def _correlations(own: Floats, other: Floats, length: int) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Begin of each block; correlation [lags, rows, blocks] of `own` with `other` some hours later; hours of both.

    NaN where too few hours are known. Both have mean 0 but for chance, so an unknown hour counts as 0.
    """
    hours, half = own.shape[1], length // 2
    edges = np.arange(0, hours, half)
    count = max(len(edges) - 2, 1)
    begins = edges[:count]

    def sums(values: Floats) -> Floats:
        halves = np.add.reduceat(values, edges, axis=1)
        padded = np.concatenate([halves, np.zeros((len(halves), 1))], axis=1)
        whole: Floats = padded[:, :count] + padded[:, 1 : count + 1]
        if len(edges) > 2:  # what is left at the end belongs to the last block
            whole[:, -1] += halves[:, count + 1 :].sum(axis=1)
        return whole

    known = [np.isfinite(values) for values in (own, other)]
    one, two = (
        np.where(mask, values, 0.0).astype(np.float32)
        for mask, values in zip(known, (own, other), strict=True)
    )
    own_power, both = sums(one**2), np.minimum(*(sums(mask.astype(np.float64)) for mask in known))
    enough = both >= MIN_KNOWN_SHARE * length
    found = np.full((len(LAGS), *both.shape), np.nan)
    for place, lag in enumerate(LAGS):
        later = np.roll(two, -lag, axis=1)
        if lag > 0:
            later[:, hours - lag :] = 0.0
        elif lag < 0:
            later[:, :-lag] = 0.0
        with np.errstate(all="ignore"):
            correlation = sums(one * later) / np.sqrt(own_power * sums(later**2))
        found[place] = np.where(enough, correlation, np.nan)
    return begins, found, both
