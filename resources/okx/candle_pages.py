"""Pages of candles: nine text fields a row into arrays, and arrays into the frame everyone else uses."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from resources.okx.errors import ParsingError

HOUR_MS = 3_600_000
BAR_MS = {"15m": HOUR_MS // 4, "1H": HOUR_MS, "4H": 4 * HOUR_MS, "1Dutc": 24 * HOUR_MS}
FIELDS = 9
COLUMNS = ("open", "high", "low", "close", "volume", "quote_volume")


@dataclass(frozen=True)
class CandlePage:
    """Bars [n], newest first: opens in ms, values [6, n] in the order of COLUMNS, and whether closed."""

    open_ms: NDArray[np.int64]
    values: NDArray[np.float64]
    confirmed: NDArray[np.bool_]

    def chosen(self, rows: NDArray[np.bool_]) -> "CandlePage":
        return CandlePage(self.open_ms[rows], self.values[:, rows], self.confirmed[rows])


def _bad_row(inst_id: str, number: int, row: object) -> ParsingError:
    return ParsingError("candles", f"{inst_id}: row {number} is malformed: {row!r:.160}")


def _check_shapes(inst_id: str, rows: Sequence[object]) -> None:
    for number, row in enumerate(rows):
        complete = isinstance(row, list) and len(row) >= FIELDS and all(isinstance(x, str) for x in row)
        if not complete:
            raise _bad_row(inst_id, number, row)


def _first_unreadable(inst_id: str, rows: Sequence[Sequence[str]]) -> ParsingError:
    for number, row in enumerate(rows):
        try:
            int(row[0])
            readable = bool(np.isfinite([float(field) for field in row[1:8]]).all())
        except ValueError:
            readable = False
        if not readable:
            return _bad_row(inst_id, number, row)
    return _bad_row(inst_id, 0, rows[0])


def parse_candles(inst_id: str, bar: str, rows: Sequence[Sequence[str]]) -> CandlePage:
    """One page as arrays. Spot counts volume in base (field 5), a swap in contracts, with base in field 6.

    A row of the wrong shape, with text that is no number, off the grid of `bar` or neither open nor
    closed is an error that shows the row: half a page is never used.
    """
    _check_shapes(inst_id, rows)
    if not rows:
        return CandlePage(np.empty(0, np.int64), np.empty((6, 0)), np.empty(0, np.bool_))
    fields = list(zip(*(row[:FIELDS] for row in rows), strict=True))
    base = fields[6] if inst_id.endswith("-SWAP") else fields[5]
    try:
        open_ms = np.array([int(stamp) for stamp in fields[0]], np.int64)
        values = np.array([*fields[1:5], base, fields[7]], np.str_).astype(np.float64)
    except ValueError as error:
        raise _first_unreadable(inst_id, rows) from error
    if not np.isfinite(values).all():
        raise _first_unreadable(inst_id, rows)
    confirm = np.array(fields[8], np.str_)
    off = (open_ms % BAR_MS[bar] != 0) | ~np.isin(confirm, ("0", "1"))
    if off.any():
        number = int(np.argmax(off))
        raise _bad_row(inst_id, number, rows[number])
    return CandlePage(open_ms, values, confirm == "1")


def candle_frame(inst_id: str, pages: Sequence[CandlePage]) -> pd.DataFrame:
    """Confirmed bars of all pages, oldest first: pair, timestamp_utc (bar open), COLUMNS as float64."""
    open_ms = np.concatenate([np.empty(0, np.int64), *(page.open_ms for page in pages)])
    values = np.concatenate([np.empty((6, 0)), *(page.values for page in pages)], axis=1)
    confirmed = np.concatenate([np.empty(0, np.bool_), *(page.confirmed for page in pages)])
    order = np.argsort(open_ms, kind="stable")
    order = order[confirmed[order]]
    stamps = pd.DatetimeIndex(open_ms[order].astype("datetime64[ms]")).tz_localize("UTC")
    columns = {name: values[row, order] for row, name in enumerate(COLUMNS)}
    pair = pd.Series([inst_id] * len(order), dtype="str")
    return pd.DataFrame({"pair": pair, "timestamp_utc": stamps, **columns})
