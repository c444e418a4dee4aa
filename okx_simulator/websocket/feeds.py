"""The feed interface, and the simplest feeds: rows that are pushed when they change."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from okx_simulator.ledger.events import Event
from okx_simulator.protocol.calls import Payload

Rows = list[Any]


@dataclass(frozen=True)
class Tick:
    """One look of a session at its exchange: exchange time, wall time, what changed in the account."""

    now_ms: int
    wall_seconds: float
    events: tuple[Event, ...] = ()


class Feed(Protocol):
    """One subscription. It remembers what it has sent; `due` gives what is new, oldest first.

    A frame is everything but its arg: `data`, and `action` or `eventType` where the channel has one.
    """

    def due(self, tick: Tick) -> list[Payload]: ...


class SilentFeed:
    """A channel with nothing to tell: no maintenance is ever planned."""

    def due(self, tick: Tick) -> list[Payload]:  # noqa: ARG002
        return []


def _without_time(rows: Rows) -> Rows:
    return [{name: value for name, value in row.items() if name not in ("ts", "seqId")} for row in rows]


class ChangingRows:
    """Rows that are pushed whole when they differ from the last push, at most every `seconds`."""

    def __init__(self, read: Callable[[], Rows], seconds: float) -> None:
        self._read = read
        self._seconds = seconds
        self._told: Rows | None = None
        self._told_at = 0.0
        self._read_ms = -1

    def due(self, tick: Tick) -> list[Payload]:
        early = self._told is not None and tick.wall_seconds < self._told_at + self._seconds
        if early or tick.now_ms == self._read_ms:
            return []
        self._read_ms = tick.now_ms
        rows = self._read()
        if not rows or _without_time(rows) == self._told:
            return []
        self._told, self._told_at = _without_time(rows), tick.wall_seconds
        return [{"data": rows}]


class ChangedRows:
    """All rows first, then those that changed, at most every `seconds`."""

    def __init__(self, read: Callable[[], Rows], seconds: float) -> None:
        self._read = read
        self._seconds = seconds
        self._told: Rows = []
        self._told_at: float | None = None

    def due(self, tick: Tick) -> list[Payload]:
        if self._told_at is not None and tick.wall_seconds < self._told_at + self._seconds:
            return []
        self._told_at = tick.wall_seconds
        rows = self._read()
        changed = [row for row in rows if row not in self._told]
        self._told = rows
        return [{"data": changed}] if changed else []
