"""Arithmetic of linear swap positions in net mode: pure functions of rows and prices, money in Decimal.

Money is rounded to eight places where it is booked, average prices to twelve.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from okx_simulator.ledger.rows import PositionRow

ZERO = Decimal(0)
MONEY = Decimal("1E-8")
PRICE = Decimal("1E-12")
# Margin a position must keep, as a fraction of its notional: one tier for every size.
MAINTENANCE_RATE = Decimal("0.005")


@dataclass(frozen=True)
class Holding:
    """A position as numbers: signed contracts, average entry price, base per contract, leverage."""

    size: Decimal
    average: Decimal
    unit: Decimal
    leverage: Decimal

    def profit(self, price: Decimal) -> Decimal:
        """Profit of closing everything at `price`, before fees."""
        return (self.size * self.unit * (price - self.average)).quantize(MONEY)

    def notional(self, price: Decimal) -> Decimal:
        return abs(self.size) * self.unit * price

    def initial_margin(self, price: Decimal) -> Decimal:
        return (self.notional(price) / self.leverage).quantize(MONEY)

    def maintenance(self, price: Decimal) -> Decimal:
        return (self.notional(price) * MAINTENANCE_RATE).quantize(MONEY)


def holding_of(row: PositionRow) -> Holding:
    return Holding(
        Decimal(row.size), Decimal(row.average_price), Decimal(row.contract_value), Decimal(row.leverage)
    )


def after_fill(held: Holding, signed: Decimal, price: Decimal) -> tuple[Decimal, Decimal, Decimal]:
    """Size, average price and realised profit after a fill of `signed` contracts, sells negative.

    Adding moves the average; closing realises against it; what goes through zero opens at `price`.
    """
    size = held.size + signed
    if held.size * signed >= 0:
        paid = abs(held.size) * held.average + abs(signed) * price
        return size, (paid / abs(size)).quantize(PRICE), ZERO
    closed = min(abs(held.size), abs(signed))
    direction = 1 if held.size > 0 else -1
    profit = (direction * closed * held.unit * (price - held.average)).quantize(MONEY)
    if size == 0:
        return ZERO, ZERO, profit
    return size, (price if size * signed > 0 else held.average), profit


def liquidation_price(held: Holding, price: Decimal, equity: Decimal, maintenance: Decimal) -> Decimal | None:
    """Where this position alone would bring equity down to the maintenance margin; None if nowhere.

    `equity` and `maintenance` are the whole account's at `price`; all other prices are constant.
    """
    direction = 1 if held.size > 0 else -1
    slope = abs(held.size) * held.unit * (direction - MAINTENANCE_RATE)
    found = price - (equity - maintenance) / slope
    return found if found > 0 else None


def total(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, ZERO)
