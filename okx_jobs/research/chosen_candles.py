"""The candles that a command or a job works on: a file's, a synthetic market's, or those of the home."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from okx_core.errors import OkxSignalError
from okx_core.features.candle_set import CandleSet
from okx_core.hours import HOUR
from okx_jobs.research.synthetic_candles import synthetic_hourly
from resources.market.candle_frames import candle_set
from resources.market.recorded_candles import recorded_candles
from resources.postgres.database import Database


@dataclass(frozen=True)
class CandleChoice:
    """Which candles; `strength` None: no synthetic market, and without a file those of the home."""

    candles: Path | None = None
    strength: float | None = None
    days: int = 1100
    pairs: str | None = None
    start: datetime | None = None
    end: datetime | None = None

    @property
    def is_stored(self) -> bool:
        return self.candles is None and self.strength is None


def moment_of(text: str) -> datetime | None:
    """A moment of a run config, UTC where it names no zone; None for no text. Raises OkxSignalError for no date."""
    if not text.strip():
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise OkxSignalError(
            f"{text!r} is no date: give one such as 2024-01-31 or 2024-01-31T05:00"
        ) from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def chosen_candles(choice: CandleChoice, stored: Callable[[], Database]) -> tuple[CandleSet, str]:
    """The candles of the pairs chosen, and where they come from in words; `stored` opens the home's database.

    Raises OkxSignalError for a choice that cannot be, no candles, and a pair without any.
    """
    candles, origin = _candles(choice, stored)
    return _only(candles, choice.pairs), origin


def _candles(choice: CandleChoice, stored: Callable[[], Database]) -> tuple[CandleSet, str]:
    if choice.candles is not None and choice.strength is not None:
        raise OkxSignalError("--synthetic makes its own market: leave out --candles")
    if choice.candles is not None:
        return recorded_candles(choice.candles), choice.candles.name
    if choice.strength is not None:
        return synthetic_hourly(choice.days, choice.strength), f"synthetic, strength {choice.strength:g}"
    database = stored()
    span = database.rows(
        "select min(timestamp_utc) as first, max(timestamp_utc) as last from market.candles_1h"
    )[0]
    if span["first"] is None:
        raise OkxSignalError(
            "no hourly candles are stored: run `okxsignal backfill --from DAY` first, or name --candles FILE"
        )
    end = choice.end or span["last"] + HOUR
    return candle_set(database, choice.start or span["first"], end), "the stored candles"


def _only(candles: CandleSet, pairs: str | None) -> CandleSet:
    """The candles of the pairs named; all of them without names."""
    wanted = [part.strip().upper() for part in (pairs or "").split(",") if part.strip()]
    held = sorted(candles.hourly["pair"].unique())
    absent = [pair for pair in wanted if pair not in held]
    if absent:
        raise OkxSignalError(f"no candles of {', '.join(absent)}; there are {', '.join(held)}")
    if not wanted:
        return candles
    frames = {name: frame[frame["pair"].isin(wanted)] for name, frame in candles.frames.items()}
    return replace(candles, frames=frames)
