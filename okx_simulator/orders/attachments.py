"""Take-profit and stop-loss attached to an order: checked with it, algo orders once it is filled."""

import json
from decimal import Decimal

from okx_core.market.instruments import Instrument
from okx_simulator.ledger.rows import AlgoRow, OrderRow
from okx_simulator.orders.algo_requests import (
    CLIENT_ALGO_ID,
    check_priced,
    empty_algo,
    opposite,
    order_price,
    trailing_distance,
)
from okx_simulator.orders.requests import matching_text, positive_decimal
from okx_simulator.protocol.amounts import plain
from okx_simulator.protocol.errors import OrderRefusedError, parameter_error

# Codes for a take-profit and a stop-loss on the wrong side, by the parent: side, and priced or market.
WRONG_SIDE = {
    ("buy", True): ("51046", "51047", "order price"),
    ("sell", True): ("51048", "51049", "order price"),
    ("buy", False): ("51050", "51051", "best ask price"),
    ("sell", False): ("51052", "51053", "best bid price"),
}


def _parsed(text: str) -> dict[str, str]:
    """The one attached row; several of them (a split take-profit) are refused."""
    try:
        rows = json.loads(text)
    except ValueError as error:
        raise parameter_error("attachAlgoOrds") from error
    if not isinstance(rows, list) or len(rows) != 1 or not isinstance(rows[0], dict):
        raise parameter_error("attachAlgoOrds", "attach one row with a take-profit, a stop-loss or both")
    return {str(name): str(value) for name, value in rows[0].items() if value not in (None, "", [])}


def check_attached(text: str, side: str, price: Decimal | None, best: Decimal) -> str:
    """The attached rows as they are stored; `best` is the first price a market parent would take."""
    if text == "[]":
        return text
    fields = _parsed(text)
    check_priced(fields, needed=not trailing_distance(fields))
    matching_text(fields, "attachAlgoClOrdId", CLIENT_ALGO_ID)
    profit_code, loss_code, reference = WRONG_SIDE[side, price is not None]
    compared = best if price is None else price
    up = side == "buy"
    for name, code, higher, what in (
        ("tpTriggerPx", profit_code, up, "take profit"),
        ("slTriggerPx", loss_code, not up, "stop loss"),
    ):
        if name in fields:
            trigger = positive_decimal(name, fields[name])
            if trigger == compared or (trigger > compared) != higher:
                where = "higher" if higher else "lower"
                raise OrderRefusedError(
                    code, f"The {what} trigger price should be {where} than the {reference}"
                )
    return json.dumps([fields])


def attached_rows(order: OrderRow) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = json.loads(order.attached)
    return rows


def attached_payloads(order: OrderRow) -> list[dict[str, str]]:
    """The attached orders as an order's row shows them."""
    names = [
        "attachAlgoId", "attachAlgoClOrdId", "tpTriggerPx", "tpTriggerPxType", "tpOrdPx", "tpOrdKind",
        "slTriggerPx", "slTriggerPxType", "slOrdPx", "sz", "callbackRatio", "callbackSpread", "activePx",
        "failCode", "failReason", "amendPxOnTriggerType",
    ]  # fmt: skip
    return [{name: row.get(name, "") for name in names} for row in attached_rows(order)]


def algos_of(order: OrderRow, instrument: Instrument) -> list[AlgoRow]:
    """The algo orders an ended order leaves behind, for what was filled: on spot, what the fee left of it."""
    size = Decimal(order.filled_base)
    if not order.contract_value and order.side == "buy":
        size = instrument.floor_size(size + Decimal(order.fee))
    found = []
    for fields in attached_rows(order):
        both = "tpTriggerPx" in fields and "slTriggerPx" in fields
        trailing = bool(trailing_distance(fields))
        found.append(
            empty_algo(
                order.inst_id,
                "move_order_stop" if trailing else "oco" if both else "conditional",
                opposite(order.side),
                order.updated_ms,
                client_algo_id=fields.get("attachAlgoClOrdId", ""),
                tag=order.tag,
                td_mode=order.td_mode,
                size=plain(size),
                target_currency="base_ccy" if not order.contract_value else "",
                reduce_only="true" if order.contract_value else "false",
                tp_trigger=fields.get("tpTriggerPx", ""),
                tp_price=order_price(fields, "tp"),
                sl_trigger=fields.get("slTriggerPx", ""),
                sl_price=order_price(fields, "sl"),
                callback_ratio=fields.get("callbackRatio", ""),
                callback_spread=fields.get("callbackSpread", ""),
                active_price=fields.get("activePx", ""),
                parent_id=order.ord_id,
            )
        )
    return found
