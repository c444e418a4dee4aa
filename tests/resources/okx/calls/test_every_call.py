"""Every call of the client against the simulated exchange: what is not asked for by anyone has no place here."""

import inspect
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from benchmarks.payloads.readings import ENDPOINTS
from okx_simulator.server.app import ENDPOINTS as SERVED
from resources.okx.client import OkxClient
from resources.okx.http.answers import Call
from resources.okx.rows import account, algo, instruments, market, orders, positions
from resources.okx.rows.requests import (
    AT_MARKET,
    AlgoAmendment,
    AlgoName,
    Amendment,
    NewAlgo,
    NewOrder,
    OrderName,
)
from resources.okx.rows.row import Row

NOW = datetime(2023, 6, 1, 12, 20, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SPOT, SWAP = "BTC-USDT", "BTC-USDT-SWAP"


def limit(client_order_id: str, price: str = "1000.0") -> NewOrder:
    return NewOrder(
        inst_id=SPOT, side="buy", size=Decimal("0.01"), order_type="post_only", price=Decimal(price),
        trade_mode="cash", client_order_id=client_order_id, tag="okxs",
    )  # fmt: skip


def swap_market(side: str, client_order_id: str, size: str = "1", reduce_only: bool = False) -> NewOrder:
    return NewOrder(
        inst_id=SWAP, side=side, size=Decimal(size), order_type="market", trade_mode="cross",
        client_order_id=client_order_id, reduce_only=reduce_only,
    )  # fmt: skip


def stop(client_algo_id: str, trigger: str = "1000.0") -> NewAlgo:
    return NewAlgo(
        inst_id=SPOT, side="sell", order_type="conditional", trade_mode="cash", size=Decimal("0.01"),
        sl_trigger_price=Decimal(trigger), sl_order_price=AT_MARKET, client_algo_id=client_algo_id,
    )  # fmt: skip


def named(client_order_id: str) -> OrderName:
    return OrderName(inst_id=SPOT, client_order_id=client_order_id)


# In this order: what is cancelled was placed before. Each call is given its client and its expected row.
CALLS: dict[str, tuple[Callable[[OkxClient], Any], type]] = {
    "server_time": (lambda okx: okx.server_time(), datetime),
    "now": (lambda okx: okx.now(), datetime),
    "instruments": (lambda okx: okx.instruments("SWAP"), object),
    "listings": (lambda okx: okx.listings("SWAP"), instruments.InstrumentRow),
    "ticker": (lambda okx: okx.ticker(SWAP), market.Ticker),
    "tickers": (lambda okx: okx.tickers(), market.Ticker),
    "order_book": (lambda okx: okx.order_book(SPOT, 5), market.OrderBook),
    "candles": (lambda okx: okx.candles(SPOT, "1H", NOW - 3 * HOUR, NOW)["close"].tolist(), float),
    "candle_stretches": (lambda okx: list(okx.candle_stretches(SPOT, "1H", NOW - 3 * HOUR, NOW)), object),
    "last_trade_before": (lambda okx: okx.last_trade_before(SPOT, NOW - HOUR), datetime),
    "trades": (lambda okx: okx.trades(SPOT, 7), market.PublicTrade),
    "history_trades": (lambda okx: okx.history_trades(SPOT, NOW - HOUR, NOW), market.PublicTrade),
    "funding_forecast": (lambda okx: okx.funding_forecast(SWAP), market.FundingForecast),
    "funding_forecasts": (lambda okx: okx.funding_forecasts(), market.FundingForecast),
    "funding_rates": (lambda okx: okx.funding_rates(SWAP, NOW - DAY, NOW), market.FundingRate),
    "mark_prices": (lambda okx: okx.mark_prices(), market.MarkPrice),
    "price_limit": (lambda okx: okx.price_limit(SWAP), market.PriceLimit),
    "system_status": (lambda okx: okx.system_status("scheduled"), type(None)),
    "account_config": (lambda okx: okx.account_config(), account.AccountConfig),
    "balance": (lambda okx: okx.balance(), account.Balance),
    "trade_fee": (lambda okx: okx.trade_fee("SWAP"), account.TradeFee),
    "account_instruments": (lambda okx: okx.account_instruments(), instruments.InstrumentRow),
    "set_account_level": (lambda okx: okx.set_account_level("2"), account.AccountLevel),
    "set_position_mode": (lambda okx: okx.set_position_mode("net_mode"), account.PositionMode),
    "set_leverage": (lambda okx: okx.set_leverage(SWAP, Decimal(4)), account.Leverage),
    "leverage": (lambda okx: okx.leverage(SWAP), account.Leverage),
    "place_market_order": (
        lambda okx: okx.place_market_order(SPOT, "buy", Decimal("0.01"), "c1", NOW + HOUR),
        orders.OrderResult,
    ),
    "place": (lambda okx: okx.place(swap_market("buy", "c2"), NOW + HOUR), orders.OrderResult),
    "place_batch": (lambda okx: okx.place_batch([limit("c3"), limit("c4")]), orders.OrderResult),
    "amend": (
        lambda okx: okx.amend(Amendment(inst_id=SPOT, client_order_id="c3", new_price=Decimal(1001))),
        orders.OrderResult,
    ),
    "amend_batch": (
        lambda okx: okx.amend_batch(
            [Amendment(inst_id=SPOT, client_order_id="c4", new_size=Decimal("0.02"), request_id="r1")]
        ),
        orders.OrderResult,
    ),
    "order": (lambda okx: okx.order(SPOT, "c3"), orders.OrderRecord),
    "orders_pending": (lambda okx: okx.orders_pending("SPOT"), orders.OrderRecord),
    "cancel": (lambda okx: okx.cancel(named("c3")), orders.OrderResult),
    "cancel_batch": (lambda okx: okx.cancel_batch([named("c4")]), orders.OrderResult),
    "cancel_all_after": (lambda okx: okx.cancel_all_after(0), orders.CancelTimer),
    "positions": (lambda okx: okx.positions(), positions.Position),
    "close_position": (lambda okx: okx.close_position(SWAP), orders.ClosedPosition),
    "orders_history": (lambda okx: okx.orders_history("SWAP"), orders.OrderRecord),
    "fills": (lambda okx: okx.fills(inst_type="SWAP", begin=NOW - HOUR), orders.Fill),
    "bills": (lambda okx: okx.bills("USDT", NOW - HOUR, NOW + HOUR), account.Bill),
    "place_algo": (lambda okx: okx.place_algo(stop("a1")), algo.AlgoResult),
    "amend_algo": (
        lambda okx: okx.amend_algo(
            AlgoAmendment(inst_id=SPOT, client_algo_id="a1", new_sl_trigger_price=Decimal(999))
        ),
        algo.AlgoResult,
    ),
    "algo_order": (lambda okx: okx.algo_order(client_algo_id="a1"), algo.AlgoOrder),
    "algos_pending": (lambda okx: okx.algos_pending(), algo.AlgoOrder),
    "cancel_algos": (
        lambda okx: okx.cancel_algos([AlgoName(inst_id=SPOT, client_algo_id="a1")]),
        algo.AlgoResult,
    ),
    "algos_history": (lambda okx: okx.algos_history("canceled"), algo.AlgoOrder),
}
# What ccxt, python-okx and nautilus_trader ask for and the product does not.
FOR_OTHER_CLIENTS = {
    "GET /account/bills-archive",
    "GET /account/max-avail-size",
    "GET /account/max-size",
    "GET /account/positions-history",
    "GET /asset/currencies",
    "GET /market/history-index-candles",
    "GET /market/history-mark-price-candles",
    "GET /market/index-candles",
    "GET /market/index-tickers",
    "GET /market/mark-price-candles",
    "GET /public/open-interest",
    "GET /public/position-tiers",
    "GET /trade/account-rate-limit",
}
ALSO: tuple[Callable[[OkxClient], Any], ...] = (
    lambda okx: okx.orders_history("SPOT", archive=True),
    lambda okx: okx.fills(history=True),
    lambda okx: okx.candles(SPOT, "1H", NOW - 70 * DAY, NOW - 69 * DAY),
)


def test_every_call_is_answered_with_its_rows_and_every_endpoint_is_asked(
    swap_client: OkxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    methods = {name for name, _ in inspect.getmembers(OkxClient, inspect.isfunction) if name[0] != "_"}
    assert methods - {"close"} == set(CALLS)
    asked: set[str] = set()
    send = swap_client._transport._send

    def noted(call: Call) -> list[Any]:
        asked.add(call.endpoint)
        return send(call)

    monkeypatch.setattr(swap_client._transport, "_send", noted)
    for name, (call, kind) in CALLS.items():
        found = call(swap_client)
        rows = found if isinstance(found, list) else [found]
        assert all(isinstance(row, kind) for row in rows), name
        assert rows or kind is type(None), name
        assert not any(row.extra for row in rows if isinstance(row, Row)), name
    for call in ALSO:
        assert len(call(swap_client))
    served = {f"{method} {path}" for method, path in SERVED}
    assert served - asked == FOR_OTHER_CLIENTS


def test_every_row_that_the_exchange_sends_is_written_back_the_same(
    swap_client: OkxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[str, list[Any]]] = []
    read = swap_client._transport.read

    def kept(call: Call) -> list[Any]:
        rows = read(call)
        sent.append((call.endpoint, rows))
        return rows

    swap_client.account_config()  # the first private call of a client asks for the time as well
    monkeypatch.setattr(swap_client._transport, "read", kept)
    for name in (
        "listings",
        "ticker",
        "order_book",
        "funding_forecast",
        "balance",
        "account_config",
        "trade_fee",
    ):
        CALLS[name][0](swap_client)
    assert len(sent) == 7
    for endpoint, rows in sent:
        assert [ENDPOINTS[endpoint].parse(row).to_wire() for row in rows] == rows, endpoint
