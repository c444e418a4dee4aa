"""All connections of an exchange: how many there may be, and what each may do."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

CONNECTS_PER_SECOND = 3


@dataclass(frozen=True)
class WebSocketLimits:
    """OKX's limits, and how often a connection looks for news."""

    idle_seconds: float = 30.0
    outbox_frames: int = 2_000
    requests_per_hour: int = 480
    channel_connections: int = 30
    close_seconds: float = 1.0
    look_seconds: float = 0.05


class Connections:
    """Counts connections by channel, and new ones by second and address."""

    def __init__(self, now_seconds: Callable[[], float] = time.monotonic) -> None:
        self._now = now_seconds
        self._connected: dict[str, deque[float]] = {}
        self._members: dict[str, set[int]] = {}
        self._number = 0

    def admit(self, address: str) -> bool:
        """Whether one more may connect from here now: three a second."""
        recent = self._connected.setdefault(address, deque(maxlen=CONNECTS_PER_SECOND))
        if len(recent) == CONNECTS_PER_SECOND and recent[0] > self._now() - 1.0:
            return False
        recent.append(self._now())
        return True

    def new_id(self) -> str:
        self._number += 1
        return f"{self._number:08x}"

    def join(self, member: object, channel: str, most: int) -> bool:
        """Count a connection into a channel; False when it has `most` already."""
        members = self._members.setdefault(channel, set())
        if id(member) not in members and len(members) >= most:
            return False
        members.add(id(member))
        return True

    def leave(self, member: object, channel: str | None = None) -> None:
        """Take a connection out of one channel, or of all."""
        for name, members in self._members.items():
            if channel in (None, name):
                members.discard(id(member))

    def count(self, channel: str) -> int:
        return len(self._members.get(channel, ()))
