"""Our indicators against TA-Lib and `ta`, on the same candles."""

from collections.abc import Sequence
from importlib.util import find_spec

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from okx_core.features.bars import Bars
from okx_core.features.declaration import Feature
from okx_core.features.reference.libraries import (
    CONVENTIONS,
    LIBRARIES,
    TIES,
    TOLERANCE,
    first_compared,
    peer_values,
    tolerance,
)
from okx_core.hours import HOUR
from okx_core.validation.result import ValidationResult, validation_result

PRICES = ["open", "high", "low", "close", "volume"]
MAX_BARS = 3_000  # `ta` walks some indicators row by row in Python
MIN_BARS = 1_000
SAMPLE = 3

Floats = NDArray[np.float64]


def agreement(hourly: pd.DataFrame, features: Sequence[Feature]) -> ValidationResult:
    """Features that differ from TA-Lib or `ta` by more than 1e-9 after warm-up, without a listed convention.

    On the longest lively, unbroken stretches of three pairs, around their wildest hours: a bar without trades or
    range is where the conventions differ. A library that is not installed is not compared, and the evidence says so.
    """
    installed = [library for library in LIBRARIES if find_spec(library) is not None]
    by_name = {feature.name: feature for feature in features if feature.timeframe == "1h"}
    found: dict[str, str] = {}
    compared: set[str] = set()
    sample = _lively_stretches(hourly)
    for pair, bars in sample:
        fields = {name: bars[name].to_numpy(np.float64)[None, :].copy() for name in PRICES}
        ours = Bars(fields, len(bars), 0)
        for library in installed:
            for name, expected in peer_values(library, bars).items():
                if name not in by_name:
                    continue
                compared.add(name)
                with np.errstate(all="ignore"):
                    values = by_name[name].compute(ours)[0]
                asked = ~tied(name, bars) if name in TIES[library] else np.ones(len(bars), dtype=bool)
                asked[: first_compared(library, name)] = False
                place = _first_difference(values, expected, asked, tolerance(library, name))
                if place is not None:
                    found.setdefault(
                        name,
                        f"{pair} bar {place}: {values[place]:.12g}, {library} has {expected[place]:.12g}",
                    )
    absent = sorted(set(LIBRARIES) - set(installed))
    note = f"; {', '.join(absent)} not installed, not compared" if absent else ""
    return validation_result(
        "agreement",
        features,
        found,
        f"{len(compared)} features on {len(sample)} pairs with {' and '.join(installed) or 'no library'}, "
        f"{len(CONVENTIONS)} conventions listed{note}",
    )


def _lively_stretches(hourly: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """The longest stretch without a missing, flat or silent bar of each pair; the longest few of them."""
    stretches = []
    for pair, rows in hourly.sort_values("timestamp_utc").groupby("pair"):
        lively = rows[(rows["volume"] > 0.0) & (rows["high"] > rows["low"])]
        run = (lively["timestamp_utc"].diff() != HOUR).cumsum()
        longest = lively[run == run.value_counts().idxmax()] if len(lively) else lively
        stretches.append((str(pair), _around_the_wildest(longest)))
    usable = [(pair, bars) for pair, bars in stretches if len(bars) >= MIN_BARS]
    return sorted(usable, key=lambda found: -len(found[1]))[:SAMPLE]


def _around_the_wildest(bars: pd.DataFrame) -> pd.DataFrame:
    """The bars, or `MAX_BARS` of them with the largest range in the middle: caps and conventions show there."""
    if len(bars) <= MAX_BARS:
        return bars
    wildest = int((bars["high"] / bars["low"]).to_numpy().argmax())
    first = min(max(wildest - MAX_BARS // 2, 0), len(bars) - MAX_BARS)
    return bars.iloc[first : first + MAX_BARS]


def tied(name: str, bars: pd.DataFrame) -> NDArray[np.bool_]:
    """Bars whose window holds a tie, which a library of `TIES` breaks differently [bars]."""
    if name.startswith("aroon"):
        extremes = bars["high"], -bars["low"]
        again = [side.rolling(26, min_periods=2).apply(_repeated, raw=True) for side in extremes]
        return np.asarray((again[0] > 0.0) | (again[1] > 0.0))
    if name == "engulfing":
        unmoved, window = bars["close"] == bars["open"], 2
    elif name == "obv_slope":
        unmoved, window = bars["close"].diff() == 0.0, 10
    else:  # money_flow_index
        typical = (bars["high"] + bars["low"] + bars["close"]) / 3.0
        unmoved, window = typical.diff().abs() <= TOLERANCE * typical, 14
    return np.asarray(unmoved.astype(float).rolling(window, min_periods=1).max() > 0.0)


def _repeated(window: Floats) -> float:
    """1 when the largest value of the window occurs in it more than once."""
    return float((window == window.max()).sum() > 1)


def _first_difference(ours: Floats, theirs: Floats, asked: NDArray[np.bool_], relative: float) -> int | None:
    """The first bar that is asked for and known to both where they differ, relative to value or typical size."""
    known = np.isfinite(theirs) & np.isfinite(ours) & asked
    if not known.any():
        return None
    typical = float(np.median(np.abs(theirs[known])))
    with np.errstate(invalid="ignore"):
        differs = known & (np.abs(ours - theirs) > relative * (np.abs(theirs) + typical))
    return int(np.flatnonzero(differs)[0]) if differs.any() else None
