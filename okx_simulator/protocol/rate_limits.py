"""Request limits as OKX keys them: so many per window and endpoint, per IP, user, or user and instrument.

Windows are wall-clock time whatever the exchange clock does: they protect a server, not a market.
"""

import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from okx_simulator.protocol.errors import rate_limited

WINDOW_SECONDS = 2.0


@dataclass(frozen=True)
class Limit:
    """`count` requests per window; `scope` is what they are counted by."""

    count: int
    scope: str


LIMITS = {
    ("GET", "/api/v5/public/time"): Limit(10, "ip"),
    ("GET", "/api/v5/public/instruments"): Limit(20, "ip+instType"),
    ("GET", "/api/v5/market/tickers"): Limit(20, "ip"),
    ("GET", "/api/v5/market/ticker"): Limit(20, "ip"),
    ("GET", "/api/v5/market/books"): Limit(40, "ip"),
    ("GET", "/api/v5/market/candles"): Limit(40, "ip"),
    ("GET", "/api/v5/market/history-candles"): Limit(20, "ip"),
    ("GET", "/api/v5/market/trades"): Limit(100, "ip"),
    ("GET", "/api/v5/account/instruments"): Limit(20, "user+instType"),
    ("GET", "/api/v5/asset/currencies"): Limit(12, "user"),
    ("GET", "/api/v5/account/balance"): Limit(10, "user"),
    ("GET", "/api/v5/account/config"): Limit(5, "user"),
    ("GET", "/api/v5/account/trade-fee"): Limit(5, "user"),
    ("POST", "/api/v5/trade/order"): Limit(60, "user+instId"),
    ("POST", "/api/v5/trade/cancel-order"): Limit(60, "user+instId"),
    ("POST", "/api/v5/trade/amend-order"): Limit(60, "user+instId"),
    ("POST", "/api/v5/trade/batch-orders"): Limit(300, "user+instId"),
    ("POST", "/api/v5/trade/cancel-batch-orders"): Limit(300, "user+instId"),
    ("POST", "/api/v5/trade/amend-batch-orders"): Limit(300, "user+instId"),
    ("GET", "/api/v5/trade/order"): Limit(60, "user+instId"),
    ("GET", "/api/v5/trade/orders-pending"): Limit(60, "user"),
    ("GET", "/api/v5/trade/orders-history"): Limit(40, "user"),
    ("GET", "/api/v5/trade/orders-history-archive"): Limit(20, "user"),
    ("GET", "/api/v5/trade/fills"): Limit(60, "user"),
    ("GET", "/api/v5/trade/fills-history"): Limit(10, "user"),
    ("GET", "/api/v5/market/history-trades"): Limit(20, "ip"),
    ("GET", "/api/v5/public/price-limit"): Limit(20, "ip"),
    ("GET", "/api/v5/public/mark-price"): Limit(10, "ip+instId"),
    ("GET", "/api/v5/public/funding-rate"): Limit(10, "ip+instId"),
    ("GET", "/api/v5/public/funding-rate-history"): Limit(10, "ip+instId"),
    ("GET", "/api/v5/account/bills"): Limit(10, "user"),
    ("GET", "/api/v5/account/bills-archive"): Limit(5, "user"),
    ("GET", "/api/v5/account/max-size"): Limit(20, "user"),
    ("GET", "/api/v5/account/max-avail-size"): Limit(20, "user"),
    ("GET", "/api/v5/account/positions-history"): Limit(10, "user"),
    ("GET", "/api/v5/trade/account-rate-limit"): Limit(2, "user"),  # one a second
    ("GET", "/api/v5/market/mark-price-candles"): Limit(20, "ip"),
    ("GET", "/api/v5/market/history-mark-price-candles"): Limit(10, "ip"),
    ("GET", "/api/v5/market/index-candles"): Limit(20, "ip"),
    ("GET", "/api/v5/market/history-index-candles"): Limit(10, "ip"),
    ("GET", "/api/v5/market/index-tickers"): Limit(20, "ip"),
    ("GET", "/api/v5/public/open-interest"): Limit(20, "ip+instId"),
    ("GET", "/api/v5/public/position-tiers"): Limit(10, "ip"),
    ("GET", "/api/v5/account/positions"): Limit(10, "user"),
    ("GET", "/api/v5/account/leverage-info"): Limit(20, "user"),
    ("POST", "/api/v5/account/set-leverage"): Limit(20, "user"),
    ("POST", "/api/v5/account/set-position-mode"): Limit(5, "user"),
    ("POST", "/api/v5/account/set-account-level"): Limit(5, "user"),
    ("POST", "/api/v5/trade/close-position"): Limit(20, "user+instId"),
    ("POST", "/api/v5/trade/cancel-all-after"): Limit(2, "user+tag"),  # one a second
    ("POST", "/api/v5/trade/order-algo"): Limit(20, "user+instId"),
    ("POST", "/api/v5/trade/amend-algos"): Limit(20, "user+instId"),
    ("POST", "/api/v5/trade/cancel-algos"): Limit(20, "user+instId"),
    ("GET", "/api/v5/trade/order-algo"): Limit(20, "user"),
    ("GET", "/api/v5/trade/orders-algo-pending"): Limit(20, "user"),
    ("GET", "/api/v5/trade/orders-algo-history"): Limit(20, "user"),
}


# A batch of one counts as a single order.
SINGLE_PATHS = {
    "/api/v5/trade/batch-orders": "/api/v5/trade/order",
    "/api/v5/trade/cancel-batch-orders": "/api/v5/trade/cancel-order",
    "/api/v5/trade/amend-batch-orders": "/api/v5/trade/amend-order",
}


class RateLimiter:
    """Counts requests in a sliding window per key; switched off it lets everything pass."""

    def __init__(self, enabled: bool = True, now_seconds: Callable[[], float] = time.monotonic) -> None:
        self.enabled = enabled
        self._now = now_seconds
        self._seen: dict[tuple[str, ...], deque[float]] = {}

    def admit(self, method: str, path: str, asker: str, rows: Sequence[dict[str, str]]) -> None:
        """Count the request's rows, or raise 50011 when a window is full. A refused one is not counted."""
        if len(rows) == 1:
            path = SINGLE_PATHS.get(path, path)
        limit = LIMITS.get((method, path))
        if not self.enabled or limit is None:
            return
        _, _, parameter = limit.scope.partition("+")
        counted = Counter(row.get(parameter, "") if parameter else "" for row in rows)
        windows = [(self._window((method, path, asker, key)), count) for key, count in counted.items()]
        if any(len(seen) + count > limit.count for seen, count in windows):
            raise rate_limited()
        for seen, count in windows:
            seen.extend([self._now()] * count)

    def _window(self, key: tuple[str, ...]) -> deque[float]:
        """When the requests of `key` came that still count."""
        seen = self._seen.setdefault(key, deque())
        now = self._now()
        while seen and seen[0] <= now - WINDOW_SECONDS:
            seen.popleft()
        return seen
