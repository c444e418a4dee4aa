"""Columns that are of little use beside others: near copies, flags that hardly ever change."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from okx_core.features.declaration import Feature
from okx_core.validation.columns import MAX_ROWS
from okx_core.validation.result import ValidationResult, validation_result

NEAR = 0.995  # rank correlation
SAME_SHARE = 0.99
MIN_ROWS = 500


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
