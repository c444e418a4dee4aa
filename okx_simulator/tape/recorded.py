"""The recorded tape: hourly candles from a Parquet file, checked row by row before anything is served.

Needs the columns pair, timestamp_utc (bar open, UTC), open, high, low, close and volume (base units).
quote_volume is optional; of volume and quote_volume, where one is absent it is modelled from the other at
the typical price, (high + low + close) / 3. Missing hours stay missing. A file of swaps (BTC-USDT-SWAP)
plays as the path of the pair: the exchange lists pair and swap, both at the swap's prices.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from okx_core.candles.rules import check_candles
from okx_core.errors import OkxSignalError
from okx_simulator.protocol.clock import HOUR_MS
from okx_simulator.protocol.swaps import pair_of, swap_of
from okx_simulator.tape.bars import Bars
from okx_simulator.tape.synthetic_parameters import PAIR_NAME
from okx_simulator.tape.wicks import walked_share

NEEDED = ("pair", "timestamp_utc", "open", "high", "low", "close", "volume")
REMEDY = "correct or remove that row, or narrow --pairs, --from, --to so that it is left out"
SHOWN = NUMBERS = ("open", "high", "low", "close", "volume", "quote_volume")


def _read(path: Path, pairs: tuple[str, ...] | None) -> pa.Table:
    """The needed columns of the chosen pairs; a pair the file has not got is named."""
    if not path.is_file():
        raise OkxSignalError(f"tape {path}: no such file; give the path of a Parquet file of hourly candles")
    try:
        table = pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise OkxSignalError(f"tape {path}: not a readable Parquet file ({error}); write it again") from error
    absent = [name for name in NEEDED if name not in table.column_names]
    if absent:
        needed = ", ".join(NEEDED)
        raise OkxSignalError(f"tape {path}: column {', '.join(absent)} is missing; it needs {needed}")
    kept = [*NEEDED, "quote_volume"] if "quote_volume" in table.column_names else list(NEEDED)
    table = _plain(path, table.select(kept).replace_schema_metadata(None))
    _check_keys(path, table)
    if pairs is None:
        return table
    known = set(pc.unique(table["pair"]).to_pylist())
    for pair in pairs:
        if pair not in known:
            listed = ", ".join(sorted(map(str, known)))
            raise OkxSignalError(f"tape {path}: pair {pair!r} is not in the file; choose from {listed}")
    return table.filter(pc.is_in(table["pair"], value_set=pa.array(pairs, table["pair"].type)))


def _plain(path: Path, table: pa.Table) -> pa.Table:
    """Pairs as text and numbers as floats, whatever width, dictionary or decimal the file keeps them in."""
    for name in table.column_names:
        kind = table[name].type
        is_number = pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind)
        if name in NUMBERS and not is_number and not pa.types.is_null(kind):
            raise OkxSignalError(
                f"tape {path}: column {name} is {kind}, not numbers; write it again with numbers, or make a tape of it "
                "with `okxsignal import`"
            )
        wanted = None
        if pa.types.is_dictionary(kind) or pa.types.is_large_string(kind):
            wanted = pa.string()
        elif name in NUMBERS and not pa.types.is_floating(kind):
            wanted = pa.float64()
        if wanted is not None:
            table = table.set_column(table.column_names.index(name), name, table[name].cast(wanted))
    return table


def _check_keys(path: Path, table: pa.Table) -> None:
    """A row without pair or time belongs nowhere: no selection may quietly leave it out."""
    keyless = pc.or_(pc.is_null(table["pair"]), pc.is_null(table["timestamp_utc"]))
    count = pc.sum(keyless).as_py() or 0
    if count:
        first = pc.index(keyless, value=True).as_py()
        raise OkxSignalError(
            f"tape {path}: {count} rows have no pair or no timestamp_utc, the first is row {first}; "
            "remove or complete them in the file"
        )


def _frame(path: Path, table: pa.Table, start_ms: int | None, end_ms: int | None) -> pd.DataFrame:
    """The rows that open in [start, end), sorted by pair and time, with UTC times and float columns."""
    if not pa.types.is_timestamp(table["timestamp_utc"].type):
        kind = table["timestamp_utc"].type
        raise OkxSignalError(f"tape {path}: timestamp_utc is {kind}; it must be a UTC timestamp")
    frame: pd.DataFrame = table.to_pandas()
    frame["timestamp_utc"] = pd.to_datetime(frame["timestamp_utc"], utc=True)
    if "quote_volume" not in frame:
        frame["quote_volume"] = np.nan
    typical = (frame["high"] + frame["low"] + frame["close"]) / 3.0
    frame["volume"] = frame["volume"].fillna(frame["quote_volume"] / typical)
    chosen = np.ones(len(frame), np.bool_)
    if start_ms is not None:
        chosen &= (frame["timestamp_utc"] >= pd.Timestamp(start_ms, unit="ms", tz="UTC")).to_numpy()
    if end_ms is not None:
        chosen &= (frame["timestamp_utc"] < pd.Timestamp(end_ms, unit="ms", tz="UTC")).to_numpy()
    if not chosen.any():
        raise OkxSignalError(f"tape {path}: no rows are left between --from and --to; widen the selection")
    return frame[chosen].sort_values(["pair", "timestamp_utc"], kind="stable", ignore_index=True)


def _accepted(path: Path, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame, if every row keeps the candle contract; the first that does not is shown."""
    good, rejected = check_candles(frame)
    if len(rejected):
        row = rejected.iloc[0]
        values = ", ".join(f"{name} {row[name]:.12g}" for name in SHOWN)
        opened = row["timestamp_utc"]
        hour = "unknown hour" if pd.isna(opened) else f"{opened:%Y-%m-%dT%H:%M:%SZ}"
        raise OkxSignalError(
            f"tape {path}: {row['pair']} {hour}: {row['reason']} ({values}); "
            f"{len(rejected)} such rows. {REMEDY}"
        )
    return good


def _bars(frame: pd.DataFrame) -> Bars:
    """One pair's rows as arrays; unknown turnover is modelled from the typical price."""
    values = {name: frame[name].to_numpy(np.float64) for name in SHOWN}
    typical = (values["high"] + values["low"] + values["close"]) / 3.0
    turnover = values["quote_volume"]
    values["quote_volume"] = np.where(np.isfinite(turnover), turnover, values["volume"] * typical)
    opened = frame["timestamp_utc"].dt.tz_localize(None).to_numpy("datetime64[ms]").astype(np.int64)
    return Bars(opened // HOUR_MS, *(values[name] for name in SHOWN))


def _path_name(path: Path, name: str) -> str:
    """The pair whose path the file's rows are: the name itself, for a swap that of its pair."""
    if not PAIR_NAME.fullmatch(pair_of(name)):
        raise OkxSignalError(f"tape {path}: {name!r} is not a spot pair or a swap; leave it out with --pairs")
    return pair_of(name)


def comovement(pairs: Iterable[Bars]) -> float:
    """Mean correlation of the hourly returns of different pairs, 0 to 1; 0 for a single pair.

    With z the standardised returns of the n pairs of an hour, E[(sum z)^2] = n + n (n - 1) correlation.
    """
    hours, values = [], []
    for bars in pairs:
        returns = np.log(bars.close / bars.open)
        if returns.std() > 0:
            hours.append(bars.hours)
            values.append((returns - returns.mean()) / returns.std())
    if len(hours) < 2:
        return 0.0
    _, which = np.unique(np.concatenate(hours), return_inverse=True)
    z = np.concatenate(values)
    total, squares, count = (np.bincount(which, weights) for weights in (z, z * z, np.ones_like(z)))
    mates = float((count * (count - 1)).sum())
    return min(max(float((total**2 - squares).sum()) / mates, 0.0), 1.0) if mates else 0.0


def _refuse_pair_and_swap(path: Path, names: set[str]) -> None:
    both = [name for name in sorted(names) if swap_of(name) in names]
    if both:
        raise OkxSignalError(f"tape {path}: holds {both[0]} and its swap; choose one of them with --pairs")


class RecordedTape:
    """Real candles of the chosen pairs and hours [start, end); ends with its last bar."""

    def __init__(
        self,
        path: Path,
        pairs: tuple[str, ...] | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
    ) -> None:
        frame = _accepted(path, _frame(path, _read(path, pairs), start_ms, end_ms))
        self.path = path
        self.seed = 0
        self._bars = {
            _path_name(path, str(pair)): _bars(rows) for pair, rows in frame.groupby("pair", sort=True)
        }
        _refuse_pair_and_swap(path, set(frame["pair"]))
        chosen = [_path_name(path, pair) for pair in pairs or ()]
        absent = [pair for pair in chosen if pair not in self._bars]
        if absent:
            raise OkxSignalError(f"tape {path}: pair {absent[0]!r} has no bars between --from and --to")
        self.pairs = tuple(chosen or sorted(self._bars))
        self.start_hour = min(int(bars.hours[0]) for bars in self._bars.values())
        self.comovement = comovement(self._bars.values())
        self._walked_shares = {pair: walked_share(bars) for pair, bars in self._bars.items()}
        self.end_hour: int | None = 1 + max(int(bars.hours[-1]) for bars in self._bars.values())

    def last_hour(self, pair: str) -> int | None:
        return int(self._bars[pair].hours[-1])

    def walked_share(self, pair: str) -> float:
        return self._walked_shares[pair]

    def describe(self) -> dict[str, object]:
        return {"tape": str(self.path)}

    def bars(self, pair: str, end_hour: int) -> Bars:
        return self._bars[pair].between(self.start_hour, end_hour)
