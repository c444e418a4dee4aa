"""What the client returns. Prices and sizes are Decimal, absent ones None; times are UTC-aware."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

Level = tuple[Decimal, Decimal]


@dataclass(frozen=True)
class Ticker:
    """The last 24 hours of an instrument; volume in base, turnover in quote (None for swaps)."""

    inst_id: str
    last: Decimal | None
    bid: Decimal | None
    ask: Decimal | None
    open_24h: Decimal | None
    high_24h: Decimal | None
    low_24h: Decimal | None
    volume_24h_base: Decimal | None
    turnover_24h_quote: Decimal | None
    as_of: datetime

    @property
    def spread_bps(self) -> float | None:
        """Ask minus bid in basis points of their middle; None when a side is missing."""
        if self.bid is None or self.ask is None or self.bid + self.ask <= 0:
            return None
        return float((self.ask - self.bid) / (self.ask + self.bid) * 20_000)


@dataclass(frozen=True)
class OrderBook:
    """Levels of price and size, best first."""

    inst_id: str
    asks: tuple[Level, ...]
    bids: tuple[Level, ...]
    as_of: datetime


@dataclass(frozen=True)
class CoinBalance:
    """One coin: all of it, what can be spent, and what open orders hold."""

    currency: str
    cash: Decimal
    available: Decimal
    frozen: Decimal


@dataclass(frozen=True)
class Balance:
    """The account. A coin that is not listed is zero: OKX leaves empty ones out."""

    total_equity_usd: Decimal | None
    details: tuple[CoinBalance, ...]
    as_of: datetime

    def available(self, currency: str) -> Decimal:
        """What can be spent of a coin."""
        return sum((coin.available for coin in self.details if coin.currency == currency), Decimal(0))


@dataclass(frozen=True)
class AccountConfig:
    """Account level ('1' is spot), position mode, fee type ('0': fee in the received coin), permissions."""

    uid: str
    account_level: str
    position_mode: str
    fee_type: str
    permissions: tuple[str, ...]


@dataclass(frozen=True)
class TradeFee:
    """Fees as fractions of the traded amount; positive is paid."""

    maker: Decimal
    taker: Decimal


@dataclass(frozen=True)
class OrderAck:
    """The gateway took the order; it says nothing about fills."""

    order_id: str
    client_order_id: str


@dataclass(frozen=True)
class OrderRecord:
    """An order as the exchange knows it. `filled_size` is base units, the fee is negative when paid."""

    inst_id: str
    order_id: str
    client_order_id: str
    side: str
    order_type: str
    state: str
    size: Decimal
    size_currency: str
    filled_size: Decimal
    average_price: Decimal | None
    fee: Decimal | None
    fee_currency: str
    cancel_source: str
    created_at: datetime
    updated_at: datetime

    @property
    def is_final(self) -> bool:
        return self.state in ("filled", "canceled", "mmp_canceled")


@dataclass(frozen=True)
class Fill:
    """One execution; `inst_id` and `trade_id` identify it. The fee is negative when paid."""

    inst_id: str
    trade_id: str
    order_id: str
    client_order_id: str
    bill_id: str
    side: str
    price: Decimal
    size: Decimal
    fee: Decimal
    fee_currency: str
    liquidity: str
    filled_at: datetime


@dataclass(frozen=True)
class PublicTrade:
    """One trade anyone made; `side` is that of the taker, size in base (contracts for swaps)."""

    inst_id: str
    trade_id: str
    price: Decimal
    size: Decimal
    side: str
    traded_at: datetime


@dataclass(frozen=True)
class FundingRate:
    """What longs paid to shorts at `paid_at`, as a fraction of the position; negative: shorts paid."""

    inst_id: str
    rate: Decimal
    realized_rate: Decimal | None
    paid_at: datetime
