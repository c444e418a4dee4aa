"""Columns that are of little use beside others: near copies, flags that hardly ever change, scaled by the future."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from okx_core.features.declaration import Feature
from okx_core.validation.columns import MAX_ROWS
from okx_core.validation.result import ValidationResult, validation_result

NEAR = 0.995  # rank correlation
SAME_SHARE = 0.99
WHOLE = 1e-4
MIN_ROWS = 500

Floats = NDArray[np.float64]


def near_copies(full: pd.DataFrame, features: Sequence[Feature]) -> ValidationResult:
    """Columns whose ranks are those of an earlier one, by Spearman's correlation, and that are nearly constant."""
    sample = full.sample(min(len(full), MAX_ROWS), random_state=1)
    found: dict[str, str] = {}
    ranked, names = [], []
    for feature in features:
        values = sample[feature.name]
        known = values.dropna()
        if len(known) < MIN_ROWS:
            continue
        common = float(known.value_counts(normalize=True).iloc[0])
        if common > SAME_SHARE:
            found[feature.name] = f"the same value in {common:.1%} of the rows"
        elif not feature.is_calendar:
            ranks = values.rank().to_numpy()
            ranked.append(ranks - np.nanmean(ranks))
            names.append(feature.name)
    table = np.array(ranked)
    known_cells = np.isfinite(table)
    filled = np.where(known_cells, table, 0.0).astype(np.float32)
    cells = known_cells.astype(np.float32)
    with np.errstate(all="ignore"):
        scale = np.sqrt(((filled**2) @ cells.T) * (cells @ (filled**2).T))
        similar = (filled @ filled.T) / scale
    for later in range(1, len(names)):
        earlier = int(np.nanargmax(np.abs(similar[later, :later])))
        if abs(similar[later, earlier]) > NEAR:
            found.setdefault(
                names[later], f"rank correlation {similar[later, earlier]:+.4f} with {names[earlier]}"
            )
    return validation_result("near copies", features, found, f"{len(sample):,} rows", advisory=True)


def whole_sample(full: pd.DataFrame, features: Sequence[Feature]) -> ValidationResult:
    """Columns that were scaled by constants of all rows, which nobody knew at the first of them.

    Over all rows, or over those of each pair, such a column has mean 0 and deviation 1, or is the share of the
    rows that are smaller; over the halves it has not.
    """
    found: dict[str, str] = {}
    pairs = [rows for rows in full.groupby("pair").indices.values() if len(rows) >= MIN_ROWS]
    for feature in features:
        values = full[feature.name].to_numpy(np.float64)
        for name, parts in (("all rows", [np.arange(len(values))]), ("the rows of each pair", pairs)):
            reasons = [_scaled(values[rows]) for rows in parts]
            if reasons and all(reasons):
                found.setdefault(feature.name, f"{reasons[0]} over {name}: constants of the whole sample")
    return validation_result(
        "whole sample", features, found, f"{len(full):,} rows and each of {len(pairs)} pairs"
    )


def _scaled(values: Floats) -> str:
    """How the values were scaled by what they are altogether; empty when they were not."""
    known = values[np.isfinite(values)]
    if known.size < MIN_ROWS or np.unique(known[:MIN_ROWS]).size < MIN_ROWS // 10:
        return ""
    half = known.size // 2
    halves = [
        abs(part.mean()) > 10 * WHOLE or abs(part.std() - 1.0) > 10 * WHOLE
        for part in np.split(known, [half])
    ]
    if abs(known.mean()) < WHOLE and abs(known.std() - 1.0) < 10 * WHOLE and any(halves):
        return "mean 0 and deviation 1"
    places = (pd.Series(known).rank().to_numpy() - 0.5) / known.size
    if np.abs(places - known).max() < 1.0 / np.sqrt(known.size) / 10.0:
        return "the share of smaller values"
    if known.min() == 0.0 and known.max() == 1.0 and (known == 0.0).sum() == (known == 1.0).sum() == 1:
        return "0 once and 1 once"
    return ""
