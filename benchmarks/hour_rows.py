"""Shares, floors and ratios from the laps of hour_to_order."""

import statistics
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from resources.okx.http.rate_limits import LIMITS, WINDOW_SECONDS

ROUND_TRIP_SECONDS = 0.1
STAGES = ("fetch", "4h and 1d", "funding", "features", "signals", "execution")


@dataclass
class Lap:
    """Seconds of each stage and of the peer's loop, orders placed, requests sent."""

    stages: dict[str, float]
    peer: float
    orders: int
    sent: Counter[str]

    @property
    def total(self) -> float:
        return sum(self.stages.values())


def floor_seconds(endpoint: str, requests_sent: int) -> float:
    """The least time between the first and the last of so many requests to one endpoint."""
    limit = LIMITS[endpoint].count
    return max(-(-requests_sent // limit) - 1, 0) * WINDOW_SECONDS


def own_rows(laps: list[Lap]) -> Iterator[dict[str, Any]]:
    """Without limits and network: each stage's share of the whole hour."""
    total = statistics.median(one.total for one in laps)
    for stage in STAGES:
        spent = statistics.median(one.stages[stage] for one in laps)
        yield {"name": stage, "peer": "whole hour, own work", "ours_ms": 1e3 * spent, "peer_ms": 1e3 * total,
               "ratio": spent / total}  # fmt: skip


def wire_rows(laps: list[Lap], pairs: int) -> Iterator[dict[str, Any]]:
    """With limits and network: the stages that ask the exchange against their floors and the peer's loop."""
    fetched, executed, total = (
        statistics.median(values)
        for values in zip(
            *((one.stages["fetch"], one.stages["execution"], one.total) for one in laps), strict=True
        )
    )
    sent = laps[-1].sent
    peer = statistics.median(one.peer for one in laps)
    floor = floor_seconds("GET /market/candles", pairs) + ROUND_TRIP_SECONDS
    orders = laps[-1].orders
    # Limits alone would let all of it through at once; what is left is one trip per request, one by one.
    asked = ROUND_TRIP_SECONDS * sum(count for endpoint, count in sent.items() if "candles" not in endpoint)
    yield _wire("fetch", "one requests.get per pair", fetched, peer, peer / fetched)
    yield _wire("fetch", "floor of its candle requests", fetched, floor, fetched / floor)
    name = f"execution, {orders} orders"
    yield _wire(name, "one round trip per request", executed, asked, executed / asked)
    whole = floor + ROUND_TRIP_SECONDS
    yield _wire("whole hour", "floor: candles, one trip for orders", total, whole, total / whole)


def _wire(name: str, peer: str, ours: float, theirs: float, ratio: float) -> dict[str, Any]:
    return {"name": name, "peer": peer, "ours_ms": 1e3 * ours, "peer_ms": 1e3 * theirs, "ratio": ratio}
