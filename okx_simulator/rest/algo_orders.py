"""The endpoints of algo orders: place, amend, cancel, show."""

from okx_simulator.engine.algo_engine import AlgoName
from okx_simulator.exchange import Exchange
from okx_simulator.ledger.rows import AlgoRow
from okx_simulator.orders.algo_requests import AT_MARKET, parse_algo
from okx_simulator.orders.requests import CLIENT_ORDER_ID, matching_text, positive_decimal
from okx_simulator.protocol.amounts import plain
from okx_simulator.protocol.calls import Call, Payload
from okx_simulator.protocol.errors import ApiError, OrderRefusedError, empty_parameter, parameter_error
from okx_simulator.responses.algo_orders import algo_row
from okx_simulator.responses.market_and_orders import acknowledgement
from okx_simulator.rest.orders import RowsFailedError
from okx_simulator.rest.paging import list_algos

MAX_CANCELS = 10
HISTORY_DAYS = 90
# What may be amended, by the request's name for it.
AMENDABLE = {
    "newSz": "size",
    "newTriggerPx": "trigger_price",
    "newOrdPx": "order_price",
    "newTpTriggerPx": "tp_trigger",
    "newTpOrdPx": "tp_price",
    "newSlTriggerPx": "sl_trigger",
    "newSlOrdPx": "sl_price",
}


def _answer(exchange: Exchange, names: dict[str, str], code: str = "0", why: str = "") -> Payload:
    blank = {"algoId": "", "algoClOrdId": "", "clOrdId": "", "tag": ""}
    return acknowledgement(blank | names, exchange.clock.now_ms(), code, why)


def _names(algo: AlgoRow) -> dict[str, str]:
    client = algo.client_algo_id
    return {"algoId": str(algo.algo_id), "algoClOrdId": client, "clOrdId": client, "tag": algo.tag}


def _repeated(fields: dict[str, str], *names: str) -> dict[str, str]:
    return {name: fields.get(name, "") for name in names}


def _name(fields: dict[str, str]) -> AlgoName:
    return AlgoName(fields.get("algoId", ""), fields.get("algoClOrdId", ""))


def place_algo(exchange: Exchange, call: Call) -> list[Payload]:
    fields = call.parameters
    try:
        if exchange.relay is not None and fields.get("ordType") == "move_order_stop":
            raise OrderRefusedError("51000", "Parameter ordType error: a relay sees too few prices to trail")
        algo = exchange.order_service.place_algo(parse_algo(fields, exchange.clock.now_ms()))
    except OrderRefusedError as refused:
        names = _repeated(fields, "algoClOrdId", "clOrdId", "tag")
        raise RowsFailedError([_answer(exchange, names, refused.code, refused.message)]) from refused
    return [_answer(exchange, _names(algo))]


def cancel_algos(exchange: Exchange, call: Call) -> list[Payload]:
    """Each row for itself; one that fails does not stop the next."""
    if not 1 <= len(call.rows) <= MAX_CANCELS:
        raise parameter_error("orders", f"send 1 to {MAX_CANCELS} of them")
    rows = []
    for fields in call.rows:
        try:
            rows.append(_answer(exchange, _names(exchange.order_service.cancel_algo(_name(fields)))))
        except ApiError as refused:
            names = _repeated(fields, "algoId", "algoClOrdId")
            rows.append(_answer(exchange, names, refused.code, refused.message))
    failed = sum(row["sCode"] != "0" for row in rows)
    if failed:
        raise RowsFailedError(rows, all_failed=failed == len(rows))
    return rows


def amend_algos(exchange: Exchange, call: Call) -> list[Payload]:
    fields = call.parameters
    changes = {}
    for name, column in AMENDABLE.items():
        if name in fields:
            at_market = name.endswith("OrdPx") and fields[name] == AT_MARKET
            changes[column] = AT_MARKET if at_market else plain(positive_decimal(name, fields[name]))
    request_id = matching_text(fields, "reqId", CLIENT_ORDER_ID)
    try:
        algo = exchange.order_service.amend_algo(_name(fields), changes)
    except OrderRefusedError as refused:
        names = _repeated(fields, "algoId", "algoClOrdId", "reqId")
        raise RowsFailedError([_answer(exchange, names, refused.code, refused.message)]) from refused
    return [_answer(exchange, {**_names(algo), "reqId": request_id})]


def _row(exchange: Exchange, algo: AlgoRow) -> Payload:
    listed = exchange.market.is_listed(algo.inst_id)
    return algo_row(algo, plain(exchange.market.price(algo.inst_id)) if listed else "")


def get_algo(exchange: Exchange, call: Call) -> list[Payload]:
    return [_row(exchange, exchange.order_service.algos.find(_name(call.parameters)))]


def algos_pending(exchange: Exchange, call: Call) -> list[Payload]:
    if "ordType" not in call.parameters:
        raise empty_parameter("ordType")
    found = list_algos(exchange.ledger, call.parameters, exchange.clock.now_ms(), None)
    return [_row(exchange, algo) for algo in found]


def algos_history(exchange: Exchange, call: Call) -> list[Payload]:
    """Ended algo orders of three months; by state or by id."""
    if "ordType" not in call.parameters:
        raise empty_parameter("ordType")
    if "state" not in call.parameters and "algoId" not in call.parameters:
        raise empty_parameter("state, algoId")
    found = list_algos(exchange.ledger, call.parameters, exchange.clock.now_ms(), HISTORY_DAYS)
    return [_row(exchange, algo) for algo in found]
