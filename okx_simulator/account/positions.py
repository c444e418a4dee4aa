"""Writing swap positions into the ledger: fills, realised profit, fees, funding. In a transaction."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from okx_simulator.account.position_math import MONEY, PRICE, after_fill, holding_of
from okx_simulator.ledger.ledger import Ledger
from okx_simulator.ledger.rows import FillRow, OrderRow, PositionRow, Purpose
from okx_simulator.protocol.amounts import plain
from okx_simulator.protocol.swaps import SETTLED_IN

PriceAt = Callable[[str, int], Decimal]
# OKX's sub types of a swap fill's bill: opening, closing and liquidating a long or a short position.
OPENING, CLOSING = {"buy": "3", "sell": "4"}, {"sell": "5", "buy": "6"}
LIQUIDATING = {"sell": "104", "buy": "105"}
FUNDING_PAID, FUNDING_RECEIVED = "173", "174"
INSURED = Purpose(kind="insurance", sub_type="110")


def fill_purpose(fill: FillRow, kind: str, sub_type: str, fee: str = "") -> Purpose:
    """The part of a bill that its fill knows."""
    return Purpose(kind, fill.inst_id, sub_type, fill.trade_id, fill.price, fill.size, fee, fill.liquidity)


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
        reducing = Decimal(row.size) * signed < 0
        liquidated = fill.trade_id < 0
        sub_type = (LIQUIDATING if liquidated else CLOSING if reducing else OPENING)[fill.side]
        for amount, kind in ((profit, "pnl"), (Decimal(fill.fee), "fee")):
            purpose = fill_purpose(fill, f"liquidation {kind}" if liquidated else kind, sub_type)
            self.pay(fill.ord_id, amount, fill.filled_ms, purpose)
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
        sub_type = FUNDING_PAID if payment < 0 else FUNDING_RECEIVED
        self.pay(0, payment, at_ms, Purpose("funding", row.inst_id, sub_type, size=row.size))

    def pay(self, ord_id: int, amount: Decimal, at_ms: int, purpose: Purpose) -> None:
        """Book `amount` of USDT, negative when paid."""
        if amount == 0:
            return
        if self._ledger.cash(SETTLED_IN) + amount < 0:
            self._cover(-amount, at_ms)
        self._ledger.change_balance(ord_id, SETTLED_IN, amount, at_ms, purpose)

    def _cover(self, needed: Decimal, at_ms: int) -> None:
        """Bring the cash up to `needed`."""
        for row in self._ledger.positions():
            price = self._price_at(row.inst_id, at_ms)
            profit = holding_of(row).profit(price)
            if profit > 0 and self._ledger.cash(SETTLED_IN) < needed:
                realized = plain(Decimal(row.realized_pnl) + profit)
                average = plain(price.quantize(PRICE))
                self._ledger.save_position(replace(row, realized_pnl=realized, average_price=average))
                settled = Purpose(
                    "settlement", row.inst_id, CLOSING["sell" if Decimal(row.size) > 0 else "buy"]
                )
                self._ledger.change_balance(0, SETTLED_IN, profit, at_ms, settled)
        missing = needed - self._ledger.cash(SETTLED_IN)
        if missing > 0:
            self._ledger.change_balance(0, SETTLED_IN, missing, at_ms, INSURED)
