"""Writing orders into the ledger: fills, fees, money, positions, and what open orders hold back."""

from dataclasses import dataclass, replace
from decimal import Decimal

from okx_core.market.fees import MAKER_FEE, TAKER_FEE
from okx_simulator.account.margin import MarginAccount, Prices, remaining
from okx_simulator.account.position_math import MONEY
from okx_simulator.account.positions import PositionBook, fill_purpose
from okx_simulator.ledger.events import AMENDED, CANCELED, FILLED, PLACED, OrderChanged
from okx_simulator.ledger.ledger import OPEN_STATES, Ledger
from okx_simulator.ledger.rows import FillRow, OrderRow, PositionRow
from okx_simulator.market.matching import ZERO, Match, base_of, quote_of
from okx_simulator.market.prices import PriceFeed
from okx_simulator.orders.attachments import algos_of
from okx_simulator.orders.requests import OrderRequest
from okx_simulator.protocol.amounts import plain
from okx_simulator.protocol.swaps import SETTLED_IN, is_swap, pair_of

TAKER, MAKER = "T", "M"
SWAP_TAKER_FEE, SWAP_MAKER_FEE = Decimal("0.0005"), Decimal("0.0002")
POSITION_CLOSED = "21"
LIQUIDATED = "full_liquidation"  # its fills have negative trade ids


@dataclass(frozen=True)
class FeeRates:
    """Fees as fractions of the traded amount, paid ones positive."""

    taker: Decimal = TAKER_FEE
    maker: Decimal = MAKER_FEE
    swap_taker: Decimal = SWAP_TAKER_FEE
    swap_maker: Decimal = SWAP_MAKER_FEE

    def rate(self, inst_id: str, liquidity: str) -> Decimal:
        if is_swap(inst_id):
            return self.swap_taker if liquidity == TAKER else self.swap_maker
        return self.taker if liquidity == TAKER else self.maker


@dataclass(frozen=True)
class Origin:
    """Where an order comes from: OKX's source code and the algo order behind it, if any."""

    source: str = ""
    algo_id: int = 0
    client_algo_id: str = ""
    category: str = "normal"


BY_HAND = Origin()


def coins(inst_id: str) -> tuple[str, str]:
    """Base and quote of an instrument."""
    base, _, quote = pair_of(inst_id).partition("-")
    return base, quote


def held_by(order: OrderRow) -> tuple[str, Decimal]:
    """The coin an open spot order pays with, and how much of it is held back."""
    base, quote = coins(order.inst_id)
    if order.side == "sell":
        return base, remaining(order)
    return quote, remaining(order) * Decimal(order.price)


class Bookkeeper:
    """Every change of an order and of the account; all methods that write are called in a transaction."""

    def __init__(self, ledger: Ledger, market: PriceFeed, fees: FeeRates | None = None) -> None:
        self._ledger = ledger
        self._market = market
        self.fees = fees or FeeRates()
        self.margin = MarginAccount(ledger)
        self.positions = PositionBook(ledger, lambda inst_id, at_ms: market.at(at_ms).price(inst_id))

    def frozen(self) -> dict[str, Decimal]:
        """Amounts held by open orders, by coin."""
        held: dict[str, Decimal] = {}
        for order in self._ledger.open_orders():
            swap = is_swap(order.inst_id)
            currency, amount = (SETTLED_IN, self.margin.order_margin(order)) if swap else held_by(order)
            held[currency] = held.get(currency, ZERO) + amount
        return held

    def available(self, currency: str, prices: Prices) -> Decimal:
        """Cash that no open order holds; of USDT no more than the margin account can do without."""
        free = self._ledger.cash(currency) - self.frozen().get(currency, ZERO)
        if currency == SETTLED_IN and self._ledger.positions():
            spare = self.margin.profit(prices) - self.margin.initial_margin(prices)
            free += min(spare, ZERO)
        return free

    def available_margin(self, prices: Prices) -> Decimal:
        """USDT equity that neither a position nor an order needs."""
        used = self.margin.initial_margin(prices) + self.frozen().get(SETTLED_IN, ZERO)
        return self.margin.equity(prices) - used

    def opened(self, request: OrderRequest, unit: Decimal, now_ms: int, origin: Origin = BY_HAND) -> OrderRow:
        """A new order with an id of its own, not stored yet; `unit` is base per contract."""
        swap = is_swap(request.inst_id)
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
            fee_currency=coins(request.inst_id)[swap or request.side == "sell"],
            cancel_source="",
            created_ms=now_ms,
            updated_ms=now_ms,
            rests_from_ms=now_ms,
            td_mode=request.td_mode,
            reduce_only="true" if request.reduce_only else "false",
            leverage=self.margin.leverage(request.inst_id) if swap else "",
            contract_value=plain(unit) if swap else "",
            source=origin.source,
            algo_id=origin.algo_id,
            client_algo_id=origin.client_algo_id,
            attached=request.attached,
            category=origin.category,
        )

    def placed(self, order: OrderRow) -> OrderRow:
        """A new order, stored as live."""
        self._ledger.save_order(OrderChanged(order, PLACED))
        return order

    def amended(self, order: OrderRow, request_id: str) -> OrderRow:
        """An order with its new size and price, stored."""
        self._ledger.save_order(OrderChanged(order, AMENDED, request_id=request_id))
        return order

    def completed(self, order: OrderRow, request_id: str) -> OrderRow:
        """An order whose new size is what it has filled already, stored."""
        self.amended(order, request_id)
        self._attach(order)
        return order

    def position(self, inst_id: str) -> PositionRow | None:
        return self._ledger.position(inst_id)

    def fee_of(self, order: OrderRow, contracts_in_quote: Decimal, liquidity: str) -> Decimal:
        """USDT fee of a swap trade of so many contracts times price."""
        traded = contracts_in_quote * Decimal(order.contract_value)
        return (traded * self.fees.rate(order.inst_id, liquidity)).quantize(MONEY)

    def cancelled(self, order: OrderRow, source: str, at_ms: int) -> OrderRow:
        """The order with what is left of it cancelled, stored; `source` is OKX's cancelSource."""
        order = replace(order, state="canceled", cancel_source=source, updated_ms=at_ms)
        self._ledger.save_order(OrderChanged(order, CANCELED))
        self._attach(order)
        return order

    def _attach(self, order: OrderRow) -> None:
        """Place what was attached to an order that has ended; unfilled ones take it with them."""
        if order.state in OPEN_STATES or order.attached == "[]" or order.filled_base == "0":
            return
        for algo in algos_of(order, self._market.listing(order.inst_id)):
            number = self._ledger.next_timed_id("algo", order.updated_ms)
            self._ledger.save_algo(replace(algo, algo_id=number))

    def filled(self, order: OrderRow, matches: list[Match], liquidity: str, at_ms: int) -> OrderRow:
        """The order after `matches`; each of them is stored with its fill and its money."""
        earlier = self._ledger.fills("ord_id = ?", order.ord_id) if matches else []
        taken = [Match(Decimal(fill.price), Decimal(fill.size)) for fill in earlier]
        for match in matches:
            taken.append(match)
            fill = self._fill(order, match, liquidity, at_ms)
            if is_swap(order.inst_id):
                fill = self.positions.filled(order, fill)
            else:
                self._move_money(fill)
            self._ledger.add_fill(fill)
            last = len(taken) == len(earlier) + len(matches)
            order = replace(
                order,
                state="filled" if _is_complete(order, taken, last) else "partially_filled",
                filled_base=plain(base_of(taken)),
                average_price=plain(quote_of(taken) / base_of(taken)),
                fee=plain(Decimal(order.fee) + Decimal(fill.fee)),
                pnl=plain(Decimal(order.pnl) + Decimal(fill.pnl)),
                updated_ms=at_ms,
            )
            self._ledger.save_order(OrderChanged(order, FILLED, fill))
        if not matches:
            return order
        self._attach(order)
        position = self._ledger.position(order.inst_id)
        return self._closed(order, at_ms) if position and position.size == "0" else order

    def _closed(self, order: OrderRow, at_ms: int) -> OrderRow:
        """With the position go what may only reduce it, and algo orders tied to it."""
        of_it = "inst_id = ? and reduce_only = 'true' and state in (?, ?)"
        for bound in self._ledger.orders(of_it, order.inst_id, *OPEN_STATES):
            bound = self.cancelled(bound, POSITION_CLOSED, at_ms)
            order = bound if bound.ord_id == order.ord_id else order
        tied = "inst_id = ? and cancel_on_close = 'true' and state = 'live'"
        for algo in self._ledger.algos(tied, order.inst_id):
            self._ledger.save_algo(replace(algo, state="canceled", updated_ms=at_ms))
        return order

    def _fill(self, order: OrderRow, match: Match, liquidity: str, at_ms: int) -> FillRow:
        rate = self.fees.rate(order.inst_id, liquidity)
        if order.contract_value:
            fee = -self.fee_of(order, match.size * match.price, liquidity)
        else:
            fee = -rate * (match.size if order.side == "buy" else match.size * match.price)
        number = self._ledger.next_id(f"trade {order.inst_id}")
        return FillRow(
            bill_id=self._ledger.next_timed_id("bill", at_ms),
            trade_id=-number if order.category == LIQUIDATED else number,
            ord_id=order.ord_id,
            client_order_id=order.client_order_id,
            tag=order.tag,
            inst_id=order.inst_id,
            side=order.side,
            price=plain(match.price),
            size=plain(match.size),
            fee=plain(fee),
            fee_currency=order.fee_currency,
            fee_rate=plain(-rate),
            filled_ms=at_ms,
            liquidity=liquidity,
            contract_value=order.contract_value,
        )

    def _move_money(self, fill: FillRow) -> None:
        size, fee = Decimal(fill.size), Decimal(fill.fee)
        paid = size * Decimal(fill.price)
        buying = fill.side == "buy"
        base_change = size + fee if buying else -size
        quote_change = -paid if buying else paid + fee
        base, quote = coins(fill.inst_id)
        for currency, change in ((base, base_change), (quote, quote_change)):
            received = currency == fill.fee_currency
            purpose = fill_purpose(fill, "trade", "1" if buying else "2", fill.fee if received else "0")
            self._ledger.change_balance(fill.ord_id, currency, change, fill.filled_ms, purpose)


def _is_complete(order: OrderRow, taken: list[Match], last: bool) -> bool:
    """A size in quote is spent with the last match, whatever base it bought."""
    return last if order.target_currency == "quote_ccy" else base_of(taken) == Decimal(order.size)
