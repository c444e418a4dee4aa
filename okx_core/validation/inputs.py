"""Columns that change a feature without being declared: what it reads in secret, nobody checks."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from okx_core.features.candle_set import SUMS_AND_PRICES, CandleSet
from okx_core.features.declaration import Feature
from okx_core.validation.result import ValidationResult, validation_result

SPAN = timedelta(days=30)
LARGEST_CHANGE = 0.3


def undeclared_inputs(candles: CandleSet, end: datetime, features: Sequence[Feature]) -> ValidationResult:
    """Features of the newest month that differ when a column they do not declare is changed by up to a third."""
    start = end - SPAN
    near = candles.needed_for(start, end)
    values = near.features(start, end, features)
    found: dict[str, str] = {}
    columns = [column for column in SUMS_AND_PRICES if column in near.hourly]
    for column in (*columns, "universe"):
        changed = _changed(near, column).features(start, end, features)
        for feature in features:
            moved = changed[feature.name].to_numpy().tobytes() != values[feature.name].to_numpy().tobytes()
            if moved and column not in feature.inputs:
                found.setdefault(feature.name, f"reads {column}, which its inputs do not name")
    return validation_result(
        "inputs", features, found, f"{', '.join(columns)} and the universe changed in turn"
    )


def _changed(candles: CandleSet, column: str) -> CandleSet:
    """The same candles with other values of one column."""
    generator = np.random.default_rng(5)
    if column == "universe":
        return _other_universe(candles, generator)
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
