"""A feature that predicts the next hour too well has seen it."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from okx_core.features.declaration import Feature
from okx_core.labels.compute import compute_labels
from okx_core.validation.result import ValidationResult, validation_result

TARGET = "future_return_1h_pct"
LARGEST_IC = 0.15  # honest hourly features stay below 0.1 on real candles
MIN_ROWS = 500

Floats = NDArray[np.float64]


def rank_ic(
    full: pd.DataFrame, hourly: pd.DataFrame, start: datetime, end: datetime, features: Sequence[Feature]
) -> ValidationResult:
    """Spearman correlation of each feature with the return of the next hour, averaged over pairs."""
    labels = compute_labels(hourly, start, end, "1d", end)[["pair", "timestamp_utc", TARGET]]
    joined = full.merge(labels, on=["pair", "timestamp_utc"])
    rows_of_pair = [rows for rows in joined.groupby("pair").indices.values() if len(rows) >= MIN_ROWS]
    outcomes = joined[TARGET].to_numpy(np.float64)
    found: dict[str, str] = {}
    largest = 0.0
    for feature in features:
        values = joined[feature.name].to_numpy(np.float64)
        each = [spearman(values[rows], outcomes[rows]) for rows in rows_of_pair]
        known = [value for value in each if not np.isnan(value)]
        mean = float(np.mean(known)) if known else 0.0
        largest = max(largest, abs(mean))
        if abs(mean) > LARGEST_IC:
            found[feature.name] = f"rank IC {mean:+.3f} with the next hour's return"
    return validation_result(
        "rank IC", features, found,
        f"{len(joined):,} rows of {len(rows_of_pair)} pairs, largest |IC| {largest:.3f}, bound {LARGEST_IC}",
    )  # fmt: skip


def spearman(one: Floats, other: Floats) -> float:
    """Rank correlation where both are known; NaN when one is constant or few rows are known."""
    both = np.isfinite(one) & np.isfinite(other)
    if both.sum() < MIN_ROWS:
        return float("nan")
    ranks = [pd.Series(values[both]).rank().to_numpy() for values in (one, other)]
    if any(np.ptp(values) == 0.0 for values in ranks):
        return float("nan")
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])
