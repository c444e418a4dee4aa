"""Candles of a Parquet file as features read them: hourly ones, or shorter ones that make whole hours."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from okx_core.candles.rules import HOUR, broken_rules
from okx_core.features.candle_set import CandleSet
from resources.market.recorded_market import RecordedMarketError, covering_pairs, import_hint

KEYS = ("pair", "timestamp_utc")
PRICES = ("open", "high", "low", "close")
SUMS = ("volume", "quote_volume", "taker_buy_base")
QUARTER = pd.Timedelta(minutes=15)
VOLUME_UNKNOWN = "volume is not a number"  # a candle of swaps or of mark prices may have none


def recorded_candles(
    path: Path, start: datetime | None = None, end: datetime | None = None, wanted: str | None = None
) -> CandleSet:
    """The candles of a file [start, end): without any choice all that it has, of each pair its own hours.

    With `start` or `end` the pairs that cover them, or those named. Raises RecordedMarketError where a column
    or a row cannot be read, and names it.
    """
    if not path.is_file():
        raise RecordedMarketError(f"{path}: no such file; give the path of a Parquet file of candles")
    rows = _read(path)
    if start is not None or end is not None or wanted is not None:
        first, stop, pairs = covering_pairs(path, start, end, wanted)
        inside = rows["timestamp_utc"].between(first, stop, inclusive="left") & rows["pair"].isin(pairs)
        rows = rows[inside].reset_index(drop=True)
    step = _step(path, rows)
    _refuse_broken(path, rows, step)
    if step == HOUR:
        return CandleSet.of_hourly(rows)
    quarters = _joined(rows, QUARTER, step) if step <= QUARTER else rows.head(0)
    return CandleSet.of_hourly(_joined(rows, HOUR, step), quarters)


def _read(path: Path) -> pd.DataFrame:
    """The known columns, sorted by pair and time; sums that the file has not got are NaN."""
    try:
        frame = pd.read_parquet(path)
    except (ValueError, OSError) as error:  # ArrowInvalid is a ValueError
        reason = str(error).splitlines()[0]
        raise RecordedMarketError(
            f"{path} is not a readable Parquet file ({reason}): {import_hint(path)}"
        ) from None
    absent = [name for name in (*KEYS, *PRICES) if name not in frame]
    if absent or frame.empty:
        reason = f"column {', '.join(absent)} is missing" if absent else "it holds no rows"
        raise RecordedMarketError(
            f"{path}: {reason}; it needs rows of {', '.join((*KEYS, *PRICES))}: {import_hint(path)}"
        )
    if not isinstance(frame["timestamp_utc"].dtype, pd.DatetimeTZDtype):
        kind = frame["timestamp_utc"].dtype
        raise RecordedMarketError(
            f"{path}: timestamp_utc is {kind}; it must be a UTC timestamp: {import_hint(path)}"
        )
    for name in KEYS:
        if frame[name].isna().any():
            row = int(np.flatnonzero(frame[name].isna())[0])
            raise RecordedMarketError(
                f"{path}: {name} of row {row + 1} is empty: fill it in, or remove the row"
            )
    rows = pd.DataFrame({"pair": frame["pair"].astype("str")})
    rows["timestamp_utc"] = pd.to_datetime(frame["timestamp_utc"], utc=True).astype("datetime64[us, UTC]")
    for name in (*PRICES, *SUMS):
        try:
            rows[name] = frame[name].astype(np.float64) if name in frame else np.nan
        except (TypeError, ValueError) as error:
            raise RecordedMarketError(
                f"{path}: column {name} holds no numbers ({error}): {import_hint(path)}"
            ) from None
    return rows.sort_values(list(KEYS), kind="stable", ignore_index=True)


def _step(path: Path, rows: pd.DataFrame) -> pd.Timedelta:
    """The bar length: the shortest time between two bars of a pair, which must divide an hour."""
    between = rows["timestamp_utc"].diff()[rows["pair"].eq(rows["pair"].shift())]
    step = pd.Timedelta(between[between > pd.Timedelta(0)].min())
    if pd.isna(step) or HOUR % step != pd.Timedelta(0):
        raise RecordedMarketError(
            f"{path}: its bars are {step} apart; give hourly candles, or shorter ones that make an hour"
        )
    return step


def _refuse_broken(path: Path, rows: pd.DataFrame, step: pd.Timedelta) -> None:
    """The first row that breaks the contract of candles is an error; an unknown volume is none."""
    for text, broken in broken_rules(rows, step):
        if text != VOLUME_UNKNOWN and broken.any():
            row = rows.iloc[int(np.flatnonzero(broken)[0])]
            raise RecordedMarketError(
                f"{path}: {row['pair']} {row['timestamp_utc']:%Y-%m-%d %H:%M}: {text}; {int(broken.sum())} such rows. "
                "Correct or remove them, or narrow --pairs, --from, --to so that they are left out"
            )


def _joined(rows: pd.DataFrame, length: pd.Timedelta, step: pd.Timedelta) -> pd.DataFrame:
    """Bars of `length` of which every part is known."""
    if length == step:
        return rows
    grouped = rows.groupby([rows["pair"], rows["timestamp_utc"].dt.floor(length)], sort=True)
    bars = grouped.agg({"open": "first", "high": "max", "low": "min", "close": "last"})
    for name in SUMS:
        bars[name] = grouped[name].sum(min_count=length // step)
    whole: pd.DataFrame = bars[grouped.size() == length // step]
    return whole.reset_index()
