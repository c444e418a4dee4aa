"""From OKX's payloads to our types: pure functions. Every number arrives as text, absent ones as ''."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from okx_core.instruments import Instrument
from resources.okx.errors import ParsingError
from resources.okx.types import (
    AccountConfig,
    Balance,
    CoinBalance,
    Fill,
    FundingRate,
    Level,
    OrderAck,
    OrderBook,
    OrderRecord,
    PublicTrade,
    Ticker,
    TradeFee,
)

Row = dict[str, Any]
Parsed = TypeVar("Parsed")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _fail(row: Row, field: str, wanted: str) -> ParsingError:
    place = row.get("instId") or row.get("ccy") or "answer"
    return ParsingError("answer", f"{place}: field {field} is {row.get(field)!r}, expected {wanted}")


def optional_decimal(row: Row, field: str) -> Decimal | None:
    """The number in `field`; None when it is absent, null or ''."""
    text = row.get(field)
    if text is None or text == "":
        return None
    try:
        value = Decimal(str(text))
    except InvalidOperation as error:
        raise _fail(row, field, "a number") from error
    if not value.is_finite():
        raise _fail(row, field, "a finite number")
    return value


def decimal(row: Row, field: str) -> Decimal:
    value = optional_decimal(row, field)
    if value is None:
        raise _fail(row, field, "a number")
    return value


def positive(row: Row, field: str) -> Decimal:
    value = decimal(row, field)
    if value <= 0:
        raise _fail(row, field, "a number above zero")
    return value


def text(row: Row, field: str) -> str:
    """Text that must be there and not be empty."""
    value = row.get(field)
    if not isinstance(value, str) or not value:
        raise _fail(row, field, "some text")
    return value


def moment(row: Row, field: str) -> datetime:
    """The time in `field`, given as milliseconds since 1970."""
    value = row.get(field)
    if not isinstance(value, str) or not value.isdigit() or len(value) > 14:
        raise _fail(row, field, "a time in milliseconds")
    return EPOCH + timedelta(milliseconds=int(value))


def parse_rows(data: Sequence[object], parse: Callable[[Row], Parsed]) -> list[Parsed]:
    """Each row through `parse`; a row that is not an object is an error."""
    for number, row in enumerate(data):
        if not isinstance(row, dict):
            raise ParsingError("answer", f"row {number} is {row!r:.60}, expected an object")
    return [parse(row) for row in data if isinstance(row, dict)]


def parse_instrument(row: Row) -> Instrument | None:
    """A spot pair or a swap; None for one that is announced but has no steps yet."""
    if not row.get("instId") or any(not row.get(field) for field in ("tickSz", "lotSz", "minSz")):
        return None
    inst_id = text(row, "instId")
    base, quote = row.get("baseCcy") or "", row.get("quoteCcy") or ""
    if not base:
        base, _, quote = str(row.get("uly") or inst_id.removesuffix("-SWAP")).partition("-")
    return Instrument(
        inst_id=inst_id,
        base=base,
        quote=quote,
        tick=positive(row, "tickSz"),
        lot=positive(row, "lotSz"),
        min_size=positive(row, "minSz"),
        list_time=moment(row, "listTime") if row.get("listTime") else None,
        state=text(row, "state"),
    )


def parse_ticker(row: Row) -> Ticker:
    spot = row.get("instType") == "SPOT"
    return Ticker(
        inst_id=text(row, "instId"),
        last=optional_decimal(row, "last"),
        bid=optional_decimal(row, "bidPx"),
        ask=optional_decimal(row, "askPx"),
        open_24h=optional_decimal(row, "open24h"),
        high_24h=optional_decimal(row, "high24h"),
        low_24h=optional_decimal(row, "low24h"),
        volume_24h_base=optional_decimal(row, "vol24h" if spot else "volCcy24h"),
        turnover_24h_quote=optional_decimal(row, "volCcy24h") if spot else None,
        as_of=moment(row, "ts"),
    )


def _level(inst_id: str, side: str, level: object) -> Level:
    if not isinstance(level, list) or len(level) < 2:
        raise ParsingError("answer", f"{inst_id}: a level of {side} is {level!r:.60}, expected [price, size]")
    row = {"instId": inst_id, "price": level[0], "size": level[1]}
    return decimal(row, "price"), decimal(row, "size")


def parse_order_book(inst_id: str, row: Row) -> OrderBook:
    sides = {}
    for side in ("asks", "bids"):
        levels = row.get(side)
        if not isinstance(levels, list):
            raise _fail({**row, "instId": inst_id}, side, "a list")
        sides[side] = tuple(_level(inst_id, side, level) for level in levels)
    return OrderBook(inst_id, sides["asks"], sides["bids"], moment(row, "ts"))


def parse_coin(row: Row) -> CoinBalance:
    """One coin. In spot mode availEq is '', so availBal is the one to trust."""
    return CoinBalance(
        currency=text(row, "ccy"),
        cash=decimal(row, "cashBal"),
        available=decimal(row, "availBal"),
        frozen=optional_decimal(row, "frozenBal") or Decimal(0),
    )


def parse_balance(row: Row) -> Balance:
    details = row.get("details")
    if not isinstance(details, list):
        raise _fail(row, "details", "a list")
    coins = tuple(parse_rows(details, parse_coin))
    return Balance(optional_decimal(row, "totalEq"), coins, moment(row, "uTime"))


def parse_account_config(row: Row) -> AccountConfig:
    return AccountConfig(
        uid=text(row, "uid"),
        account_level=text(row, "acctLv"),
        position_mode=text(row, "posMode"),
        fee_type=str(row.get("feeType") or "0"),
        permissions=tuple(filter(None, str(row.get("perm") or "").split(","))),
    )


def parse_trade_fee(row: Row) -> TradeFee:
    """Fees of the first fee group, or the older top-level fields; OKX writes a charge as negative."""
    groups = row.get("feeGroup") or [row]
    return TradeFee(maker=-decimal(groups[0], "maker"), taker=-decimal(groups[0], "taker"))


def parse_order_ack(row: Row) -> OrderAck:
    return OrderAck(text(row, "ordId"), str(row.get("clOrdId") or ""))


def parse_order(row: Row) -> OrderRecord:
    in_quote = row.get("tgtCcy") == "quote_ccy"
    average = optional_decimal(row, "avgPx")
    return OrderRecord(
        inst_id=text(row, "instId"),
        order_id=text(row, "ordId"),
        client_order_id=str(row.get("clOrdId") or ""),
        side=text(row, "side"),
        order_type=text(row, "ordType"),
        state=text(row, "state"),
        size=decimal(row, "sz"),
        size_currency="quote" if in_quote else "base",
        filled_size=optional_decimal(row, "accFillSz") or Decimal(0),
        average_price=average or None,
        fee=optional_decimal(row, "fee"),
        fee_currency=str(row.get("feeCcy") or ""),
        cancel_source=str(row.get("cancelSource") or ""),
        created_at=moment(row, "cTime"),
        updated_at=moment(row, "uTime"),
    )


def parse_fill(row: Row) -> Fill:
    """One execution; fillTime is the match, ts only when it was recorded."""
    return Fill(
        inst_id=text(row, "instId"),
        trade_id=text(row, "tradeId"),
        order_id=text(row, "ordId"),
        client_order_id=str(row.get("clOrdId") or ""),
        bill_id=str(row.get("billId") or ""),
        side=text(row, "side"),
        price=decimal(row, "fillPx"),
        size=decimal(row, "fillSz"),
        fee=optional_decimal(row, "fee") or Decimal(0),
        fee_currency=str(row.get("feeCcy") or ""),
        liquidity=str(row.get("execType") or ""),
        filled_at=moment(row, "fillTime" if row.get("fillTime") else "ts"),
    )


def parse_trade_time(row: Row) -> datetime:
    """When a public trade was made."""
    return moment(row, "ts")


def parse_public_trade(row: Row) -> PublicTrade:
    """One public trade."""
    return PublicTrade(
        inst_id=text(row, "instId"),
        trade_id=text(row, "tradeId"),
        price=positive(row, "px"),
        size=positive(row, "sz"),
        side=text(row, "side"),
        traded_at=moment(row, "ts"),
    )


def parse_funding_rate(row: Row) -> FundingRate:
    """One payment of funding."""
    return FundingRate(
        inst_id=text(row, "instId"),
        rate=decimal(row, "fundingRate"),
        realized_rate=optional_decimal(row, "realizedRate"),
        paid_at=moment(row, "fundingTime"),
    )
