"""Index and mark candles, open interest and position tiers, over the wire."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from okx_simulator.exchange import Exchange
from okx_simulator.protocol.clock import HOUR_MS

Get = Callable[..., Any]
WEEK_MS = 7 * 24 * HOUR_MS
MONDAY_MS = 4 * 24 * HOUR_MS


@pytest.mark.parametrize("kind", ["mark-price", "index"])
def test_index_and_mark_candles_are_the_prices_without_volume(get: Get, kind: str) -> None:
    for bar in ("1m", "1H", "1Dutc"):
        plain = get("/market/candles", instId="ETH-USDT", bar=bar, limit="5")["data"]
        found = get(f"/market/{kind}-candles", instId="ETH-USDT", bar=bar, limit="5")["data"]
        assert found == [[*row[:5], row[8]] for row in plain]
        older = get(f"/market/history-{kind}-candles", instId="ETH-USDT", bar=bar, after=found[-1][0])["data"]
        assert int(older[0][0]) < int(found[-1][0])


def test_an_index_ticker_has_the_price_of_the_pair(get: Get) -> None:
    (one,) = get("/market/index-tickers", instId="ETH-USDT")["data"]
    (ticker,) = get("/market/ticker", instId="ETH-USDT")["data"]
    assert [one["idxPx"], one["high24h"]] == [ticker["last"], ticker["high24h"]]
    assert len(get("/market/index-tickers", quoteCcy="USDT")["data"]) == 3
    assert get("/market/index-tickers")["code"] == "50014"


def test_open_interest_counts_contracts_base_and_dollars(get: Get) -> None:
    rows = get("/public/open-interest", instType="SWAP")["data"]
    assert len(rows) == 3
    for row in rows:
        unit = Decimal(get("/public/instruments", instType="SWAP", instId=row["instId"])["data"][0]["ctVal"])
        assert Decimal(row["oiCcy"]) == Decimal(row["oi"]) * unit
    (one,) = get("/public/open-interest", instType="SWAP", instId="BTC-USDT-SWAP")["data"]
    assert one in rows
    assert get("/public/open-interest")["code"] == "50014"


def test_the_tier_of_a_family_holds_every_size(get: Get) -> None:
    (tier,) = get("/public/position-tiers", instType="SWAP", tdMode="cross", instFamily="BTC-USDT")["data"]
    assert [tier["tier"], tier["maxLever"], tier["mmr"]] == ["1", "100", "0.005"]
    assert get("/public/position-tiers", instType="SWAP", tdMode="cross")["code"] == "50014"
    assert get("/public/position-tiers", instType="OPTION", tdMode="cross", uly="BTC-USD")["code"] == "51000"


@pytest.mark.parametrize(("bar", "opens"), [("1Wutc", MONDAY_MS), ("1W", MONDAY_MS - 8 * HOUR_MS)])
def test_weeks_open_on_mondays(get: Get, exchange: Exchange, bar: str, opens: int) -> None:
    rows = get("/market/candles", instId="BTC-USDT", bar=bar, limit="20")["data"]
    stamps = np.array([int(row[0]) for row in rows])
    assert set((stamps - opens) % WEEK_MS) == {0}
    assert stamps[0] <= exchange.clock.now_ms() < stamps[0] + WEEK_MS
    assert set(np.diff(stamps)) == {-WEEK_MS}
    days = get("/market/candles", instId="BTC-USDT", bar="1Dutc" if bar == "1Wutc" else "1D", limit="40")[
        "data"
    ]
    of_week = [row for row in days if stamps[1] <= int(row[0]) < stamps[0]]
    assert max(float(row[2]) for row in of_week) == float(rows[1][2])
    assert len(of_week) == 7
