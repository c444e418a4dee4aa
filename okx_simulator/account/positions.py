"""Writing swap positions into the ledger: fills, realised profit, fees, funding. In a transaction."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from okx_simulator.account.position_math import MONEY, PRICE, after_fill, holding_of
from okx_simulator.ledger.ledger import Ledger
from okx_simulator.ledger.rows import FillRow, OrderRow, PositionRow
from okx_simulator.protocol.amounts import plain
from okx_simulator.protocol.swaps import SETTLED_IN

PriceAt = Callable[[str, int], Decimal]


class PositionBook:
    """Every change of a position and the money that goes with it.

    USDT never falls below zero: an amount due beyond the cash is first met by realising the profit of
    open positions at the price of the moment, and what is then still missing is the insurance fund's.
    """

    def __init__(self, ledger: Ledger, price_at: PriceAt) -> None:
        self._ledger = ledger
        self._price_at = price_at

    def filled(self, order: OrderRow, fill: FillRow) -> FillRow:
        """The fill with its realised profit; position and money are booked."""
        row = self._ledger.position(fill.inst_id)
        if row is None or row.size == "0":
            row = self._opened(order, fill)
        signed = Decimal(fill.size) if fill.side == "buy" else -Decimal(fill.size)
        size, average, profit = after_fill(holding_of(row), signed, Decimal(fill.price))
        changed = replace(
            row,
            size=plain(size),
            average_price=plain(average),
            realized_pnl=plain(Decimal(row.realized_pnl) + profit),
            fee=plain(Decimal(row.fee) + Decimal(fill.fee)),
            last_trade_id=fill.trade_id,
            updated_ms=fill.filled_ms,
        )
        self._ledger.save_position(changed)
        self.pay(fill.ord_id, profit, fill.filled_ms, "pnl")
        self.pay(fill.ord_id, Decimal(fill.fee), fill.filled_ms, "fee")
        return replace(fill, pnl=plain(profit))

    def _opened(self, order: OrderRow, fill: FillRow) -> PositionRow:
        return PositionRow(
            inst_id=fill.inst_id,
            position_id=self._ledger.next_timed_id("position", fill.filled_ms),
            size="0",
            average_price="0",
            contract_value=order.contract_value,
            leverage=order.leverage,
            realized_pnl="0",
            fee="0",
            funding_fee="0",
            last_trade_id=fill.trade_id,
            created_ms=fill.filled_ms,
            updated_ms=fill.filled_ms,
            funded_ms=fill.filled_ms,
        )

    def fund(self, row: PositionRow, rate: Decimal, at_ms: int) -> None:
        """Book one funding payment: at a positive rate longs pay and shorts receive."""
        value = Decimal(row.size) * Decimal(row.contract_value) * self._price_at(row.inst_id, at_ms)
        payment = (-value * rate).quantize(MONEY)
        funding_fee = plain(Decimal(row.funding_fee) + payment)
        self._ledger.save_position(replace(row, funding_fee=funding_fee, updated_ms=at_ms, funded_ms=at_ms))
        self.pay(0, payment, at_ms, "funding")

    def pay(self, ord_id: int, amount: Decimal, at_ms: int, kind: str) -> None:
        """Book `amount` of USDT, negative when paid."""
        if amount == 0:
            return
        if self._ledger.cash(SETTLED_IN) + amount < 0:
            self._cover(-amount, at_ms)
        self._ledger.change_balance(ord_id, SETTLED_IN, amount, at_ms, kind)

    def _cover(self, needed: Decimal, at_ms: int) -> None:
        """Bring the cash up to `needed`."""
        for row in self._ledger.positions():
            price = self._price_at(row.inst_id, at_ms)
            profit = holding_of(row).profit(price)
            if profit > 0 and self._ledger.cash(SETTLED_IN) < needed:
                realized = plain(Decimal(row.realized_pnl) + profit)
                average = plain(price.quantize(PRICE))
                self._ledger.save_position(replace(row, realized_pnl=realized, average_price=average))
                self._ledger.change_balance(0, SETTLED_IN, profit, at_ms, "settlement")
        missing = needed - self._ledger.cash(SETTLED_IN)
        if missing > 0:
            self._ledger.change_balance(0, SETTLED_IN, missing, at_ms, "insurance")
