"""How often one may connect and ask: OKX's limits, and growing pauses after failures."""

import asyncio
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

# OKX allows three connections a second from one address, and 480 requests an hour on one connection.
SECONDS_BETWEEN_CONNECTS = 0.4
REQUESTS_PER_HOUR = 470
HOUR_SECONDS = 3_600.0
FIRST_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 0.5, 30.0


@dataclass(frozen=True)
class StreamHooks:
    """Time and chance, so that tests may hold them."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random


def pause_after(failures: int, chance: float) -> float:
    """Seconds to wait after so many failures in a row: doubling up to half a minute, spread by half around."""
    if failures <= 0:
        return 0.0
    return min(FIRST_PAUSE_SECONDS * 2.0 ** min(failures - 1, 16), MAX_PAUSE_SECONDS) * (0.5 + chance)


class ConnectPacer:
    """Spaces the connections of all streams that share it."""

    def __init__(self, hooks: StreamHooks) -> None:
        self._hooks = hooks
        self._next = 0.0

    async def wait(self) -> None:
        now = self._hooks.monotonic()
        turn = max(self._next, now)
        self._next = turn + SECONDS_BETWEEN_CONNECTS
        if turn > now:
            await self._hooks.sleep(turn - now)


class RequestBudget:
    """Keeps the requests of one connection under OKX's hourly limit."""

    def __init__(self, hooks: StreamHooks, per_hour: int = REQUESTS_PER_HOUR) -> None:
        self._hooks = hooks
        self._sent: deque[float] = deque(maxlen=per_hour)

    async def spend(self) -> None:
        """Wait until one more request may be sent."""
        full = len(self._sent) == self._sent.maxlen
        if full and (wait := self._sent[0] + HOUR_SECONDS - self._hooks.monotonic()) > 0:
            await self._hooks.sleep(wait)
        self._sent.append(self._hooks.monotonic())
