from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from typing import Any

from okx_simulator.exchange import Exchange
from okx_simulator.market.public_trades import TRADES_PER_HOUR
from okx_simulator.protocol.clock import HOUR_MS, fixed

Get = Callable[..., Any]


def test_trades_are_the_newest_first_and_never_later_than_now(get: Get, exchange: Exchange) -> None:
    rows = get("/market/trades", instId="ETH-USDT", limit="500")["data"]
    assert len(rows) == 500
    assert int(rows[0]["ts"]) <= exchange.clock.now_ms()
    assert all(int(newer["tradeId"]) == int(older["tradeId"]) + 1 for newer, older in pairwise(rows))
    assert {row["side"] for row in rows} == {"buy", "sell"}
    assert len(get("/market/trades", instId="ETH-USDT")["data"]) == 100
    assert get("/market/trades", instId="NONE-USDT")["code"] == "51001"


def test_trades_are_the_same_whenever_they_are_asked_for(get: Get, exchange: Exchange) -> None:
    first = get("/market/trades", instId="ETH-USDT", limit="200")["data"]
    exchange.clock.set(fixed(exchange.clock.now_ms() + HOUR_MS // 4))
    later = get("/market/trades", instId="ETH-USDT", limit="500")["data"]
    known = {row["tradeId"]: row for row in later}
    assert [known[row["tradeId"]] for row in first if row["tradeId"] in known] == first


def test_the_trades_of_an_hour_are_its_bar(exchange: Exchange) -> None:
    hour = exchange.clock.now_ms() // HOUR_MS
    bar = exchange.tape.bars("ETH-USDT", hour).between(hour - 1, hour)
    exchange.clock.set(fixed(hour * HOUR_MS - 1))
    trades = exchange.market.trades("ETH-USDT", TRADES_PER_HOUR)
    grid = exchange.market.listing("ETH-USDT")
    prices = [trade.price for trade in trades]
    assert (hour - 1) * HOUR_MS == trades[-1].traded_ms
    assert float(min(prices)) >= float(bar.low[0]) - float(grid.tick)
    assert float(max(prices)) <= float(bar.high[0])
    assert sum(trade.size for trade in trades) <= Decimal(repr(float(bar.volume[0])))
    assert sum(trade.size for trade in trades) > Decimal(repr(float(bar.volume[0] * 0.99)))


def test_there_are_no_inverse_contracts_no_coins_to_pay_in_and_no_planned_breaks(
    get: Get, signed: Any
) -> None:
    for kind in ("SWAP", "FUTURES", "OPTION"):
        assert get("/public/instruments", instType=kind, uly="BTC-USD") == {
            "code": "0",
            "msg": "",
            "data": [],
        }
    assert get("/system/status")["data"] == []
    assert signed("GET", "/asset/currencies").json()["data"] == []
    own = signed("GET", "/account/instruments", {"instType": "SPOT"}).json()["data"]
    assert own == get("/public/instruments", instType="SPOT")["data"]
