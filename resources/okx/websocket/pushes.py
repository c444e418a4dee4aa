"""Pushes as our types: pure functions. Prices and sizes are Decimal; bars are arrays, as over REST."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from resources.okx.candle_pages import CandlePage, parse_candles
from resources.okx.errors import ParsingError
from resources.okx.parsing import (
    Row,
    decimal,
    moment,
    optional_decimal,
    parse_balance,
    parse_order,
    parse_order_book,
    parse_rows,
    parse_ticker,
    text,
)
from resources.okx.types import Balance, Fill, OrderBook, OrderRecord, Ticker
from resources.okx.websocket.messages import FROM_WHERE, Push

CANDLE = "candle"


@dataclass(frozen=True)
class Trade:
    """A public trade; `side` is the taker's. A push may merge several of one order: `count` of them."""

    inst_id: str
    trade_id: str
    price: Decimal
    size: Decimal
    side: str
    traded_at: datetime
    count: int = 1


@dataclass(frozen=True)
class BookChange:
    """A whole book (`is_snapshot`) or changed levels, size zero for gone ones, with its place in the sequence."""

    book: OrderBook
    is_snapshot: bool
    sequence: int | None
    follows: int | None


@dataclass(frozen=True)
class OrderChange:
    """An order as it stands now; `fill` is the execution that this push tells of, if it does."""

    order: OrderRecord
    fill: Fill | None
    request_id: str
    amend_result: str


@dataclass(frozen=True)
class BalanceChange:
    """The account: all of it, or only the coins that changed."""

    balance: Balance
    is_snapshot: bool


def parse_candle_push(push: Push) -> CandlePage:
    """Bars of a push of candle<bar>, confirmed or not, in the units of the REST client."""
    channel = push.subscription.channel
    return parse_candles(push.subscription.inst_id, channel.removeprefix(CANDLE), push.rows)


def parse_ticker_push(push: Push) -> list[Ticker]:
    return parse_rows(push.rows, parse_ticker)


def parse_trade_push(push: Push) -> list[Trade]:
    return parse_rows(push.rows, _trade)


def _trade(row: Row) -> Trade:
    return Trade(
        inst_id=text(row, "instId"),
        trade_id=text(row, "tradeId"),
        price=decimal(row, "px"),
        size=decimal(row, "sz"),
        side=text(row, "side"),
        traded_at=moment(row, "ts"),
        count=int(row.get("count") or 1),
    )


def parse_book_push(push: Push) -> list[BookChange]:
    """books5 and bbo-tbt have no action: each is a whole small book."""
    return parse_rows(push.rows, lambda row: _book_change(push, row))


def _book_change(push: Push, row: Row) -> BookChange:
    return BookChange(
        book=parse_order_book(push.subscription.inst_id, row),
        is_snapshot=push.action != "update",
        sequence=_whole(row, "seqId"),
        follows=_whole(row, "prevSeqId"),
    )


def _whole(row: Row, field: str) -> int | None:
    value = row.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise ParsingError(FROM_WHERE, f"field {field} is {value!r:.60}, expected a whole number")
    return value


def parse_order_push(push: Push) -> list[OrderChange]:
    return parse_rows(push.rows, _order_change)


def _order_change(row: Row) -> OrderChange:
    order = parse_order(row)
    return OrderChange(
        order, _fill(row, order), str(row.get("reqId") or ""), str(row.get("amendResult") or "")
    )


def _fill(row: Row, order: OrderRecord) -> Fill | None:
    """The execution of a push: fillSz describes this push only, and is zero without one."""
    size = optional_decimal(row, "fillSz")
    if not size or not row.get("tradeId"):
        return None
    return Fill(
        inst_id=order.inst_id,
        trade_id=text(row, "tradeId"),
        order_id=order.order_id,
        client_order_id=order.client_order_id,
        bill_id="",
        side=order.side,
        price=decimal(row, "fillPx"),
        size=size,
        fee=optional_decimal(row, "fillFee") or Decimal(0),
        fee_currency=str(row.get("fillFeeCcy") or ""),
        liquidity=str(row.get("execType") or ""),
        filled_at=moment(row, "fillTime"),
    )


def parse_account_push(push: Push) -> list[BalanceChange]:
    return [
        BalanceChange(balance, push.kind != "event_update")
        for balance in parse_rows(push.rows, parse_balance)
    ]


class BookSequences:
    """Whether the pushes of the `books` channels follow one another without a hole."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}

    def follows(self, push: Push) -> bool:
        """Whether `push` may be used; after False nothing is until the next snapshot."""
        for row in push.rows:
            before, sequence = _sequence_of(row)
            known = self._last.get(push.subscription.inst_id)
            if push.action == "snapshot" or before == known:
                self._last[push.subscription.inst_id] = sequence
                continue
            self._last.pop(push.subscription.inst_id, None)
            return False
        return True

    def awaits_snapshot(self, inst_id: str) -> bool:
        return inst_id not in self._last


def _sequence_of(row: Any) -> tuple[int | None, int]:
    if not isinstance(row, dict):
        raise ParsingError(FROM_WHERE, f"a book row is {row!r:.60}, expected an object")
    sequence = _whole(row, "seqId")
    if sequence is None:
        raise ParsingError(FROM_WHERE, "a push of books has no seqId")
    return _whole(row, "prevSeqId"), sequence
