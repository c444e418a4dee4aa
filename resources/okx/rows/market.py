"""Rows of the market, REST and WebSocket alike. Prices and sizes are Decimal, absent ones None; times are UTC."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from okx_core.market.book_depth import spread_bps
from resources.okx.rows.fields import flag, moment, number, positive, text, whole, whole_text
from resources.okx.rows.row import ListRow, Row, rows

Level = tuple[Decimal, Decimal]


@dataclass(frozen=True, kw_only=True)
class ServerTime(Row):
    """The exchange's time."""

    now: datetime = moment("ts", required=True)


@dataclass(frozen=True, kw_only=True)
class Ticker(Row):
    """The last 24 hours of an instrument."""

    inst_id: str = text("instId", required=True)
    inst_type: str = text("instType")
    last: Decimal | None = number("last")
    last_size: Decimal | None = number("lastSz")
    bid: Decimal | None = number("bidPx")
    bid_size: Decimal | None = number("bidSz")
    ask: Decimal | None = number("askPx")
    ask_size: Decimal | None = number("askSz")
    open_24h: Decimal | None = number("open24h")
    high_24h: Decimal | None = number("high24h")
    low_24h: Decimal | None = number("low24h")
    volume_24h: Decimal | None = number("vol24h")
    currency_volume_24h: Decimal | None = number("volCcy24h")
    open_utc0: Decimal | None = number("sodUtc0")
    open_utc8: Decimal | None = number("sodUtc8")
    as_of: datetime = moment("ts", required=True)

    @property
    def volume_24h_base(self) -> Decimal | None:
        """Spot counts base first and quote second, a swap contracts first and base second."""
        return self.volume_24h if self.inst_type == "SPOT" else self.currency_volume_24h

    @property
    def turnover_24h_quote(self) -> Decimal | None:
        """Turnover in quote; OKX does not report it for swaps."""
        return self.currency_volume_24h if self.inst_type == "SPOT" else None

    @property
    def spread_bps(self) -> float | None:
        """Ask minus bid in basis points of their middle; None when a side is missing, which OKX may write as 0."""
        if not self.bid or not self.ask:
            return None
        return float(spread_bps(self.bid, self.ask))


@dataclass(frozen=True, kw_only=True)
class BookLevel(ListRow):
    """A price, the size there, a field that is always 0, and how many orders it is."""

    price: Decimal = number("price", required=True)
    size: Decimal = number("size", required=True)
    deprecated: str = text("deprecated")
    orders: int | None = whole_text("orders")


@dataclass(frozen=True, kw_only=True)
class OrderBook(Row):
    """Levels, best first; `sequence` and `follows` order the pushes of a book."""

    ask_levels: tuple[BookLevel, ...] = rows("asks", BookLevel, required=True)
    bid_levels: tuple[BookLevel, ...] = rows("bids", BookLevel, required=True)
    as_of: datetime = moment("ts", required=True)
    sequence: int | None = whole("seqId")
    follows: int | None = whole("prevSeqId")
    checksum: int | None = whole("checksum")
    inst_id: str = ""

    @property
    def asks(self) -> tuple[Level, ...]:
        return tuple((level.price, level.size) for level in self.ask_levels)

    @property
    def bids(self) -> tuple[Level, ...]:
        return tuple((level.price, level.size) for level in self.bid_levels)


@dataclass(frozen=True, kw_only=True)
class PublicTrade(Row):
    """A trade anyone made; `side` is that of the taker, size in base (contracts for swaps)."""

    inst_id: str = text("instId", required=True)
    trade_id: str = text("tradeId", required=True)
    price: Decimal = positive("px", required=True)
    size: Decimal = positive("sz", required=True)
    side: str = text("side", required=True)
    traded_at: datetime = moment("ts", required=True)
    source: str = text("source")
    merged: int | None = whole_text("count")
    sequence: int | None = whole("seqId")

    @property
    def count(self) -> int:
        """How many trades of one order it is: a push may merge several of one price."""
        return self.merged or 1


@dataclass(frozen=True, kw_only=True)
class Candle(ListRow):
    """A bar as the table of all rows knows it; pages of bars are read by `candle_pages`."""

    opened_at: datetime = moment("ts", required=True)
    open: Decimal = number("o", required=True)
    high: Decimal = number("h", required=True)
    low: Decimal = number("l", required=True)
    close: Decimal = number("c", required=True)
    volume: Decimal = number("vol", required=True)
    currency_volume: Decimal = number("volCcy", required=True)
    quote_volume: Decimal = number("volCcyQuote", required=True)
    confirmed: int = whole_text("confirm", required=True)


@dataclass(frozen=True, kw_only=True)
class FundingRate(Row):
    """Funding that longs paid to shorts at `paid_at`, as a fraction of the position; negative: shorts paid."""

    inst_id: str = text("instId", required=True)
    inst_type: str = text("instType")
    rate: Decimal = number("fundingRate", required=True)
    realized_rate: Decimal | None = number("realizedRate")
    paid_at: datetime = moment("fundingTime", required=True)
    method: str = text("method")
    formula_type: str = text("formulaType")


@dataclass(frozen=True, kw_only=True)
class FundingForecast(Row):
    """The rate that is due at `due_at`, as it would be now; and the bounds it stays within."""

    inst_id: str = text("instId", required=True)
    inst_type: str = text("instType")
    rate: Decimal = number("fundingRate", required=True)
    due_at: datetime = moment("fundingTime", required=True)
    next_rate: Decimal | None = number("nextFundingRate")
    next_due_at: datetime | None = moment("nextFundingTime")
    previous_due_at: datetime | None = moment("prevFundingTime")
    lowest_rate: Decimal | None = number("minFundingRate")
    highest_rate: Decimal | None = number("maxFundingRate")
    interest_rate: Decimal | None = number("interestRate")
    impact_value: Decimal | None = number("impactValue")
    settled_rate: Decimal | None = number("settFundingRate")
    settlement: str = text("settState")
    premium: Decimal | None = number("premium")
    method: str = text("method")
    formula_type: str = text("formulaType")
    as_of: datetime | None = moment("ts")

    @property
    def interval(self) -> timedelta | None:
        """Between payments: usually eight hours, on some swaps fewer."""
        return None if self.next_due_at is None else self.next_due_at - self.due_at


@dataclass(frozen=True, kw_only=True)
class MarkPrice(Row):
    """The price that positions are valued at."""

    inst_id: str = text("instId", required=True)
    inst_type: str = text("instType", required=True)
    price: Decimal = positive("markPx", required=True)
    as_of: datetime = moment("ts", required=True)


@dataclass(frozen=True, kw_only=True)
class PriceLimit(Row):
    """The highest price a buy and the lowest a sell may name, where the limit is in force."""

    inst_id: str = text("instId", required=True)
    inst_type: str = text("instType")
    highest_buy: Decimal | None = number("buyLmt")
    lowest_sell: Decimal | None = number("sellLmt")
    enabled: bool | None = flag("enabled")
    as_of: datetime = moment("ts", required=True)


@dataclass(frozen=True, kw_only=True)
class SystemStatus(Row):
    """A break of service: scheduled, ongoing, pre_open, completed or canceled."""

    title: str = text("title", required=True)
    state: str = text("state", required=True)
    begins_at: datetime = moment("begin", required=True)
    ends_at: datetime | None = moment("end")
    pre_open_begins_at: datetime | None = moment("preOpenBegin")
    service_type: str = text("serviceType")
    maintenance_type: str = text("maintType")
    environment: str = text("env")
    system: str = text("system")
    link: str = text("href")
    rescheduled: str = text("scheDesc")
    as_of: datetime | None = moment("ts")
