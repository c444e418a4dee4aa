"""Orders from entry to their end: place, cancel, amend, and the fills of resting ones.

Resting orders fill lazily: whenever the exchange is asked anything, `settle` walks the tape's path
since the last look and fills what it reached, in the order of time, at the order's own price. An
order priced inside the spread is better than the path already and is taken a millisecond later.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal

from okx_core.fees import MAKER_FEE, TAKER_FEE
from okx_core.instruments import Instrument, is_multiple
from okx_core.order_book import MAX_LEVELS
from okx_simulator.account_rows import OrderRow
from okx_simulator.amounts import plain
from okx_simulator.api_errors import (
    ApiError,
    OrderRefusedError,
    empty_parameter,
    expired_request,
    insufficient_balance,
    order_not_found,
    pair_suspended,
    unknown_instrument,
)
from okx_simulator.bookings import MAKER, TAKER, Bookkeeper, held_by, remaining
from okx_simulator.clock import HOUR_MS
from okx_simulator.crossings import first_crossing
from okx_simulator.ledger import OPEN_STATES, Ledger
from okx_simulator.market import Level, Market
from okx_simulator.matching import Match, base_of, quote_of, take_base, take_quote, within_limit
from okx_simulator.orders import RESTING_TYPES, OrderRequest

MAX_MARKET_QUOTE = Decimal(1_000_000)
CANCELLED_UNFILLED_VISIBLE_MS = 2 * HOUR_MS
MAX_OPEN_PER_PAIR, MAX_OPEN = 500, 4_000
BY_USER, BY_SYSTEM = "1", "0"
REST_SOURCES = {"ioc": "14", "fok": "13", "post_only": "31"}


@dataclass(frozen=True)
class OrderName:
    """Which order is meant: the exchange's id or, failing that, the client's."""

    inst_id: str
    ord_id: str = ""
    client_order_id: str = ""


@dataclass(frozen=True)
class Amendment:
    """What is to change: the new total size in base, the new price, or both."""

    size: Decimal | None = None
    price: Decimal | None = None
    cancel_on_fail: bool = False
    request_id: str = ""


class TradingDesk:
    """Matches orders against the market's book and path, and books them in the ledger."""

    def __init__(
        self, market: Market, ledger: Ledger, taker_fee: Decimal = TAKER_FEE, maker_fee: Decimal = MAKER_FEE
    ) -> None:
        self._market = market
        self._ledger = ledger
        self._settled_ms = -1
        self.books = Bookkeeper(ledger, taker_fee, maker_fee)

    def settle(self) -> None:
        """Fill every resting order that the path has reached up to now, first reached first."""
        now_ms, since_ms = self._market.clock.now_ms(), self._settled_ms
        if now_ms == since_ms:
            return
        if self._ledger.open_orders():
            with self._ledger.transaction():
                reached = [
                    (moment, order.ord_id, order)
                    for order in self._ledger.open_orders()
                    if (moment := self._reached_ms(order, since_ms, now_ms)) is not None
                ]
                for moment, _, order in sorted(reached, key=lambda found: found[:2]):
                    whole = [Match(Decimal(order.price), remaining(order))]
                    self.books.filled(order, whole, MAKER, moment)
        self._settled_ms = now_ms

    def _reached_ms(self, order: OrderRow, since_ms: int, now_ms: int) -> int | None:
        from_ms = max(order.rests_from_ms, since_ms) + 1
        if from_ms > now_ms or order.inst_id not in self._market.tape.pairs:
            return None
        bars = self._market.tape.bars(order.inst_id, now_ms // HOUR_MS + 1)
        stretch = bars.between(from_ms // HOUR_MS - 1, now_ms // HOUR_MS + 1)
        return first_crossing(stretch, order.side, Decimal(order.price), from_ms, now_ms)

    def place(self, request: OrderRequest, expires_ms: int | None) -> OrderRow:
        """Take an order; it is on disk when this returns. Raises ApiError when it is not taken."""
        self.settle()
        now_ms = self._not_expired(expires_ms)
        if not self._market.is_listed(request.inst_id):
            raise OrderRefusedError("51001", unknown_instrument().message)
        instrument = self._market.listing(request.inst_id)
        if instrument.state != "live":
            raise pair_suspended()
        with self._ledger.transaction():
            if request.client_order_id and self._ledger.has_open_order(request.client_order_id):
                raise OrderRefusedError("51016", "Client order ID already exists.")
            self._check_room(request)
            levels = self._reachable_levels(request.inst_id, request.side, request.price)
            _check_size(request, instrument, levels)
            matches = _match(request, instrument, levels)
            self._check_funds(request, instrument, matches)
            order = self.books.opened(request, now_ms)
            if request.ord_type != "post_only" or not levels:  # one that would take is never live
                self.books.placed(order)
            order = self.books.filled(order, matches, TAKER, now_ms)
            if order.state in OPEN_STATES and not _may_rest(request, levels):
                order = self.books.cancelled(order, REST_SOURCES.get(request.ord_type, BY_SYSTEM), now_ms)
            return order

    def cancel(self, name: OrderName) -> OrderRow:
        """Cancel what is left of an open order; 51400 when it is not open."""
        self.settle()
        with self._ledger.transaction():
            order = self._open_order(name, "51400", "Cancellation failed as the order")
            return self.books.cancelled(order, BY_USER, self._market.clock.now_ms())

    def amend(self, name: OrderName, amendment: Amendment, expires_ms: int | None) -> OrderRow:
        """Change size or price of an open order, which may fill it at once; 51503 when it is not open."""
        self.settle()
        self._not_expired(expires_ms)
        if amendment.size is None and amendment.price is None:
            raise OrderRefusedError("51500", "You must enter a price, quantity or TP/SL.")
        try:
            with self._ledger.transaction():
                return self._amend(name, amendment)
        except OrderRefusedError:
            if amendment.cancel_on_fail:
                with suppress(ApiError):
                    self.cancel(name)
            raise

    def _amend(self, name: OrderName, amendment: Amendment) -> OrderRow:
        now_ms = self._market.clock.now_ms()
        order = self._open_order(name, "51503", "Order modification failed as the order")
        size, price = amendment.size or Decimal(order.size), amendment.price or Decimal(order.price)
        if size <= Decimal(order.filled_base):
            changed = replace(order, size=order.filled_base, state="filled", updated_ms=now_ms)
            return self.books.amended(changed, amendment.request_id)
        if not self._market.is_listed(order.inst_id):
            raise OrderRefusedError("51001", unknown_instrument().message)
        _check_grid(size, price, self._market.listing(order.inst_id))
        levels = self._reachable_levels(order.inst_id, order.side, price)
        if order.ord_type == "post_only" and levels:
            raise OrderRefusedError(
                "51511", "Operation failed as the order price doesn't meet the requirement for Post Only."
            )
        changed = replace(
            order, size=plain(size), price=plain(price), updated_ms=now_ms, rests_from_ms=now_ms
        )
        currency, needed = held_by(changed)
        if needed > self.books.available(currency) + held_by(order)[1]:
            raise OrderRefusedError(
                "51502", f"Order modification failed for insufficient {currency} balance."
            )
        self.books.amended(changed, amendment.request_id)
        return self.books.filled(changed, take_base(levels, remaining(changed)), TAKER, now_ms)

    def find(self, name: OrderName) -> OrderRow:
        """The order by exchange id or, failing that, the newest with the client's id; 51603 when unseen."""
        if not (name.ord_id or name.client_order_id):
            raise ApiError("51003", "Either client order ID or order ID is required.", 400)
        if not name.inst_id:
            raise empty_parameter("instId")
        found = self._lookup(name)
        forgotten = self._market.clock.now_ms() - CANCELLED_UNFILLED_VISIBLE_MS
        if found is None or (
            found.state == "canceled" and found.filled_base == "0" and found.updated_ms < forgotten
        ):
            raise order_not_found()
        return found

    def _lookup(self, name: OrderName) -> OrderRow | None:
        if name.ord_id:
            number = int(name.ord_id) if name.ord_id.isdigit() and len(name.ord_id) < 20 else -1
            found = self._ledger.orders("ord_id = ? and inst_id = ?", number, name.inst_id)
        else:
            found = self._ledger.orders(
                "client_order_id = ? and inst_id = ? order by ord_id desc limit 1",
                name.client_order_id,
                name.inst_id,
            )
        return found[0] if found else None

    def _open_order(self, name: OrderName, code: str, what_failed: str) -> OrderRow:
        if not (name.ord_id or name.client_order_id):
            raise OrderRefusedError("51003", "Either client order ID or order ID is required.")
        order = self._lookup(name)
        if order is None or order.state not in OPEN_STATES:
            raise OrderRefusedError(code, f"{what_failed} has been filled, canceled or does not exist.")
        return order

    def _not_expired(self, expires_ms: int | None) -> int:
        """Now, unless the request has arrived too late."""
        now_ms = self._market.clock.now_ms()
        if expires_ms is not None and now_ms > expires_ms:
            raise expired_request()
        return now_ms

    def _reachable_levels(self, inst_id: str, side: str, price: Decimal | None) -> list[Level]:
        levels = self._market.levels(inst_id, "ask" if side == "buy" else "bid", MAX_LEVELS)
        return levels if price is None else within_limit(levels, side, price)

    def _check_room(self, request: OrderRequest) -> None:
        """Refuse one resting order too many, of the pair or of the account."""
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

    def _check_funds(self, request: OrderRequest, instrument: Instrument, matches: list[Match]) -> None:
        buying = request.side == "buy"
        currency = instrument.quote if buying else instrument.base
        if request.price is not None:
            needed = request.size * request.price if buying else request.size
        elif request.size_in_quote == buying:
            needed = request.size
        else:
            needed = quote_of(matches) if buying else base_of(matches)
        if needed > self.books.available(currency):
            raise insufficient_balance(currency)


def _may_rest(request: OrderRequest, levels: list[Level]) -> bool:
    if request.ord_type == "post_only":
        return not levels
    return request.ord_type in RESTING_TYPES


def _check_grid(size: Decimal, price: Decimal | None, instrument: Instrument) -> None:
    """Tick, minimum and lot of a size in base."""
    if price is not None and not is_multiple(price, instrument.tick):
        raise OrderRefusedError("51000", "Parameter px error: not a multiple of the tick size")
    if size < instrument.min_size:
        raise OrderRefusedError("51020", "Your order should meet or exceed the minimum order amount.")
    if not is_multiple(size, instrument.lot):
        raise OrderRefusedError("51121", "Order quantity must be a multiple of the lot size.")


def _check_size(request: OrderRequest, instrument: Instrument, levels: list[Level]) -> None:
    """The grid of the order; a size in quote is compared at the best price."""
    if not request.size_in_quote:
        _check_grid(request.size, request.price, instrument)
    elif levels and request.size / levels[0][0] < instrument.min_size:
        raise OrderRefusedError("51020", "Your order should meet or exceed the minimum order amount.")


def _match(request: OrderRequest, instrument: Instrument, levels: list[Level]) -> list[Match]:
    if request.ord_type == "post_only":
        return []
    if request.size_in_quote:
        matches = take_quote(levels, request.size, instrument.lot)
    else:
        matches = take_base(levels, request.size)
    if request.ord_type == "fok" and base_of(matches) < request.size:
        return []
    if request.ord_type == "market" and quote_of(matches) > MAX_MARKET_QUOTE:
        raise OrderRefusedError("51201", f"Value of per market order cannot exceed {MAX_MARKET_QUOTE:,} USDT")
    return matches
