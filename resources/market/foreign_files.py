"""Candle files of other programs: CSV, Parquet, feather, JSON, with their own names of columns and of files.

A file is read into the columns of `okx_core.candles.rules`; each thing that was changed on the way is noted in words.
"""

import gzip
import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from okx_core.candles.rules import COLUMNS
from okx_core.errors import OkxSignalError
from resources.market.foreign_names import QUOTES, pair_of_name

READERS = (".parquet", ".feather", ".csv", ".csv.gz", ".json", ".json.gz")
# Names that exchanges and programs give our columns, without case and punctuation; the first that is there counts.
ALIASES = {
    "pair": ("pair", "symbol", "instid", "instrument", "market", "ticker"),
    "timestamp_utc": (
        "timestamputc", "opentime", "date", "datetime", "time", "timestamp", "ts", "unix", "unixtimestamp",
    ),
    "open": ("open", "o", "openprice"),
    "high": ("high", "h", "highprice"),
    "low": ("low", "l", "lowprice"),
    "close": ("close", "c", "closeprice"),
    "volume": ("volume", "vol", "v", "basevolume", "volumebase", "baseassetvolume"),
    "quote_volume": (
        "quotevolume", "volumequote", "quoteassetvolume", "volccyquote", "turnover", "quotevol", "volumeusdt",
    ),
}  # fmt: skip
NUMBERS = ("open", "high", "low", "close", "volume", "quote_volume")
# The order of the columns of files without a header: freqtrade's JSON, and the data sets of Binance.
HEADLESS = ("timestamp_utc", "open", "high", "low", "close", "volume", "close_time", "quote_volume")
OTHER_SEPARATORS = (";", "\t", "|")  # than a comma, which may be the decimal point beside them
MIN_COLUMNS = 5
COUNT = r"\d{9,}(\.\d+)?"  # a time as a count since 1970, written as text
# What the readers raise on damaged and strange content.
UNREADABLE = (
    ValueError, OSError, LookupError, ImportError, EOFError, zlib.error, ArithmeticError, TypeError, AttributeError,
    RecursionError,
)  # fmt: skip
EPOCH_UNITS = ((1e11, "s", 1_000_000_000), (1e14, "ms", 1_000_000), (1e17, "us", 1_000), (np.inf, "ns", 1))


class ForeignFileError(OkxSignalError):
    """The file cannot be read as candles."""


@dataclass(frozen=True)
class ForeignCandles:
    """The candles of one file; `changes` says in words what was done to read them."""

    path: Path
    rows: pd.DataFrame
    changes: list[str] = field(default_factory=list)

    @property
    def is_futures(self) -> bool:
        return "futures" in self.path.name.lower()


def candle_files(paths: Sequence[Path]) -> Iterator[Path]:
    """The files, and those of folders with an ending that may hold candles."""
    for path in paths:
        if path.is_dir():
            yield from (file for file in sorted(path.rglob("*")) if file.name.lower().endswith(READERS))
        elif path.is_file():
            yield path
        else:
            raise ForeignFileError(f"{path}: there is no such file or folder")


def read_candles(path: Path) -> ForeignCandles:
    """One file; raises ForeignFileError naming the file and what it lacks, whatever is wrong inside it."""
    try:
        return _read(path)
    except UNREADABLE as error:
        reason = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise ForeignFileError(
            f"{path} cannot be read ({reason}): give CSV, Parquet, feather or JSON with a matching ending"
        ) from None


def _read(path: Path) -> ForeignCandles:
    changes: list[str] = []
    table = _renamed(_table(path), path, changes)
    rows = pd.DataFrame({"timestamp_utc": _times(table["timestamp_utc"], path, changes)})
    for name in NUMBERS:
        rows[name] = _numbers(table[name], path, changes) if name in table else np.nan
    rows.insert(0, "pair", _pairs(table, path, changes))
    return ForeignCandles(path, rows[list(COLUMNS)], changes)


def _table(path: Path) -> pd.DataFrame:
    """The file as it is, columns in text."""
    name = path.name.lower()
    if name.endswith(".parquet"):
        return pd.read_parquet(path).reset_index()
    if name.endswith(".feather"):
        return pd.read_feather(path)
    if name.endswith((".json", ".json.gz")):
        return _headless(_of_json(json.loads(_text(path))))
    return _csv(path)


def _of_json(content: Any) -> pd.DataFrame:
    """Rows as lists or objects, columns as lists, or such rows as an answer of OKX."""
    if isinstance(content, dict) and isinstance(content.get("data"), list):
        content = content["data"]
    lengths = {len(row) for row in content if isinstance(row, list)}
    if len(lengths) > 1:
        raise ValueError(f"rows of {min(lengths)} to {max(lengths)} values")
    return pd.DataFrame(content)


def _text(path: Path) -> str:
    data = path.read_bytes()
    return (gzip.decompress(data) if path.name.endswith(".gz") else data).decode("utf-8")


def _csv(path: Path) -> pd.DataFrame:
    """With or without a header, whatever the separator; of a line of remarks above the header nothing is taken."""
    lines = _text(path).lstrip("\ufeff").splitlines()
    if not lines:
        raise ValueError("it is empty")
    inside = lines[min(2, len(lines) - 1)]
    separator = next((other for other in OTHER_SEPARATORS if inside.count(other) >= MIN_COLUMNS - 1), ",")
    skipped = int(len(lines) > 1 and lines[0].count(separator) < lines[1].count(separator))
    decimal = "," if separator != "," and re.search(r"\d,\d", lines[-1]) else "."
    has_header = not re.match(r"[\d.]+\W", lines[skipped])
    table = pd.read_csv(
        StringIO("\n".join(lines[skipped:])), sep=separator, decimal=decimal, header=0 if has_header else None
    )
    return table if has_header else _headless(table)


def _headless(table: pd.DataFrame) -> pd.DataFrame:
    """Names for columns that have none."""
    if all(isinstance(name, str) and not name.isdigit() for name in table.columns):
        return table
    names = HEADLESS[: table.shape[1]]
    return table.iloc[:, : len(names)].set_axis(list(names), axis=1)


def _renamed(table: pd.DataFrame, path: Path, changes: list[str]) -> pd.DataFrame:
    held = {re.sub(r"[^a-z0-9]", "", str(name).lower()): name for name in reversed(list(table.columns))}
    found: dict[str, Any] = {}
    for wanted, names in ALIASES.items():
        name = next((held[alias] for alias in names if alias in held), None)
        if name is not None:
            found[wanted] = name
            if name != wanted:
                changes.append(f"column {name} read as {wanted}")
    for name, wanted in _volumes_by_currency(held, found).items():
        if wanted not in found:
            found[wanted] = held[name]
            changes.append(f"column {held[name]} read as {wanted}")
    missing = [
        name for name in COLUMNS if name not in found and name not in ("pair", "volume", "quote_volume")
    ]
    if missing:
        raise ForeignFileError(
            f"{path} has no column that could be {', '.join(missing)}; it has {', '.join(map(str, table.columns))}: "
            "rename them"
        )
    return table[list(found.values())].set_axis(list(found), axis=1)


def _volumes_by_currency(held: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, str]:
    """Columns such as `Volume ADA` and `Volume USDT`, by what they count: the first of QUOTES is the quote currency."""

    def place(name: str) -> int:
        currency = name.removeprefix("volume").upper()
        return QUOTES.index(currency) if currency in QUOTES else len(QUOTES)

    names = sorted(
        (
            name
            for name in held
            if re.fullmatch(r"volume[a-z0-9]+", name) and held[name] not in found.values()
        ),
        key=place,
    )
    if not names or "volume" in found:
        return {}
    if len(names) == 1:
        return {names[0]: "volume"}
    return {names[0]: "quote_volume", names[-1]: "volume"}


def _pairs(table: pd.DataFrame, path: Path, changes: list[str]) -> Any:
    if "pair" in table:
        given = table["pair"].astype(str)
        pairs = given.map({name: _pair(name) for name in given.unique()})
        if not pairs.equals(given):
            changes.append(f"pairs written like {pairs.iloc[0]}" if len(pairs) else "no rows")
        return pairs
    pair = pair_of_name(path)
    if pair is None:
        raise ForeignFileError(
            f"{path} has no column pair, and its name does not begin with one: name it like BTC-USDT-1h{path.suffix}"
        )
    changes.append(f"pair {pair} from the name of the file")
    return pair


def _pair(name: str) -> str:
    """BTC/USDT, BTC_USDT, BTCUSDT and BTC/USDT:USDT as BTC-USDT; a swap of OKX keeps its name."""
    if name.upper().endswith("-SWAP"):
        return name.upper()
    return pair_of_name(Path(re.sub(r"[/:]", "-", name))) or name.upper()


def _times(column: "pd.Series[Any]", path: Path, changes: list[str]) -> Any:
    """UTC times from texts, times with or without a zone, and counts since 1970."""
    if not pd.api.types.is_numeric_dtype(column) and column.astype(str).str.fullmatch(COUNT).all():
        column = pd.to_numeric(column)
    if pd.api.types.is_numeric_dtype(column):
        largest = float(column.abs().max())
        if not largest < np.inf:
            raise ForeignFileError(
                f"{path}: a time is {largest}: write the counts since 1970 as whole numbers"
            )
        unit, step = next((unit, step) for limit, unit, step in EPOCH_UNITS if largest < limit)
        changes.append(f"times read as {unit} since 1970")
        return pd.to_datetime(column.round().astype("Int64") * step, unit="ns", utc=True)
    zone = str(column.dtype.tz) if isinstance(column.dtype, pd.DatetimeTZDtype) else ""
    times = pd.to_datetime(column, utc=True, errors="coerce", format="mixed" if zone else "ISO8601")
    unread = int((times.isna() & column.notna()).sum())
    if unread:
        example = column[times.isna() & column.notna()].iloc[0]
        raise ForeignFileError(
            f"{path}: {unread} times cannot be read, such as {example!r}: write them in ISO 8601"
        )
    if not zone and not column.astype(str).str.contains(r"[+Z]", regex=True).any():
        changes.append("times without a zone read as UTC")
    elif zone not in ("", "UTC"):
        changes.append(f"times moved from {zone} to UTC")
    return times


def _numbers(column: "pd.Series[Any]", path: Path, changes: list[str]) -> Any:
    if pd.api.types.is_numeric_dtype(column):
        return column.astype("float64")
    values = pd.to_numeric(column, errors="coerce").astype("float64")
    unread = values.isna() & column.notna() & (column.astype(str).str.strip() != "")
    if unread.any():
        raise ForeignFileError(
            f"{path}: {int(unread.sum())} values of {column.name} are no numbers, such as {column[unread].iloc[0]!r}"
        )
    changes.append(f"{column.name} was text")
    return values
