"""Private channels: every change of an order, and the balances of the account."""

from decimal import Decimal
from typing import Any

from okx_simulator.exchange import Exchange
from okx_simulator.ledger.events import AMENDED, OrderChanged
from okx_simulator.protocol.amounts import plain
from okx_simulator.protocol.calls import Call, Payload
from okx_simulator.protocol.swaps import is_swap
from okx_simulator.responses.market_and_orders import order_row
from okx_simulator.rest.account import balance
from okx_simulator.websocket.feeds import Tick
from okx_simulator.websocket.frames import Arg

PERIOD_SECONDS = 5.0
PRICED = ("eqUsd", "disEq", "uTime")  # they move with the market, not with the account
EMPTY_PUSH_FIELDS = ["fillFwdPx", "fillMarkPx", "fillMarkVol", "fillPxUsd", "fillPxVol", "amendSource"]


def means(arg: Arg, inst_id: str) -> bool:
    """Whether a subscription by instrument type, and maybe instrument, is about this one."""
    inst_type = "SWAP" if is_swap(inst_id) else "SPOT"
    return arg.get("instType") in ("ANY", inst_type) and arg.get("instId", inst_id) == inst_id


def order_push(exchange: Exchange, event: OrderChanged) -> Payload:
    """An order as its channel shows it: the fill fields are about this push only."""
    order, fill = event.order, event.fill
    row = order_row(order, fill) | dict.fromkeys(EMPTY_PUSH_FIELDS, "")
    price = Decimal(order.price or order.average_price or "0")
    in_quote = order.target_currency == "quote_ccy"
    return row | {
        "fillFee": fill.fee if fill else "0",
        "fillFeeCcy": fill.fee_currency if fill else "",
        "fillPnl": fill.pnl if fill else "0",
        "execType": fill.liquidity if fill else "",
        "fillNotionalUsd": plain(Decimal(fill.price) * Decimal(fill.size)) if fill else "",
        "notionalUsd": order.size if in_quote else plain(price * Decimal(order.size)),
        "lastPx": repr(exchange.market.mid(order.inst_id)),
        "amendResult": "0" if event.cause == AMENDED else "",
        "reqId": event.request_id,
        "code": "0",
        "msg": "",
    }


class OrderFeed:
    """Every change of an order from now on; orders that are open already are not sent."""

    def __init__(self, exchange: Exchange, arg: Arg) -> None:
        self._exchange = exchange
        self._arg = arg

    def due(self, tick: Tick) -> list[Payload]:
        return [
            {"data": [order_push(self._exchange, event)]}
            for event in tick.events
            if isinstance(event, OrderChanged) and means(self._arg, event.order.inst_id)
        ]


def _by_coin(details: list[dict[str, Any]]) -> dict[str, Payload]:
    return {row["ccy"]: {name: value for name, value in row.items() if name not in PRICED} for row in details}


class AccountFeed:
    """The whole balance first and every few seconds; the coins that changed as soon as they do."""

    def __init__(self, exchange: Exchange, arg: Arg) -> None:
        self._exchange = exchange
        self._ccy = {"ccy": arg["ccy"]} if "ccy" in arg else {}
        self._events_only = '"0"' in arg.get("extraParams", "")
        self._told: dict[str, Payload] | None = None
        self._told_at = 0.0

    def due(self, tick: Tick) -> list[Payload]:
        periodic = not self._events_only and tick.wall_seconds >= self._told_at + PERIOD_SECONDS
        if self._told is None or periodic:
            return self._snapshot(tick)
        return self._update() if tick.events else []

    def _balance(self) -> dict[str, Any]:
        return balance(self._exchange, Call(dict(self._ccy)))[0]

    def _snapshot(self, tick: Tick) -> list[Payload]:
        row = self._balance()
        self._told, self._told_at = _by_coin(row["details"]), tick.wall_seconds
        return [{"eventType": "snapshot", "curPage": 1, "lastPage": True, "data": [row]}]

    def _update(self) -> list[Payload]:
        row = self._balance()
        before, self._told = self._told or {}, _by_coin(row["details"])
        changed = [
            detail for detail in row["details"] if before.get(detail["ccy"]) != self._told[detail["ccy"]]
        ]
        spent = [_spent(coin, detail) for coin, detail in before.items() if coin not in self._told]
        if not changed and not spent:
            return []
        return [{"eventType": "event_update", "data": [{**row, "details": changed + spent}]}]


def _spent(currency: str, before: Payload) -> Payload:
    """A coin whose last unit has gone: GET /account/balance leaves it out, the channel says zero once."""
    amounts = ("eq", "cashBal", "availBal", "frozenBal", "ordFrozen", "spotBal")
    return {**before, **dict.fromkeys((*amounts, "eqUsd", "disEq"), "0"), "ccy": currency}
