"""Which row belongs to which endpoint and channel, and what becomes of a message read by that row."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from resources.okx.errors import ParsingError, error_for_code
from resources.okx.rows.account import (
    AccountConfig,
    AccountLevel,
    Balance,
    Bill,
    Leverage,
    PositionMode,
    TradeFee,
)
from resources.okx.rows.algo import AlgoOrder, AlgoResult
from resources.okx.rows.fields import Where
from resources.okx.rows.instruments import InstrumentRow
from resources.okx.rows.market import (
    Candle,
    FundingForecast,
    FundingRate,
    MarkPrice,
    OrderBook,
    PriceLimit,
    PublicTrade,
    ServerTime,
    SystemStatus,
    Ticker,
)
from resources.okx.rows.orders import CancelTimer, ClosedPosition, Fill, OrderRecord, OrderResult
from resources.okx.rows.positions import Position
from resources.okx.rows.row import Row, parse_rows
from resources.okx.websocket.messages import parse_message

ENDPOINTS: Mapping[str, type[Row]] = {
    "GET /public/time": ServerTime,
    "GET /public/instruments": InstrumentRow,
    "GET /market/ticker": Ticker,
    "GET /market/tickers": Ticker,
    "GET /market/books": OrderBook,
    "GET /market/candles": Candle,
    "GET /market/history-candles": Candle,
    "GET /market/trades": PublicTrade,
    "GET /market/history-trades": PublicTrade,
    "GET /public/funding-rate": FundingForecast,
    "GET /public/funding-rate-history": FundingRate,
    "GET /public/mark-price": MarkPrice,
    "GET /public/price-limit": PriceLimit,
    "GET /system/status": SystemStatus,
    "GET /account/balance": Balance,
    "GET /account/config": AccountConfig,
    "GET /account/trade-fee": TradeFee,
    "GET /account/instruments": InstrumentRow,
    "GET /account/positions": Position,
    "GET /account/leverage-info": Leverage,
    "GET /account/bills": Bill,
    "GET /account/bills-archive": Bill,
    "POST /account/set-leverage": Leverage,
    "POST /account/set-position-mode": PositionMode,
    "POST /account/set-account-level": AccountLevel,
    "POST /trade/order": OrderResult,
    "POST /trade/batch-orders": OrderResult,
    "POST /trade/cancel-order": OrderResult,
    "POST /trade/cancel-batch-orders": OrderResult,
    "POST /trade/amend-order": OrderResult,
    "POST /trade/amend-batch-orders": OrderResult,
    "POST /trade/close-position": ClosedPosition,
    "POST /trade/cancel-all-after": CancelTimer,
    "GET /trade/order": OrderRecord,
    "GET /trade/orders-pending": OrderRecord,
    "GET /trade/orders-history": OrderRecord,
    "GET /trade/orders-history-archive": OrderRecord,
    "GET /trade/fills": Fill,
    "GET /trade/fills-history": Fill,
    "POST /trade/order-algo": AlgoResult,
    "POST /trade/cancel-algos": AlgoResult,
    "POST /trade/amend-algos": AlgoResult,
    "GET /trade/order-algo": AlgoOrder,
    "GET /trade/orders-algo-pending": AlgoOrder,
    "GET /trade/orders-algo-history": AlgoOrder,
}
CHANNELS: Mapping[str, type[Row]] = {
    "tickers": Ticker,
    "trades": PublicTrade,
    "trades-all": PublicTrade,
    "books": OrderBook,
    "books5": OrderBook,
    "bbo-tbt": OrderBook,
    "funding-rate": FundingForecast,
    "mark-price": MarkPrice,
    "price-limit": PriceLimit,
    "instruments": InstrumentRow,
    "status": SystemStatus,
    "orders": OrderRecord,
    "orders-algo": AlgoOrder,
    "algo-advance": AlgoOrder,
    "account": Balance,
    "positions": Position,
}
CANDLE = "candle"
# Named as the operations of a socket are; the rows are those of the REST calls.
OPERATIONS = (
    "order", "batch-orders", "cancel-order", "batch-cancel-orders", "amend-order", "batch-amend-orders",
)  # fmt: skip


class Outcome(StrEnum):
    """The possible outcomes of a message."""

    TYPED = "typed, written back the same"
    REFUSED = "refused, naming the field"
    UNUSED = "endpoint not used"
    CHANGED = "written back differently"


@dataclass(frozen=True)
class Reading:
    """The outcome of one message about `subject`, an endpoint or a channel; `reason` says why it was refused."""

    subject: str
    outcome: Outcome
    rows: int = 0
    undeclared: frozenset[str] = frozenset()
    reason: str = ""


def channel_kind(channel: str) -> type[Row] | None:
    """The row of a channel's pushes; None for one that is not used."""
    if channel.startswith(CANDLE):
        return Candle
    return CHANNELS.get(channel)


def read_answer(endpoint: str, body: Any) -> Reading:
    """An answer over REST with its envelope; one without rows is an error of the call."""
    kind = ENDPOINTS.get(endpoint)
    if not isinstance(body, dict) or "code" not in body:
        return Reading(endpoint, Outcome.REFUSED, reason=f"field code is absent in {body!r:.60}")
    if body["code"] not in ("0", "1", "2"):
        error = error_for_code(endpoint, str(body["code"]), str(body.get("msg")))
        return Reading(endpoint, Outcome.TYPED, reason=f"{type(error).__name__}: {error}")
    return read_rows(endpoint, kind, body.get("data"))


def read_frame(body: Any) -> Reading:
    """One frame of a socket, parsed: rows of a channel, the response to an operation, or an event."""
    if isinstance(body, dict) and "op" in body and "data" in body:
        kind = OrderResult if body["op"] in OPERATIONS else None
        return read_rows(f"op {body['op']}", kind, body["data"])
    if isinstance(body, dict) and isinstance(body.get("arg"), dict) and "data" in body:
        channel = str(body["arg"].get("channel"))
        return read_rows(f"channel {channel}", channel_kind(channel), body["data"])
    try:
        message = parse_message(json.dumps(body))
    except ParsingError as refused:
        return Reading("event", Outcome.REFUSED, reason=str(refused))
    return Reading(f"event {type(message).__name__}", Outcome.TYPED)


def read_rows(subject: str, kind: type[Row] | None, data: Any) -> Reading:
    """Rows as their kind, and whether that writes them back as they came."""
    if kind is None:
        return Reading(subject, Outcome.UNUSED)
    if not isinstance(data, list):
        return Reading(subject, Outcome.REFUSED, reason=f"field data is {data!r:.60}, expected a list")
    try:
        found = parse_rows(data, kind, Where(subject))
    except ParsingError as refused:
        return Reading(subject, Outcome.REFUSED, len(data), reason=str(refused))
    undeclared = frozenset(key for row in found for key in row.extra)
    same = _canonical([row.to_wire() for row in found]) == _canonical(data)
    return Reading(subject, Outcome.TYPED if same else Outcome.CHANGED, len(data), undeclared)


def _canonical(data: Any) -> str:
    """Text that differs wherever a value or its type does; the order of keys says nothing in JSON."""
    return json.dumps(data, sort_keys=True)
