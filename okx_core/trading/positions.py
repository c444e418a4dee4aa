"""Positions and P&L from fills, by average cost. Everything is Decimal."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Protocol

ZERO = Decimal(0)


class Fill(Protocol):
    """The fields of a fill; `fee` is negative when paid, in `fee_currency`."""

    @property
    def side(self) -> str: ...
    @property
    def price(self) -> Decimal: ...
    @property
    def size_base(self) -> Decimal: ...
    @property
    def fee(self) -> Decimal: ...
    @property
    def fee_currency(self) -> str: ...
    @property
    def filled_at(self) -> datetime: ...


@dataclass(frozen=True)
class SpotPosition:
    """Quantity in base; cost (of what is held), realised P&L and fees in quote."""

    quantity_base: Decimal = ZERO
    cost_quote: Decimal = ZERO
    realised_pnl_quote: Decimal = ZERO
    fees_quote: Decimal = ZERO
    opened_at: datetime | None = None

    @property
    def average_price(self) -> Decimal | None:
        """Quote paid per base unit still held, fees included; None when flat."""
        return self.cost_quote / self.quantity_base if self.quantity_base else None

    def unrealised_pnl(self, mark_price: Decimal) -> Decimal:
        return self.quantity_base * mark_price - self.cost_quote

    def after(self, fill: Fill, base: str, dust_base: Decimal = ZERO) -> "SpotPosition":
        """The position after one more fill.

        A buy's fee in base shrinks what is received, a fee in quote adds to the cost; a sale realises
        proceeds less average cost. What is left below `dust_base` counts as a new start for `opened_at`.
        """
        fee_in_base = fill.fee if fill.fee_currency == base else ZERO
        fee_in_quote = ZERO if fill.fee_currency == base else fill.fee
        fees = self.fees_quote - fee_in_quote - fee_in_base * fill.price
        notional = fill.price * fill.size_base
        if fill.side == "buy":
            fresh = self.quantity_base <= dust_base
            return replace(
                self,
                quantity_base=self.quantity_base + fill.size_base + fee_in_base,
                cost_quote=self.cost_quote + notional - fee_in_quote,
                fees_quote=fees,
                opened_at=fill.filled_at if fresh else self.opened_at,
            )
        share = fill.size_base / self.quantity_base if self.quantity_base else ZERO
        released = self.cost_quote * share
        left = self.quantity_base - fill.size_base + fee_in_base
        return replace(
            self,
            quantity_base=left,
            cost_quote=self.cost_quote - released,
            realised_pnl_quote=self.realised_pnl_quote + notional + fee_in_quote - released,
            fees_quote=fees,
            opened_at=None if left <= dust_base else self.opened_at,
        )


@dataclass(frozen=True)
class ClosedTrade:
    """A position from its first fill to the one that left no more than dust; the return is after fees."""

    entry_time: datetime
    exit_time: datetime
    return_pct: float


def closed_trades(fills: Iterable[Fill], base: str, dust_base: Decimal = ZERO) -> list[ClosedTrade]:
    """The trades that `fills` of one pair, in time order, have closed, in the order in which they closed.

    Return in percent of what was paid, by average cost; a sale of what was never bought is no trade.
    """
    trades, position = [], SpotPosition()
    spent = realised = ZERO
    for fill in fills:
        after = position.after(fill, base, dust_base)
        if position.opened_at is None and after.opened_at is not None:
            spent, realised = position.cost_quote, position.realised_pnl_quote
        if fill.side == "buy":
            spent += after.cost_quote - position.cost_quote
        elif position.opened_at is not None and after.opened_at is None and spent > ZERO:
            earned = after.realised_pnl_quote - realised
            trades.append(ClosedTrade(position.opened_at, fill.filled_at, float(100 * earned / spent)))
        position = after
    return trades


def position_from_fills(fills: Iterable[Fill], base: str, dust_base: Decimal = ZERO) -> SpotPosition:
    """The position that `fills`, in time order, add up to."""
    position = SpotPosition()
    for fill in fills:
        position = position.after(fill, base, dust_base)
    return position
