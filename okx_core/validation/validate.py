"""All checks over one set of candles, one result after another."""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache

import pandas as pd

from okx_core.errors import OkxSignalError
from okx_core.features.candle_set import CandleSet
from okx_core.features.declaration import Feature
from okx_core.features.registry import FEATURES
from okx_core.hours import HOUR
from okx_core.validation import (
    agreement,
    columns,
    inputs,
    leakage,
    look_ahead,
    near_copies,
    staggered,
)
from okx_core.validation.candles.candle_checks import candle_leaks
from okx_core.validation.moments import Events, decision_moments, event_moments, some_events
from okx_core.validation.result import CLAIMS, ValidationResult, combined
from okx_core.validation.whole_sample import whole_sample

# Of few pairs or a long history it takes less time to compute the rows near each moment than each pair's own.
MIN_STAGGERED_PAIRS, MAX_STAGGERED_HISTORY = 6, timedelta(days=400)
MIN_HISTORY = timedelta(days=45)
__all__ = ["CLAIMS", "MIN_HISTORY", "validate"]


def validate(
    candles: CandleSet,
    features: Sequence[Feature] = FEATURES,
    seed: int = 1,
    checks: Collection[str] = tuple(CLAIMS),
) -> Iterator[ValidationResult]:
    """The checks of `CLAIMS`, in its order, or those named.

    Raises OkxSignalError when the candles span fewer than 45 days.
    """
    hourly = candles.hourly
    if hourly.empty or hourly["timestamp_utc"].max() - hourly["timestamp_utc"].min() < MIN_HISTORY:
        raise OkxSignalError(
            f"validation needs at least {MIN_HISTORY.days} days of hourly candles, these span less: "
            "backfill more, or name another file"
        )
    start = hourly["timestamp_utc"].min().to_pydatetime()
    end = hourly["timestamp_utc"].max().to_pydatetime() + HOUR
    full = candles.features(start, end, features)
    events = event_moments(hourly)
    shared = some_events(events, seed)
    moments = decision_moments(start, end, seed, shared)
    ics = cache(lambda: leakage.rank_ic(full, hourly, features))
    made: dict[str, Callable[[], ValidationResult]] = {
        "truncation": lambda: _look_ahead("truncation", candles, full, (moments, shared, events), features),
        "poison": lambda: _look_ahead("poison", candles, full, (moments, shared, events), features),
        "start-invariance": lambda: look_ahead.start_invariance(candles, full, features),
        "null rates": lambda: columns.null_rates(full, features, hourly),
        "null shift": lambda: columns.null_shift(full, features),
        "distinct": lambda: columns.distinct(full, features, hourly),
        "near copies": lambda: near_copies.near_copies(full, features),
        "whole sample": lambda: whole_sample(full, features),
        "inputs": lambda: inputs.undeclared_inputs(candles, end, features),
        "candles": lambda: candle_leaks(candles, features),
        "agreement": lambda: agreement.agreement(hourly, features),
        "rank IC": lambda: ics()[0],
        "information": lambda: ics()[1],
        "drift": lambda: columns.drift(full, features),
    }
    yield from (made[check]() for check in CLAIMS if check in checks)


def _look_ahead(
    check: str,
    candles: CandleSet,
    full: pd.DataFrame,
    moments: tuple[Sequence[datetime], Sequence[datetime], Events],
    features: Sequence[Feature],
) -> ValidationResult:
    """The pairs cut at the same moment, for features that compare them, and each at its own for the others."""
    together, alone = {
        "truncation": (look_ahead.truncation, staggered.truncation),
        "poison": (look_ahead.poison, staggered.poison),
    }[check]
    history = full["timestamp_utc"].max() - full["timestamp_utc"].min()
    staggers = full["pair"].nunique() >= MIN_STAGGERED_PAIRS and history <= MAX_STAGGERED_HISTORY
    own = [feature for feature in features if feature.timeframe != "cross" and staggers]
    rest = [feature for feature in features if feature.timeframe == "cross" or not staggers]
    drawn, shared, events = moments
    return combined(
        together(candles.read_by(rest), sorted({*drawn, *shared}), rest, full),
        alone(candles.read_by(own), full, drawn, own, events),
    )
