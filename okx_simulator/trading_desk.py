"""Placing an order: checks, matching and booking, all of it or none of it."""

from decimal import Decimal

from okx_core.fees import TAKER_FEE
from okx_core.instruments import Instrument, is_multiple
from okx_core.order_book import MAX_LEVELS
from okx_simulator.api_errors import (
    ApiError,
    OrderRefusedError,
    empty_parameter,
    insufficient_balance,
    order_not_found,
    unknown_instrument,
)
from okx_simulator.ledger import FillRow, Ledger, OrderRow
from okx_simulator.market import Level, Market
from okx_simulator.matching import (
    Match,
    average_price,
    base_of,
    quote_of,
    take_base,
    take_quote,
    within_limit,
)
from okx_simulator.orders import OrderRequest

MAX_MARKET_QUOTE = Decimal(1_000_000)
CANCELLED_UNFILLED_VISIBLE_MS = 2 * 3_600_000
IOC_REST, FOK_REST, SYSTEM_REST = "14", "13", "0"


def plain(value: Decimal) -> str:
    """Decimal text without exponent and without trailing zeros."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


class TradingDesk:
    """Matches orders against the market's book and books them in the ledger."""

    def __init__(self, market: Market, ledger: Ledger, taker_fee: Decimal = TAKER_FEE) -> None:
        self._market = market
        self._ledger = ledger
        self.taker_fee = taker_fee

    def place(self, request: OrderRequest, expires_ms: int | None) -> OrderRow:
        """Fill an order at once; it is on disk when this returns. Raises ApiError when it is not taken."""
        now_ms = self._market.clock.now_ms()
        if expires_ms is not None and now_ms > expires_ms:
            raise ApiError(
                "50036",
                "The expTime can't be earlier than the current system time. Please adjust the expTime.",
            )
        if not self._market.is_listed(request.inst_id):
            raise OrderRefusedError("51001", unknown_instrument().message)
        instrument = self._market.listing(request.inst_id)
        with self._ledger.transaction():
            if request.client_order_id and self._ledger.has_open_order(request.client_order_id):
                raise OrderRefusedError("51016", "Client order ID already exists.")
            levels = self._reachable_levels(request)
            _check_size(request, instrument, levels)
            matches = _match(request, instrument, levels)
            self._check_funds(request, instrument, matches)
            return self._book(request, instrument, matches, now_ms)

    def _reachable_levels(self, request: OrderRequest) -> list[Level]:
        side = "ask" if request.side == "buy" else "bid"
        levels = self._market.levels(request.inst_id, side, MAX_LEVELS)
        return levels if request.price is None else within_limit(levels, request.side, request.price)

    def _check_funds(self, request: OrderRequest, instrument: Instrument, matches: list[Match]) -> None:
        currency = instrument.quote if request.side == "buy" else instrument.base
        needed = quote_of(matches) if request.side == "buy" else base_of(matches)
        if request.ord_type == "market" and request.size_in_quote == (request.side == "buy"):
            needed = request.size
        if needed > self._ledger.cash(currency):
            raise insufficient_balance(currency)

    def _book(
        self, request: OrderRequest, instrument: Instrument, matches: list[Match], now_ms: int
    ) -> OrderRow:
        ord_id = self._ledger.next_timed_id("order", now_ms)
        fills = [self._fill(request, instrument, match, ord_id, now_ms) for match in matches]
        for fill in fills:
            self._move_money(fill, instrument)
        state, cancel_source = _outcome(request, matches)
        average = average_price(matches)
        fee = sum((Decimal(fill.fee) for fill in fills), Decimal(0))
        order = OrderRow(
            ord_id=ord_id,
            client_order_id=request.client_order_id,
            tag=request.tag,
            inst_id=request.inst_id,
            side=request.side,
            ord_type=request.ord_type,
            size=plain(request.size),
            price="" if request.price is None else plain(request.price),
            target_currency=request.target_currency,
            state=state,
            filled_base=plain(base_of(matches)),
            average_price="" if average is None else plain(average),
            fee=plain(fee),
            fee_currency=_fee_currency(request.side, instrument),
            cancel_source=cancel_source,
            created_ms=now_ms,
            updated_ms=now_ms,
        )
        self._ledger.add_order(order, fills)
        return order

    def _fill(
        self, request: OrderRequest, instrument: Instrument, match: Match, ord_id: int, now_ms: int
    ) -> FillRow:
        received = match.size if request.side == "buy" else match.size * match.price
        return FillRow(
            bill_id=self._ledger.next_timed_id("bill", now_ms),
            trade_id=self._ledger.next_id(f"trade {request.inst_id}"),
            ord_id=ord_id,
            client_order_id=request.client_order_id,
            tag=request.tag,
            inst_id=request.inst_id,
            side=request.side,
            price=plain(match.price),
            size=plain(match.size),
            fee=plain(-received * self.taker_fee),
            fee_currency=_fee_currency(request.side, instrument),
            fee_rate=plain(-self.taker_fee),
            filled_ms=now_ms,
        )

    def _move_money(self, fill: FillRow, instrument: Instrument) -> None:
        size, fee = Decimal(fill.size), Decimal(fill.fee)
        paid = size * Decimal(fill.price)
        buying = fill.side == "buy"
        base_change = size + fee if buying else -size
        quote_change = -paid if buying else paid + fee
        self._ledger.change_balance(fill.ord_id, instrument.base, base_change, fill.filled_ms)
        self._ledger.change_balance(fill.ord_id, instrument.quote, quote_change, fill.filled_ms)

    def find(self, inst_id: str, ord_id: str, client_order_id: str) -> OrderRow:
        """The order by exchange id or, failing that, the newest with the client's id; 51603 when unseen."""
        if not (ord_id or client_order_id):
            raise ApiError("51003", "Either client order ID or order ID is required.", 400)
        if not inst_id:
            raise empty_parameter("instId")
        if ord_id:
            number = int(ord_id) if ord_id.isdigit() and len(ord_id) < 19 else -1
            found = self._ledger.orders("ord_id = ? and inst_id = ?", number, inst_id)
        else:
            found = self._ledger.orders(
                "client_order_id = ? and inst_id = ? order by ord_id desc limit 1", client_order_id, inst_id
            )
        forgotten = self._market.clock.now_ms() - CANCELLED_UNFILLED_VISIBLE_MS
        if not found or (
            found[0].state == "canceled" and found[0].filled_base == "0" and found[0].updated_ms < forgotten
        ):
            raise order_not_found()
        return found[0]


def _fee_currency(side: str, instrument: Instrument) -> str:
    return instrument.base if side == "buy" else instrument.quote


def _check_size(request: OrderRequest, instrument: Instrument, levels: list[Level]) -> None:
    """Minimum and lot of the base size; a size in quote is compared at the best price."""
    if request.price is not None and not is_multiple(request.price, instrument.tick):
        raise OrderRefusedError("51000", "Parameter px error: not a multiple of the tick size")
    too_small = OrderRefusedError("51020", "Your order should meet or exceed the minimum order amount.")
    if request.size_in_quote:
        if levels and request.size / levels[0][0] < instrument.min_size:
            raise too_small
        return
    if request.size < instrument.min_size:
        raise too_small
    if not is_multiple(request.size, instrument.lot):
        raise OrderRefusedError("51121", "Order quantity must be a multiple of the lot size.")


def _match(request: OrderRequest, instrument: Instrument, levels: list[Level]) -> list[Match]:
    if request.size_in_quote:
        matches = take_quote(levels, request.size, instrument.lot)
    else:
        matches = take_base(levels, request.size)
    if request.ord_type == "fok" and base_of(matches) < request.size:
        return []
    if request.ord_type == "market" and quote_of(matches) > MAX_MARKET_QUOTE:
        raise OrderRefusedError("51201", f"Value of per market order cannot exceed {MAX_MARKET_QUOTE:,} USDT")
    return matches


def _outcome(request: OrderRequest, matches: list[Match]) -> tuple[str, str]:
    """Final state and cancelSource. A book taken empty cancels the rest of a market order."""
    complete = bool(matches) if request.size_in_quote else base_of(matches) == request.size
    if complete:
        return "filled", ""
    return "canceled", {"ioc": IOC_REST, "fok": FOK_REST}.get(request.ord_type, SYSTEM_REST)
