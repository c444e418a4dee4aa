"""Ten days of a bad exchange: in the end the table is the tape, row for row."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from okx_simulator.protocol.clock import HOUR_MS, accelerated, fixed
from okx_simulator.tape.synthetic import SyntheticTape
from tests.okx_services.ingest.conftest import NOON_MS, VALUES, Feed

PAIRS = ("ADA-USDT", "ATOM-USDT", "BTC-USDT", "DOGE-USDT", "ETH-USDT", "SOL-USDT")
HOURS = 240
FACTOR = 9_000  # ten days in 96 seconds
RULES: list[dict[str, Any]] = [
    {"kind": "dropped_socket", "channel": "candle1H", "probability": 0.01},
    {"kind": "service_notice", "channel": "candle1H", "probability": 0.003, "seconds": 1},
    {"kind": "duplicate_push", "channel": "candle1H", "probability": 0.1},
    {"kind": "out_of_order_push", "channel": "candle1H", "probability": 0.1},
    {"kind": "lost_push", "channel": "candle1H", "probability": 0.1},
    {"kind": "missing_candle", "probability": 0.05, "count": 2},
    {"kind": "late_candle", "probability": 0.1, "seconds": 600},
    {"kind": "revised_candle", "probability": 0.1, "factor": 1.02, "seconds": 900},
    {"kind": "unconfirmed", "probability": 0.05, "seconds": 300},
    {"kind": "busy", "path": "/market/candles", "probability": 0.02},
    {"kind": "rate_limited", "path": "/market/candles", "probability": 0.01},
    {"kind": "html_body", "path": "/market/candles", "probability": 0.01},
    {"kind": "truncated_body", "path": "/market/candles", "probability": 0.01},
]


@pytest.fixture(scope="module")
def tape() -> SyntheticTape:
    return SyntheticTape(PAIRS)


@pytest.mark.soak
@pytest.mark.timeout(230)
def test_after_ten_days_of_chaos_the_table_is_the_tape(
    play: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    async def scene(feed: Feed) -> None:
        await feed.healthy()
        for number, rule in enumerate(RULES):
            feed.fault(seed=number, **rule)
        feed.exchange.clock.set(accelerated(feed.exchange.clock.now_ms(), FACTOR))
        end_ms = NOON_MS + HOURS * HOUR_MS
        while feed.exchange.clock.now_ms() < end_ms:
            await asyncio.sleep(0.5)
        await calm_hours(feed)
        with capsys.disabled():
            print("\n" + report(feed))
        assert feed.differences(range(HOURS)) == []
        require_all(feed)

    play(scene, seconds=200)


async def calm_hours(feed: Feed) -> None:
    """The exchange goes on: late or wrong bars are resolved in the hours after."""
    for _ in range(3):
        next_hour_ms = (feed.exchange.clock.now_ms() // HOUR_MS + 1) * HOUR_MS
        feed.exchange.clock.set(fixed(next_hour_ms + 1_200_000))
        await asyncio.sleep(1.5)


def require_all(feed: Feed) -> None:
    """No bar too many, none before its close, and every kind of fault has struck."""
    bars = {key: row for key, row in feed.bars().items() if 0 <= key[1] < HOURS}
    assert len(bars) == HOURS * len(PAIRS)
    for (pair, hour), row in bars.items():
        assert [row[name] for name in VALUES] == feed.tape_values(pair, hour)
        assert row["ingested_at"] >= row["timestamp_utc"] + timedelta(hours=1)
    gaps = feed.store.database.rows("select state, evidence from market.candle_gaps")
    assert {row["state"] for row in gaps} <= {"refetched"}
    assert all(row["evidence"] for row in gaps)
    assert all(rule["fired"] for rule in feed.exchange.faults.report()), feed.exchange.faults.report()
    assert feed.live.health.reconnects > 5
    assert feed.live.health.streamed > HOURS


def report(feed: Feed) -> str:
    """What happened, for people."""
    health = feed.live.health
    struck = ", ".join(f"{rule['kind']} {rule['fired']}" for rule in feed.exchange.faults.report())
    return (
        f"{health.streamed} bars pushed, {health.fetched} fetched, {health.revised} revised, "
        f"{health.reconnects} reconnects; faults: {struck}"
    )
