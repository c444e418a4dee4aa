"""Columns that change a feature without being declared: what it reads in secret, nobody checks."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from okx_core.features.candle_set import SUMS_AND_PRICES, CandleSet
from okx_core.features.declaration import Feature
from okx_core.validation.result import ValidationResult, validation_result

SPAN = timedelta(days=30)
LARGEST_CHANGE = 0.3
SHIFT = timedelta(days=3, hours=5)  # another hour and day of the week
OTHER_FUNDING = timedelta(hours=5)
SAME, MOVED_SHARE = 1e-3, 0.01  # in deviations; of the rows


def undeclared_inputs(candles: CandleSet, end: datetime, features: Sequence[Feature]) -> ValidationResult:
    """Features of the newest month that differ when a column they do not declare is changed by up to a third."""
    start = end - SPAN
    near = candles.needed_for(start, end)
    values = near.features(start, end, features)
    found: dict[str, str] = {}
    columns = [column for column in SUMS_AND_PRICES if column in near.hourly]
    for column in (*columns, "universe", "funding"):
        changed = _changed(near, column).features(start, end, features)
        for feature in features:
            moved = changed[feature.name].to_numpy().tobytes() != values[feature.name].to_numpy().tobytes()
            if moved and column not in feature.inputs:
                found.setdefault(feature.name, f"reads {column}, which its inputs do not name")
    found |= {name: reason for name, reason in _of_the_clock(near, start, end, features) if name not in found}
    evidence = f"{', '.join(columns)}, the universe, the funding and the clock changed in turn"
    return validation_result("inputs", features, found, evidence)


def _of_the_clock(
    candles: CandleSet, start: datetime, end: datetime, features: Sequence[Feature]
) -> Iterator[tuple[str, str]]:
    """Features of hourly bars that differ when the same bars come some days and hours later.

    Recursions begin at another bar then, which moves a value by next to nothing.
    """
    quiet = [
        feature
        for feature in features
        if feature.timeframe in ("1h", "cross") and not {"timestamp_utc", "universe"} & set(feature.inputs)
    ]
    hourly = replace(candles.read_by(quiet), universe=None, funding=None)
    frames = {
        name: frame.assign(timestamp_utc=frame["timestamp_utc"] + SHIFT)
        for name, frame in hourly.frames.items()
    }
    values = hourly.features(start, end, quiet)
    later = replace(hourly, frames=frames).features(start + SHIFT, end + SHIFT, quiet)
    for feature in quiet:
        one, other = (rows[feature.name].to_numpy(np.float64) for rows in (values, later))
        gap = np.abs(one - other)[np.isfinite(one) & np.isfinite(other)]
        if gap.size and (gap > SAME * max(float(np.nanstd(one)), 1e-12)).mean() > MOVED_SHARE:
            yield feature.name, "reads timestamp_utc, which its inputs do not name"


def _changed(candles: CandleSet, column: str) -> CandleSet:
    """The same candles with other values of one column."""
    generator = np.random.default_rng(5)
    if column == "universe":
        return _other_universe(candles, generator)
    if column == "funding":
        return _other_funding(candles)
    frames = {}
    for name, frame in candles.frames.items():
        if column in frame:
            factor = np.exp(generator.uniform(-LARGEST_CHANGE, LARGEST_CHANGE, len(frame)))
            frame = frame.assign(**{column: frame[column].to_numpy(np.float64) * factor})
        frames[name] = frame
    return replace(candles, frames=frames)


def _other_universe(candles: CandleSet, generator: np.random.Generator) -> CandleSet:
    """Other pairs are enabled; where no universe is known, half of them."""
    if candles.universe is not None and len(candles.universe):
        flipped = candles.universe["enabled"].astype(bool) ^ (generator.random(len(candles.universe)) < 0.5)
        return replace(candles, universe=candles.universe.assign(enabled=flipped))
    days = pd.Series(candles.hourly["timestamp_utc"].dt.date.unique(), name="day").to_frame()
    universe = days.merge(pd.DataFrame({"pair": candles.hourly["pair"].unique()}), how="cross")
    return replace(candles, universe=universe.assign(enabled=generator.random(len(universe)) < 0.5))


def _other_funding(candles: CandleSet) -> CandleSet:
    """Every pair is paid at other times than any swap is."""
    times = candles.hourly["timestamp_utc"]
    paid = pd.date_range(times.min(), times.max(), freq=OTHER_FUNDING)
    pairs = pd.DataFrame({"pair": candles.hourly["pair"].unique()})
    return replace(candles, funding=pairs.merge(paid.to_frame(name="timestamp_utc"), how="cross"))
