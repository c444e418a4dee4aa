"""The clock of the exchange: real, fixed or accelerated. Milliseconds UTC everywhere."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from okx_core.errors import OkxSignalError

HOUR_MS = 3_600_000
CLOCK_SYNTAX = "real, fixed:2026-01-01T00:00:00Z or accelerated:2026-01-01T00:00:00Z:60"


def iso_to_ms(text: str, place: str) -> int:
    """Milliseconds of an ISO-8601 instant; without an offset it is read as UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise OkxSignalError(
            f"{place}: {text!r} is not an ISO-8601 time; write it like 2026-01-01T00:00:00Z"
        ) from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


def ms_to_iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class ClockSetting:
    """`start_ms` is unused when real; `factor` is exchange seconds per wall second."""

    mode: str
    start_ms: int = 0
    factor: float = 1.0


REAL = ClockSetting("real")


def fixed(now_ms: int) -> ClockSetting:
    return ClockSetting("fixed", now_ms, 0.0)


def accelerated(start_ms: int, factor: float) -> ClockSetting:
    if not (math.isfinite(factor) and factor > 0):
        raise OkxSignalError(f"clock factor {factor!r} must be a positive number, for example 60")
    return ClockSetting("accelerated", start_ms, factor)


def parse_clock(text: str) -> ClockSetting:
    """A clock from its command-line form; see CLOCK_SYNTAX."""
    mode, _, rest = text.partition(":")
    if mode == "real" and not rest:
        return REAL
    if mode == "fixed" and rest:
        return fixed(iso_to_ms(rest, "clock"))
    if mode == "accelerated" and ":" in rest:
        start, _, factor = rest.rpartition(":")
        try:
            return accelerated(iso_to_ms(start, "clock"), float(factor))
        except ValueError as error:
            raise OkxSignalError(f"clock factor {factor!r} is not a number; use {CLOCK_SYNTAX}") from error
    raise OkxSignalError(f"unknown clock {text!r}; use {CLOCK_SYNTAX}")


MAX_STEP = 10 * 366 * 86_400


def _stepped(body: dict[str, Any], now_ms: int) -> ClockSetting:
    seconds = body.get("by_seconds")
    if isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 <= seconds <= MAX_STEP:
        return fixed(now_ms + round(seconds * 1000))
    raise OkxSignalError(
        f"clock mode 'step' needs by_seconds, from zero to {MAX_STEP} (ten years), not {seconds!r}"
    )


def clock_from_request(body: object, now_ms: int) -> ClockSetting:
    """A clock from the admin port's JSON: mode, and now | start + factor | by_seconds after `now_ms`."""
    if not isinstance(body, dict):
        raise OkxSignalError('the clock body must be a JSON object such as {"mode": "real"}')
    mode = body.get("mode")
    if mode == "step":
        return _stepped(body, now_ms)
    needed = {"real": (), "fixed": ("now",), "accelerated": ("start", "factor")}
    if mode not in needed:
        raise OkxSignalError(f"unknown clock mode {mode!r}; use real, fixed, step or accelerated")
    missing = [name for name in needed[mode] if name not in body]
    if missing:
        raise OkxSignalError(f"clock mode {mode!r} needs {' and '.join(missing)}")
    return parse_clock(":".join([mode, *(str(body[name]) for name in needed[mode])]))


class ExchangeClock:
    """The one clock of an exchange. It may be set while running; it never reads a time zone."""

    def __init__(
        self,
        setting: ClockSetting = REAL,
        wall_seconds: Callable[[], float] = time.time,
        monotonic_seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall = wall_seconds
        self._monotonic = monotonic_seconds
        self.set(setting)

    def set(self, setting: ClockSetting) -> None:
        self.setting = setting
        self._set_at = self._monotonic()

    def now_ms(self) -> int:
        if self.setting.mode == "real":
            return int(self._wall() * 1000)
        elapsed = self._monotonic() - self._set_at
        return self.setting.start_ms + int(elapsed * self.setting.factor * 1000)
