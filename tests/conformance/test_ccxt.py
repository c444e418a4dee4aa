"""Unmodified ccxt (sync) against the simulator, given only the URL and the key."""

from collections.abc import Callable, Iterator
from typing import Any

import ccxt
import pytest

from okx_simulator.exchange import Exchange
from okx_simulator.protocol.clock import fixed
from okx_simulator.server.serve import Addresses

ATOM = "ATOM/USDT"
HOUR_MS = 3_600_000
Order = dict[str, Any]


@pytest.fixture
def client(addresses: Addresses, key: tuple[str, str, str]) -> Iterator[ccxt.okx]:
    name, secret, passphrase = key
    urls = {"api": {"rest": addresses.base_url}}
    made = ccxt.okx(
        {
            "apiKey": name,
            "secret": secret,
            "password": passphrase,
            "urls": urls,
        }
    )
    yield made
    made.session.close()


@pytest.fixture
def below(client: ccxt.okx, best_ask: float) -> Callable[[float], float]:
    """A price so many percent below the best ask, on the tick."""
    client.load_markets()
    return lambda percent: float(client.price_to_precision(ATOM, best_ask * (1 - percent / 100)))


def test_markets_carry_precision_limits_and_fees(client: ccxt.okx, exchange: Exchange) -> None:
    markets = client.load_markets()
    spot = ["ATOM/USDT", "BTC/USDT", "ETH/USDT"]
    assert sorted(markets) == sorted([*spot, *(f"{pair}:USDT" for pair in spot)])
    grid = exchange.market.listing("ATOM-USDT")
    market = markets[ATOM]
    assert [market["type"], market["active"], market["base"], market["quote"]] == [
        "spot",
        True,
        "ATOM",
        "USDT",
    ]
    assert market["precision"]["price"] == float(grid.tick)
    assert market["precision"]["amount"] == float(grid.lot)
    assert market["limits"]["amount"]["min"] == float(grid.min_size)


def test_public_data(client: ccxt.okx, exchange: Exchange) -> None:
    assert abs(client.fetch_time() - exchange.clock.now_ms()) < 5_000
    assert client.fetch_status()["status"] == "ok"
    assert client.fetch_currencies() == {}
    ticker = client.fetch_ticker(ATOM)
    assert ticker["low"] <= ticker["last"] <= ticker["high"]
    assert ticker["bid"] < ticker["ask"]
    assert sorted(client.fetch_tickers()) == ["ATOM/USDT", "BTC/USDT", "ETH/USDT"]
    book = client.fetch_order_book(ATOM, 50)
    assert [len(book["asks"]), len(book["bids"])] == [50, 50]
    assert book["asks"] == sorted(book["asks"])
    assert book["bids"] == sorted(book["bids"], reverse=True)
    assert book["bids"][0][0] < book["asks"][0][0]
    trades = client.fetch_trades(ATOM, limit=200)
    assert len(trades) == 200
    assert [trade["timestamp"] for trade in trades] == sorted(trade["timestamp"] for trade in trades)
    assert all(trade["price"] > 0 and trade["amount"] > 0 for trade in trades)


def test_three_years_of_hours_come_by_paging(client: ccxt.okx, exchange: Exchange, hour_iso: str) -> None:
    start = since = client.parse8601(hour_iso)
    rows: list[list[float]] = []
    while since < exchange.clock.now_ms():
        page = client.fetch_ohlcv(ATOM, "1h", since=since, limit=300)
        if not page:
            break
        rows += page
        since = int(page[-1][0]) + HOUR_MS
    closed = rows[:-1]
    bars = exchange.tape.bars("ATOM-USDT", int(closed[-1][0]) // HOUR_MS + 1).between(
        start // HOUR_MS, int(closed[-1][0]) // HOUR_MS + 1
    )
    assert len(closed) >= 3 * 365 * 24
    assert [row[0] // HOUR_MS for row in closed] == bars.hours.tolist()
    columns = (bars.open, bars.high, bars.low, bars.close, bars.volume)
    for number, column in enumerate(columns, start=1):
        assert [row[number] for row in closed] == column.tolist()


def test_days_are_those_of_utc(client: ccxt.okx) -> None:
    days = client.fetch_ohlcv(ATOM, "1d", since=client.parse8601("2023-01-01T00:00:00Z"), limit=5)
    assert [client.iso8601(int(day[0]))[:10] for day in days] == [f"2023-01-0{day}" for day in range(1, 6)]
    assert all(int(day[0]) % (24 * HOUR_MS) == 0 for day in days)


def test_the_account(client: ccxt.okx, below: Callable[[float], float]) -> None:
    balance = client.fetch_balance()
    assert balance["USDT"] == {"free": 10_000.0, "used": 0.0, "total": 10_000.0}
    client.create_order(ATOM, "limit", "buy", 100, below(50))
    held = 100 * below(50)
    assert client.fetch_balance()["USDT"] == pytest.approx(
        {"free": 10_000 - held, "used": held, "total": 10_000.0}
    )
    fee = client.fetch_trading_fee(ATOM)
    assert [fee["maker"], fee["taker"]] == [0.0008, 0.001]
    assert len(client.fetch_accounts()) == 1


def test_market_orders_by_amount_and_by_cost(client: ccxt.okx, best_ask: float) -> None:
    client.load_markets()
    made = [
        client.create_order(ATOM, "market", "buy", 100),
        client.create_market_buy_order_with_cost(ATOM, 50),
        client.create_order(ATOM, "market", "sell", 20),
        client.create_market_sell_order_with_cost(ATOM, 10),
    ]
    orders = [client.fetch_order(order["id"], ATOM) for order in made]
    assert [order["status"] for order in orders] == ["closed"] * 4
    assert orders[0]["filled"] == 100
    assert orders[0]["average"] == pytest.approx(best_ask, rel=0.01)
    assert orders[0]["fee"] == {"cost": 0.1, "currency": "ATOM"}
    assert orders[2]["fee"]["currency"] == "USDT"
    assert 49 < orders[1]["cost"] <= 50
    trades = client.fetch_my_trades(ATOM)
    assert {trade["order"] for trade in trades} == {order["id"] for order in made}
    assert {trade["takerOrMaker"] for trade in trades} == {"taker"}
    own = client.fetch_order_trades(made[0]["id"], ATOM)
    assert sum(trade["amount"] for trade in own) == 100


def test_a_limit_order_from_creation_to_cancellation(client: ccxt.okx, below) -> None:
    made = client.create_order(ATOM, "limit", "buy", 10, below(10))
    order = client.fetch_order(made["id"], ATOM)
    assert [order["status"], order["price"], order["amount"], order["filled"]] == ["open", below(10), 10, 0]
    edited = client.edit_order(made["id"], ATOM, "limit", "buy", 12, below(20))
    assert edited["id"] == made["id"]
    order = client.fetch_open_orders(ATOM)[0]
    assert [order["id"], order["price"], order["amount"]] == [made["id"], below(20), 12]
    assert client.cancel_order(made["id"], ATOM)["id"] == made["id"]
    assert client.fetch_open_orders(ATOM) == []
    assert [order["id"] for order in client.fetch_canceled_orders(ATOM)] == [made["id"]]
    assert client.fetch_order(made["id"], ATOM)["status"] == "canceled"


def test_the_client_s_own_order_id(client: ccxt.okx, below) -> None:
    client.create_order(ATOM, "limit", "buy", 10, below(10), {"clientOrderId": "mine1"})
    order = client.fetch_order(None, ATOM, {"clOrdId": "mine1"})
    assert order["clientOrderId"] == "mine1"
    with pytest.raises(ccxt.InvalidOrder, match="51016"):
        client.create_order(ATOM, "limit", "buy", 10, below(10), {"clientOrderId": "mine1"})
    client.cancel_order(None, ATOM, {"clientOrderId": "mine1"})


@pytest.mark.parametrize(
    ("percent", "parameters", "status"),
    [
        (-5, {}, "closed"),
        (-5, {"timeInForce": "IOC"}, "closed"),
        (-5, {"timeInForce": "FOK"}, "closed"),
        (-5, {"postOnly": True}, "canceled"),
        (5, {"timeInForce": "IOC"}, "canceled"),
        (5, {"timeInForce": "FOK"}, "canceled"),
        (5, {"postOnly": True}, "open"),
        (5, {"createOrder": "privatePostTradeOrder"}, "open"),
    ],
)
def test_each_kind_of_priced_order(client, below, percent: float, parameters: dict, status: str) -> None:
    made = client.create_order(ATOM, "limit", "buy", 10, below(percent), parameters)
    order = client.fetch_order(made["id"], ATOM)
    assert order["status"] == status
    assert order["filled"] == (10 if status == "closed" else 0)


def test_a_limit_order_fills_when_the_price_comes(client: ccxt.okx, exchange: Exchange) -> None:
    """ccxt follows a clock that was moved by its own `load_time_difference`."""
    now_ms = exchange.clock.now_ms()
    first = now_ms // HOUR_MS + 1
    low = exchange.tape.bars("ATOM-USDT", first + 24).between(first, first + 24).low.min()
    exchange.clock.set(fixed(now_ms))
    client.load_time_difference()
    client.load_markets()
    made = client.create_order(ATOM, "limit", "buy", 10, float(low), {"postOnly": True})
    assert client.fetch_order(made["id"], ATOM)["status"] == "open"
    exchange.clock.set(fixed((first + 24) * HOUR_MS))
    client.load_time_difference()
    order = client.fetch_order(made["id"], ATOM)
    assert [order["status"], order["average"], order["filled"]] == ["closed", float(low), 10]
    assert order["fee"] == {"cost": 0.008, "currency": "ATOM"}
    assert [found["id"] for found in client.fetch_closed_orders(ATOM)] == [made["id"]]
    assert [trade["takerOrMaker"] for trade in client.fetch_my_trades(ATOM)] == ["maker"]


def test_batches(client: ccxt.okx, below) -> None:
    wanted = [
        {"symbol": ATOM, "type": "limit", "side": "buy", "amount": size, "price": below(10)}
        for size in (5, 6, 1e9)
    ]
    made = client.create_orders(wanted)
    assert [order["status"] for order in made] == [None, None, "rejected"]
    ids = [order["id"] for order in made[:2]]
    assert sorted(order["id"] for order in client.fetch_open_orders(ATOM)) == sorted(ids)
    client.cancel_orders(ids[:1], ATOM)
    client.cancel_orders_for_symbols([{"id": ids[1], "symbol": ATOM}])
    assert client.fetch_open_orders(ATOM) == []


def test_refusals_arrive_as_the_exceptions_that_ccxt_has_for_them(client: ccxt.okx, below) -> None:
    with pytest.raises(ccxt.InsufficientFunds):
        client.create_order(ATOM, "limit", "buy", 1e9, below(10))
    with pytest.raises(ccxt.OrderNotFound):
        client.cancel_order("1", ATOM)
    with pytest.raises(ccxt.OrderNotFound):
        client.fetch_order("1", ATOM)
    with pytest.raises(ccxt.ExchangeError, match="51503"):
        client.edit_order("1", ATOM, "limit", "buy", 2, below(10))
    client.secret = "wrong"
    with pytest.raises(ccxt.AuthenticationError):
        client.fetch_balance()
