"""The cross margin of the account: USDT equity against what positions and orders need of it."""

from collections.abc import Callable
from decimal import Decimal

from okx_simulator.account.position_math import MONEY, ZERO, holding_of, total
from okx_simulator.ledger.ledger import Ledger
from okx_simulator.ledger.rows import OrderRow, PositionRow
from okx_simulator.protocol.swaps import SETTLED_IN, is_swap

DEFAULT_LEVERAGE = "3"
Prices = Callable[[str], Decimal]


def remaining(order: OrderRow) -> Decimal:
    """The unfilled size of an order: base, or contracts of a swap."""
    return Decimal(order.size) - Decimal(order.filled_base)


def opening_size(order: OrderRow, position: PositionRow | None) -> Decimal:
    """Contracts of a swap order that would add to the position instead of reducing it."""
    if order.reduce_only == "true":
        return ZERO
    held = Decimal(position.size) if position else ZERO
    against = -held if order.side == "buy" else held
    return max(remaining(order) - max(against, ZERO), ZERO)


class MarginAccount:
    """Equity and margin in USDT, of the ledger at given prices."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def leverage(self, inst_id: str) -> str:
        return self._ledger.setting(f"leverage {inst_id}", DEFAULT_LEVERAGE)

    def profit(self, prices: Prices) -> Decimal:
        """Unrealised profit of every position."""
        return total(holding_of(row).profit(prices(row.inst_id)) for row in self._ledger.positions())

    def equity(self, prices: Prices) -> Decimal:
        return self._ledger.cash(SETTLED_IN) + self.profit(prices)

    def initial_margin(self, prices: Prices) -> Decimal:
        return total(holding_of(row).initial_margin(prices(row.inst_id)) for row in self._ledger.positions())

    def maintenance(self, prices: Prices) -> Decimal:
        return total(holding_of(row).maintenance(prices(row.inst_id)) for row in self._ledger.positions())

    def order_margin(self, order: OrderRow) -> Decimal:
        """Margin held by an open swap order: the initial margin of what it would add."""
        size = opening_size(order, self._ledger.position(order.inst_id))
        notional = size * Decimal(order.contract_value) * Decimal(order.price)
        return (notional / Decimal(order.leverage)).quantize(MONEY)

    def orders_margin(self) -> Decimal:
        orders = [order for order in self._ledger.open_orders() if is_swap(order.inst_id)]
        return total(self.order_margin(order) for order in orders)
