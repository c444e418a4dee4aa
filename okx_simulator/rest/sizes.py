"""The endpoints that say how much this account could order of an instrument now."""

from collections.abc import Iterator
from decimal import Decimal

from okx_core.market.instruments import floor_to_step
from okx_simulator.account.bookkeeping import TAKER, coins
from okx_simulator.exchange import Exchange
from okx_simulator.protocol.amounts import plain
from okx_simulator.protocol.calls import Call, Payload
from okx_simulator.protocol.errors import empty_parameter
from okx_simulator.protocol.swaps import SETTLED_IN, is_swap
from okx_simulator.rest.public import listed_instrument

COIN_STEP = Decimal("1E-8")
ZERO = Decimal(0)


def _named(exchange: Exchange, call: Call) -> Iterator[str]:
    """The instruments of a list of names; each must trade now."""
    for name in ("instId", "tdMode"):
        if name not in call.parameters:
            raise empty_parameter(name)
    for name in call.parameters["instId"].split(","):
        yield listed_instrument(exchange, Call({"instId": name}))


def max_size(exchange: Exchange, call: Call) -> list[Payload]:
    """Largest order by side: base that cash pays for with its fee, or contracts that the margin opens."""
    return [_max_size(exchange, inst_id, call.parameters.get("px", "")) for inst_id in _named(exchange, call)]


def _max_size(exchange: Exchange, inst_id: str, price_text: str) -> Payload:
    market, books = exchange.market, exchange.order_service.books
    price = Decimal(price_text) if price_text else market.price(inst_id)
    lot, fee = market.listing(inst_id).lot, books.fees.rate(inst_id, TAKER)
    base, quote = coins(inst_id)
    if is_swap(inst_id):
        leverage = Decimal(books.margin.leverage(inst_id))
        margin = max(books.available_margin(market.price), ZERO)
        contract = price * market.contract_value(inst_id)
        buy = sell = floor_to_step(margin / (contract * (1 / leverage + fee)), lot)
        currency = SETTLED_IN
    else:
        buy = floor_to_step(max(books.available(quote, market.price), ZERO) / price, lot)
        sell = floor_to_step(max(books.available(base, market.price), ZERO), lot)
        currency = base
    return {"instId": inst_id, "ccy": currency, "maxBuy": plain(buy), "maxSell": plain(sell)}


def max_available_size(exchange: Exchange, call: Call) -> list[Payload]:
    """What is free to be spent: quote for a buy and base for a sell, or margin of a swap."""
    market, books = exchange.market, exchange.order_service.books
    rows: list[Payload] = []
    for inst_id in _named(exchange, call):
        base, quote = coins(inst_id)
        if is_swap(inst_id):
            buy = sell = books.available_margin(market.price)
        else:
            buy, sell = (books.available(coin, market.price) for coin in (quote, base))
        free = [plain(floor_to_step(max(amount, ZERO), COIN_STEP)) for amount in (buy, sell)]
        rows.append({"instId": inst_id, "availBuy": free[0], "availSell": free[1]})
    return rows
