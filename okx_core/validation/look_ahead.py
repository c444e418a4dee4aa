"""No row may know the future: cut it off, poison it, start elsewhere; the bytes must stay the same."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from okx_core.features.candle_set import CandleSet
from okx_core.features.declaration import Feature
from okx_core.hours import HOUR
from okx_core.validation.result import ValidationResult, validation_result

ROWS = (
    30  # hours before each moment whose rows are compared: more than a day, so every 4h and 1d phase is met
)
AHEAD = 200 * HOUR  # a look further ahead than this shows in start-invariance
POISONS = (np.nan, 1e6, 1e-6)
SPANS = (timedelta(hours=1), timedelta(hours=30), timedelta(days=45))

Sameness = dict[str, str]


def truncation(
    candles: CandleSet, moments: Sequence[datetime], features: Sequence[Feature]
) -> ValidationResult:
    """Features up to each moment, from all candles and from those closed by then."""
    found: Sameness = {}
    for row in moments:
        start, end = row - (ROWS - 1) * HOUR, row + HOUR
        near = candles.needed_for(start, row + AHEAD)
        seen = near.features(start, row + AHEAD, features)
        cut = near.known_at(row).features(start, end, features)
        _compare(seen[seen["timestamp_utc"] < end], cut, row, found)
    return validation_result(
        "truncation", features, found,
        f"{len(moments)} moments x {ROWS} hours, byte for byte",
    )  # fmt: skip


def poison(candles: CandleSet, moments: Sequence[datetime], features: Sequence[Feature]) -> ValidationResult:
    """Features up to each moment, when everything after it is unknown, huge or tiny."""
    found: Sameness = {}
    for row in moments:
        start, end = row - (ROWS - 1) * HOUR, row + HOUR
        near = candles.needed_for(start, row + AHEAD)
        expected = near.features(start, end, features)
        for factor in POISONS:
            rows = near.poisoned(row, factor).features(start, row + AHEAD, features)
            _compare(expected, rows[rows["timestamp_utc"] < end], row, found)
    return validation_result(
        "poison", features, found,
        f"{len(moments)} moments x {len(POISONS)} poisons, byte for byte",
    )  # fmt: skip


def start_invariance(candles: CandleSet, full: pd.DataFrame, features: Sequence[Feature]) -> ValidationResult:
    """Incremental, rolling and full computation, each from just the candles that it needs."""
    found: Sameness = {}
    first, newest = full["timestamp_utc"].min(), full["timestamp_utc"].max().to_pydatetime()
    for end in (newest + HOUR, newest - timedelta(days=20, hours=7)):
        for span in SPANS:
            start = end - span
            rows = candles.needed_for(start, end).features(start, end, features)
            expected = full[full["timestamp_utc"].between(max(start, first), end, inclusive="left")]
            _compare(expected, rows, end, found)
    return validation_result(
        "start-invariance", features, found,
        f"windows of {', '.join(f'{span / HOUR:.0f} h' for span in SPANS)} against the full history",
    )  # fmt: skip


def _compare(expected: pd.DataFrame, rows: pd.DataFrame, moment: datetime, found: Sameness) -> None:
    """Note the features whose values differ in the rows of both, or that have rows on one side only."""
    keys = ["pair", "timestamp_utc"]
    same_rows = expected[keys].reset_index(drop=True).equals(rows[keys].reset_index(drop=True))
    for name in expected.columns.difference(keys, sort=False):
        one, other = expected[name].to_numpy(), rows[name].to_numpy()
        if not same_rows:
            found.setdefault(name, f"rows differ around {moment:%Y-%m-%d %H:%M}")
        elif one.tobytes() != other.tobytes():
            place = int(np.flatnonzero(one.view(np.uint32) != other.view(np.uint32))[0])
            pair, hour = expected["pair"].iloc[place], expected["timestamp_utc"].iloc[place]
            found.setdefault(
                name, f"{pair} {hour:%Y-%m-%d %H:%M}: {one[place]:.7g} became {other[place]:.7g}"
            )
