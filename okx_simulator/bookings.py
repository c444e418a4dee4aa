"""Writing orders into the ledger: fills, fees, money, and what open orders hold back."""

from dataclasses import replace
from decimal import Decimal

from okx_core.fees import MAKER_FEE, TAKER_FEE
from okx_simulator.account_rows import FillRow, OrderRow
from okx_simulator.amounts import plain
from okx_simulator.events import AMENDED, CANCELED, FILLED, PLACED, OrderChanged
from okx_simulator.ledger import Ledger
from okx_simulator.matching import ZERO, Match, base_of, quote_of
from okx_simulator.orders import OrderRequest

TAKER, MAKER = "T", "M"


def coins(inst_id: str) -> tuple[str, str]:
    """Base and quote of a pair."""
    base, _, quote = inst_id.partition("-")
    return base, quote


def remaining(order: OrderRow) -> Decimal:
    """Base that an order still wants."""
    return Decimal(order.size) - Decimal(order.filled_base)


def held_by(order: OrderRow) -> tuple[str, Decimal]:
    """The coin an open priced order pays with, and how much of it is held back."""
    base, quote = coins(order.inst_id)
    if order.side == "sell":
        return base, remaining(order)
    return quote, remaining(order) * Decimal(order.price)


class Bookkeeper:
    """Every change of an order and of the account; all methods that write are called in a transaction."""

    def __init__(
        self, ledger: Ledger, taker_fee: Decimal = TAKER_FEE, maker_fee: Decimal = MAKER_FEE
    ) -> None:
        self._ledger = ledger
        self.fee_rates = {TAKER: taker_fee, MAKER: maker_fee}

    def frozen(self) -> dict[str, Decimal]:
        """What open orders hold, by coin."""
        held: dict[str, Decimal] = {}
        for order in self._ledger.open_orders():
            currency, amount = held_by(order)
            held[currency] = held.get(currency, ZERO) + amount
        return held

    def available(self, currency: str) -> Decimal:
        """Cash that no open order holds."""
        return self._ledger.cash(currency) - self.frozen().get(currency, ZERO)

    def opened(self, request: OrderRequest, now_ms: int) -> OrderRow:
        """A new order with an id of its own, not stored yet."""
        return OrderRow(
            ord_id=self._ledger.next_timed_id("order", now_ms),
            client_order_id=request.client_order_id,
            tag=request.tag,
            inst_id=request.inst_id,
            side=request.side,
            ord_type=request.ord_type,
            size=plain(request.size),
            price="" if request.price is None else plain(request.price),
            target_currency=request.target_currency,
            state="live",
            filled_base="0",
            average_price="",
            fee="0",
            fee_currency=coins(request.inst_id)[request.side == "sell"],
            cancel_source="",
            created_ms=now_ms,
            updated_ms=now_ms,
            rests_from_ms=now_ms,
        )

    def placed(self, order: OrderRow) -> OrderRow:
        """A new order, stored as live."""
        self._ledger.save_order(OrderChanged(order, PLACED))
        return order

    def amended(self, order: OrderRow, request_id: str) -> OrderRow:
        """An order with its new size and price, stored."""
        self._ledger.save_order(OrderChanged(order, AMENDED, request_id=request_id))
        return order

    def cancelled(self, order: OrderRow, source: str, at_ms: int) -> OrderRow:
        """The order with what is left of it cancelled, stored; `source` is OKX's cancelSource."""
        order = replace(order, state="canceled", cancel_source=source, updated_ms=at_ms)
        self._ledger.save_order(OrderChanged(order, CANCELED))
        return order

    def filled(self, order: OrderRow, matches: list[Match], liquidity: str, at_ms: int) -> OrderRow:
        """The order after `matches`; each of them is stored with its fill and its money."""
        earlier = self._ledger.fills("ord_id = ?", order.ord_id) if matches else []
        taken = [Match(Decimal(fill.price), Decimal(fill.size)) for fill in earlier]
        for match in matches:
            taken.append(match)
            fill = self._fill(order, match, liquidity, at_ms)
            self._ledger.add_fill(fill)
            self._move_money(fill)
            last = len(taken) == len(earlier) + len(matches)
            order = replace(
                order,
                state="filled" if _is_complete(order, taken, last) else "partially_filled",
                filled_base=plain(base_of(taken)),
                average_price=plain(quote_of(taken) / base_of(taken)),
                fee=plain(Decimal(order.fee) + Decimal(fill.fee)),
                updated_ms=at_ms,
            )
            self._ledger.save_order(OrderChanged(order, FILLED, fill))
        return order

    def _fill(self, order: OrderRow, match: Match, liquidity: str, at_ms: int) -> FillRow:
        received = match.size if order.side == "buy" else match.size * match.price
        rate = self.fee_rates[liquidity]
        return FillRow(
            bill_id=self._ledger.next_timed_id("bill", at_ms),
            trade_id=self._ledger.next_id(f"trade {order.inst_id}"),
            ord_id=order.ord_id,
            client_order_id=order.client_order_id,
            tag=order.tag,
            inst_id=order.inst_id,
            side=order.side,
            price=plain(match.price),
            size=plain(match.size),
            fee=plain(-received * rate),
            fee_currency=order.fee_currency,
            fee_rate=plain(-rate),
            filled_ms=at_ms,
            liquidity=liquidity,
        )

    def _move_money(self, fill: FillRow) -> None:
        size, fee = Decimal(fill.size), Decimal(fill.fee)
        paid = size * Decimal(fill.price)
        buying = fill.side == "buy"
        base_change = size + fee if buying else -size
        quote_change = -paid if buying else paid + fee
        base, quote = coins(fill.inst_id)
        self._ledger.change_balance(fill.ord_id, base, base_change, fill.filled_ms)
        self._ledger.change_balance(fill.ord_id, quote, quote_change, fill.filled_ms)


def _is_complete(order: OrderRow, taken: list[Match], last: bool) -> bool:
    """A size in quote is spent with the last match, whatever base it bought."""
    return last if order.target_currency == "quote_ccy" else base_of(taken) == Decimal(order.size)
