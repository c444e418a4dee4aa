"""Closing whole positions for the account holder: by liquidation, or because the swap no longer trades."""

from collections.abc import Iterable
from decimal import Decimal

from okx_simulator.account.bookkeeping import TAKER, Bookkeeper, Origin
from okx_simulator.ledger.rows import PositionRow
from okx_simulator.market.matching import Match
from okx_simulator.market.prices import PriceFeed
from okx_simulator.orders.requests import OrderRequest

DELIVERED = "delivery"


def close_out(books: Bookkeeper, market: PriceFeed, rows: Iterable[PositionRow], category: str) -> None:
    """Fill an order of that category for each position at the market's price of now, whatever the book holds."""
    at_ms = market.clock.now_ms()
    for row in rows:
        size = Decimal(row.size)
        side = "sell" if size > 0 else "buy"
        request = OrderRequest(
            row.inst_id, side, "market", abs(size), False, None, "", "", td_mode="cross", reduce_only=True
        )
        order = books.opened(request, Decimal(row.contract_value), at_ms, Origin(category=category))
        match = Match(market.price(row.inst_id), abs(size))
        books.filled(books.placed(order), [match], TAKER, at_ms)
