"""Candles of many pairs laid on one dense grid of bars; a missing bar is NaN in every field."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from okx_core.features.timeframes import Timeframe, bar_numbers

Array = NDArray[np.float64]

NEEDED = ("high", "low", "close", "volume")
DECISIVE = ("open", *NEEDED)  # a bar is missing when one of these is unknown
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
    inside = (numbers >= first) & (numbers < stop) & (rows >= 0)
    whole = bool(inside.all())
    bars = stop - first
    places = rows * bars + (numbers - first)
    places = places if whole else places[inside]
    laid: dict[str, Array] = {}
    for name in fields:
        values = np.full(len(pairs) * bars, np.nan)
        if name in NEEDED or name in candles:
            column = candles[name].to_numpy(dtype=np.float64)
            values[places] = column if whole else column[inside]
        laid[name] = values.reshape(len(pairs), bars)
    missing = np.zeros((len(pairs), bars), dtype=bool)
    for name in set(fields) & set(DECISIVE) & set(candles.columns):
        missing |= ~np.isfinite(laid[name])
    for laid_values in laid.values():
        laid_values[missing] = np.nan
    return Grid(pairs, first, laid)


def pair_places(column: pd.Series, pairs: tuple[str, ...]) -> NDArray[np.int64]:
    """Place of every row's pair in `pairs` [rows]; -1 for a pair that is not there."""
    codes, names = pd.factorize(column)
    return pd.Index(pairs, dtype="str").get_indexer(pd.Index(names, dtype="str"))[codes].astype(np.int64)
