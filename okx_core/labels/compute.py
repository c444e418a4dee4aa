"""From candles to label rows.

Entry is the close of bar t (the decision falls at t + 1 h). A label looks at the bars t + 1 .. t + h
that follow it. A row exists once every bar of the longest horizon of its set is known: an unknown
future is no row, never a zero. A label of a row that exists is NULL only by its own rule.
"""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from okx_core.errors import OkxSignalError
from okx_core.features.grid import lay_on_grid
from okx_core.features.kernels import windows
from okx_core.features.timeframes import HOURLY, hour_number
from okx_core.hours import LABEL_HORIZON_HOURS
from okx_core.labels.declaration import FutureBars, later
from okx_core.labels.registry import LABELS

PRICES = ("high", "low", "close")
LOOKBACK_BARS = max(label.lookback_bars for label in LABELS) - 1


def history_start(start: datetime) -> datetime:
    """Open of the earliest candle that label rows from `start` on depend on."""
    return start - timedelta(hours=LOOKBACK_BARS)


def compute_labels(
    candles_1h: pd.DataFrame, start: datetime, end: datetime, horizon_set: str, known_until: datetime
) -> pd.DataFrame:
    """Label rows with start <= open < end, sorted by pair and timestamp_utc.

    The candles must reach back to `history_start(start)`. Bars that close after `known_until` are not
    read, so row t exists only when the bar closing at t + 1 h + horizon has closed. Columns: pair,
    timestamp_utc, then the float32 labels of the set, NaN by their rule.
    """
    if horizon_set not in LABEL_HORIZON_HOURS:
        raise OkxSignalError(
            f"unknown label set {horizon_set!r}: choose one of {', '.join(LABEL_HORIZON_HOURS)}"
        )
    horizon = LABEL_HORIZON_HOURS[horizon_set]
    pairs = tuple(sorted(candles_1h["pair"].unique()))
    first = hour_number(start)
    stop = max(first, min(hour_number(end), hour_number(known_until) - horizon))
    grid = lay_on_grid(candles_1h, pairs, first - LOOKBACK_BARS, stop + horizon, HOURLY, PRICES)
    future = FutureBars(*(grid.fields[name] for name in PRICES))
    rows = slice(LOOKBACK_BARS, LOOKBACK_BARS + stop - first)
    whole = later(windows.run_length(future.close), horizon)[:, rows] > horizon
    row_of_pair, bar = np.nonzero(whole)
    with np.errstate(all="ignore"):
        columns = {
            label.name: label.compute(future)[:, rows][whole].astype(np.float32)
            for label in LABELS
            if label.horizon_set == horizon_set
        }
    opens = (first + bar).astype("datetime64[h]").astype("datetime64[us]")
    keys = {
        "pair": pd.array(list(pairs), dtype="str").take(row_of_pair),
        "timestamp_utc": pd.DatetimeIndex(opens).tz_localize("UTC"),
    }
    return pd.DataFrame({**keys, **columns})
