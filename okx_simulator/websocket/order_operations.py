"""Orders over the private WebSocket: the REST endpoints behind another door."""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from okx_simulator.exchange import Exchange
from okx_simulator.faults.rules import FaultRule
from okx_simulator.orders.requests import json_rows
from okx_simulator.protocol.calls import Call, Payload
from okx_simulator.protocol.errors import ApiError, empty_parameter, unknown_instrument
from okx_simulator.rest import orders
from okx_simulator.rest.fault_responses import ERRORS
from okx_simulator.rest.orders import RowsFailedError
from okx_simulator.rest.public import instruments
from okx_simulator.websocket.frames import ClientFrame

Endpoint = Callable[[Exchange, Call], list[Payload]]
PREFIX = "/api/v5/trade/"

# Operation: endpoint, the REST path that shares its rate limit, and whether it takes several orders.
OPERATIONS: dict[str, tuple[Endpoint, str, bool]] = {
    "order": (orders.place_order, "order", False),
    "batch-orders": (orders.place_batch, "batch-orders", True),
    "cancel-order": (orders.cancel_order, "cancel-order", False),
    "batch-cancel-orders": (orders.cancel_batch, "cancel-batch-orders", True),
    "amend-order": (orders.amend_order, "amend-order", False),
    "batch-amend-orders": (orders.amend_batch, "amend-batch-orders", True),
}


def _named_by_code(exchange: Exchange, row: dict[str, str]) -> dict[str, str]:
    """The row with the instId of its instIdCode: here instId itself is ignored."""
    if "instIdCode" not in row:
        raise empty_parameter("instIdCode")
    for inst_type in ("SPOT", "SWAP"):
        for listed in instruments(exchange, Call({"instType": inst_type})):
            if str(listed["instIdCode"]) == row["instIdCode"]:
                return {**row, "instId": str(listed["instId"])}
    raise unknown_instrument()


def _outcome(exchange: Exchange, frame: ClientFrame) -> tuple[str, str, list[Any]]:
    """Code, message and rows of an operation."""
    endpoint, path, several = OPERATIONS[frame.op]
    try:
        rows = json_rows(json.dumps(frame.args).encode(), "application/json", listed=True)
        rows = [_named_by_code(exchange, row) for row in rows]
        exchange.limiter.admit("POST", PREFIX + path, exchange.account.key.key, rows)
        exchange.order_service.settle()
        call = Call({} if several else rows[0], frame.exp_time, tuple(rows))
        return "0", "", endpoint(exchange, call)
    except RowsFailedError as failed:
        return failed.code, str(failed), failed.rows
    except ApiError as error:
        return error.code, error.message, []


def named_instruments(exchange: Exchange, frame: ClientFrame) -> tuple[str, ...]:
    """The instruments that an operation is about; unknown codes are left out."""
    found = []
    for row in frame.args:
        with suppress(ApiError):
            found.append(_named_by_code(exchange, {"instIdCode": str(row.get("instIdCode", ""))})["instId"])
    return tuple(found)


def fault_of(exchange: Exchange, frame: ClientFrame) -> FaultRule | None:
    """The rule that strikes an operation: the one that would strike its REST call."""
    path = "/trade/" + OPERATIONS[frame.op][1]
    return exchange.faults.request_fault("POST", path, named_instruments(exchange, frame))


def rejection_reply(frame: ClientFrame, rule: FaultRule) -> Payload | None:
    """The error that a rule answers with instead of carrying out; None for a rule that is no such error."""
    if rule.kind not in ERRORS:
        return None
    code, message, _ = ERRORS[rule.kind]
    now_us = str(time.time_ns() // 1000)
    head = {"id": frame.request_id, "op": frame.op, "code": code, "msg": message, "data": []}
    return {**head, "inTime": now_us, "outTime": now_us}


def reply(exchange: Exchange, frame: ClientFrame) -> Payload:
    """Carry an operation out and answer it; the times are in microseconds."""
    started_us = time.time_ns() // 1000
    code, message, rows = _outcome(exchange, frame)
    head = {"id": frame.request_id, "op": frame.op, "code": code, "msg": message, "data": rows}
    return {**head, "inTime": str(started_us), "outTime": str(time.time_ns() // 1000)}
