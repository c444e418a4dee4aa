"""All checks over one set of candles, one result after another."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import numpy as np

from okx_core.errors import OkxSignalError
from okx_core.features.candle_set import CandleSet
from okx_core.features.declaration import Feature
from okx_core.features.registry import FEATURES
from okx_core.hours import HOUR
from okx_core.validation import agreement, columns, leakage, look_ahead
from okx_core.validation.result import CLAIMS, ValidationResult

MIN_HISTORY = timedelta(days=60)
MOMENTS = 24
__all__ = ["CLAIMS", "MIN_HISTORY", "validate"]


def validate(
    candles: CandleSet, features: Sequence[Feature] = FEATURES, moments: int = MOMENTS, seed: int = 1
) -> Iterator[ValidationResult]:
    """Truncation, poison, start-invariance, NULLs, constants and copies, TA-Lib and `ta`, rank IC, drift.

    Raises OkxSignalError when the candles span fewer than 60 days.
    """
    hourly = candles.hourly
    if hourly.empty or hourly["timestamp_utc"].max() - hourly["timestamp_utc"].min() < MIN_HISTORY:
        raise OkxSignalError(
            f"validation needs at least {MIN_HISTORY.days} days of hourly candles, these span less: "
            "backfill more, or name another file"
        )
    start = hourly["timestamp_utc"].min().to_pydatetime()
    end = hourly["timestamp_utc"].max().to_pydatetime() + HOUR
    chosen = decision_moments(start, end, moments, seed)
    yield look_ahead.truncation(candles, chosen, features)
    yield look_ahead.poison(candles, chosen, features)
    full = candles.features(start, end, features)
    yield look_ahead.start_invariance(candles, full, features)
    yield columns.null_rates(full, features)
    yield columns.null_shift(full, features)
    yield columns.distinct(full, features)
    yield agreement.agreement(hourly, features)
    yield leakage.rank_ic(full, hourly, start, end, features)
    yield columns.drift(full, features)


def decision_moments(start: datetime, end: datetime, count: int, seed: int) -> list[datetime]:
    """Hours to test at: month ends, first hours of a day and of a 4h bar, and random ones."""
    hours = int((end - start) / HOUR)
    picked = np.sort(np.random.default_rng(seed).integers(hours // 4, hours - 100, count))
    moments = [start + int(hour) * HOUR for hour in picked]
    turns = [
        moments[0].replace(day=1, hour=0) + timedelta(days=32) - HOUR,
        moments[1].replace(hour=0),
        moments[2].replace(hour=3),
        moments[3].replace(hour=23),
    ]
    # Before the month's end, because passes are cut there: the future must lie in the same pass.
    turns[0] = turns[0].replace(day=1, hour=0) - 7 * HOUR
    return [moment for moment in (*turns, *moments[4:]) if start + 30 * HOUR < moment < end]
