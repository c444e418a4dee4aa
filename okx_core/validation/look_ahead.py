"""No row may know the future: cut it off, poison it, start elsewhere; the bytes must stay the same."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from okx_core.features.candle_set import CandleSet
from okx_core.features.declaration import Feature
from okx_core.hours import HOUR
from okx_core.validation.result import ValidationResult, validation_result
from okx_core.validation.unknowns import with_unknowns

ROWS = (
    30  # hours before each moment whose rows are compared: more than a day, so every 4h and 1d phase is met
)
AHEAD = 200 * HOUR  # a look further ahead than this shows in start-invariance
POISONS = (np.nan, 1e6, 1e-6)
UNKNOWN_OF = 3
FEW = 24  # moments that are given every poison
SPANS = (timedelta(hours=1), timedelta(hours=30), timedelta(days=45))

Sameness = dict[str, str]


def truncation(
    candles: CandleSet,
    moments: Sequence[datetime],
    features: Sequence[Feature],
    full: pd.DataFrame | None = None,
) -> ValidationResult:
    """Features up to each moment, from all candles (`full`, if they are computed) and from those closed by then.

    At one moment of `UNKNOWN_OF` values right before it are unknown.
    """
    found: Sameness = {}
    pairs = candles.hourly["pair"].unique()
    for place, row in enumerate(moments if features else ()):
        start, end = row - (ROWS - 1) * HOUR, row + HOUR
        near = candles.needed_for(start, row + AHEAD)
        planted = place % UNKNOWN_OF == 0
        if planted:
            near = with_unknowns(near, {pair: [row] for pair in pairs}, without_hours=True)
        seen = (
            near.features(start, row + AHEAD, features)
            if planted or full is None
            else _part(full, start, features)
        )
        cut = near.known_at(row).features(start, end, features)
        compare(seen[seen["timestamp_utc"] < end], cut, f"around {row:%Y-%m-%d %H:%M}", found)
    return validation_result(
        "truncation", features, found,
        f"{len(moments)} moments x {ROWS} hours, byte for byte",
    )  # fmt: skip


def poison(
    candles: CandleSet, moments: Sequence[datetime], features: Sequence[Feature], full: pd.DataFrame | None = None,
) -> ValidationResult:  # fmt: skip
    """Features up to each moment, when everything after it is unknown, huge or tiny; of many moments in turn."""
    found: Sameness = {}
    for place, row in enumerate(moments if features else ()):
        chosen = POISONS if len(moments) <= FEW else POISONS[place % 3 : place % 3 + 1]
        start, end = row - (ROWS - 1) * HOUR, row + HOUR
        near = candles.needed_for(start, row + AHEAD)
        seen = near.features(start, end, features) if full is None else _part(full, start, features)
        for factor in chosen:
            rows = near.poisoned(row, factor).features(start, row + AHEAD, features)
            compare(
                seen[seen["timestamp_utc"] < end],
                rows[rows["timestamp_utc"] < end],
                f"around {row:%Y-%m-%d %H:%M}",
                found,
            )
    return validation_result(
        "poison", features, found,
        f"{len(moments)} moments with unknown, huge or tiny bars after them, byte for byte",
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
            compare(expected, rows, f"before {end:%Y-%m-%d %H:%M}", found)
    middle = first.to_pydatetime() + (newest - first) // (2 * HOUR) * HOUR
    for part, start, end in (
        (candles.known_at(middle), first, middle + HOUR),
        (candles.needed_for(middle + HOUR, newest + HOUR), middle + HOUR, newest + HOUR),
    ):
        expected = full[full["timestamp_utc"].between(start, end, inclusive="left")]
        compare(expected, part.features(start, end, features), f"before {end:%Y-%m-%d %H:%M}", found)
    return validation_result(
        "start-invariance", features, found,
        f"windows of {', '.join(f'{span / HOUR:.0f} h' for span in SPANS)} and each half against the full history",
    )  # fmt: skip


def _part(full: pd.DataFrame, start: datetime, features: Sequence[Feature]) -> pd.DataFrame:
    """The rows of these features from `start` on."""
    names = ["pair", "timestamp_utc", *(feature.name for feature in features)]
    return full.loc[full["timestamp_utc"] >= start, names]


def compare(expected: pd.DataFrame, rows: pd.DataFrame, when: str, found: Sameness) -> None:
    """Note the features whose values differ in the rows of both, or that have rows on one side only."""
    keys = ["pair", "timestamp_utc"]
    same_rows = expected[keys].reset_index(drop=True).equals(rows[keys].reset_index(drop=True))
    for name in expected.columns.difference(keys, sort=False):
        one, other = expected[name].to_numpy(), rows[name].to_numpy()
        if not same_rows:
            found.setdefault(name, f"rows differ {when}")
        elif one.tobytes() != other.tobytes():
            # A NaN has a sign, which says nothing.
            apart = (one.view(np.uint32) != other.view(np.uint32)) & ~(np.isnan(one) & np.isnan(other))
            if not apart.any():
                continue
            place = int(np.flatnonzero(apart)[0])
            pair, hour = expected["pair"].iloc[place], expected["timestamp_utc"].iloc[place]
            found.setdefault(
                name, f"{pair} {hour:%Y-%m-%d %H:%M}: {one[place]:.7g} became {other[place]:.7g}"
            )
