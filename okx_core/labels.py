"""Labels: what came after a bar closed, measured from its close.

Entry is the close of bar t (the decision falls at t + 1 h). A label looks at the bars t + 1 .. t + h
that follow it. A row exists once every label of its set is known and no bar of the longest horizon
is missing: an unknown future is no row, never a zero.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from okx_core.errors import OkxSignalError
from okx_core.features import windows
from okx_core.features.grid import lay_on_grid
from okx_core.features.timeframes import HOURLY, hour_number
from okx_core.fees import TAKER_FEE_RATE

Array = NDArray[np.float64]

PRICES = ("high", "low", "close")


@dataclass(frozen=True)
class Label:
    """One label column; `compute` takes high, low and close [pairs, bars] and the bars ahead."""

    name: str
    horizon_hours: int
    description: str
    compute: Callable[[Array, Array, Array, int], Array]


def later(values: Array, bars: int) -> Array:
    """`values` as they will be `bars` bars later; NaN beyond the array's end."""
    out = np.full(values.shape, np.nan)
    out[:, : values.shape[1] - bars] = values[:, bars:]
    return out


def future_return(_high: Array, _low: Array, close: Array, bars: int) -> Array:
    return 100.0 * (later(close, bars) / close - 1.0)


def future_max_return(high: Array, _low: Array, close: Array, bars: int) -> Array:
    return 100.0 * (later(windows.rolling_max(high, bars), bars) / close - 1.0)


def future_max_drawdown(_high: Array, low: Array, close: Array, bars: int) -> Array:
    lowest = -later(windows.rolling_max(-low, bars), bars)
    return np.minimum(100.0 * (lowest / close - 1.0), 0.0)


def was_profitable(_high: Array, _low: Array, close: Array, bars: int) -> Array:
    kept = later(close, bars) / close * (1.0 - TAKER_FEE_RATE) ** 2
    return np.where(np.isnan(kept), np.nan, (kept > 1.0) * 1.0)


def _return_label(name: str, horizon_hours: int) -> Label:
    description = f"close {horizon_hours} h later / close - 1, %"
    return Label(f"future_return_{name}_pct", horizon_hours, description, future_return)


_LABELS_1D = (
    _return_label("1h", 1),
    _return_label("4h", 4),
    _return_label("12h", 12),
    _return_label("1d", 24),
    Label(
        "future_max_return_24h_pct",
        24,
        "highest high of the 24 bars after the row / close - 1, %; negative when the price never came back",
        future_max_return,
    ),
    Label(
        "future_max_drawdown_12h_pct",
        12,
        "lowest low of the 12 bars after the row / close - 1, %; 0 when the price never fell below entry",
        future_max_drawdown,
    ),
    Label(
        "was_profitable_12h",
        12,
        "1 when buying at the close and selling 12 h later earned more than two taker fees, else 0",
        was_profitable,
    ),
)
_LABELS_2W = (_return_label("3d", 72), _return_label("1w", 168), _return_label("2w", 336))
_SETS = {"1d": _LABELS_1D, "2w": _LABELS_2W}
LABELS = _LABELS_1D + _LABELS_2W

LABELS_1D: tuple[str, ...] = tuple(label.name for label in _LABELS_1D)
LABELS_2W: tuple[str, ...] = tuple(label.name for label in _LABELS_2W)
LABEL_DESCRIPTIONS: dict[str, str] = {label.name: label.description for label in LABELS}
HORIZON_HOURS: dict[str, int] = {
    name: max(label.horizon_hours for label in labels) for name, labels in _SETS.items()
}


def compute_labels(
    candles_1h: pd.DataFrame, start: datetime, end: datetime, horizon_set: str, known_until: datetime
) -> pd.DataFrame:
    """Label rows with start <= open < end, sorted by pair and timestamp_utc, without NULLs.

    Bars that close after `known_until` are not read, so row t exists only when the bar closing at
    t + 1 h + horizon has closed. Columns: pair, timestamp_utc, then float32 labels of the set.
    """
    if horizon_set not in _SETS:
        raise OkxSignalError(f"unknown label set {horizon_set!r}: choose one of {', '.join(_SETS)}")
    labels, horizon = _SETS[horizon_set], HORIZON_HOURS[horizon_set]
    pairs = tuple(sorted(candles_1h["pair"].unique()))
    first = hour_number(start)
    stop = max(first, min(hour_number(end), hour_number(known_until) - horizon))
    grid = lay_on_grid(candles_1h, pairs, first, stop + horizon, HOURLY, PRICES)
    high, low, close = (grid.fields[name] for name in PRICES)
    rows = slice(0, stop - first)
    whole = later(windows.run_length(close), horizon)[:, rows] > horizon
    row_of_pair, bar = np.nonzero(whole)
    columns = {
        label.name: label.compute(high, low, close, label.horizon_hours)[:, rows][whole].astype(np.float32)
        for label in labels
    }
    opens = (first + bar).astype("datetime64[h]").astype("datetime64[us]")
    keys = {
        "pair": pd.array(list(pairs), dtype="str").take(row_of_pair),
        "timestamp_utc": pd.DatetimeIndex(opens).tz_localize("UTC"),
    }
    return pd.DataFrame({**keys, **columns})
