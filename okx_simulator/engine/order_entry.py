"""A new order meets the market: checks, matching and booking, at a moment of the market's own.

Used for what the account holder sends, for the children of algo orders and for closing positions.
Every method is called in a transaction and refuses before it writes.
"""

from dataclasses import replace
from decimal import Decimal

from okx_core.market.book_model import MAX_LEVELS
from okx_core.market.instruments import Instrument, is_multiple
from okx_simulator.account.bookkeeping import BY_HAND, TAKER, Bookkeeper, Origin
from okx_simulator.account.margin import opening_size
from okx_simulator.ledger.ledger import OPEN_STATES, Ledger
from okx_simulator.ledger.rows import OrderRow
from okx_simulator.market.matching import Match, base_of, quote_of, take_base, take_quote, within_limit
from okx_simulator.market.prices import Level, PriceFeed
from okx_simulator.orders.attachments import check_attached
from okx_simulator.orders.price_bands import price_band, within_band
from okx_simulator.orders.requests import RESTING_TYPES, OrderRequest
from okx_simulator.protocol.errors import (
    OrderRefusedError,
    insufficient_balance,
    pair_suspended,
    unknown_instrument,
)
from okx_simulator.protocol.swaps import SETTLED_IN, is_swap

MAX_MARKET_QUOTE = Decimal(1_000_000)
MAX_OPEN_PER_PAIR, MAX_OPEN = 500, 4_000
BY_SYSTEM = "0"
REST_SOURCES = {"ioc": "14", "fok": "13", "post_only": "31", "optimal_limit_ioc": "14"}
SPOT_LEVEL, FUTURES_LEVEL = "1", "2"
LEVEL = "account level"


class OrderEntry:
    """Takes orders for one account."""

    def __init__(self, ledger: Ledger, books: Bookkeeper, opening_level: str) -> None:
        self._ledger = ledger
        self._books = books
        self._opening_level = opening_level

    def account_level(self) -> str:
        """1 trades spot only, 2 swaps too: as last set, or as the account was opened."""
        return self._ledger.setting(LEVEL, self._opening_level)

    def enter(self, request: OrderRequest, market: PriceFeed, origin: Origin = BY_HAND) -> OrderRow:
        """Take an order at the market's now, fill what matches, let the rest rest or go."""
        self.check_instrument(request.inst_id, market)
        if request.client_order_id and self._ledger.has_open_order(request.client_order_id):
            raise OrderRefusedError("51016", "Client order ID already exists.")
        self._check_room(request)
        instrument = market.listing(request.inst_id)
        if instrument.state != "live":
            raise pair_suspended()
        request = within_band(request, price_band(instrument, market.price(request.inst_id)))
        levels = reachable_levels(market, request.inst_id, request.side, request.price)
        _check_size(request, instrument, levels)
        best = levels[0][0] if levels else market.price(request.inst_id)
        request = replace(
            request, attached=check_attached(request.attached, request.side, request.price, best)
        )
        unit = market.contract_value(request.inst_id)
        matches = _match(request, instrument, levels, unit)
        now_ms = market.clock.now_ms()
        order = self._books.opened(request, unit, now_ms, origin)
        if is_swap(request.inst_id):
            self._check_reduction(order)
            self._check_margin(order, market, request.price or best)
        else:
            self._check_funds(request, instrument, matches, market)
        if request.ord_type != "post_only" or not levels:  # one that would take is never live
            self._books.placed(order)
        order = self._books.filled(order, matches, TAKER, now_ms)
        if order.state in OPEN_STATES and not _may_rest(request, levels):
            order = self._books.cancelled(order, REST_SOURCES.get(request.ord_type, BY_SYSTEM), now_ms)
        return order

    def check_instrument(self, inst_id: str, market: PriceFeed) -> None:
        """51001 when it does not trade now, 51010 for a swap in a spot account."""
        if not market.is_listed(inst_id):
            raise OrderRefusedError("51001", unknown_instrument().message)
        if is_swap(inst_id) and self.account_level() == SPOT_LEVEL:
            raise OrderRefusedError(
                "51010", "You can't complete this request under your current account mode."
            )

    def _check_room(self, request: OrderRequest) -> None:
        """Refuse one resting order too many, of the instrument or of the account."""
        if request.ord_type not in RESTING_TYPES:
            return
        pairs = [order.inst_id for order in self._ledger.open_orders()]
        for count, most in (
            (pairs.count(request.inst_id), MAX_OPEN_PER_PAIR),
            (len(pairs), MAX_OPEN),
        ):
            if count >= most:
                raise OrderRefusedError(
                    "51174", f"The number of pending orders reached the upper limit of {most}."
                )

    def _check_funds(
        self, request: OrderRequest, instrument: Instrument, matches: list[Match], market: PriceFeed
    ) -> None:
        buying = request.side == "buy"
        currency = instrument.quote if buying else instrument.base
        if request.price is not None:
            needed = request.size * request.price if buying else request.size
        elif request.size_in_quote == buying:
            needed = request.size
        else:
            needed = quote_of(matches) if buying else base_of(matches)
        if needed > self._books.available(currency, market.price):
            raise insufficient_balance(currency)

    def _check_reduction(self, order: OrderRow) -> None:
        """A reduce-only order needs a position at least its size the other way."""
        if order.reduce_only != "true":
            return
        if order.attached != "[]":
            raise OrderRefusedError("51100", "Unable to attach TP/SL to a reduce-only order.")
        position = self._ledger.position(order.inst_id)
        held = Decimal(position.size) if position else Decimal(0)
        if held == 0:
            raise OrderRefusedError(
                "51169",
                "Order failed because you don't have any positions in this direction to reduce or close.",
            )
        if (held > 0) == (order.side == "buy"):
            raise OrderRefusedError(
                "51170", "The reduce-only order is in the same direction as the position."
            )
        if Decimal(order.size) > abs(held):
            raise OrderRefusedError("51112", "Close order size exceeds available size for this position.")

    def _check_margin(self, order: OrderRow, market: PriceFeed, price: Decimal) -> None:
        """Initial margin and fee of what would add to the position, from equity nothing else needs."""
        self.check_margin_of(order, opening_size(order, self._ledger.position(order.inst_id)), price, market)

    def check_margin_of(self, order: OrderRow, size: Decimal, price: Decimal, market: PriceFeed) -> None:
        notional = size * Decimal(order.contract_value) * price
        fee = notional * self._books.fees.rate(order.inst_id, TAKER)
        enough = notional / Decimal(order.leverage) + fee <= self._books.available_margin(market.price)
        if size > 0 and not (enough and fee <= self._ledger.cash(SETTLED_IN)):
            raise insufficient_balance(SETTLED_IN)


def reachable_levels(market: PriceFeed, inst_id: str, side: str, price: Decimal | None) -> list[Level]:
    """The levels an order may take. A swap's market order is a limit at the edge of the price band."""
    levels = market.levels(inst_id, "ask" if side == "buy" else "bid", MAX_LEVELS)
    if price is None and is_swap(inst_id):
        price = price_band(market.listing(inst_id), market.price(inst_id)).edge(side)
    return levels if price is None else within_limit(levels, side, price)


def check_grid(size: Decimal, price: Decimal | None, instrument: Instrument) -> None:
    """Tick, minimum and lot of a size in base or contracts."""
    if price is not None and not is_multiple(price, instrument.tick):
        raise OrderRefusedError("51000", "Parameter px error: not a multiple of the tick size")
    if size < instrument.min_size:
        raise OrderRefusedError("51020", "Your order should meet or exceed the minimum order amount.")
    if not is_multiple(size, instrument.lot):
        raise OrderRefusedError("51121", "Order quantity must be a multiple of the lot size.")


def _may_rest(request: OrderRequest, levels: list[Level]) -> bool:
    if request.ord_type == "post_only":
        return not levels
    return request.ord_type in RESTING_TYPES


def _check_size(request: OrderRequest, instrument: Instrument, levels: list[Level]) -> None:
    """The grid of the order; a size in quote is compared at the best price."""
    if not request.size_in_quote:
        check_grid(request.size, request.price, instrument)
    elif levels and request.size / levels[0][0] < instrument.min_size:
        raise OrderRefusedError("51020", "Your order should meet or exceed the minimum order amount.")


def _match(request: OrderRequest, instrument: Instrument, levels: list[Level], unit: Decimal) -> list[Match]:
    if request.ord_type == "post_only":
        return []
    if request.size_in_quote:
        matches = take_quote(levels, request.size, instrument.lot)
    else:
        matches = take_base(levels, request.size)
    if request.ord_type == "fok" and base_of(matches) < request.size:
        return []
    if request.ord_type == "market" and quote_of(matches) * unit > MAX_MARKET_QUOTE:
        raise OrderRefusedError("51201", f"Value of per market order cannot exceed {MAX_MARKET_QUOTE:,} USDT")
    return matches
