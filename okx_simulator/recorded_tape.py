"""The recorded tape: hourly candles from a Parquet file, checked row by row before anything is served.

Needs the columns pair, timestamp_utc (bar open, UTC), open, high, low, close and volume (base units).
quote_volume is optional; where it is absent it is volume x (high + low + close) / 3. Missing hours stay
missing.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from okx_core.errors import OkxSignalError
from okx_simulator.clock import HOUR_MS, ms_to_iso
from okx_simulator.synthetic_parameters import PAIR_NAME
from okx_simulator.tape import Bars, Floats

NEEDED = ("pair", "timestamp_utc", "open", "high", "low", "close", "volume")
REMEDY = "correct or remove that row, or narrow --pairs, --from, --to so that it is left out"


@dataclass(frozen=True)
class _Rows:
    """Rows [n] sorted by pair and time, as read; nothing is trusted yet."""

    pair: NDArray[np.object_]
    open_ms: NDArray[np.int64]
    columns: dict[str, Floats]


def _read(path: Path, pairs: tuple[str, ...] | None) -> pa.Table:
    if not path.is_file():
        raise OkxSignalError(f"tape {path}: no such file; give the path of a Parquet file of hourly candles")
    try:
        table = pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise OkxSignalError(f"tape {path}: not a readable Parquet file ({error}); write it again") from error
    absent = [name for name in NEEDED if name not in table.column_names]
    if absent:
        raise OkxSignalError(
            f"tape {path}: column {', '.join(absent)} is missing; it needs {', '.join(NEEDED)}"
        )
    kept = [*NEEDED, "quote_volume"] if "quote_volume" in table.column_names else list(NEEDED)
    table = table.select(kept)
    if pairs is None:
        return table
    known = set(pc.unique(table["pair"]).to_pylist())
    for pair in pairs:
        if pair not in known:
            listed = ", ".join(sorted(map(str, known)))
            raise OkxSignalError(f"tape {path}: pair {pair!r} is not in the file; choose from {listed}")
    return table.filter(pc.is_in(table["pair"], value_set=pa.array(pairs, table["pair"].type)))


def _milliseconds(path: Path, table: pa.Table) -> NDArray[np.int64]:
    """Bar opens in ms; a column that is not a time, or holds nulls, is an error."""
    column = table["timestamp_utc"]
    if not pa.types.is_timestamp(column.type) or column.null_count:
        raise OkxSignalError(
            f"tape {path}: timestamp_utc is {column.type} with {column.null_count} nulls; "
            "it must be a UTC timestamp in every row"
        )
    nanoseconds = column.cast(pa.timestamp("ns", tz=column.type.tz)).to_numpy().astype("datetime64[ns]")
    return np.asarray(nanoseconds.astype(np.int64) // 1_000_000, np.int64)


def _rows(path: Path, table: pa.Table, start_ms: int | None, end_ms: int | None) -> _Rows:
    open_ms = _milliseconds(path, table)
    chosen = np.ones(len(open_ms), bool)
    if start_ms is not None:
        chosen &= open_ms >= start_ms
    if end_ms is not None:
        chosen &= open_ms < end_ms
    pair = np.asarray(table["pair"].to_pylist(), object)[chosen]
    open_ms = open_ms[chosen]
    order = np.lexsort((open_ms, pair.astype(str)))
    names = [name for name in table.column_names if name not in ("pair", "timestamp_utc")]
    columns = {}
    for name in names:
        values = table[name].cast(pa.float64()).to_numpy(zero_copy_only=False)
        columns[name] = np.asarray(values, np.float64)[chosen][order]
    if not len(order):
        raise OkxSignalError(f"tape {path}: no rows are left between --from and --to; widen the selection")
    return _Rows(pair[order], open_ms[order], columns)


def _refuse(path: Path, rows: _Rows, bad: NDArray[np.bool_], what: str, *named: str) -> None:
    """Raise for the first bad row, with the columns that show why."""
    if not bad.any():
        return
    row = int(np.argmax(bad))
    values = ", ".join(f"{name} {rows.columns[name][row]:.12g}" for name in named)
    where = f"tape {path}: {rows.pair[row]} {ms_to_iso(int(rows.open_ms[row]))}"
    detail = f" ({values})" if values else ""
    raise OkxSignalError(f"{where}: {what}{detail}; {int(bad.sum())} such rows. {REMEDY}")


def _check(path: Path, rows: _Rows) -> None:
    off_grid = rows.open_ms % HOUR_MS != 0
    _refuse(path, rows, off_grid, "the bar does not open on the hour")
    repeated = np.r_[False, (rows.open_ms[1:] == rows.open_ms[:-1]) & (rows.pair[1:] == rows.pair[:-1])]
    _refuse(path, rows, repeated, "the hour stands twice in the file")
    for name in ("open", "high", "low", "close"):
        _refuse(path, rows, ~np.isfinite(rows.columns[name]), f"{name} is not a number", name)
        _refuse(path, rows, rows.columns[name] <= 0, f"{name} is not above zero", name)
    volume = rows.columns["volume"]
    _refuse(path, rows, ~np.isfinite(volume) | (volume < 0), "volume is unknown or negative", "volume")
    high, low = rows.columns["high"], rows.columns["low"]
    _refuse(path, rows, high < low, "high is below low", "high", "low")
    top = np.maximum(rows.columns["open"], rows.columns["close"])
    bottom = np.minimum(rows.columns["open"], rows.columns["close"])
    _refuse(path, rows, high < top, "high is below open or close", "high", "open", "close")
    _refuse(path, rows, low > bottom, "low is above open or close", "low", "open", "close")


def _turnover(columns: dict[str, Floats]) -> Floats:
    typical = (columns["high"] + columns["low"] + columns["close"]) / 3.0
    modelled = columns["volume"] * typical
    given = columns.get("quote_volume")
    return modelled if given is None else np.where(np.isfinite(given), given, modelled)


class RecordedTape:
    """Real candles of the chosen pairs and hours [start, end); ends with its last bar."""

    def __init__(
        self,
        path: Path,
        pairs: tuple[str, ...] | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
    ) -> None:
        rows = _rows(path, _read(path, pairs), start_ms, end_ms)
        _check(path, rows)
        self.path = path
        hours = rows.open_ms // HOUR_MS
        turnover = _turnover(rows.columns)
        opened, high, low, close = (rows.columns[name] for name in ("open", "high", "low", "close"))
        bars = Bars(hours, opened, high, low, close, rows.columns["volume"], turnover)
        starts = np.flatnonzero(np.r_[True, rows.pair[1:] != rows.pair[:-1]])
        ends = np.r_[starts[1:], len(hours)]
        self._bars = {str(rows.pair[a]): bars[a:b] for a, b in zip(starts, ends, strict=True)}
        for pair in self._bars:
            if not PAIR_NAME.fullmatch(pair):
                raise OkxSignalError(f"tape {path}: {pair!r} is not a spot pair; leave it out with --pairs")
        absent = [pair for pair in pairs or () if pair not in self._bars]
        if absent:
            raise OkxSignalError(f"tape {path}: pair {absent[0]!r} has no bars between --from and --to")
        self.pairs = tuple(pairs or sorted(self._bars))
        self.start_hour = int(hours.min())
        self.end_hour: int | None = int(hours.max()) + 1

    def last_hour(self, pair: str) -> int | None:
        return int(self._bars[pair].hours[-1])

    def describe(self) -> dict[str, object]:
        return {"tape": str(self.path)}

    def bars(self, pair: str, end_hour: int) -> Bars:
        return self._bars[pair].between(self.start_hour, end_hour)
