"""Checks of the columns: unexplained NULLs, constants, copies, drift."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from okx_core.features.declaration import Feature
from okx_core.features.timeframes import TIMEFRAMES
from okx_core.validation.result import ValidationResult, validation_result

LARGEST_NULL_SHARE = 0.0
LARGEST_NULL_SHARE_OF_GAPS = 0.03
LONG_GAP = 48  # hours that end a pair's history, as far as its features are concerned
LARGEST_NULL_SHIFT = 0.05
DAY = pd.Timedelta(days=1)
COPY = 1.0 - 1e-9  # squared correlation of two columns that say the same
MAX_ROWS = 50_000
LARGEST_PSI = 0.25  # "significant shift" in the usual reading (Siddiqi 2006)
BINS = 10
MIN_ROWS = 1_000

Floats = NDArray[np.float64]


def null_rates(
    full: pd.DataFrame, features: Sequence[Feature], hourly: pd.DataFrame | None = None
) -> ValidationResult:
    """NULLs beyond the declared look-back, and many altogether: none, unless the feature says why it may be unknown.

    Where the `hourly` candles do not know a volume, what rests on it may be unknown too.
    """
    found: dict[str, str] = {}
    ages = Ages(full, hourly)
    since_first = hours_since_first(full)
    span = int((full["timestamp_utc"].max() - full["timestamp_utc"].min()) / pd.Timedelta(hours=1))
    for feature in features:
        hours, age = _hours_to_know(feature), ages.of(feature)
        if not age.any():  # the candles have none of the volumes that it reads
            continue
        if span > 2 * hours and not feature.may_be_unknown and full[feature.name].isna().all():
            found[feature.name] = "never known: the candles have too many gaps to check it"
            continue
        ripe = age > hours
        share = float(full.loc[ripe, feature.name].isna().mean()) if ripe.any() else 0.0
        if share > LARGEST_NULL_SHARE and not feature.may_be_unknown:
            found[feature.name] = f"{share:.2%} NULL although {hours} unbroken hours are known"
        grown = (since_first > hours) & (age > 0)
        share = float(full.loc[grown, feature.name].isna().mean()) if grown.any() else 0.0
        if share > LARGEST_NULL_SHARE_OF_GAPS and not feature.may_be_unknown:
            found.setdefault(
                feature.name, f"{share:.2%} NULL {hours} hours after each pair's first bar or long gap"
            )
    return validation_result(
        "null rates", features, found,
        f"{len(full):,} rows",
    )  # fmt: skip


def null_shift(
    full: pd.DataFrame, features: Sequence[Feature], newest: pd.Timedelta = DAY
) -> ValidationResult:
    """NULLs of the newest day against those of the rows before it, which models were trained on."""
    recent = full["timestamp_utc"] > full["timestamp_utc"].max() - newest
    names = [feature.name for feature in features]
    shares = full.loc[recent, names].isna().mean(), full.loc[~recent, names].isna().mean()
    found = {
        name: f"{shares[0][name]:.1%} NULL in the newest day, {shares[1][name]:.1%} before"
        for name in names
        if shares[0][name] > shares[1][name] + LARGEST_NULL_SHIFT
    }
    return validation_result(
        "null shift", features, found,
        f"{int(recent.sum()):,} against {int((~recent).sum()):,} rows", advisory=True,
    )  # fmt: skip


class Ages:
    """Unbroken hours up to each row of its pair, of all its bars or of those whose volume is known."""

    def __init__(self, full: pd.DataFrame, hourly: pd.DataFrame | None) -> None:
        self._of_bars = bars_since_gap(full)
        self._of_volume = self._of_bars
        if hourly is not None and hourly["volume"].isna().any():
            keys = full[["pair", "timestamp_utc"]]
            volume = keys.merge(hourly[[*keys, "volume"]], on=list(keys), how="left")["volume"]
            known = volume.notna().to_numpy()
            self._of_volume = np.zeros(len(full), dtype=np.int64)
            self._of_volume[known] = bars_since_gap(full[known])

    def of(self, feature: Feature) -> NDArray[np.int64]:
        """For the columns that the feature reads [rows]; 0 where the row itself is not known."""
        return self._of_volume if "volume" in feature.inputs else self._of_bars


def hours_since_first(rows: pd.DataFrame) -> NDArray[np.int64]:
    """Hours from a pair's first row, or the first after a long gap, to each row [rows], both included."""
    hours = rows["timestamp_utc"].to_numpy(dtype="datetime64[h]").astype(np.int64)
    pair = rows["pair"].to_numpy()
    starts = np.ones(len(rows), dtype=bool)
    starts[1:] = (pair[1:] != pair[:-1]) | (np.diff(hours) > LONG_GAP)
    begin = np.maximum.accumulate(np.where(starts, np.arange(len(rows)), 0))
    return hours - hours[begin] + 1


def bars_since_gap(rows: pd.DataFrame) -> NDArray[np.int64]:
    """Unbroken hours up to each row of its pair [rows]; rows sorted by pair and time."""
    hours = rows["timestamp_utc"].to_numpy(dtype="datetime64[h]").astype(np.int64)
    pair = rows["pair"].to_numpy()
    starts = np.ones(len(rows), dtype=bool)
    starts[1:] = (pair[1:] != pair[:-1]) | (np.diff(hours) != 1)
    begin = np.maximum.accumulate(np.where(starts, np.arange(len(rows)), 0))
    return np.arange(len(rows)) - begin + 1


def _hours_to_know(feature: Feature) -> int:
    """Unbroken hours after which the feature must be known, whatever the phase of its bars."""
    timeframe = TIMEFRAMES.get(feature.timeframe, TIMEFRAMES["1h"])
    bars = feature.lookback_bars + (1 if timeframe.minutes > 60 else 0)
    return -(-bars * timeframe.minutes // 60)


def distinct(
    full: pd.DataFrame, features: Sequence[Feature], hourly: pd.DataFrame | None = None
) -> ValidationResult:
    """Constant columns, and columns that are a straight-line copy of an earlier one."""
    found: dict[str, str] = {}
    ages = Ages(full, hourly)
    # By lot, because every n-th row may always be the same hour of the day.
    sample = full.sample(min(len(full), MAX_ROWS), random_state=1)
    columns: list[tuple[str, Floats, NDArray[np.bool_]]] = []
    for feature in features:
        values = sample[feature.name].to_numpy(dtype=np.float64)
        known = np.isfinite(values)
        if not known.any():
            age = int(ages.of(feature).max(initial=0))
            if age > _hours_to_know(feature) and not feature.may_be_unknown:
                found[feature.name] = "always NULL"
            continue
        lone = feature.timeframe == "cross" and full["pair"].nunique() < 2
        if np.ptp(values[known]) == 0.0 and not lone and not _stands_still(feature, full):
            found[feature.name] = f"always {values[known][0]:g}"
            continue
        if not feature.is_calendar:
            columns.append((feature.name, values, known))
    found |= _copies(columns)
    return validation_result("distinct", features, found, f"{len(sample):,} rows")


def _stands_still(feature: Feature, full: pd.DataFrame) -> bool:
    """Whether the calendar has not moved on: the rows are all of one month."""
    times = full["timestamp_utc"]
    return feature.is_calendar and times.min().month == times.max().month


def _copies(columns: Sequence[tuple[str, Floats, NDArray[np.bool_]]]) -> dict[str, str]:
    """Columns whose correlation with an earlier one is +-1 where both are known."""
    if not columns:
        return {}
    ranked = np.zeros((len(columns), columns[0][1].size))
    for row, (_, values, known) in enumerate(columns):
        centred = values[known] - values[known].mean()
        ranked[row, known] = centred / np.sqrt((centred**2).sum())
    suspects = np.argwhere(np.triu(np.abs(ranked @ ranked.T) > 0.99, k=1))
    found: dict[str, str] = {}
    for earlier, later in suspects:
        both = columns[earlier][2] & columns[later][2]
        one, other = columns[earlier][1][both], columns[later][1][both]
        if both.sum() > 2 and np.corrcoef(one, other)[0, 1] ** 2 > COPY:
            found.setdefault(columns[later][0], f"says the same as {columns[earlier][0]}")
    return found


def drift(full: pd.DataFrame, features: Sequence[Feature], newest_share: float = 0.2) -> ValidationResult:
    """Population stability index of the newest part of the rows against the older part, by feature."""
    split = full["timestamp_utc"].quantile(1.0 - newest_share)
    found: dict[str, str] = {}
    for feature in features:
        if feature.is_calendar:
            continue
        old = full.loc[full["timestamp_utc"] <= split, feature.name].dropna().to_numpy(np.float64)
        new = full.loc[full["timestamp_utc"] > split, feature.name].dropna().to_numpy(np.float64)
        index = population_stability(old, new)
        if index > LARGEST_PSI:
            found[feature.name] = f"PSI {index:.2f}"
    return validation_result(
        "drift", features, found,
        f"newest {newest_share:.0%} against the rest, PSI up to {LARGEST_PSI}", advisory=True,
    )  # fmt: skip


def population_stability(expected: Floats, found: Floats) -> float:
    """PSI = sum (p - q) ln(p / q) over the deciles of `expected` (Siddiqi 2006); 0 with few rows."""
    if min(expected.size, found.size) < MIN_ROWS:
        return 0.0
    edges = np.unique(np.quantile(expected, np.linspace(0.0, 1.0, BINS + 1)[1:-1]))
    bins = edges.size + 1
    shares = [
        (np.bincount(np.searchsorted(edges, part), minlength=bins) + 0.5) / (part.size + 0.5 * bins)
        for part in (expected, found)
    ]
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())
