"""Pushes as our types: pure functions. Prices and sizes are Decimal; bars are arrays, as over REST."""

from dataclasses import dataclass, replace
from typing import Any

from resources.okx.errors import ParsingError
from resources.okx.rows.account import Balance
from resources.okx.rows.candle_pages import CandlePage, parse_candles
from resources.okx.rows.fields import Where
from resources.okx.rows.market import OrderBook, PublicTrade, Ticker
from resources.okx.rows.orders import Fill, OrderRecord
from resources.okx.rows.positions import Position
from resources.okx.rows.row import Parsed, parse_rows
from resources.okx.websocket.messages import FROM_WHERE, Push

CANDLE = "candle"


@dataclass(frozen=True)
class BookChange:
    """A whole book (`is_snapshot`) or changed levels, size zero for gone ones, with its place in the sequence."""

    book: OrderBook
    is_snapshot: bool
    sequence: int | None
    follows: int | None


@dataclass(frozen=True)
class OrderChange:
    """An order now; `fill` is the execution that caused this push, if one did."""

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


def _rows(push: Push, kind: type[Parsed]) -> list[Parsed]:
    channel = push.subscription.channel
    return parse_rows(
        push.rows, kind, Where(FROM_WHERE, (channel, *filter(None, [push.subscription.inst_id])))
    )


def parse_ticker_push(push: Push) -> list[Ticker]:
    return _rows(push, Ticker)


def parse_trade_push(push: Push) -> list[PublicTrade]:
    return _rows(push, PublicTrade)


def parse_position_push(push: Push) -> list[Position]:
    return _rows(push, Position)


def parse_book_push(push: Push) -> list[BookChange]:
    """books5 and bbo-tbt have no action: each is a whole small book."""
    is_snapshot, inst_id = push.action != "update", push.subscription.inst_id
    return [
        BookChange(replace(book, inst_id=inst_id), is_snapshot, book.sequence, book.follows)
        for book in _rows(push, OrderBook)
    ]


def parse_order_push(push: Push) -> list[OrderChange]:
    return [
        OrderChange(order, _fill(order), order.request_id, order.amend_result)
        for order in _rows(push, OrderRecord)
    ]


def _fill(order: OrderRecord) -> Fill | None:
    """The execution of a push: fillSz describes this push only, and is zero without one."""
    if not order.last_fill_size or not order.last_trade_id:
        return None
    if order.last_fill_price is None or order.last_fill_time is None:
        missing = "fillPx" if order.last_fill_price is None else "fillTime"
        raise Where(FROM_WHERE, ("orders", order.inst_id)).refused(
            missing, "", "the fill that fillSz announces"
        )
    return Fill(
        inst_id=order.inst_id,
        inst_type=order.inst_type,
        trade_id=order.last_trade_id,
        order_id=order.order_id,
        client_order_id=order.client_order_id,
        side=order.side,
        price=order.last_fill_price,
        size=order.last_fill_size,
        fee_or_none=order.pushed_fee,
        fee_currency=order.pushed_fee_currency,
        pnl=order.pushed_pnl,
        liquidity=order.pushed_liquidity,
        matched_at=order.last_fill_time,
        recorded_at=order.updated_at,
    )


def parse_account_push(push: Push) -> list[BalanceChange]:
    return [BalanceChange(balance, push.kind != "event_update") for balance in _rows(push, Balance)]


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


def _whole(row: dict[str, Any], field: str) -> int | None:
    value = row.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise ParsingError(FROM_WHERE, f"field {field} is {value!r:.60}, expected a whole number")
    return value


def _sequence_of(row: Any) -> tuple[int | None, int]:
    if not isinstance(row, dict):
        raise ParsingError(FROM_WHERE, f"a book row is {row!r:.60}, expected an object")
    sequence = _whole(row, "seqId")
    if sequence is None:
        raise ParsingError(FROM_WHERE, "a push of books has no seqId")
    return _whole(row, "prevSeqId"), sequence
