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

NEEDED = ("high", "low", "close", "volume")
DECISIVE = ("open", *NEEDED)  # a bar is missing when one of these is unknown
SUMS = ("volume", "quote_volume", "taker_buy_base")
FIELDS = (*DECISIVE, "quote_volume", "taker_buy_base")


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
    candles: pd.DataFrame,
    pairs: tuple[str, ...],
    first: int,
    stop: int,
    timeframe: Timeframe,
    fields: tuple[str, ...] = FIELDS,
) -> Grid:
    """The bars [first, stop) of `pairs`; candles outside are left out.

    A bar with an unknown price or volume counts as missing; an unknown quote_volume or taker_buy_base
    alone does not. A source may lack these columns and `open` altogether: then they are NaN.
    """
    numbers = bar_numbers(candles["timestamp_utc"], timeframe)
    rows = pair_places(candles["pair"], pairs)
    bars = stop - first
    places = _cells(numbers, rows, first, bars)
    laid = np.full((len(fields), len(pairs) * bars), np.nan)
    for row, name in enumerate(fields):
        if name in NEEDED or name in candles:
            _lay(candles[name].to_numpy(dtype=np.float64), places, laid[row])
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
def _lay(column: Array, cells: NDArray[np.int64], out: Array) -> None:
    for candle in range(cells.size):
        if cells[candle] >= 0:
            out[cells[candle]] = column[candle]


@compiled
def _blank_unknown(laid: Array, needed: NDArray[np.bool_]) -> None:
    """NaN in every field [fields, cells] where one of the needed ones is not a finite number."""
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
    """out[:, place] = values[:, bars[place]]: bars of one timeframe beside the rows of another."""
    for pair in range(out.shape[0]):
        source, target = values[pair], out[pair]
        for place in range(bars.size):
            target[place] = source[np.uint64(bars[place])]


def pair_places(column: pd.Series, pairs: tuple[str, ...]) -> NDArray[np.int64]:
    """Place of every row's pair in `pairs` [rows]; -1 for a pair that is not there. Fast on sorted rows."""
    names = pa.array(column, type=pa.large_string())
    runs = pc.run_end_encode(names.combine_chunks() if isinstance(names, pa.ChunkedArray) else names)
    coded = runs.values.dictionary_encode()
    place_of = {pair: place for place, pair in enumerate(pairs)}
    places = np.array(
        [*(place_of.get(name, -1) for name in coded.dictionary.to_pylist()), -1], dtype=np.int64
    )
    codes = coded.indices.fill_null(-1).to_numpy()  # a row without a pair takes the last place, -1
    return np.repeat(places[codes], np.diff(runs.run_ends.to_numpy(), prepend=0))
