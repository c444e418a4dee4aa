"""Prices of hourly bars as grids [hours, pairs], read from the database month by month."""

from datetime import datetime

import numpy as np
import pandas as pd

from okx_core.models.panel import Prices, hour_number
from okx_core.models.ranks import Floats
from resources.feature_store.months import month_parts
from resources.feature_store.store import FeatureStore

CLOSES = "select pair, timestamp_utc, close from market.candles_1h where timestamp_utc >= $1 and timestamp_utc < $2"
RANGES = (
    "select pair, timestamp_utc, close, high, low from market.candles_1h "
    "where timestamp_utc >= $1 and timestamp_utc < $2"
)


def read_closes(store: FeatureStore, pairs: tuple[str, ...], start: datetime, end: datetime) -> Floats:
    """Closes of the hourly bars as a grid [hours, pairs], NaN where there is no bar."""
    return read_prices(store, pairs, start, end).close


def read_prices(
    store: FeatureStore, pairs: tuple[str, ...], start: datetime, end: datetime, *, with_ranges: bool = False
) -> Prices:
    """Closes of the hourly bars, and highs and lows too where `with_ranges`."""
    columns = Prices._fields if with_ranges else ("close",)
    months: dict[str, list[Floats]] = {name: [np.empty((0, len(pairs)))] for name in columns}
    for part in month_parts(start, end):
        rows = store.database.frame(RANGES if with_ranges else CLOSES, (part.start, part.end))
        for name, grids in months.items():
            grids.append(laid(rows, name, pairs, part.start, part.end))
    return Prices(**{name: np.concatenate(grids) for name, grids in months.items()})


def laid(rows: pd.DataFrame, column: str, pairs: tuple[str, ...], start: datetime, end: datetime) -> Floats:
    """A column of rows (pair, timestamp_utc) as a grid [hours, pairs]; rows of other pairs are left out."""
    first = hour_number(pd.Timestamp(start))
    grid = np.full((max(0, hour_number(pd.Timestamp(end)) - first), len(pairs)), np.nan)
    hours = rows["timestamp_utc"].dt.tz_convert(None).to_numpy("datetime64[h]").astype(np.int64) - first
    places = pd.Index(pairs).get_indexer(pd.Index(rows["pair"]))
    inside = (places >= 0) & (hours >= 0) & (hours < len(grid))
    grid[hours[inside], places[inside]] = rows[column].to_numpy(np.float64)[inside]
    return grid
