"""Which market a demo plays, in which home, over which stretch."""

import hashlib
import os
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from okx_assets.partitions import HOURLY
from okx_core.errors import OkxSignalError
from okx_core.hours import MIN_STRETCH, Stretch, floor_hour
from okx_core.models.panel import MIN_MODELLED_PAIRS
from resources.config.settings import MARKET_FILE, Mode, Settings, load_settings
from resources.market.recorded_market import covering_pairs

SYNTHETIC_WEEKS = 8  # of models and backtest: enough to look at, and done in two minutes


class RequestError(OkxSignalError):
    """The options of a command contradict each other or ask for what is not there."""


@dataclass(frozen=True)
class DemoRequest:
    """The options of `okxsignal demo` as given; None where left out."""

    tape: Path | None
    pairs: str | None
    start: datetime | None
    end: datetime | None
    days: int
    live_hours: int
    strength: float | None
    seed: int | None
    weeks: int | None = None


@dataclass(frozen=True)
class ChosenMarket:
    """Settings and stretch of one demo; `own_settings` is what the home must remember for a later `up`."""

    settings: Settings
    stretch: Stretch
    own_settings: dict[str, str]

    def remember(self) -> None:
        """Write the home's own settings. Called after the tape has been loaded, so that a mistake leaves nothing."""
        if self.own_settings:
            lines = "".join(f"{name}={value!r}\n" for name, value in sorted(self.own_settings.items()))
            (self.settings.home / MARKET_FILE).write_text(lines, encoding="utf-8")


def synthetic_market(request: DemoRequest) -> ChosenMarket:
    """The synthetic tape; one that differs from the default gets a home of its own."""
    asked = {
        "OKXSIGNAL_PAIRS": request.pairs,
        "OKXSIGNAL_TAPE_STRENGTH": None if request.strength is None else repr(request.strength),
        "OKXSIGNAL_TAPE_SEED": None if request.seed is None else str(request.seed),
    }
    given = {name: value for name, value in asked.items() if value is not None}
    settings = _settings_with(given, f"synthetic-{_digest(repr(sorted(given.items())))}" if given else "")
    require_pairs(settings.market.pairs)
    closed = floor_hour(datetime.now(UTC))
    if request.start is not None and request.start >= closed:
        raise RequestError(
            f"--from {request.start:%Y-%m-%d %H:%M} is not before {closed:%Y-%m-%d %H:%M}, the end of the last closed "
            "hour: begin earlier"
        )
    end = min(request.end or closed, closed)
    return ChosenMarket(settings, _stretch(request.start or _before(end, request.days), end, request), given)


def require_pairs(pairs: Collection[str]) -> None:
    """Refuse at the start what training would refuse after minutes of other work."""
    if len(set(pairs)) < MIN_MODELLED_PAIRS:
        raise RequestError(
            f"the demo needs at least {MIN_MODELLED_PAIRS} pairs, because models learn which pair does better than the "
            f"others, and was given {', '.join(pairs)}: name more with --pairs or OKXSIGNAL_PAIRS"
        )


def recorded_market(request: DemoRequest) -> ChosenMarket:
    """A recorded tape; each file, stretch and choice of pairs has a home of its own, so that markets never mix."""
    if request.tape is None or not request.tape.is_file():
        raise RequestError(f"--tape {request.tape}: there is no such file")
    for name in ("strength", "seed"):
        if getattr(request, name) is not None:
            raise RequestError(f"--{name} is of the synthetic market: leave it out, or leave out --tape")
    tape = request.tape.resolve()
    start, end, pairs = covering_pairs(tape, request.start, request.end, request.pairs)
    require_pairs(pairs)
    stretch = _stretch(start, end, request)
    own = {
        "OKXSIGNAL_TAPE": str(tape),
        "OKXSIGNAL_PAIRS": ",".join(pairs),
        "OKXSIGNAL_TAPE_FROM": start.isoformat(),
        "OKXSIGNAL_TAPE_TO": end.isoformat(),
        "OKXSIGNAL_CLOCK": f"fixed:{end:%Y-%m-%dT%H:%M:%SZ}",
    }
    home = f"{tape.stem}-{start:%Y%m%d}-{end:%Y%m%d}-{_digest(f'{tape}{pairs}')}"
    return ChosenMarket(_settings_with(own, home), stretch, own)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _settings_with(own: dict[str, str], home: str) -> Settings:
    """The settings of this process from now on: the market's own, in a home of that name unless one is given."""
    if home and "OKXSIGNAL_HOME" not in os.environ:
        os.environ["OKXSIGNAL_HOME"] = str(load_settings().home / "markets" / home)
    os.environ.update(own)
    settings = load_settings()
    if settings.mode is not Mode.SIMULATED:
        raise RequestError(f"demo runs in mode simulated only, OKXSIGNAL_MODE is {settings.mode}: unset it")
    return settings


def _before(end: datetime, days: int) -> datetime:
    if days < 1:
        raise RequestError(f"--days {days} is no length: take at least {MIN_STRETCH.days} days")
    try:
        return end - timedelta(days=days)
    except OverflowError:
        raise RequestError(f"--days {days} reaches before the year 1: take fewer days") from None


def _stretch(start: datetime, end: datetime, request: DemoRequest) -> Stretch:
    if start >= end:
        raise RequestError(
            f"--from {start:%Y-%m-%d %H:%M} is not before --to {end:%Y-%m-%d %H:%M}: swap them"
        )
    require_partition(start)
    weeks = request.weeks if request.weeks or request.tape is not None else SYNTHETIC_WEEKS
    return Stretch(floor_hour(start).replace(hour=0), floor_hour(end), request.live_hours, weeks)


def require_partition(hour: datetime) -> None:
    """Refuse hours before the first partition of the assets."""
    if hour < HOURLY.start:
        raise RequestError(
            f"{hour:%Y-%m-%d %H:%M} is before {HOURLY.start:%Y-%m-%d}, the first partition: begin there or later, or "
            "set OKXSIGNAL_HISTORY_FROM"
        )
