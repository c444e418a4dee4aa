"""The endpoints about swaps and margin: bands, mark prices, funding, positions, leverage, closing."""

from decimal import Decimal

from okx_simulator.account.position_math import holding_of, liquidation_price
from okx_simulator.engine.order_entry import FUTURES_LEVEL, SPOT_LEVEL
from okx_simulator.exchange import Exchange
from okx_simulator.market.funding import last_funding_ms
from okx_simulator.orders.price_bands import price_band
from okx_simulator.orders.requests import CLIENT_ORDER_ID, TAG, matching_text, positive_decimal
from okx_simulator.protocol.calls import Call, Payload
from okx_simulator.protocol.errors import ApiError, OrderRefusedError, empty_parameter, parameter_error
from okx_simulator.protocol.swaps import MAX_LEVERAGE, is_swap
from okx_simulator.responses.market_and_orders import acknowledgement
from okx_simulator.responses.swaps import (
    closed_position_row,
    funding_row,
    leverage_row,
    mark_price_row,
    past_funding_row,
    position_row,
    price_limit_row,
)
from okx_simulator.rest.orders import RowsFailedError
from okx_simulator.rest.paging import DAY_MS, list_closed_positions, row_limit, whole_number
from okx_simulator.rest.public import listed_instrument

FUNDING_DAYS, FUNDING_ROWS = 90, 400
CLOSED_VISIBLE_DAYS, CLOSED_HISTORY_DAYS = 30, 90
SHORTEST_TIMER, MAX_TIMER = 10, 120


def price_limit(exchange: Exchange, call: Call) -> list[Payload]:
    inst_id = listed_instrument(exchange, call)
    market = exchange.market
    band = price_band(market.listing(inst_id), market.price(inst_id))
    return [price_limit_row(inst_id, band, exchange.clock.now_ms())]


def mark_price(exchange: Exchange, call: Call) -> list[Payload]:
    """Of one instrument, or of every one of a type; on spot pairs the type is MARGIN."""
    kind = call.parameters.get("instType")
    if kind is None and "instId" not in call.parameters:
        raise empty_parameter("instType")
    if "instId" in call.parameters:
        listed = [listed_instrument(exchange, call)]
    else:
        listed = exchange.market.listed(swaps=kind == "SWAP") if kind in ("SWAP", "MARGIN") else []
    now_ms = exchange.clock.now_ms()
    return [mark_price_row(inst_id, exchange.market.price(inst_id), now_ms) for inst_id in listed]


def _swap(exchange: Exchange, call: Call) -> str:
    inst_id = listed_instrument(exchange, call)
    if not is_swap(inst_id):
        raise parameter_error("instId")
    return inst_id


def funding_rate(exchange: Exchange, call: Call) -> list[Payload]:
    now_ms = exchange.clock.now_ms()
    if call.parameters.get("instId") == "ANY":
        return [funding_row(inst_id, now_ms) for inst_id in exchange.market.listed(swaps=True)]
    return [funding_row(_swap(exchange, call), now_ms)]


def funding_rate_history(exchange: Exchange, call: Call) -> list[Payload]:
    """Payments of the last three months, newest first; `after` is older, `before` newer, both exclusive."""
    inst_id, now_ms = _swap(exchange, call), exchange.clock.now_ms()
    limit = row_limit(call.parameters, FUNDING_ROWS) if "limit" in call.parameters else FUNDING_ROWS
    after, before = whole_number(call.parameters, "after"), whole_number(call.parameters, "before")
    since_ms = max(now_ms - FUNDING_DAYS * DAY_MS, exchange.tape.start_hour * 3_600_000)
    newest = now_ms if after is None else min(now_ms, after - 1)
    oldest = since_ms if before is None else max(since_ms, before + 1)
    rows: list[Payload] = []
    moment = last_funding_ms(inst_id, newest)
    while moment >= oldest and len(rows) < limit:
        rows.append(past_funding_row(inst_id, moment))
        moment = last_funding_ms(inst_id, moment - 1)
    return rows


def positions(exchange: Exchange, call: Call) -> list[Payload]:
    """Open positions; one that is asked for by name also for thirty days after it was closed."""
    if call.parameters.get("instType", "SWAP") != "SWAP":
        return []
    now_ms, ledger, market = exchange.clock.now_ms(), exchange.ledger, exchange.market
    names = [name for name in call.parameters.get("instId", "").split(",") if name]
    rows = ledger.positions() if not names else [row for name in names if (row := ledger.position(name))]
    margin = exchange.order_service.books.margin
    equity, kept = margin.equity(market.price), margin.maintenance(market.price)
    found = []
    for row in rows:
        if row.size == "0" and row.updated_ms < now_ms - CLOSED_VISIBLE_DAYS * DAY_MS:
            continue
        price = market.price(row.inst_id)
        open_now = row.size != "0"
        liquidated = liquidation_price(holding_of(row), price, equity, kept) if open_now else None
        found.append(position_row(row, price, liquidated, equity / kept if kept else None, now_ms))
    return found


def positions_history(exchange: Exchange, call: Call) -> list[Payload]:
    """Positions closed in the last three months, newest first."""
    ledger, now_ms = exchange.ledger, exchange.clock.now_ms()
    found = []
    for row in list_closed_positions(ledger, call.parameters, now_ms, CLOSED_HISTORY_DAYS):
        of_it = "inst_id = ? and filled_ms between ? and ? order by bill_id"
        fills = ledger.fills(of_it, row.inst_id, row.created_ms, row.updated_ms)
        found.append(closed_position_row(row, fills))
    return found


def _cross(call: Call) -> None:
    if call.parameters.get("mgnMode", "cross") != "cross":
        raise parameter_error("mgnMode", "positions here are on cross margin")


def leverage_info(exchange: Exchange, call: Call) -> list[Payload]:
    _cross(call)
    names = [name for name in call.parameters.get("instId", "").split(",") if name]
    if not names:
        raise empty_parameter("instId")
    margin = exchange.order_service.books.margin
    return [leverage_row(name, margin.leverage(name)) for name in names if is_swap(name)]


def set_leverage(exchange: Exchange, call: Call) -> list[Payload]:
    _cross(call)
    if "lever" not in call.parameters:
        raise empty_parameter("lever")
    inst_id = _swap(exchange, call)
    leverage = positive_decimal("lever", call.parameters["lever"])
    if not 1 <= leverage <= MAX_LEVERAGE:
        raise ApiError("59102", "Leverage exceeds the maximum limit. Please lower the leverage.")
    return [leverage_row(inst_id, exchange.order_service.set_leverage(inst_id, leverage))]


def set_position_mode(exchange: Exchange, call: Call) -> list[Payload]:  # noqa: ARG001
    """Positions are net; two-way ones are refused."""
    mode = call.parameters.get("posMode")
    if mode is None:
        raise empty_parameter("posMode")
    if mode not in ("net_mode", "long_short_mode"):
        raise parameter_error("posMode")
    if mode != "net_mode":
        raise ApiError("51010", "You can't complete this request under your current account mode.")
    return [{"posMode": mode}]


def set_account_level(exchange: Exchange, call: Call) -> list[Payload]:
    """Spot mode (1) or futures mode (2); multi-currency and portfolio margin are not simulated."""
    level = call.parameters.get("acctLv")
    if level is None:
        raise empty_parameter("acctLv")
    if level not in (SPOT_LEVEL, FUTURES_LEVEL):
        raise parameter_error("acctLv", "use 1 for spot mode or 2 for futures mode")
    exchange.order_service.set_account_level(level)
    return [{"acctLv": level}]


def close_position(exchange: Exchange, call: Call) -> list[Payload]:
    _cross(call)
    for name in ("instId", "mgnMode"):
        if name not in call.parameters:
            raise empty_parameter(name)
    inst_id = call.parameters["instId"]
    client_id = matching_text(call.parameters, "clOrdId", CLIENT_ORDER_ID)
    tag = matching_text(call.parameters, "tag", TAG)
    names = {"instId": inst_id, "posSide": "net", "clOrdId": client_id, "tag": tag}
    if call.parameters.get("posSide", "net") != "net":
        raise parameter_error("posSide")
    try:
        exchange.order_service.close_position(
            inst_id, client_id, tag, call.parameters.get("autoCxl") == "true"
        )
    except OrderRefusedError as refused:
        row = acknowledgement(names, exchange.clock.now_ms(), refused.code, refused.message)
        raise RowsFailedError([row]) from refused
    return [{**names}]


def cancel_all_after(exchange: Exchange, call: Call) -> list[Payload]:
    """The dead man's switch: every order of the book goes when it is not set anew in time."""
    seconds = whole_number(call.parameters, "timeOut")
    if seconds is None:
        raise empty_parameter("timeOut")
    if seconds != 0 and not SHORTEST_TIMER <= seconds <= MAX_TIMER:
        raise parameter_error("timeOut", f"0, or {SHORTEST_TIMER} to {MAX_TIMER} seconds")
    trigger_ms = exchange.order_service.cancel_all_after(seconds)
    tag = matching_text(call.parameters, "tag", TAG)
    return [{"triggerTime": str(trigger_ms), "tag": tag, "ts": str(exchange.clock.now_ms())}]


def margin_details(exchange: Exchange) -> tuple[dict[str, str], Decimal]:
    """Account-wide margin figures and the unrealised profit, for the balance of a futures account."""
    margin, price = exchange.order_service.books.margin, exchange.market.price
    profit, kept = margin.profit(price), margin.maintenance(price)
    ratio = "" if kept == 0 else format((margin.equity(price) / kept).quantize(Decimal("0.0001")), "f")
    used = margin.initial_margin(price) + margin.orders_margin()
    return {"imr": format(used, "f"), "mmr": format(kept, "f"), "mgnRatio": ratio}, profit
