"""Staying inside OKX's limits: requests of an endpoint and key are spaced evenly, without bursts.

Public endpoints count per IP, private ones per user, trade endpoints per user and instrument, each in a
window of its own: orders never wait for data. One client is one user from one address, so the key that is
left is a parameter of the request. A batch counts its orders, and a batch of one counts as a single order.
"""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

WINDOW_SECONDS = 2.0
# A little slower than allowed: two requests may travel closer together than they were sent.
MARGIN = 1.05


@dataclass(frozen=True)
class Limit:
    """`count` requests per window; `scope` is what OKX counts them by, as `user+instId`."""

    count: int
    scope: str
    window_seconds: float = WINDOW_SECONDS

    @property
    def parameter(self) -> str:
        """The parameter of the request that the count is kept by, '' for none."""
        return self.scope.partition("+")[2]


LIMITS = {
    "GET /public/time": Limit(10, "ip"),
    "GET /public/instruments": Limit(20, "ip+instType"),
    "GET /market/tickers": Limit(20, "ip"),
    "GET /market/ticker": Limit(20, "ip"),
    "GET /market/books": Limit(40, "ip"),
    "GET /market/candles": Limit(40, "ip"),
    "GET /market/history-candles": Limit(20, "ip"),
    "GET /market/trades": Limit(100, "ip"),
    "GET /market/history-trades": Limit(20, "ip"),
    "GET /public/funding-rate": Limit(10, "ip+instId"),
    "GET /public/funding-rate-history": Limit(10, "ip+instId"),
    "GET /public/mark-price": Limit(10, "ip+instId"),
    "GET /public/price-limit": Limit(20, "ip"),
    "GET /system/status": Limit(1, "ip", 5.0),
    "GET /account/balance": Limit(10, "user"),
    "GET /account/config": Limit(5, "user"),
    "GET /account/trade-fee": Limit(5, "user"),
    "GET /account/instruments": Limit(20, "user+instType"),
    "GET /account/positions": Limit(10, "user"),
    "GET /account/leverage-info": Limit(20, "user"),
    "GET /account/bills": Limit(10, "user"),
    "POST /account/set-leverage": Limit(20, "user"),
    "POST /account/set-position-mode": Limit(5, "user"),
    "POST /account/set-account-level": Limit(5, "user"),
    "POST /trade/order": Limit(60, "user+instId"),
    "POST /trade/batch-orders": Limit(300, "user+instId"),
    "POST /trade/cancel-order": Limit(60, "user+instId"),
    "POST /trade/cancel-batch-orders": Limit(300, "user+instId"),
    "POST /trade/amend-order": Limit(60, "user+instId"),
    "POST /trade/amend-batch-orders": Limit(300, "user+instId"),
    "POST /trade/close-position": Limit(20, "user+instId"),
    "POST /trade/cancel-all-after": Limit(1, "user+tag", 1.0),
    "GET /trade/order": Limit(60, "user+instId"),
    "GET /trade/orders-pending": Limit(60, "user"),
    "GET /trade/orders-history": Limit(40, "user"),
    "GET /trade/orders-history-archive": Limit(20, "user"),
    "GET /trade/fills": Limit(60, "user"),
    "GET /trade/fills-history": Limit(10, "user"),
    "POST /trade/order-algo": Limit(20, "user+instId"),
    "POST /trade/cancel-algos": Limit(20, "user+instId"),
    "POST /trade/amend-algos": Limit(20, "user+instId"),
    "GET /trade/order-algo": Limit(20, "user"),
    "GET /trade/orders-algo-pending": Limit(20, "user"),
    "GET /trade/orders-algo-history": Limit(20, "user"),
}
SINGLE = {
    "POST /trade/batch-orders": "POST /trade/order",
    "POST /trade/cancel-batch-orders": "POST /trade/cancel-order",
    "POST /trade/amend-batch-orders": "POST /trade/amend-order",
}
# New and amended orders of the whole account are counted once more (spot too here, though OKX exempts it).
ORDERS_OF_ACCOUNT = Limit(1000, "user")
COUNTED_TWICE = frozenset(
    f"POST /trade/{name}" for name in ("order", "batch-orders", "amend-order", "amend-batch-orders")
)
ONE: Sequence[Mapping[str, Any]] = ({},)


@dataclass
class _Bucket:
    """Requests of one key: when the next may leave, and those that still count, as (left at, count)."""

    limit: Limit
    next_free: float = 0.0
    left: deque[tuple[float, int]] = field(default_factory=deque)

    def earliest(self, now: float, count: int) -> float:
        """When `count` more may leave, so that no window ever holds more than the limit."""
        window = self.limit.window_seconds * MARGIN
        leaves = max(now, self.next_free)
        while self.left and self.left[0][0] + window <= leaves:
            self.left.popleft()
        counting = sum(number for _, number in self.left)
        for left_at, number in self.left:
            if counting + count <= self.limit.count:
                break
            leaves, counting = max(leaves, left_at + window), counting - number
        return leaves

    def take(self, leaves: float, count: int) -> None:
        self.left.append((leaves, count))
        self.next_free = leaves + self.limit.window_seconds / self.limit.count * MARGIN * count


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
        self._buckets: dict[tuple[str, str], _Bucket] = {}
        self._lock = threading.Lock()

    def wait(self, endpoint: str, rows: Sequence[Mapping[str, Any]] = ONE) -> None:
        """Sleep until a request with these rows of parameters may leave, and take its place."""
        endpoint = SINGLE.get(endpoint, endpoint) if len(rows) == 1 else endpoint
        limit = LIMITS.get(endpoint)
        if not self.enabled or limit is None:
            return
        counts = Counter(str(row.get(limit.parameter, "")) for row in rows)
        with self._lock:
            now = self._now()
            buckets = [(self._bucket(endpoint, key, limit), count) for key, count in counts.items()]
            if endpoint in COUNTED_TWICE:
                buckets.append((self._bucket("orders of the account", "", ORDERS_OF_ACCOUNT), len(rows)))
            leaves = max(bucket.earliest(now, count) for bucket, count in buckets)
            for bucket, count in buckets:
                bucket.take(leaves, count)
        if leaves > now:
            self._sleep(leaves - now)

    def _bucket(self, endpoint: str, key: str, limit: Limit) -> _Bucket:
        return self._buckets.setdefault((endpoint, key), _Bucket(limit))
