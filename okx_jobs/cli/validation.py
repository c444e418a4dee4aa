"""`okxsignal validate features`: the checks on stored, recorded or synthetic candles, for people."""

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from okx_core.errors import OkxSignalError
from okx_core.features.candle_set import CandleSet
from okx_core.features.declaration import Feature
from okx_core.features.registry import FEATURES
from okx_core.hours import HOUR
from okx_core.validation.result import LISTS, ValidationResult
from okx_core.validation.validate import validate
from okx_jobs.research.synthetic_candles import synthetic_candles
from okx_jobs.stack import services
from resources.config.masking import masked
from resources.config.settings import Settings
from resources.market.candle_frames import candle_set, largest_pairs
from resources.market.recorded_candles import recorded_candles
from resources.stores import open_database

MAX_PAIRS, MAX_HISTORY = 12, timedelta(days=730)  # of a database, unless the user names others
SHOWN = 8


@dataclass(frozen=True)
class ValidationRequest:
    """Which candles: a Parquet file, the synthetic tape, or (neither) the database of this home."""

    candles: Path | None = None
    synthetic: bool = False
    pairs: str | None = None
    start: datetime | None = None
    end: datetime | None = None


def validate_features(request: ValidationRequest, settings: Settings, console: Console) -> bool:
    """Print the result of each check as it is reached; True when every check passed for every feature."""
    stored = request.candles is None and not request.synthetic
    with services.working_database(settings) if stored else nullcontext():
        candles, origin = _candles(request, settings)
    hourly = candles.hourly
    first, last = hourly["timestamp_utc"].min(), hourly["timestamp_utc"].max()
    console.print(
        f"{origin}: {hourly['pair'].nunique()} pairs, {first:%Y-%m-%d} to {last:%Y-%m-%d}, {len(hourly):,} rows"
    )
    return report(validate(candles), FEATURES, console)


def report(results: Iterable[ValidationResult], features: tuple[Feature, ...], console: Console) -> bool:
    """Print each result as it comes; True when all passed."""
    passed = True
    for found in results:
        passed &= found.passed
        state = "note" if found.violations and found.advisory else "ok" if found.passed else "FAILED"
        console.print(f"{state:<7}{found.check:<18}{found.claim} ({found.evidence})", soft_wrap=True)
        if found.violations:
            table = Table("feature", "what was found", box=None, padding=(0, 0, 0, 7))
            shown = len(found.violations) if found.check in LISTS else SHOWN
            for violation in found.violations[:shown]:
                table.add_row(violation.feature, violation.detail)
            if len(found.violations) > shown:
                table.add_row(f"... and {len(found.violations) - shown} more", "")
            console.print(table)
    outcome = "every check passes" if passed else "FAILED, see above"
    console.print(f"{len(features)} features: {outcome}")
    return passed


def _candles(request: ValidationRequest, settings: Settings) -> tuple[CandleSet, str]:
    if request.synthetic and (request.candles or request.pairs or request.start or request.end):
        raise OkxSignalError(
            "--synthetic makes its own market: leave out --candles, --pairs, --from and --to"
        )
    if request.candles is not None:
        return (
            recorded_candles(request.candles, request.start, request.end, request.pairs),
            request.candles.name,
        )
    if request.synthetic:
        return synthetic_candles(), "the synthetic tape"
    database = open_database(settings.database)
    place = settings.home if settings.database.is_embedded else masked(database.url)
    origin = f"the stored candles of {place}"
    span = database.rows(
        "select min(timestamp_utc) as first, max(timestamp_utc) as last from market.candles_1h"
    )[0]
    if span["first"] is None:
        raise OkxSignalError(
            f"{place} holds no hourly candles: run `okxsignal backfill --from DAY` or `okxsignal demo` first, "
            "or name --candles FILE or --synthetic"
        )
    end = request.end or span["last"] + HOUR
    start = request.start or max(span["first"], end - MAX_HISTORY)
    chosen = _wanted(request.pairs) or largest_pairs(database, start, end, MAX_PAIRS)
    found = candle_set(database, start, end, chosen)
    absent = sorted(set(chosen) - set(found.hourly["pair"]))
    if absent or found.hourly.empty:
        raise OkxSignalError(
            f"no candles of {', '.join(absent) or 'any pair'} are stored from {start:%Y-%m-%d} to {end:%Y-%m-%d}; "
            f"there are some from {span['first']:%Y-%m-%d} to {span['last']:%Y-%m-%d}"
        )
    return found, origin


def _wanted(pairs: str | None) -> list[str]:
    return [part.strip().upper() for part in (pairs or "").split(",") if part.strip()]
