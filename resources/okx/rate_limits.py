"""Staying inside OKX's limits: a token bucket with burst 1 per endpoint and key.

Counts are requests per two seconds as OKX documents them. Public endpoints count per IP, private ones
per user, trade endpoints per user and instrument: one client is one user from one address, so the key
that is left is the instrument or the instrument type.
"""

import threading
import time
from collections.abc import Callable

WINDOW_SECONDS = 2.0
# A little slower than allowed: two requests may travel closer together than they were sent.
MARGIN = 1.05

LIMITS = {
    "GET /public/time": 10,
    "GET /public/instruments": 20,
    "GET /market/tickers": 20,
    "GET /market/ticker": 20,
    "GET /market/books": 40,
    "GET /market/candles": 40,
    "GET /market/history-candles": 20,
    "GET /market/trades": 100,
    "GET /market/history-trades": 10,
    "GET /public/funding-rate-history": 10,
    "GET /account/balance": 10,
    "GET /account/config": 5,
    "GET /account/trade-fee": 5,
    "POST /trade/order": 60,
    "GET /trade/order": 60,
    "GET /trade/fills": 60,
}


class Pacer:
    """Spaces requests of the same endpoint and key evenly; safe from many threads."""

    def __init__(
        self,
        enabled: bool = True,
        now_seconds: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.enabled = enabled
        self._now = now_seconds
        self._sleep = sleep
        self._next_free: dict[tuple[str, str], float] = {}
        self._lock = threading.Lock()

    def wait(self, endpoint: str, key: str = "") -> None:
        """Sleep until the next request to `endpoint` with `key` may leave, and take that place."""
        limit = LIMITS.get(endpoint)
        if not self.enabled or limit is None:
            return
        interval = WINDOW_SECONDS / limit * MARGIN
        with self._lock:
            now = self._now()
            leaves = max(now, self._next_free.get((endpoint, key), 0.0))
            self._next_free[endpoint, key] = leaves + interval
        if leaves > now:
            self._sleep(leaves - now)
