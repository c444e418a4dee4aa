"""The HTTP face of an exchange: routing, authentication, limits and the envelope of every answer.

The WebSocket is on the same port.
"""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from okx_simulator.exchange import Exchange
from okx_simulator.orders.requests import json_rows
from okx_simulator.protocol.authentication import authenticate
from okx_simulator.protocol.calls import Call
from okx_simulator.protocol.errors import ApiError
from okx_simulator.relay.upstream import Upstream
from okx_simulator.rest import account, algo_orders, contracts, orders, public, sizes, swaps
from okx_simulator.rest.fault_responses import faulty_answer, named_instruments
from okx_simulator.rest.orders import RowsFailedError
from okx_simulator.websocket.endpoint import websocket_routes

PREFIX = "/api/v5"
METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH"]
Endpoint = Callable[[Exchange, Call], list[Any]]

PUBLIC: dict[str, Endpoint] = {
    "/public/time": public.server_time,
    "/public/instruments": public.instruments,
    "/market/candles": public.candles,
    "/market/history-candles": public.history_candles,
    "/market/ticker": public.ticker,
    "/market/tickers": public.tickers,
    "/market/books": public.books,
    "/market/trades": public.trades,
    "/market/history-trades": public.history_trades,
    "/system/status": public.system_status,
    "/market/mark-price-candles": contracts.mark_price_candles,
    "/market/history-mark-price-candles": contracts.history_mark_price_candles,
    "/market/index-candles": contracts.index_candles,
    "/market/history-index-candles": contracts.history_index_candles,
    "/market/index-tickers": contracts.index_tickers,
    "/public/open-interest": contracts.open_interest,
    "/public/position-tiers": contracts.position_tiers,
    "/public/price-limit": swaps.price_limit,
    "/public/mark-price": swaps.mark_price,
    "/public/funding-rate": swaps.funding_rate,
    "/public/funding-rate-history": swaps.funding_rate_history,
}
PRIVATE: dict[tuple[str, str], Endpoint] = {
    ("GET", "/account/balance"): account.balance,
    ("GET", "/account/config"): account.config,
    ("GET", "/account/trade-fee"): account.trade_fee,
    ("GET", "/account/instruments"): public.instruments,
    ("GET", "/asset/currencies"): account.currencies,
    ("POST", "/trade/order"): orders.place_order,
    ("POST", "/trade/cancel-order"): orders.cancel_order,
    ("POST", "/trade/amend-order"): orders.amend_order,
    ("POST", "/trade/batch-orders"): orders.place_batch,
    ("POST", "/trade/cancel-batch-orders"): orders.cancel_batch,
    ("POST", "/trade/amend-batch-orders"): orders.amend_batch,
    ("GET", "/trade/order"): account.get_order,
    ("GET", "/trade/orders-pending"): account.orders_pending,
    ("GET", "/trade/orders-history"): account.orders_history,
    ("GET", "/trade/orders-history-archive"): account.orders_history_archive,
    ("GET", "/trade/fills"): account.fills,
    ("GET", "/trade/fills-history"): account.fills_history,
    ("GET", "/account/bills"): account.bills,
    ("GET", "/account/bills-archive"): account.bills_archive,
    ("GET", "/account/max-size"): sizes.max_size,
    ("GET", "/account/max-avail-size"): sizes.max_available_size,
    ("GET", "/account/positions-history"): swaps.positions_history,
    ("GET", "/trade/account-rate-limit"): account.account_rate_limit,
    ("GET", "/account/positions"): swaps.positions,
    ("GET", "/account/leverage-info"): swaps.leverage_info,
    ("POST", "/account/set-leverage"): swaps.set_leverage,
    ("POST", "/account/set-position-mode"): swaps.set_position_mode,
    ("POST", "/account/set-account-level"): swaps.set_account_level,
    ("POST", "/trade/close-position"): swaps.close_position,
    ("POST", "/trade/cancel-all-after"): swaps.cancel_all_after,
    ("POST", "/trade/order-algo"): algo_orders.place_algo,
    ("POST", "/trade/amend-algos"): algo_orders.amend_algos,
    ("POST", "/trade/cancel-algos"): algo_orders.cancel_algos,
    ("GET", "/trade/order-algo"): algo_orders.get_algo,
    ("GET", "/trade/orders-algo-pending"): algo_orders.algos_pending,
    ("GET", "/trade/orders-algo-history"): algo_orders.algos_history,
}
BATCHES = (
    "/trade/batch-orders",
    "/trade/cancel-batch-orders",
    "/trade/amend-batch-orders",
    "/trade/cancel-algos",
)
RELAYED = set(PUBLIC) - {"/public/time"}
ENDPOINTS = {("GET", path): endpoint for path, endpoint in PUBLIC.items()} | PRIVATE
PATHS = {PREFIX + path for _, path in ENDPOINTS}


def _raw_target(request: Request) -> str:
    """Path and query exactly as they were sent: what the caller signed."""
    raw_path: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    query: bytes = request.scope["query_string"]
    return (raw_path + (b"?" + query if query else b"")).decode("latin-1")


def _rows(request: Request, path: str, body: bytes) -> list[dict[str, str]]:
    """The call's parameters as text, empty ones dropped; a batch has several rows of them."""
    if request.method == "POST":
        return json_rows(body, request.headers.get("content-type", ""), listed=path in BATCHES)
    pairs = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=False)
    return [dict(pairs)]


def _answer(exchange: Exchange, request: Request, body: bytes) -> list[Any]:
    path = request.url.path.removeprefix(PREFIX)
    endpoint = ENDPOINTS.get((request.method, path))
    if endpoint is None:
        raise ApiError("50115", "Invalid request method.", 405)
    asker = request.client.host if request.client else "local"
    if path not in PUBLIC:
        key = exchange.account.key
        now_ms = exchange.clock.now_ms()
        authenticate(request.headers, request.method, _raw_target(request), body, key, now_ms)
        asker = key.key
    rows = _rows(request, path, body)
    exchange.limiter.admit(request.method, PREFIX + path, asker, rows)
    if path not in PUBLIC:
        exchange.order_service.settle()
    parameters = rows[0] if path not in BATCHES else {}
    call = Call(parameters, request.headers.get("exptime", ""), tuple(rows))
    return exchange.faults.visible_orders(path, endpoint(exchange, call))


def _envelope(request: Request, code: str, message: str, data: list[Any], started_us: int) -> dict[str, Any]:
    envelope: dict[str, Any] = {"code": code, "msg": message, "data": data}
    if request.method == "POST":
        envelope |= {"inTime": str(started_us), "outTime": str(time.time_ns() // 1000)}
    return envelope


def _not_found() -> Response:
    """The response of OKX's gateway to an unknown path: no string code, no list."""
    body = {"code": 404, "data": {}, "detailMsg": "", "error_code": "404", "error_message": "Not Found"}
    return JSONResponse({**body, "msg": "Not Found"}, 404)


def _carry_out(exchange: Exchange, request: Request, body: bytes, started_us: int) -> Response:
    """Do what is asked; the answer with its envelope."""
    try:
        data = _answer(exchange, request, body)
    except RowsFailedError as failed:
        return JSONResponse(_envelope(request, failed.code, str(failed), failed.rows, started_us))
    except ApiError as error:
        if error.status == 401:
            return JSONResponse({"msg": error.message, "code": error.code}, 401)
        return JSONResponse(_envelope(request, error.code, error.message, [], started_us), error.status)
    return JSONResponse(_envelope(request, "0", "", data, started_us))


def _relayed(exchange: Exchange, relay: Upstream, request: Request) -> Response:
    """OKX's own answer to a public question, marked as such."""
    path = request.url.path.removeprefix(PREFIX)
    asker = request.client.host if request.client else "local"
    started_us = time.time_ns() // 1000
    mark = {"x-relayed-from": relay.base_url}
    try:
        rows = _rows(request, path, b"")
        exchange.limiter.admit(request.method, PREFIX + path, asker, rows)
        data = relay.rows(path, rows[0])
    except ApiError as error:
        envelope = _envelope(request, error.code, error.message, [], started_us)
        return JSONResponse(envelope, error.status, headers=mark)
    return JSONResponse(_envelope(request, "0", "", data, started_us), headers=mark)


def create_app(exchange: Exchange) -> Starlette:
    """The ASGI application that serves `exchange` under /api/v5."""

    async def serve(request: Request) -> Response:
        started_us = time.time_ns() // 1000
        if request.url.path not in PATHS:
            return _not_found()
        body = await request.body()
        path = request.url.path.removeprefix(PREFIX)
        fault = exchange.faults.request_fault(request.method, path, named_instruments(request, body))
        if exchange.relay is not None and path in RELAYED and request.method == "GET":
            # In a thread of its own: OKX is far away, and the other callers are not to wait for it.
            return await run_in_threadpool(_relayed, exchange, exchange.relay, request)
        if fault is None:
            return _carry_out(exchange, request, body, started_us)
        return await faulty_answer(fault, request, lambda: _carry_out(exchange, request, body, started_us))

    rest = Route("/{path:path}", serve, methods=METHODS)
    return Starlette(routes=[*websocket_routes(exchange), rest])
