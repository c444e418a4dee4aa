"""How far from the market an order may be priced: pure functions of the last price.

One band of ten percent either way for every instrument. A buy has a highest and a sell a lowest price;
the other way an order may rest as far off as it likes.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

from okx_core.market.instruments import Instrument
from okx_simulator.orders.requests import OrderRequest
from okx_simulator.protocol.amounts import plain
from okx_simulator.protocol.errors import OrderRefusedError
from okx_simulator.protocol.swaps import is_swap

WIDTH = Decimal("0.1")


@dataclass(frozen=True)
class PriceBand:
    """The highest price of a buy and the lowest of a sell."""

    highest_buy: Decimal
    lowest_sell: Decimal

    def edge(self, side: str) -> Decimal:
        return self.highest_buy if side == "buy" else self.lowest_sell

    def holds(self, side: str, price: Decimal) -> bool:
        return price <= self.highest_buy if side == "buy" else price >= self.lowest_sell


def price_band(instrument: Instrument, last: Decimal) -> PriceBand:
    lowest = max(instrument.ceil_price(last * (1 - WIDTH)), instrument.tick)
    return PriceBand(max(instrument.floor_price(last * (1 + WIDTH)), instrument.tick), lowest)


def check_band(inst_id: str, side: str, price: Decimal, band: PriceBand) -> None:
    """51006 on swaps; 51137 for a spot buy too high and 51138 for a spot sell too low."""
    if band.holds(side, price):
        return
    highest, lowest = plain(band.highest_buy), plain(band.lowest_sell)
    if is_swap(inst_id):
        raise OrderRefusedError(
            "51006",
            f"Order price is not within the price limit (max buy price: {highest}, min sell price: {lowest})",
        )
    if side == "buy":
        raise OrderRefusedError("51137", f"The highest price limit for buy orders is {highest}")
    raise OrderRefusedError("51138", f"The lowest price limit for sell orders is {lowest}")


def within_band(request: OrderRequest, band: PriceBand) -> OrderRequest:
    """The request, its price clipped into the band when it allows that (pxAmendType 1)."""
    if request.price is None:
        return request
    if request.clip_price and not band.holds(request.side, request.price):
        return replace(request, price=band.edge(request.side))
    check_band(request.inst_id, request.side, request.price, band)
    return request
