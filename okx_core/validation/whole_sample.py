"""Columns that were scaled by constants of all rows, which nobody knew at the first of them."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logit, ndtri

from okx_core.features.declaration import Feature
from okx_core.validation.carried_numbers import SHOWN, carried_numbers
from okx_core.validation.near_copies import MIN_ROWS
from okx_core.validation.result import ValidationResult, validation_result

WHOLE = 1e-4
MIN_PAIR_SHARE = 0.5  # of the pairs: by chance a half has round shares too
MIN_CLASSES, MAX_CLASSES = 4, 100
MAX_END_SHARE = 0.1  # of the rows: so near to the end of a curve that they look the same
PERCENT = 0.01  # shares of rows are cut at multiples of it

Floats = NDArray[np.float64]

# What was squeezed into bounds is opened again before it is measured.
OPENED: dict[str, Callable[[Floats], Floats]] = {
    "": lambda values: values,
    " before tanh": lambda values: np.arctanh(values),
    " before a logistic curve": lambda values: logit(values),
    " before a normal curve": lambda values: ndtri(values),
}
CENTRES: dict[str, Callable[[Floats], float]] = {
    "mean": lambda values: float(values.mean()),
    "median": lambda values: float(np.median(values)),
}
WIDTHS: dict[str, Callable[[Floats], float]] = {
    "deviation": lambda values: float(values.std()),
    "median distance": lambda values: float(np.median(np.abs(values - np.median(values)))),
    "median distance x 1.4826": lambda values: 1.4826 * float(np.median(np.abs(values - np.median(values)))),
    "mean distance": lambda values: float(np.abs(values - values.mean()).mean()),
    "quartile distance": lambda values: float(np.subtract(*np.quantile(values, [0.75, 0.25]))),
    "quartile distance / 1.349": lambda values: (
        float(np.subtract(*np.quantile(values, [0.75, 0.25]))) / 1.349
    ),
}


def whole_sample(full: pd.DataFrame, features: Sequence[Feature]) -> ValidationResult:
    """Columns that were scaled by constants of all rows, found in the function or in the values.

    Whatever its form, a function that uses such constants carries them (see `carried_numbers`). Columns that
    somebody else computed show them: over all rows, or over those of each pair, centre and width are 0 and 1, values
    are the share of smaller ones, or classes and bounds hold round shares; over the halves they do not.
    """
    found: dict[str, str] = {}
    pairs = [rows for rows in full.groupby("pair").indices.values() if len(rows) >= MIN_ROWS]
    for feature in features:
        carried = carried_numbers(feature.compute)
        if carried:
            shown = ", ".join(f"{number:.12g}" for number in carried[:SHOWN])
            found[feature.name] = f"its function carries {shown}: constants of a sample that no formula names"
            continue
        values = full[feature.name].to_numpy(np.float64)
        for name, parts in (("all rows", [np.arange(len(values))]), ("the rows of each pair", pairs)):
            reasons = [_scaled(values[rows], ranked=feature.timeframe == "cross") for rows in parts]
            if reasons and np.mean([bool(reason) for reason in reasons]) > MIN_PAIR_SHARE:
                found.setdefault(feature.name, f"{max(reasons)} over {name}: constants of the whole sample")
    return validation_result(
        "whole sample", features, found, f"{len(full):,} rows and each of {len(pairs)} pairs"
    )


def _scaled(values: Floats, *, ranked: bool = False) -> str:
    """How the values were scaled by what they are altogether; empty when they were not.

    Ranks of the pairs of an hour hold round shares by themselves, other shares while there are fewer pairs; they are
    spread evenly, so that behind a curve they have the width of what was scaled.
    """
    known = values[np.isfinite(values)]
    if known.size < MIN_ROWS:
        return ""
    if np.unique(known[:MIN_ROWS]).size < MIN_ROWS // 10:
        return "" if ranked else _in_classes(known)
    places = (pd.Series(known).rank().to_numpy() - 0.5) / known.size
    if np.abs(places - known).max() < 1.0 / np.sqrt(known.size) / 10.0:
        return "the share of smaller values"
    if known.min() == 0.0 and known.max() == 1.0 and (known == 0.0).sum() == (known == 1.0).sum() == 1:
        return "0 once and 1 once"
    return _centred(known, [""]) if ranked else _at_round_shares(known) or _centred(known, OPENED)


@np.errstate(all="ignore")
def _centred(known: Floats, curves: Iterable[str]) -> str:
    """Centre 0 and width 1, by any of the usual measures, of the values or of what they were before a curve."""
    for opened in curves:
        curve = OPENED[opened]
        whole, *parts = (curve(part) for part in (known, *np.array_split(known, 2)))
        if np.isinf(whole).mean() > MAX_END_SHARE or np.isnan(whole).any():
            continue
        for centre, centre_of in CENTRES.items():
            if not abs(centre_of(whole)) < WHOLE:
                continue
            for width, width_of in WIDTHS.items():
                elsewhere = [
                    abs(centre_of(part)) > 10 * WHOLE or abs(width_of(part) - 1.0) > 10 * WHOLE
                    for part in parts
                ]
                if abs(width_of(whole) - 1.0) < 10 * WHOLE and any(elsewhere):
                    return f"{centre} 0 and {width} 1{opened}"
    return ""


def _at_round_shares(known: Floats) -> str:
    """The smallest and the largest value in a round share of the rows each: cut off at quantiles."""
    ends = [part == part_end for part, part_end in ((known, known.min()), (known, known.max()))]
    return "cut off at round shares of the rows" if _are_round(ends) and min(map(np.sum, ends)) > 2 else ""


def _in_classes(known: Floats) -> str:
    """Classes that end at round shares of the rows."""
    levels = np.unique(known)
    if not MIN_CLASSES <= levels.size <= MAX_CLASSES:
        return ""
    below = [known <= level for level in levels[:-1]]
    return "classes of round shares of the rows" if _are_round(below) else ""


def _are_round(members: "Sequence[NDArray[np.bool_]]") -> bool:
    """Whether the shares of the rows are round, and those of a half are not."""

    def rest(masks: "Sequence[NDArray[np.bool_]]") -> float:
        shares = np.array([mask.mean() for mask in masks])
        return float(np.abs(shares - np.round(shares / PERCENT) * PERCENT).max())

    size = members[0].size
    halves = zip(*(np.array_split(mask, 2) for mask in members), strict=True)
    return rest(members) <= 2.0 / size and any(rest(half) > 3.0 / size for half in halves)
