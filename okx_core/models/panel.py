"""A panel: every pair and hour with its features in one matrix, made once for all members and training dates."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple
from zlib import crc32

import numpy as np
import numpy.typing as npt
import pandas as pd

from okx_core.errors import OkxSignalError
from okx_core.models.ranks import Floats, Matrix, Whole, matrix_ranks

MIN_PAIRS = 3  # of two pairs the order is a coin
MIN_MODELLED_PAIRS = (
    4  # apart from volatility three pairs have no order, and no model of them can pass the gate
)
BLOCK_ROWS = 50_000


class Prices(NamedTuple):
    """Prices of hourly bars [hours, pairs], NaN where there is no bar; highs and lows None where nobody needs them."""

    close: Floats
    high: Floats | None = None
    low: Floats | None = None

    def between(self, first: int, stop: int) -> "Prices":
        """The hours [first, stop)."""
        high, low = (None if grid is None else grid[first:stop] for grid in (self.high, self.low))
        return Prices(self.close[first:stop], high, low)


class PanelError(OkxSignalError):
    """The rows do not make a panel that models can be evaluated on."""


@dataclass(frozen=True)
class Panel:
    """Rows sorted by hour and pair, and the prices as grids.

    `values` float32 [rows, features], NaN where unknown; `row_hour` and `row_pair` [rows] place each row in a grid
    of shape [hours, pairs]; `first_hour` is the grid's first hour in hours since 1970. `closes` float64
    [hours, pairs], NaN where there is no bar, and so are `highs` and `lows` where they are given. A row of hour t is
    known at t + 1 h.
    """

    pairs: tuple[str, ...]
    names: tuple[str, ...]
    first_hour: int
    values: Matrix
    row_hour: Whole
    row_pair: Whole
    closes: Floats
    highs: Floats | None = None
    lows: Floats | None = None

    @property
    def prices(self) -> Prices:
        """Closes, highs and lows."""
        return Prices(self.closes, self.highs, self.lows)

    @property
    def hours(self) -> int:
        """Number of hours of the grid."""
        return len(self.closes)

    def moment(self, hour: int) -> pd.Timestamp:
        """The open of an hour of the grid."""
        return pd.Timestamp(self.first_hour + hour, unit="h", tz="UTC")

    @cached_property
    def starts(self) -> Whole:
        """First row of each hour of the grid, and the number of rows at the end [hours + 1]."""
        return np.searchsorted(self.row_hour, np.arange(self.hours + 1)).astype(np.int64)

    def grid(self, values: Floats) -> Floats:
        """Values of rows [rows] as a grid [hours, pairs], NaN where there is no row."""
        out = np.full(self.closes.shape, np.nan)
        out[self.row_hour, self.row_pair] = values
        return out

    def rows(self, grid: Floats) -> Floats:
        """Values of a grid for each row [rows]."""
        return grid[self.row_hour, self.row_pair]

    def column(self, name: str) -> Floats:
        """A feature as a grid. Raises PanelError when the panel has no such feature."""
        if name not in self.names:
            raise PanelError(f"the panel has no feature {name}; it has {', '.join(self.names[:5])}, ...")
        return self.grid(self.values[:, self.names.index(name)].astype(np.float64))

    def staggered(self, every_hours: int) -> npt.NDArray[np.bool_]:
        """Rows once in `every_hours`, each pair in a phase of its own, so that every hour of the day occurs."""
        return on_grid(self.first_hour + self.row_hour, phases(self.pairs)[self.row_pair], every_hours)

    def ranked(self, first: int, stop: int) -> Matrix:
        """Features of rows [first, stop) as ranks inside their hour, see `matrix_ranks`; whole hours only."""
        return matrix_ranks(self.values[first:stop], self.row_hour[first:stop])

    def thinned(self, rows: Whole, *, ranked: bool) -> Matrix:
        """Features of some rows (ascending), raw or ranked in their hours; made in blocks to spare memory."""
        if not ranked:
            return self.values[rows]
        out = np.empty((len(rows), len(self.names)), dtype=np.float32)
        hour = 0
        while hour < self.hours:
            later = int(np.searchsorted(self.starts, self.starts[hour] + BLOCK_ROWS))
            stop_hour = min(self.hours, max(hour + 1, later))
            first, stop = int(self.starts[hour]), int(self.starts[stop_hour])
            low, high = np.searchsorted(rows, (first, stop))
            if high > low:
                out[low:high] = self.ranked(first, stop)[rows[low:high] - first]
            hour = stop_hour
        return out


def assemble_panel(
    candles: pd.DataFrame,
    names: Sequence[str],
    features_of: Callable[[pd.Timestamp, pd.Timestamp], pd.DataFrame],
    start: pd.Timestamp,
    end: pd.Timestamp,
    chunk: pd.Timedelta,
) -> Panel:
    """The panel of [start, end) from hourly `candles` and a function that computes the features of a stretch.

    The features come in chunks, so that only the finished matrix is large. Raises PanelError with fewer than four
    pairs.
    """
    inside = candles[candles["timestamp_utc"].between(start, end, inclusive="left")]
    pairs = tuple(sorted(inside["pair"].unique()))
    if len(pairs) < MIN_MODELLED_PAIRS:
        raise PanelError(
            f"{len(pairs)} pairs from {start:%Y-%m-%d} to {end:%Y-%m-%d}: ranks apart from volatility need at least "
            f"{MIN_MODELLED_PAIRS}; "
            "name more --pairs or another stretch"
        )
    first, stop = hour_number(start), hour_number(end)
    prices = {name: np.full((stop - first, len(pairs)), np.nan) for name in Prices._fields}
    bars = _places(inside, pairs, first)
    for name, grid in prices.items():
        grid[bars] = inside[name].to_numpy(np.float64)
    values = np.empty((len(inside), len(names)), dtype=np.float32)
    hours, places = np.empty(len(inside), np.int64), np.empty(len(inside), np.int64)
    filled, since = 0, start
    while since < end:
        part = features_of(since, min(since + chunk, end))
        hour, pair = _places(part, pairs, first)
        order = np.lexsort((pair, hour))
        rows = slice(filled, filled + len(part))
        hours[rows], places[rows] = hour[order], pair[order]
        for number, name in enumerate(names):
            values[rows, number] = part[name].to_numpy(np.float32)[order]
        filled, since = filled + len(part), since + chunk
    if filled != len(inside):
        raise PanelError(f"{filled} feature rows for {len(inside)} candles: each candle needs one row")
    return Panel(
        pairs, tuple(names), first, values, hours, places, prices["close"], prices["high"], prices["low"]
    )


def phases(pairs: Sequence[str]) -> Whole:
    """A number of each pair that rests on its name alone: a pair that is listed later changes no other's rows."""
    return np.array([crc32(pair.encode()) for pair in pairs], dtype=np.int64)


def on_grid(hours: Whole, phase: Whole, every_hours: int) -> npt.NDArray[np.bool_]:
    """Rows at `hours` since 1970 that are kept when one in `every_hours` is, by the phase of their pair [rows]."""
    kept: npt.NDArray[np.bool_] = (hours + phase) % every_hours == 0
    return kept


def hour_number(moment: pd.Timestamp) -> int:
    """Hours since 1970 of a whole hour."""
    return int(moment.timestamp() // 3600)


def _places(rows: pd.DataFrame, pairs: tuple[str, ...], first: int) -> tuple[Whole, Whole]:
    """Grid place of each row."""
    utc = rows["timestamp_utc"].dt.tz_convert(None).to_numpy("datetime64[h]").astype(np.int64)
    return utc - first, pd.Index(pairs).get_indexer(pd.Index(rows["pair"])).astype(np.int64)
