"""Unmodified ccxt (sync) in futures mode: algo orders, swaps, funding, the dead man's switch; URLs only."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ccxt
import pytest

from okx_simulator.exchange import AccountSettings, Exchange
from okx_simulator.protocol.clock import HOUR_MS, ExchangeClock, fixed
from okx_simulator.server.serve import serve_in_thread
from okx_simulator.tape.synthetic import SyntheticTape

ATOM, SWAP = "ATOM/USDT", "BTC/USDT:USDT"
Order = dict[str, Any]


@pytest.fixture
def exchange(tape: SyntheticTape, tmp_path: Path) -> Iterator[Exchange]:
    built = Exchange(tape, ExchangeClock(), tmp_path, AccountSettings(level="2"), rate_limits=False)
    built.clock.set(fixed(built.clock.now_ms()))
    yield built
    built.close()


@pytest.fixture
def client(exchange: Exchange, key: tuple[str, str, str]) -> Iterator[ccxt.okx]:
    name, secret, passphrase = key
    with serve_in_thread(exchange) as addresses:
        urls = {"api": {"rest": addresses.base_url}}
        made = ccxt.okx(
            {"apiKey": name, "secret": secret, "password": passphrase, "urls": urls, "rateLimit": 1}
        )
        made.load_time_difference()
        made.load_markets()
        yield made
        made.session.close()


@pytest.fixture
def near(client: ccxt.okx) -> Callable[..., float]:
    """A price so many percent above the last one, on the tick."""

    def call(percent: float, symbol: str = ATOM) -> float:
        last = client.fetch_ticker(symbol)["last"]
        return float(client.price_to_precision(symbol, last * (1 + percent / 100)))

    return call


@pytest.fixture
def wait(client: ccxt.okx, exchange: Exchange) -> Callable[[float], None]:
    """Let hours of the exchange's time pass; ccxt follows the clock by its own `load_time_difference`."""

    def call(hours: float) -> None:
        exchange.clock.set(fixed(exchange.clock.now_ms() + round(hours * HOUR_MS)))
        client.load_time_difference()

    return call


KINDS = [
    ("conditional", "market", {"stopLossPrice": -5}),
    ("conditional", "limit", {"takeProfitPrice": 5}),
    ("oco", "oco", {"stopLossPrice": -5, "takeProfitPrice": 5}),
    ("trigger", "market", {"triggerPrice": -5}),
    ("trigger", "limit", {"triggerPrice": 5}),
    ("move_order_stop", "market", {"trailingPercent": "5"}),
]


def sent(prices: dict[str, Any], near: Callable[..., float]) -> dict[str, Any]:
    return {name: value if name == "trailingPercent" else near(value) for name, value in prices.items()}


@pytest.mark.parametrize("symbol", [ATOM, SWAP])
@pytest.mark.parametrize(("kind", "order_type", "prices"), KINDS)
def test_an_algo_order_from_creation_to_cancellation(
    client: ccxt.okx,
    near: Callable[..., float],
    symbol: str,
    kind: str,
    order_type: str,
    prices: dict[str, Any],
) -> None:
    price = near(1, symbol) if order_type == "limit" else None
    wanted = sent(prices, lambda percent: near(percent, symbol))
    made = client.create_order(symbol, order_type, "sell", 10, price, wanted)
    shown = client.fetch_order(made["id"], symbol, {"trigger": True})
    assert [shown["id"], shown["status"], shown["side"], shown["amount"]] == [made["id"], "open", "sell", 10]
    assert [order["id"] for order in client.fetch_open_orders(symbol, params={"ordType": kind})] == [
        made["id"]
    ]
    client.cancel_orders([made["id"]], symbol, {"trigger": True})
    assert client.fetch_open_orders(symbol, params={"ordType": kind}) == []
    gone = client.fetch_canceled_orders(symbol, params={"ordType": kind})
    assert [[order["id"], order["status"]] for order in gone] == [[made["id"], "canceled"]]


@pytest.mark.parametrize(("kind", "order_type", "prices"), [*KINDS[:1], KINDS[2], KINDS[3], KINDS[5]])
def test_an_algo_order_fires_and_its_child_trades(
    client: ccxt.okx, near, wait, kind: str, order_type: str, prices: dict[str, Any]
) -> None:
    client.create_order(ATOM, "market", "buy", 20)
    made = client.create_order(ATOM, order_type, "sell", 10, None, sent(prices, near))
    wait(2_000)
    fired = client.fetch_order(made["id"], ATOM, {"trigger": True})
    assert fired["status"] == "closed"
    asked = {"trigger": True, "ordType": kind}
    assert [order["id"] for order in client.fetch_closed_orders(ATOM, params=asked)] == [made["id"]]
    child = client.fetch_order(fired["info"]["ordId"], ATOM)
    assert [child["status"], child["filled"], child["side"]] == ["closed", 10, "sell"]
    assert child["info"]["algoId"] == made["id"]
    assert len(client.fetch_order_trades(fired["info"]["ordId"], ATOM)) >= 1


def test_an_algo_order_is_edited(client: ccxt.okx, near) -> None:
    made = client.create_order(ATOM, "market", "sell", 10, None, {"stopLossPrice": near(-5)})
    changes = {"stopLossPrice": near(-7), "newSlOrdPx": "-1"}
    client.edit_order(made["id"], ATOM, "conditional", "sell", 8, None, changes)
    order = client.fetch_order(made["id"], ATOM, {"trigger": True})
    assert [order["amount"], order["stopLossPrice"]] == [8, near(-7)]


def test_refusals_of_algo_orders(client: ccxt.okx, near) -> None:
    with pytest.raises(ccxt.ExchangeError, match="51280"):
        client.create_order(ATOM, "market", "sell", 10, None, {"stopLossPrice": near(5)})
    with pytest.raises(ccxt.ExchangeError, match="51400"):
        client.cancel_order("1", ATOM, {"trigger": True})


def test_stops_attached_to_a_swap_order(client: ccxt.okx, near, wait) -> None:
    attached = {
        "takeProfit": {"triggerPrice": near(2, SWAP)},
        "stopLoss": {"triggerPrice": near(-2, SWAP)},
    }
    made = client.create_order(SWAP, "limit", "buy", 10, near(1, SWAP), attached)
    assert client.fetch_order(made["id"], SWAP)["status"] == "closed"
    (oco,) = client.fetch_open_orders(SWAP, params={"ordType": "oco"})
    assert [oco["side"], oco["amount"], oco["reduceOnly"]] == ["sell", 10, True]
    wait(1_000)
    assert client.fetch_positions() == []
    assert client.fetch_order(oco["id"], SWAP, {"trigger": True})["status"] == "closed"


def test_a_swap_position_from_opening_to_closing(client: ccxt.okx, exchange: Exchange, wait) -> None:
    client.set_leverage(5, SWAP, {"marginMode": "cross"})
    assert client.fetch_leverage(SWAP, {"marginMode": "cross"})["longLeverage"] == 5
    client.set_position_mode(False)
    bought = client.fetch_order(client.create_order(SWAP, "market", "buy", 12.5)["id"], SWAP)
    assert [bought["filled"], bought["fee"]["currency"]] == [12.5, "USDT"]
    position = client.fetch_position(SWAP)
    assert [position["side"], position["contracts"], position["contractSize"]] == ["long", 12.5, 0.01]
    assert [position["leverage"], position["marginMode"], position["hedged"]] == [5, "cross", False]
    assert position["entryPrice"] == bought["average"]
    assert position["initialMargin"] == pytest.approx(position["notional"] / 5)
    with pytest.raises(ccxt.InvalidOrder, match="51112"):
        client.create_order(SWAP, "market", "sell", 13, None, {"reduceOnly": True})
    rate = client.fetch_funding_rate(SWAP)
    wait((rate["fundingTimestamp"] - exchange.clock.now_ms()) / HOUR_MS)
    (paid,) = [
        row for row in client.fetch_ledger("USDT", params={"type": "swap"}) if row["info"]["type"] == "8"
    ]
    value = 0.125 * client.fetch_mark_price(SWAP)["markPrice"]
    assert float(paid["info"]["balChg"]) == pytest.approx(-value * rate["fundingRate"], abs=1e-6)
    history = client.fetch_funding_rate_history(SWAP, limit=2)
    assert history[-1]["fundingRate"] == rate["fundingRate"]
    balance = client.fetch_balance()["USDT"]
    assert balance["used"] == pytest.approx(client.fetch_position(SWAP)["initialMargin"])
    client.create_order(
        SWAP, "limit", "sell", 2, client.fetch_ticker(SWAP)["last"] * 1.05, {"reduceOnly": True}
    )
    client.close_position(SWAP, params={"autoCxl": True})
    assert client.fetch_positions() == []
    assert client.fetch_open_orders(SWAP) == []
    assert {trade["side"] for trade in client.fetch_my_trades(SWAP)} == {"buy", "sell"}
    assert client.fetch_balance()["USDT"]["used"] == 0


def test_candles_and_tickers_of_a_swap_count_base(client: ccxt.okx) -> None:
    spot, swap = (client.fetch_ohlcv(symbol, "1h", limit=50) for symbol in ("BTC/USDT", SWAP))
    assert swap == spot
    tickers = client.fetch_tickers([SWAP], {"instType": "SWAP"})
    assert tickers[SWAP]["last"] == client.fetch_ticker("BTC/USDT")["last"]
    book = client.fetch_order_book(SWAP, 5)
    assert book["bids"][0][0] < book["asks"][0][0]
    assert client.fetch_trades(SWAP, limit=5)[0]["amount"] > 0


def test_the_price_limit_and_older_trades(client: ccxt.okx) -> None:
    (band,) = client.public_get_public_price_limit({"instId": "ATOM-USDT"})["data"]
    with pytest.raises(ccxt.ExchangeError, match="51137"):
        client.create_order(ATOM, "limit", "buy", 1, float(band["buyLmt"]) * 1.01)
    newest = client.fetch_trades(ATOM, limit=100)
    older = client.fetch_trades(
        ATOM, limit=100, params={"method": "publicGetMarketHistoryTrades", "after": newest[0]["id"]}
    )
    assert int(older[-1]["id"]) == int(newest[0]["id"]) - 1


def test_all_orders_go_when_nobody_says_otherwise(client: ccxt.okx, near, wait) -> None:
    made = client.create_order(ATOM, "limit", "buy", 10, near(-30))
    client.cancel_all_orders_after(10_000)
    assert client.fetch_order(made["id"], ATOM)["status"] == "open"
    wait(11 / 3_600)
    order = client.fetch_order(made["id"], ATOM)
    assert [order["status"], order["info"]["cancelSource"]] == ["canceled", "20"]
