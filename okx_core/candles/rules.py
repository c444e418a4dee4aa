"""The contract of candles: which rows may enter the market tables, and why the others may not.

A candle is known by its pair and the UTC time it opens. Prices are quote per base, volume base units,
quote_volume quote units and NaN when unknown.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from okx_core.errors import OkxSignalError

COLUMNS = ("pair", "timestamp_utc", "open", "high", "low", "close", "volume", "quote_volume")
PRICES = ("open", "high", "low", "close")
# Exchanges round volume and turnover separately; the average price may leave the range by this share.
AVERAGE_PRICE_TOLERANCE = 1e-3
HOUR = pd.Timedelta(hours=1)
BAR_LENGTHS = {"15m": pd.Timedelta(minutes=15), "1h": HOUR}

Mask = NDArray[np.bool_]


def check_candles(candles: pd.DataFrame, bar: pd.Timedelta = HOUR) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split candles [n rows of COLUMNS] into good ones and rejected ones with a column `reason`.

    Both keep the order and the extra columns of the input. A row is rejected for the first rule it
    breaks. Where a pair's hour comes more than once, identical repeats leave one row, and rows that
    contradict each other are all rejected: nobody can tell which is right. A frame without the
    columns, or without UTC times, is an error, not a rejection.
    """
    _require_columns(candles)
    reason = np.full(len(candles), "", dtype=object)
    for text, broken in broken_rules(candles, bar):
        reason[(reason == "") & broken] = text
    rejected = candles.assign(reason=reason)[reason != ""]
    return candles[reason == ""].reset_index(drop=True), rejected.reset_index(drop=True)


def _require_columns(candles: pd.DataFrame) -> None:
    absent = [name for name in COLUMNS if name not in candles.columns]
    if absent:
        raise OkxSignalError(f"candles lack the column {', '.join(absent)}; they need {', '.join(COLUMNS)}")
    kind = candles["timestamp_utc"].dtype
    if not isinstance(kind, pd.DatetimeTZDtype) or str(kind.tz) != "UTC":
        raise OkxSignalError(f"candles hold timestamp_utc as {kind}; give UTC-aware times")


def broken_rules(candles: pd.DataFrame, bar: pd.Timedelta) -> Iterator[tuple[str, Mask]]:
    """Each rule's text and the rows [n] that break it, in the order of their precedence."""
    opened = candles["timestamp_utc"]
    yield "pair or time is missing", (candles["pair"].isna() | opened.isna()).to_numpy(np.bool_)
    yield f"does not open on a full {_name(bar)}", _off_grid(opened, bar)
    values = {name: candles[name].to_numpy(np.float64) for name in COLUMNS[2:]}
    for name in PRICES:
        yield f"{name} is not a number", ~np.isfinite(values[name])
        yield f"{name} is not above zero", ~(values[name] > 0)
    top = np.maximum(values["open"], values["close"])
    bottom = np.minimum(values["open"], values["close"])
    yield "high is below low", values["high"] < values["low"]
    yield "high is below open or close", values["high"] < top
    yield "low is above open or close", values["low"] > bottom
    volume, turnover = values["volume"], values["quote_volume"]
    yield "volume is not a number", ~np.isfinite(volume)
    yield "volume is below zero", volume < 0
    yield "quote_volume is below zero or infinite", (turnover < 0) | np.isinf(turnover)
    yield "quote_volume / volume is outside low..high", _average_outside(values)
    yield from _repeats(candles)


def _name(bar: pd.Timedelta) -> str:
    if bar < HOUR:
        return f"{bar / pd.Timedelta(minutes=1):g} minutes"
    return "hour" if bar == HOUR else f"{bar / HOUR:g} h"


def _off_grid(opened: "pd.Series[pd.Timestamp]", bar: pd.Timedelta) -> Mask:
    nanoseconds = opened.dt.tz_localize(None).to_numpy("datetime64[ns]").astype(np.int64)
    off: Mask = (nanoseconds % bar.value != 0) & opened.notna().to_numpy(np.bool_)
    return off


def _average_outside(values: dict[str, NDArray[np.float64]]) -> Mask:
    """Rows whose average price paid is known and outside [low, high]; a bar without trades has none."""
    volume, turnover = values["volume"], values["quote_volume"]
    traded = (volume > 0) & np.isfinite(turnover)
    average = np.divide(turnover, volume, out=np.full(len(volume), np.nan), where=traded)
    low = values["low"] * (1 - AVERAGE_PRICE_TOLERANCE)
    high = values["high"] * (1 + AVERAGE_PRICE_TOLERANCE)
    outside: Mask = traded & ((average < low) | (average > high))
    return outside


def _repeats(candles: pd.DataFrame) -> Iterator[tuple[str, Mask]]:
    keys = candles[["pair", "timestamp_utc"]]
    repeated = keys.duplicated(keep=False).to_numpy(np.bool_)
    if not repeated.any():
        return
    same_as_before = candles.duplicated(subset=list(COLUMNS), keep="first").to_numpy(np.bool_)
    contradicting = pd.Series(repeated & ~same_as_before, index=candles.index)
    count = contradicting.groupby([keys["pair"], keys["timestamp_utc"]]).transform("sum").to_numpy()
    yield "contradicts another row of the same hour", repeated & (count > 1)
    yield "repeats another row of the same hour", same_as_before
