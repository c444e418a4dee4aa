"""A feature that predicts the next hours too well has seen them; one that never predicts is of no use.

The information coefficient (IC) is Spearman's: of each pair over time with the next hour, of the pairs of an
hour with the next 1, 24 and 72 hours, and of all rows of each hour of the week with the next hour.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from okx_core.features.declaration import Feature
from okx_core.features.kernels.cross_section import market_rank
from okx_core.validation.result import ValidationResult, validation_result

HORIZONS = (1, 24, 72)  # hours
LARGEST_IC = 0.15  # of a pair over time; honest hourly features stay below 0.1 on real candles
LARGEST_ACROSS = {1: 0.2, 24: 0.3, 72: 0.4}  # reversal alone has 0.2 where it is planted
LARGEST_IC_OF_HOUR = 0.5  # of a return less the mean of the pairs, so that each pair counts for itself
SIGMAS = 6.0
MIN_ROWS = 500
MIN_PAIRS = 4
MIN_WEEKS = 8
MIN_WEEKS_OF_HOUR = 12
MAX_ROWS = 150_000
MAX_HOURS = 4_000  # of which the pairs are compared, drawn over the whole history
BLOCK = 168  # hours that count as one observation of a mean
USELESS_T = 3.0
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

Floats = NDArray[np.float64]


class Measured(NamedTuple):
    """An IC, the bound above which it is a leak, where it is largest, and its standard error if it is a mean."""

    value: float
    bound: float
    where: str = ""
    error: float = float("nan")


ICs = dict[str, dict[str, Measured]]  # feature -> outcome


def rank_ic(full: pd.DataFrame, hourly: pd.DataFrame, features: Sequence[Feature]) -> list[ValidationResult]:
    """The features that know the future too well, and (advisory) those that know nothing of it anywhere."""
    rows = _some_weeks(full).merge(_outcomes(hourly), on=["pair", "timestamp_utc"])
    found: ICs = {feature.name: {} for feature in features}
    _of_pairs(rows, features, found)
    _of_hours_of_week(rows, features, found)
    _across_pairs(rows, features, found)
    leaks: dict[str, str] = {}
    useless: dict[str, str] = {}
    largest = 0.0
    for name, measures in found.items():
        strongest = sorted(measures.items(), key=lambda item: -abs(item[1].value) / item[1].bound)
        for outcome, (value, bound, where, _) in strongest:
            largest = max(largest, abs(value) if outcome in PLAIN else 0.0)
            if abs(value) > bound:
                leaks.setdefault(name, f"rank IC {value:+.3f} with {outcome}, bound {bound:.2f}{where}")
        means = [one for outcome, one in measures.items() if outcome in PLAIN]
        if means and all(abs(one.value) < USELESS_T * one.error for one in means):
            useless[name] = f"largest |IC| {max(abs(one.value) for one in means):.3f}"
    evidence = f"{len(rows):,} rows of {rows['pair'].nunique()} pairs, largest |IC| {largest:.3f}"
    return [
        validation_result("rank IC", features, leaks, evidence),
        validation_result(
            "information", features, useless, f"next {', '.join(map(str, HORIZONS))} h", advisory=True
        ),
    ]


def _across(horizon: int) -> str:
    return f"the next {horizon} h across pairs"


NEXT_HOUR, HOUR_OF_WEEK = "the next hour of each pair", "the next hour in one hour of the week"
PLAIN = (NEXT_HOUR, *(_across(horizon) for horizon in HORIZONS))


def _some_weeks(full: pd.DataFrame) -> pd.DataFrame:
    """All rows, or those of so many weeks, drawn over the whole history, that they are no more than `MAX_ROWS`."""
    week = (full["timestamp_utc"].to_numpy(dtype="datetime64[h]").astype(np.int64)) // BLOCK
    weeks = np.unique(week)
    count = max(1, int(weeks.size * min(1.0, MAX_ROWS / max(len(full), 1))))
    drawn = np.random.default_rng(3).choice(weeks, count, replace=False)
    return full[np.isin(week, drawn)]


def _outcomes(hourly: pd.DataFrame) -> pd.DataFrame:
    """The return of the next hours of each pair and hour, by horizon; NaN where the end is missing."""
    close = hourly.pivot(index="timestamp_utc", columns="pair", values="close").asfreq("h")
    rows = hourly[["pair", "timestamp_utc"]].copy()
    places = (
        close.index.get_indexer(pd.Index(rows["timestamp_utc"])),
        close.columns.get_indexer(pd.Index(rows["pair"])),
    )
    for hours in HORIZONS:
        rows[f"next_{hours}"] = (close.shift(-hours) / close - 1.0).to_numpy()[places]
    return rows


def _of_pairs(rows: pd.DataFrame, features: Sequence[Feature], found: ICs) -> None:
    """The mean over pairs of each pair's IC with the next hour, and where it is largest."""
    each: dict[str, dict[str, float]] = {feature.name: {} for feature in features}
    for pair, part in rows.groupby("pair"):
        outcome = part["next_1"].to_numpy(np.float64)
        for feature in features:
            value = spearman(part[feature.name].to_numpy(np.float64), outcome)
            if not np.isnan(value):
                each[feature.name][str(pair)] = value
    for name, of_pair in each.items():
        if of_pair:
            pair = max(of_pair, key=lambda pair: abs(of_pair[pair]))
            where = f"; most {pair} ({of_pair[pair]:+.3f})"
            mean = float(np.mean(list(of_pair.values())))
            # Pairs move together: the mean over them is hardly better known than one of them.
            error = 1.0 / float(np.sqrt(rows["timestamp_utc"].nunique()))
            found[name][NEXT_HOUR] = Measured(mean, LARGEST_IC, where, error)
            if abs(of_pair[pair]) > 3.0 * LARGEST_IC:  # one pair alone that knows
                found[name][f"the next hour of {pair}"] = Measured(of_pair[pair], LARGEST_IC)


def _of_hours_of_week(rows: pd.DataFrame, features: Sequence[Feature], found: ICs) -> None:
    """The IC within each hour of the week, all pairs together; the hour where it is largest."""
    names = [feature.name for feature in features]
    hour = (rows["timestamp_utc"].dt.day_of_week * 24 + rows["timestamp_utc"].dt.hour).to_numpy()
    pairs = rows["pair"].nunique()
    others = pairs - 1
    outcome = rows["next_1"] - rows.groupby("timestamp_utc")["next_1"].transform("mean") * (others > 0)
    largest: dict[str, tuple[float, float, int]] = {}
    for place, part in rows.groupby(hour):
        for name, value, known in zip(
            names, *_correlations(part[names], outcome.loc[part.index]), strict=True
        ):
            bound = _bound_of_hour(known / pairs, others)
            before = largest.get(name, (0.0, 1.0, 0))
            if abs(value) / bound > abs(before[0]) / before[1]:
                largest[name] = value, bound, int(place)
    for name, (value, bound, place) in largest.items():
        where = f"; most {DAYS[place // 24]} {place % 24:02d}:00"
        found[name][HOUR_OF_WEEK] = Measured(value, bound, where)
        if NEXT_HOUR in found[name]:
            mean, limit, pair, error = found[name][NEXT_HOUR]
            found[name][NEXT_HOUR] = Measured(mean, limit, f"{pair}{where} ({value:+.3f})", error)


def _bound_of_hour(weeks: float, others: int) -> float:
    """The largest honest IC of an hour of the week that is known in so many weeks; of few weeks any is honest."""
    if weeks < MIN_WEEKS_OF_HOUR:
        return float("inf")
    return max(LARGEST_IC_OF_HOUR, float(SIGMAS / np.sqrt(weeks * max(others, 1))))


def _correlations(values: pd.DataFrame, outcome: "pd.Series[float]") -> tuple[Floats, Floats]:
    """Correlation of the ranks of each column with those of the outcome, and of how many rows that know both."""
    ranks, target = values.rank().to_numpy(), outcome.rank().to_numpy()[:, None]
    both = np.isfinite(ranks) & np.isfinite(target)
    known = both.sum(axis=0)
    with np.errstate(all="ignore"):
        one, other = (
            np.where(both, part - np.where(both, part, 0.0).sum(axis=0) / known, 0.0)
            for part in (ranks, target)
        )
        found = (one * other).sum(axis=0) / np.sqrt((one**2).sum(axis=0) * (other**2).sum(axis=0))
    return found, known


def _across_pairs(rows: pd.DataFrame, features: Sequence[Feature], found: ICs) -> None:
    """The mean over hours of the IC of the pairs of an hour, for each horizon."""
    hours = np.sort(rows["timestamp_utc"].unique())
    generator = np.random.default_rng(2)
    drawn = generator.choice(hours, min(MAX_HOURS, hours.size), replace=False)
    some = rows[rows["timestamp_utc"].isin(drawn)].sort_values(["timestamp_utc", "pair"])
    hour, opens = pd.factorize(some["timestamp_utc"])
    pair, _ = pd.factorize(some["pair"])

    def table(name: str) -> Floats:
        wide = np.full((int(pair.max(initial=-1)) + 1, len(opens)), np.nan)
        wide[pair, hour] = some[name].to_numpy(np.float64)
        return wide

    block = (opens.to_numpy(dtype="datetime64[h]").astype(np.int64)) // BLOCK
    outcomes = {horizon: table(f"next_{horizon}") for horizon in HORIZONS}
    for feature in features:
        values = table(feature.name)
        for horizon, outcome in outcomes.items():
            each = _row_correlations(values, outcome)
            means = pd.Series(each).groupby(block).mean().dropna()
            if len(means) >= MIN_WEEKS - 2:
                error = float(means.std(ddof=1)) / np.sqrt(len(means))
                mean = float(np.nanmean(each))
                bound = max(LARGEST_ACROSS[horizon], SIGMAS * error)
                found[feature.name][_across(horizon)] = Measured(mean, bound, error=error)


def _row_correlations(values: Floats, outcome: Floats) -> Floats:
    """Spearman's correlation over the pairs [pairs, hours] of each hour; NaN with few pairs or equal values."""
    both = np.isfinite(values) & np.isfinite(outcome)
    one, other = (market_rank(np.where(both, part, np.nan)) for part in (values, outcome))
    with np.errstate(all="ignore"):
        one, other = one - 0.5, other - 0.5  # the mean of ranks from 0 to 1, ties or not
        scale = np.sqrt(np.nansum(one**2, axis=0) * np.nansum(other**2, axis=0))
        found = np.nansum(one * other, axis=0) / scale
    return np.where((both.sum(axis=0) >= MIN_PAIRS) & (scale > 1e-9), found, np.nan)


def spearman(one: Floats, other: Floats) -> float:
    """Rank correlation where both are known; NaN when one is constant or few rows are known."""
    both = np.isfinite(one) & np.isfinite(other)
    if both.sum() < MIN_ROWS:
        return float("nan")
    ranks = [pd.Series(values[both]).rank().to_numpy() for values in (one, other)]
    if any(np.ptp(values) == 0.0 for values in ranks):
        return float("nan")
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])
