"""Which hours of which tables depend on a candle."""

from datetime import datetime

import pandas as pd

from okx_core.features.timeframes import touched_until
from okx_core.hours import DAY, HOUR, LABEL_HORIZON_HOURS
from okx_core.labels.compute import LOOKBACK_BARS

Window = tuple[datetime, datetime]

DERIVED_CANDLES = ("market.candles_4h", "market.candles_1d")
FEATURES = "features.features_1h"
LABEL_HORIZONS = {f"ml.labels_{name}": hours * HOUR for name, hours in LABEL_HORIZON_HOURS.items()}
DEPENDENT_TABLES = (*DERIVED_CANDLES, FEATURES, *LABEL_HORIZONS)


def dependent_hours(table: str, first: datetime, last: datetime) -> Window:
    """The hours [start, end) of `table` that depend on a candle that opens between `first` and `last`."""
    if table in DERIVED_CANDLES:
        return first.replace(hour=0), last.replace(hour=0) + DAY
    if table == FEATURES:
        return first.replace(hour=0), touched_until(last)
    return first - LABEL_HORIZONS[table], last + HOUR * (1 + LOOKBACK_BARS)


def describe_dependents(changed: pd.DataFrame) -> list[str]:
    """The hours of each table that depend on these bars (pair, timestamp_utc); a line per table."""
    if changed.empty:
        return []
    opens = changed["timestamp_utc"].dt.floor("h")
    first, last = opens.min().to_pydatetime(), opens.max().to_pydatetime()
    windows = {table: dependent_hours(table, first, last) for table in DEPENDENT_TABLES}
    return [
        f"{table}: {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}" for table, (start, end) in windows.items()
    ]
