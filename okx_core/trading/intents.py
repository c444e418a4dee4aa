"""From desired orders to intents: ids, freshness, sizes. Money is Decimal, time is an argument."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from okx_core.hours import HOUR, newest_closed_hour
from okx_core.market.instruments import Instrument

SIGNAL_TTL = timedelta(minutes=20)


@dataclass(frozen=True)
class OrderIntent:
    """One decision to trade: sizes in base units, `decision_price` in quote per base."""

    signal_hour: datetime
    pair: str
    attempt: int
    side: str
    size_base: Decimal
    decision_price: Decimal
    predicted_excess_pct: float | None
    model_name: str
    model_version: int | None
    reason: str

    @property
    def client_order_id(self) -> str:
        return client_order_id(self.signal_hour, self.pair, self.attempt)


def client_order_id(signal_hour: datetime, pair: str, attempt: int) -> str:
    """Deterministic id of 32 letters and digits, as OKX demands; the same decision gives the same id."""
    text = f"{signal_hour.isoformat()}|{pair}|{attempt}"
    return "okxs" + hashlib.sha256(text.encode()).hexdigest()[:28]


def age_rejection(signal_hour: datetime, exchange_now: datetime, ttl: timedelta = SIGNAL_TTL) -> str:
    """Why signals of `signal_hour` may not be traded now, empty when they may."""
    newest = newest_closed_hour(exchange_now)
    if signal_hour > newest:
        return f"signal hour {signal_hour:%Y-%m-%d %H:%M} has not closed at the exchange"
    if signal_hour < newest:
        return (
            f"signal hour {signal_hour:%Y-%m-%d %H:%M} is not the newest closed hour {newest:%Y-%m-%d %H:%M}"
        )
    age = exchange_now - (signal_hour + HOUR)
    if age > ttl:
        return f"signals of {signal_hour:%Y-%m-%d %H:%M} are {age} old, more than {ttl}"
    return ""


def buy_size(order_quote: float, price: Decimal, instrument: Instrument, fee_rate: Decimal) -> Decimal | None:
    """Base units for `order_quote` at `price`, rounded down to a lot.

    None when below the minimum, or when what is left after the fee, which is taken from the base, could not be sold.
    """
    size = instrument.floor_size(Decimal(repr(float(order_quote))) / price)
    left = instrument.floor_size(size * (1 - fee_rate))
    return size if instrument.accepts(size) and instrument.accepts(left) else None


def sell_size(held_base: Decimal, instrument: Instrument) -> Decimal | None:
    """The position rounded down to a lot; None when that is below the minimum (dust)."""
    size = instrument.floor_size(held_base)
    return size if instrument.accepts(size) else None
