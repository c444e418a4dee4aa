"""Candle files of other programs as one tape of hourly candles, and a report of everything that was changed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from okx_core.candles.rules import COLUMNS, HOUR, check_candles
from okx_core.errors import OkxSignalError
from resources.market.foreign_files import (
    ForeignCandles,
    ForeignFileError,
    candle_files,
    read_candles,
)
from resources.market.foreign_names import holds_something_else, minutes_of_name

HOUR_MINUTES = 60


class ImportedTapeError(OkxSignalError):
    """Nothing could be made of the files."""


@dataclass
class ImportReport:
    """What became of the files: `changes` per file, `left_out` files and why, `rejected` rows by reason."""

    changes: dict[str, list[str]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    rejected: Counter[str] = field(default_factory=Counter)

    def note(self, name: str, *words: str) -> None:
        self.changes.setdefault(name, []).extend(words)


def imported(paths: Sequence[Path]) -> tuple[pd.DataFrame, ImportReport]:
    """Hourly candles of every pair, sorted by pair and time, under the candle contract [rows of COLUMNS].

    Of several files of a pair that overlap the later one counts. Bars shorter than an hour are put together where
    the hour is whole. A file that cannot be read is left out. Raises ImportedTapeError when no row is left.
    """
    report = ImportReport()
    chosen = _chosen(_read(_hourly_or_shorter(paths, report), report), report)
    frames = [frame for candles in chosen if len(frame := _hourly(candles, report))]
    if not frames:
        raise ImportedTapeError(
            "no file holds candles of an hour or less that can be read: "
            + "; ".join(f"{name}: {why}" for name, why in report.left_out.items())
        )
    every = pd.concat(frames, ignore_index=True)
    once = every.drop_duplicates(["pair", "timestamp_utc"], keep="last")
    if len(once) < len(every):
        report.note("all files", f"{len(every) - len(once):,} bars that came twice: the later file counts")
    good, rejected = check_candles(once.sort_values(["pair", "timestamp_utc"], ignore_index=True))
    report.rejected.update(rejected["reason"])
    if good.empty:
        raise ImportedTapeError(f"every row breaks a rule of candles, such as: {rejected['reason'].iloc[0]}")
    return good, report


def _hourly_or_shorter(paths: Sequence[Path], report: ImportReport) -> list[Path]:
    """The files whose name does not say that they hold something else, or bars that do not fit into an hour.

    Of a file that was itself named only the length of its bars is asked.
    """
    kept = []
    for path in candle_files(paths):
        minutes = minutes_of_name(path)
        if path not in paths and holds_something_else(path):
            report.left_out[path.name] = "by its name it holds no candles of trades"
        elif minutes is not None and HOUR_MINUTES % minutes:
            report.left_out[path.name] = f"bars of {minutes / HOUR_MINUTES:g} h cannot be cut into hours"
        else:
            kept.append(path)
    return kept


def _read(paths: Sequence[Path], report: ImportReport) -> list[ForeignCandles]:
    """The candles of each file that can be read."""
    files = []
    for path in paths:
        try:
            files.append(read_candles(path))
        except ForeignFileError as error:
            report.left_out[path.name] = str(error)
    return files


def _chosen(files: Sequence[ForeignCandles], report: ImportReport) -> list[ForeignCandles]:
    """One kind of file per pair: spot before futures, then the longest bars."""
    best: dict[str, tuple[bool, int]] = {}
    rank = {}
    for candles in files:
        minutes = _minutes(candles.rows)
        if not minutes or HOUR_MINUTES % minutes:
            report.left_out[candles.path.name] = (
                f"its bars are {minutes} minutes apart: hours need 1, 5, 15, 30 or 60"
                if minutes
                else "no two bars"
            )
            continue
        rank[candles.path] = (not candles.is_futures, minutes)
        for pair in candles.rows["pair"].unique():
            best[pair] = max(best.get(pair, (False, 0)), rank[candles.path])
    kept = []
    for candles in files:
        if candles.path not in rank:
            continue
        if any(best[pair] == rank[candles.path] for pair in candles.rows["pair"].unique()):
            kept.append(candles)
        else:
            report.left_out[candles.path.name] = (
                "another file has longer bars, or the spot market, of its pair"
            )
    return kept


def _minutes(rows: pd.DataFrame) -> int:
    """The most common distance of two bars of a pair, in minutes; 0 when there are not two."""
    steps = rows.sort_values(["pair", "timestamp_utc"]).groupby("pair")["timestamp_utc"].diff().dropna()
    steps = steps[steps > pd.Timedelta(0)]
    return int(steps.mode().iloc[0] / pd.Timedelta(minutes=1)) if len(steps) else 0


def _hourly(candles: ForeignCandles, report: ImportReport) -> pd.DataFrame:
    """The rows of a file as hours."""
    report.note(candles.path.name, *candles.changes)
    rows, minutes = candles.rows, _minutes(candles.rows)
    if minutes == HOUR_MINUTES:
        return rows
    parts = HOUR_MINUTES // minutes
    rows = rows.drop_duplicates(["pair", "timestamp_utc"]).sort_values(["pair", "timestamp_utc"])
    hours = rows.groupby(["pair", rows["timestamp_utc"].dt.floor(HOUR)])
    whole = hours.agg(
        open=("open", "first"), high=("high", "max"), low=("low", "min"), close=("close", "last"),
        volume=("volume", lambda values: values.sum(skipna=False)),
        quote_volume=("quote_volume", lambda values: values.sum(skipna=False)), bars=("open", "size"),
    ).reset_index()  # fmt: skip
    cut = int((whole["bars"] < parts).sum())
    report.note(candles.path.name, f"bars of {minutes} minutes put together to {len(whole) - cut:,} hours")
    if cut:
        report.note(candles.path.name, f"{cut:,} hours left out because not all their bars are there")
    return whole.loc[whole["bars"] == parts, list(COLUMNS)]


def coverage(tape: pd.DataFrame) -> list[tuple[str, pd.Timestamp, pd.Timestamp, int, int]]:
    """Of each pair the first and last hour, the hours that are there and those missing in between."""
    found = []
    for pair, rows in tape.groupby("pair"):
        first, last = rows["timestamp_utc"].iloc[0], rows["timestamp_utc"].iloc[-1]
        expected = int((last - first) / HOUR) + 1
        found.append((str(pair), first, last, len(rows), expected - len(rows)))
    return found


def as_parquet(tape: pd.DataFrame, target: Path) -> None:
    """Write the tape; prices and volumes as float64, times in UTC."""
    tape[list(COLUMNS)].to_parquet(target, index=False)
