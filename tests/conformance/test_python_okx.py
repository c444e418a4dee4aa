"""Unmodified python-okx against the simulator, given only the domain and the key."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from okx.Account import AccountAPI
from okx.MarketData import MarketAPI
from okx.PublicData import PublicAPI
from okx.Status import StatusAPI
from okx.Trade import TradeAPI

from okx_simulator.server.serve import Addresses

# python-okx hands httpx its body in a way that httpx no longer likes.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

PAIR = "ATOM-USDT"
Rows = list[dict[str, Any]]


@pytest.fixture
def make(addresses: Addresses, key: tuple[str, str, str]) -> Iterator[Callable[..., Any]]:
    """Makes any of python-okx's clients; flag "0" is what it calls real trading."""
    with ExitStack() as opened:
        yield lambda kind: opened.enter_context(kind(*key, flag="0", domain=addresses.base_url))


@pytest.fixture
def trade(make: Callable[..., Any]) -> TradeAPI:
    return make(TradeAPI)


def rows(answer: dict[str, Any]) -> Any:
    assert answer["code"] == "0", answer
    return answer["data"]


def limit(
    trade: TradeAPI, price: float, size: str = "10", ord_type: str = "limit", **more: str
) -> dict[str, Any]:
    order = {"instId": PAIR, "tdMode": "cash", "side": "buy", "ordType": ord_type, "sz": size}
    return rows(trade.place_order(**order, px=f"{price:.4f}", **more))[0]


def found(trade: TradeAPI, ack: dict[str, Any]) -> dict[str, Any]:
    return rows(trade.get_order(PAIR, ordId=ack["ordId"]))[0]


def test_public_data(make: Callable[..., Any]) -> None:
    public, market = make(PublicAPI), make(MarketAPI)
    assert abs(int(rows(public.get_system_time())[0]["ts"]) - time.time() * 1000) < 5_000
    assert len(rows(public.get_instruments("SPOT"))) == 3
    assert rows(public.get_instruments("FUTURES")) == []
    assert rows(make(StatusAPI).status()) == []
    assert len(rows(market.get_tickers("SPOT"))) == 3
    assert rows(market.get_ticker(PAIR))[0]["instId"] == PAIR
    assert len(rows(market.get_orderbook(PAIR, "20"))[0]["asks"]) == 20
    assert len(rows(market.get_trades(PAIR, "30"))) == 30
    candles = rows(market.get_candlesticks(PAIR, bar="1H", limit="300"))
    assert [len(candles), candles[0][8], candles[1][8]] == [300, "0", "1"]
    older = rows(market.get_history_candlesticks(PAIR, after=candles[-1][0], bar="1H", limit="300"))
    assert int(older[0][0]) == int(candles[-1][0]) - 3_600_000


def test_the_account(make: Callable[..., Any], trade: TradeAPI, best_ask: float) -> None:
    account = make(AccountAPI)
    limit(trade, best_ask / 2, "100")
    coin = rows(account.get_account_balance("USDT"))[0]["details"][0]
    assert float(coin["cashBal"]) == 10_000
    assert float(coin["availBal"]) + float(coin["frozenBal"]) == 10_000
    assert float(coin["frozenBal"]) == pytest.approx(100 * best_ask / 2, rel=1e-3)
    assert rows(account.get_account_config())[0]["acctLv"] == "1"
    assert rows(account.get_fee_rates("SPOT", PAIR))[0]["taker"] == "-0.001"
    assert len(rows(account.get_instruments("SPOT"))) == 3


def test_each_order_type(trade: TradeAPI, best_ask: float) -> None:
    market = rows(trade.place_order(PAIR, "cash", "buy", "market", "10", tgtCcy="base_ccy"))[0]
    assert found(trade, market)["state"] == "filled"
    seen = {}
    for ord_type in ("limit", "post_only", "ioc", "fok"):
        for name, price in (("takes", best_ask * 1.05), ("waits", best_ask * 0.95)):
            order = found(trade, limit(trade, price, ord_type=ord_type))
            seen[ord_type, name] = order["state"], order["cancelSource"]
    assert seen == {
        ("limit", "takes"): ("filled", ""),
        ("limit", "waits"): ("live", ""),
        ("post_only", "takes"): ("canceled", "31"),
        ("post_only", "waits"): ("live", ""),
        ("ioc", "takes"): ("filled", ""),
        ("ioc", "waits"): ("canceled", "14"),
        ("fok", "takes"): ("filled", ""),
        ("fok", "waits"): ("canceled", "13"),
    }
    fills = rows(trade.get_fills(instType="SPOT", ordId=market["ordId"]))
    assert {fill["execType"] for fill in fills} == {"T"}
    assert len(rows(trade.get_fills_history("SPOT"))) >= 4


def test_amend_cancel_and_the_lists(trade: TradeAPI, best_ask: float) -> None:
    ack = limit(trade, best_ask * 0.9, clOrdId="mine")
    assert rows(trade.amend_order(PAIR, clOrdId="mine", newSz="11", newPx=f"{best_ask * 0.8:.4f}"))
    assert found(trade, ack)["sz"] == "11"
    assert [row["clOrdId"] for row in rows(trade.get_order_list(instType="SPOT"))] == ["mine"]
    assert rows(trade.cancel_order(PAIR, clOrdId="mine"))[0]["sCode"] == "0"
    assert rows(trade.get_order_list()) == []
    assert [row["ordId"] for row in rows(trade.get_orders_history("SPOT", state="canceled"))] == [
        ack["ordId"]
    ]
    assert rows(trade.get_orders_history_archive("SPOT")) == []
    again = trade.cancel_order(PAIR, ordId=ack["ordId"])
    assert [again["code"], again["data"][0]["sCode"]] == ["1", "51400"]


def test_batches(trade: TradeAPI, best_ask: float) -> None:
    order = {"instId": PAIR, "tdMode": "cash", "side": "buy", "ordType": "limit", "px": f"{best_ask / 2:.4f}"}
    answer = trade.place_multiple_orders([{**order, "sz": "5"}, {**order, "sz": "0"}, {**order, "sz": "7"}])
    assert [answer["code"], [row["sCode"] for row in answer["data"]]] == ["2", ["0", "51000", "0"]]
    names = [{"instId": PAIR, "ordId": answer["data"][number]["ordId"]} for number in (0, 2)]
    assert len(rows(trade.amend_multiple_orders([{**name, "newSz": "9"} for name in names]))) == 2
    assert {row["sz"] for row in rows(trade.get_order_list())} == {"9"}
    assert len(rows(trade.cancel_multiple_orders(names))) == 2
    assert rows(trade.get_order_list()) == []
