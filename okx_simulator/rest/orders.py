"""The endpoints that change orders: place, cancel and amend, one at a time or up to twenty."""

from collections.abc import Callable

from okx_simulator.engine.amending import Amendment
from okx_simulator.engine.order_service import OrderName
from okx_simulator.exchange import Exchange
from okx_simulator.orders.requests import CLIENT_ORDER_ID, matching_text, parse_order, positive_decimal
from okx_simulator.protocol.calls import Call, Payload
from okx_simulator.protocol.errors import ApiError, OrderRefusedError, empty_parameter, parameter_error
from okx_simulator.responses.market_and_orders import acknowledgement

MAX_BATCH = 20
Fields = dict[str, str]
Action = Callable[[Exchange, Fields, int | None], Payload]


class RowsFailedError(Exception):
    """Some rows of a trade request failed: the reasons are in the rows, code "1" all, "2" a part."""

    def __init__(self, rows: list[Payload], all_failed: bool = True) -> None:
        super().__init__("All operations failed" if all_failed else "Bulk operation partially succeeded")
        self.rows = rows
        self.code = "1" if all_failed else "2"


def _expires_ms(call: Call) -> int | None:
    if call.exp_time and not call.exp_time.isdigit():
        raise parameter_error("expTime")
    return int(call.exp_time) if call.exp_time else None


def _name(fields: Fields) -> OrderName:
    if "instId" not in fields:
        raise empty_parameter("instId")
    return OrderName(fields["instId"], fields.get("ordId", ""), fields.get("clOrdId", ""))


def _place(exchange: Exchange, fields: Fields, expires_ms: int | None) -> Payload:
    order = exchange.order_service.place(parse_order(fields), expires_ms)
    names = {"ordId": str(order.ord_id), "clOrdId": order.client_order_id, "tag": order.tag}
    return acknowledgement(names, exchange.clock.now_ms(), "0", "Order placed")


def _cancel(exchange: Exchange, fields: Fields, expires_ms: int | None) -> Payload:  # noqa: ARG001
    order = exchange.order_service.cancel(_name(fields))
    names = {"ordId": str(order.ord_id), "clOrdId": order.client_order_id}
    return acknowledgement(names, exchange.clock.now_ms(), "0", "")


def _amend(exchange: Exchange, fields: Fields, expires_ms: int | None) -> Payload:
    size, price = (
        positive_decimal(name, fields[name]) if name in fields else None for name in ("newSz", "newPx")
    )
    request_id = matching_text(fields, "reqId", CLIENT_ORDER_ID)
    amendment = Amendment(size, price, fields.get("cxlOnFail") == "true", request_id)
    order = exchange.order_service.amend(_name(fields), amendment, expires_ms)
    names = {"ordId": str(order.ord_id), "clOrdId": order.client_order_id, "reqId": request_id}
    return acknowledgement(names, exchange.clock.now_ms(), "0", "")


# What the row of a refused request repeats of it; a refused new order has no ordId.
REPEATED: dict[Action, tuple[str, ...]] = {
    _place: ("clOrdId", "tag"),
    _cancel: ("ordId", "clOrdId"),
    _amend: ("ordId", "clOrdId", "reqId"),
}


def _rejected_row(exchange: Exchange, action: Action, fields: Fields, refused: ApiError) -> Payload:
    names = {"ordId": "", **{name: fields.get(name, "") for name in REPEATED[action]}}
    return acknowledgement(names, exchange.clock.now_ms(), refused.code, refused.message)


def _single(exchange: Exchange, call: Call, action: Action) -> list[Payload]:
    expires_ms = _expires_ms(call)
    try:
        return [action(exchange, call.parameters, expires_ms)]
    except OrderRefusedError as refused:
        raise RowsFailedError([_rejected_row(exchange, action, call.parameters, refused)]) from refused


def _batch(exchange: Exchange, call: Call, action: Action) -> list[Payload]:
    """Each row for itself, in order; one that fails does not stop the next."""
    expires_ms = _expires_ms(call)
    if not 1 <= len(call.rows) <= MAX_BATCH:
        raise parameter_error("orders", f"send 1 to {MAX_BATCH} of them")
    rows = []
    for fields in call.rows:
        try:
            rows.append(action(exchange, fields, expires_ms))
        except ApiError as refused:
            rows.append(_rejected_row(exchange, action, fields, refused))
    failed = sum(row["sCode"] != "0" for row in rows)
    if failed:
        raise RowsFailedError(rows, all_failed=failed == len(rows))
    return rows


def place_order(exchange: Exchange, call: Call) -> list[Payload]:
    return _single(exchange, call, _place)


def place_batch(exchange: Exchange, call: Call) -> list[Payload]:
    return _batch(exchange, call, _place)


def cancel_order(exchange: Exchange, call: Call) -> list[Payload]:
    return _single(exchange, call, _cancel)


def cancel_batch(exchange: Exchange, call: Call) -> list[Payload]:
    return _batch(exchange, call, _cancel)


def amend_order(exchange: Exchange, call: Call) -> list[Payload]:
    return _single(exchange, call, _amend)


def amend_batch(exchange: Exchange, call: Call) -> list[Payload]:
    return _batch(exchange, call, _amend)
