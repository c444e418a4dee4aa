"""Amending an open order: new size, new price or both, which may fill it at once."""

from dataclasses import dataclass, replace
from decimal import Decimal

from okx_simulator.account.bookkeeping import TAKER, Bookkeeper, held_by
from okx_simulator.account.margin import opening_size, remaining
from okx_simulator.engine.order_entry import OrderEntry, check_grid, reachable_levels
from okx_simulator.ledger.rows import OrderRow
from okx_simulator.market.matching import take_base
from okx_simulator.market.prices import PriceFeed
from okx_simulator.orders.price_bands import check_band, price_band
from okx_simulator.protocol.amounts import plain
from okx_simulator.protocol.errors import OrderRefusedError
from okx_simulator.protocol.swaps import is_swap


@dataclass(frozen=True)
class Amendment:
    """A change: the new total size in base or contracts, the new price, or both."""

    size: Decimal | None = None
    price: Decimal | None = None
    cancel_on_fail: bool = False
    request_id: str = ""


def amended(
    order: OrderRow, amendment: Amendment, market: PriceFeed, books: Bookkeeper, entry: OrderEntry
) -> OrderRow:
    """The order after the amendment and the fills it brings; in a transaction."""
    now_ms = market.clock.now_ms()
    size, price = amendment.size or Decimal(order.size), amendment.price or Decimal(order.price)
    if size <= Decimal(order.filled_base):
        changed = replace(order, size=order.filled_base, state="filled", updated_ms=now_ms)
        return books.completed(changed, amendment.request_id)
    entry.check_instrument(order.inst_id, market)
    instrument = market.listing(order.inst_id)
    check_grid(size, price, instrument)
    if amendment.price is not None:
        check_band(order.inst_id, order.side, price, price_band(instrument, market.price(order.inst_id)))
    levels = reachable_levels(market, order.inst_id, order.side, price)
    if order.ord_type == "post_only" and levels:
        raise OrderRefusedError(
            "51511", "Operation failed as the order price doesn't meet the requirement for Post Only."
        )
    changed = replace(order, size=plain(size), price=plain(price), updated_ms=now_ms, rests_from_ms=now_ms)
    _check_room_for(order, changed, market, books)
    books.amended(changed, amendment.request_id)
    return books.filled(changed, take_base(levels, remaining(changed)), TAKER, now_ms)


def _check_room_for(order: OrderRow, changed: OrderRow, market: PriceFeed, books: Bookkeeper) -> None:
    """The account must be able to hold what the changed order needs beyond the old one."""
    if is_swap(order.inst_id):
        position = books.position(order.inst_id)
        if order.reduce_only == "true" and remaining(changed) > abs(
            Decimal(position.size if position else 0)
        ):
            raise OrderRefusedError("51112", "Close order size exceeds available size for this position.")
        currency = "USDT"
        needed = books.margin.order_margin(changed) + books.fee_of(
            changed, opening_size(changed, position) * Decimal(changed.price), TAKER
        )
        free = books.available_margin(market.price) + books.margin.order_margin(order)
    else:
        currency, needed = held_by(changed)
        free = books.available(currency, market.price) + held_by(order)[1]
    if needed > free:
        raise OrderRefusedError("51502", f"Order modification failed for insufficient {currency} balance.")
