"""Which hours of which tables depend on a candle."""

from datetime import datetime, timedelta

import pandas as pd

from okx_core.features.timeframes import QUARTER_HOURLY, touched_until
from okx_core.hours import DAY, HOUR, LABEL_HORIZON_HOURS, floor_hour
from okx_core.labels.compute import LOOKBACK_BARS

Window = tuple[datetime, datetime]

DERIVED_CANDLES = ("market.candles_4h", "market.candles_1d")
FEATURES = "features.features_1h"
LABEL_HORIZONS = {f"ml.labels_{name}": hours * HOUR for name, hours in LABEL_HORIZON_HOURS.items()}
DEPENDENT_TABLES = (*DERIVED_CANDLES, FEATURES, *LABEL_HORIZONS)


def dependent_hours(table: str, first: datetime, last: datetime, bar: str = "1h") -> Window | None:
    """The hours [start, end) of `table` that depend on a candle that opens between `first` and `last`.

    Of the 15-minute candles only features depend; None where nothing does.
    """
    if bar == "15m":
        reach = QUARTER_HOURLY.anchor_bars * timedelta(minutes=QUARTER_HOURLY.minutes)
        return (floor_hour(first), floor_hour(last + reach) + HOUR) if table == FEATURES else None
    if table in DERIVED_CANDLES:
        return first.replace(hour=0), last.replace(hour=0) + DAY
    if table == FEATURES:
        return first.replace(hour=0), touched_until(last)
    return first - LABEL_HORIZONS[table], last + HOUR * (1 + LOOKBACK_BARS)


def describe_dependents(changed: pd.DataFrame, bar: str = "1h") -> list[str]:
    """The hours of each table that depend on these bars (pair, timestamp_utc); a line per table."""
    if changed.empty:
        return []
    opens = changed["timestamp_utc"]
    first, last = opens.min().to_pydatetime(), opens.max().to_pydatetime()
    windows = {table: dependent_hours(table, first, last, bar) for table in DEPENDENT_TABLES}
    return [
        f"{table}: {window[0]:%Y-%m-%d %H:%M} to {window[1]:%Y-%m-%d %H:%M}"
        for table, window in windows.items()
        if window
    ]
