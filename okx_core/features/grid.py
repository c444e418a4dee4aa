"""Candles of many pairs laid on one dense grid of bars; a missing bar is NaN in every field."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from okx_core.compilation import compiled
from okx_core.features.timeframes import Timeframe, bar_numbers

Array = NDArray[np.float64]
Floats = NDArray[np.floating]

NEEDED = ("high", "low", "close")  # a bar is missing when one of these is unknown
SUMS = ("volume", "quote_volume", "taker_buy_base")
FIELDS = ("open", *NEEDED, *SUMS)


@dataclass(frozen=True)
class Grid:
    """fields[name] is an array [pairs, bars]; column 0 is the bar numbered `first`."""

    pairs: tuple[str, ...]
    first: int
    fields: dict[str, Array]

    def cut(self, pairs: slice, first: int, stop: int) -> dict[str, Array]:
        """Views of the bars [first, stop) of some pairs."""
        bars = slice(first - self.first, stop - self.first)
        return {name: values[pairs, bars] for name, values in self.fields.items()}


def lay_on_grid(
    candles: pd.DataFrame, pairs: tuple[str, ...], first: int, stop: int, timeframe: Timeframe,
    fields: tuple[str, ...] = FIELDS,
) -> Grid:  # fmt: skip
    """The bars [first, stop) of `pairs`; candles outside are left out.

    A bar with an unknown high, low or close counts as missing; an unknown volume, quote_volume or taker_buy_base
    alone does not. A source may lack these columns and `open` altogether: then they are NaN.
    """
    numbers = bar_numbers(candles["timestamp_utc"], timeframe)
    rows = pair_places(candles["pair"], pairs)
    bars = stop - first
    places = _cells(numbers, rows, first, bars)
    shape = len(fields), len(pairs) * bars
    laid = np.empty(shape) if _fill_the_grid(places, shape[1]) else np.full(shape, np.nan)
    for row, name in enumerate(fields):
        if name in NEEDED or name in candles:
            _lay(candles[name].to_numpy(dtype=np.float64), places, laid[row])
        else:
            laid[row] = np.nan
    _blank_unknown(laid, np.array([name in NEEDED for name in fields]))
    shaped = laid.reshape(len(fields), len(pairs), bars)
    return Grid(pairs, first, dict(zip(fields, shaped, strict=True)))


@compiled
def _cells(numbers: NDArray[np.int64], rows: NDArray[np.int64], first: int, bars: int) -> NDArray[np.int64]:
    """Cell of every candle [candles] on the flat grid; -1 for one that is not on it."""
    cells = np.empty(numbers.size, dtype=np.int64)
    for candle in range(numbers.size):
        bar = numbers[candle] - first
        inside = (bar >= 0) & (bar < bars) & (rows[candle] >= 0)
        cells[candle] = rows[candle] * bars + bar if inside else -1
    return cells


@compiled
def _fill_the_grid(cells: NDArray[np.int64], count: int) -> bool:
    """Whether the candles are those of every cell, in the order of the cells."""
    odd = 0
    for candle in range(cells.size):
        odd += cells[candle] != candle
    return odd == 0 and cells.size == count


@compiled
def _lay(column: Array, cells: NDArray[np.int64], out: Array) -> None:
    for candle in range(cells.size):
        if cells[candle] >= 0:
            out[cells[candle]] = column[candle]


@compiled
def _blank_unknown(laid: Array, needed: NDArray[np.bool_]) -> None:
    """NaN in every field [fields, cells] where one of the needed ones is not a finite number."""
    unknown = 0
    for row in range(laid.shape[0]):
        values = laid[row]
        for cell in range(values.size if needed[row] else 0):
            unknown += values[cell] - values[cell] != 0.0
    if unknown == 0:
        return
    gap = np.zeros(laid.shape[1])
    for row in range(laid.shape[0]):
        values = laid[row]
        for cell in range(gap.size if needed[row] else 0):
            gap[cell] += values[cell] - values[cell]
    for row in range(laid.shape[0]):
        values = laid[row]
        for cell in range(gap.size):
            values[cell] = values[cell] if gap[cell] == 0.0 else np.nan


@compiled
def broadcast_bars(values: Floats, bars: NDArray[np.int64], out: Floats) -> None:
    """out[:, place] = values[:, bars[place]]: bars of one timeframe beside the rows of another; `bars` ascend."""
    places = bars.size
    head = min(_run(bars, 0), places)
    fours = (places - head) // 4 if _run(bars, head) == 4 else 0
    for place in range(head, head + 4 * fours):
        fours = fours if bars[place] == bars[head] + (place - head) // 4 else 0
    for pair in range(out.shape[0]):
        source, target = values[pair], out[pair]
        for place in range(head):
            target[place] = source[bars[place]]
        _fill_fours(source[bars[head] :] if fours else source, target[head : head + 4 * fours])
        for place in range(head + 4 * fours, places):
            target[place] = source[np.uint64(bars[place])]


@compiled
def _run(bars: NDArray[np.int64], first: int) -> int:
    """How many places from `first` on have the same bar."""
    place = first
    while place < bars.size and bars[place] == bars[first]:
        place += 1
    return place - first


@compiled
def _fill_fours(source: Floats, target: Floats) -> None:
    """Four places for each bar: nothing is looked up, so only the writing takes time."""
    rows = target.reshape(target.size // 4, 4)
    for bar in range(rows.shape[0]):
        value = source[bar]
        rows[bar, 0], rows[bar, 1], rows[bar, 2], rows[bar, 3] = value, value, value, value


def pair_places(column: pd.Series, pairs: tuple[str, ...]) -> NDArray[np.int64]:
    """Place of every row's pair in `pairs` [rows]; -1 for a pair that is not there. Fast on sorted rows."""
    names = pa.array(column, type=pa.large_string())
    names = (names.combine_chunks() if isinstance(names, pa.ChunkedArray) else names).fill_null("")
    if not len(names):
        return np.empty(0, dtype=np.int64)
    changes = pc.not_equal(names.slice(1), names.slice(0, len(names) - 1)).to_numpy(zero_copy_only=False)
    starts = np.concatenate([[0], np.flatnonzero(changes) + 1])
    place_of = {pair: place for place, pair in enumerate(pairs)}
    places = [place_of.get(name, -1) for name in names.take(pa.array(starts)).to_pylist()]
    return np.repeat(np.array(places, dtype=np.int64), np.diff(starts, append=len(names)))
