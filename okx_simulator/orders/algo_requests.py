"""Algo order requests: from fields to a checked row, or the error OKX would answer with."""

import re
from dataclasses import replace
from decimal import Decimal

from okx_simulator.ledger.rows import AlgoRow
from okx_simulator.orders.requests import TAG, matching_text, positive_decimal
from okx_simulator.protocol.amounts import plain
from okx_simulator.protocol.errors import OrderRefusedError, empty_parameter, parameter_error
from okx_simulator.protocol.swaps import is_swap

CLIENT_ALGO_ID = re.compile(r"[A-Za-z0-9]{1,32}")
PRICED_ALGOS = ("conditional", "oco")
ALGO_TYPES = (*PRICED_ALGOS, "trigger", "move_order_stop")
KNOWN_ALGO_TYPES = ("chase", "twap", "iceberg", "smart_iceberg")
PRICE_KINDS = ("last", "index", "mark")
AT_MARKET = "-1"
SMALLEST_RATIO, LARGEST_RATIO = Decimal("0.001"), Decimal(1)


def opposite(side: str) -> str:
    return "sell" if side == "buy" else "buy"


def empty_algo(inst_id: str, ord_type: str, side: str, now_ms: int, **more: object) -> AlgoRow:
    """A live algo order without an id, with `more` of its fields."""
    texts = [
        "client_algo_id", "tag", "size", "target_currency", "close_fraction", "tp_trigger", "tp_price",
        "sl_trigger", "sl_price", "trigger_price", "order_price", "rises", "callback_ratio",
        "callback_spread", "active_price", "actual_side", "actual_size", "actual_price", "fail_code",
    ]  # fmt: skip
    values: dict[str, object] = dict.fromkeys(texts, "")
    values |= {"reduce_only": "false", "cancel_on_close": "false", "td_mode": "cash", "state": "live"}
    values |= dict.fromkeys(["algo_id", "ord_id", "parent_id", "triggered_ms"], 0)
    values |= dict.fromkeys(["created_ms", "updated_ms", "rests_from_ms"], now_ms)
    values |= {"inst_id": inst_id, "ord_type": ord_type, "side": side} | more
    return AlgoRow(**values)  # type: ignore[arg-type]


def order_price(fields: dict[str, str], prefix: str) -> str:
    """The price of the child order of a take-profit (tp) or stop-loss (sl): -1 is market, '' is none."""
    if f"{prefix}TriggerPx" not in fields:
        return ""
    return fields.get(f"{prefix}OrdPx", AT_MARKET)


def check_order_price(name: str, text: str) -> None:
    if text not in ("", AT_MARKET):
        positive_decimal(name, text)


def check_priced(fields: dict[str, str], needed: bool = True) -> None:
    """Trigger prices and child prices of take-profit and stop-loss; at least one when `needed`."""
    if needed and not ("tpTriggerPx" in fields or "slTriggerPx" in fields):
        raise empty_parameter("tpTriggerPx, slTriggerPx")
    for prefix in ("tp", "sl"):
        if f"{prefix}TriggerPx" in fields:
            positive_decimal(f"{prefix}TriggerPx", fields[f"{prefix}TriggerPx"])
        elif f"{prefix}OrdPx" in fields:
            raise empty_parameter(f"{prefix}TriggerPx")
        check_order_price(f"{prefix}OrdPx", order_price(fields, prefix))
        if fields.get(f"{prefix}TriggerPxType", "last") not in PRICE_KINDS:
            raise parameter_error(f"{prefix}TriggerPxType")


def trailing_distance(fields: dict[str, str]) -> str:
    """callbackRatio or callbackSpread, checked; '' without either."""
    if "callbackRatio" in fields:
        if not SMALLEST_RATIO <= positive_decimal("callbackRatio", fields["callbackRatio"]) < LARGEST_RATIO:
            raise parameter_error("callbackRatio", "use 0.001 up to, not including, 1")
        return fields["callbackRatio"]
    if "callbackSpread" in fields:
        positive_decimal("callbackSpread", fields["callbackSpread"])
        return fields["callbackSpread"]
    return ""


def _checked_type(fields: dict[str, str]) -> str:
    for name in ("instId", "tdMode", "side", "ordType"):
        if name not in fields:
            raise empty_parameter(name)
    if fields["ordType"] in KNOWN_ALGO_TYPES:
        raise parameter_error("ordType", f"{fields['ordType']} is not supported; use {', '.join(ALGO_TYPES)}")
    allowed_modes = ("cross",) if is_swap(fields["instId"]) else ("cash", "cross")
    for name, allowed in (("ordType", ALGO_TYPES), ("side", ("buy", "sell")), ("tdMode", allowed_modes)):
        if fields[name] not in allowed:
            raise parameter_error(name)
    if fields.get("posSide", "net") != "net":
        raise parameter_error("posSide")
    return fields["ordType"]


def _size(fields: dict[str, str]) -> tuple[str, str]:
    """sz and closeFraction; only a swap's take-profit and stop-loss can close all of a position."""
    if "closeFraction" in fields:
        whole = fields["closeFraction"] == "1" and fields["ordType"] in PRICED_ALGOS
        if not whole or not is_swap(fields["instId"]):
            raise parameter_error("closeFraction")
        return "", "1"
    if "sz" not in fields:
        raise empty_parameter("sz")
    return plain(positive_decimal("sz", fields["sz"])), ""


def _target(fields: dict[str, str], at_market: bool) -> str:
    """The unit of sz on spot: quote for market buys unless tgtCcy says otherwise, as with plain orders."""
    if is_swap(fields["instId"]):
        return ""
    if not at_market:
        return "base_ccy"
    target = fields.get("tgtCcy", "quote_ccy" if fields["side"] == "buy" else "base_ccy")
    if target not in ("base_ccy", "quote_ccy"):
        raise parameter_error("tgtCcy")
    return target


def parse_algo(fields: dict[str, str], now_ms: int) -> AlgoRow:
    """A checked algo order without an id; its trigger prices are not yet compared with the market."""
    ord_type = _checked_type(fields)
    size, fraction = _size(fields)
    parsers = {"trigger": _trigger_fields, "move_order_stop": _trailing_fields}
    prices = parsers.get(ord_type, _priced_fields)(fields)
    kept = [prices.get(name, "") for name in ("tp_price", "sl_price", "order_price")]
    reducing = fields.get("reduceOnly") == "true" or fraction == "1"
    algo = empty_algo(
        fields["instId"],
        ord_type,
        fields["side"],
        now_ms,
        client_algo_id=matching_text(fields, "algoClOrdId", CLIENT_ALGO_ID)
        or matching_text(fields, "clOrdId", CLIENT_ALGO_ID),
        tag=matching_text(fields, "tag", TAG),
        td_mode="cross" if is_swap(fields["instId"]) else "cash",
        size=size,
        close_fraction=fraction,
        reduce_only="true" if reducing and is_swap(fields["instId"]) else "false",
        cancel_on_close="true" if fields.get("cxlOnClosePos") == "true" else "false",
        target_currency=_target(fields, all(price in ("", AT_MARKET) for price in kept)),
    )
    return replace(algo, **prices)  # type: ignore[arg-type]


def _priced_fields(fields: dict[str, str]) -> dict[str, str]:
    """Take-profit and stop-loss. A conditional order with both keeps the stop-loss only, as OKX does."""
    check_priced(fields)
    if fields["ordType"] == "oco":
        for name in ("tpTriggerPx", "slTriggerPx"):
            if name not in fields:
                raise empty_parameter(name)
    elif "tpTriggerPx" in fields and "slTriggerPx" in fields:
        fields = {name: value for name, value in fields.items() if not name.startswith("tp")}
    return {
        "tp_trigger": fields.get("tpTriggerPx", ""),
        "tp_price": order_price(fields, "tp"),
        "sl_trigger": fields.get("slTriggerPx", ""),
        "sl_price": order_price(fields, "sl"),
    }


def _trigger_fields(fields: dict[str, str]) -> dict[str, str]:
    if "triggerPx" not in fields:
        raise empty_parameter("triggerPx")
    positive_decimal("triggerPx", fields["triggerPx"])
    price = fields.get("orderPx", AT_MARKET)
    check_order_price("orderPx", price)
    if fields.get("triggerPxType", "last") not in PRICE_KINDS:
        raise parameter_error("triggerPxType")
    return {"trigger_price": fields["triggerPx"], "order_price": price}


def _trailing_fields(fields: dict[str, str]) -> dict[str, str]:
    if not trailing_distance(fields):
        raise empty_parameter("callbackRatio")
    if "activePx" in fields:
        positive_decimal("activePx", fields["activePx"])
    return {
        "callback_ratio": fields.get("callbackRatio", ""),
        "callback_spread": "" if "callbackRatio" in fields else fields["callbackSpread"],
        "active_price": fields.get("activePx", ""),
        "order_price": AT_MARKET,
    }


def check_triggers(algo: AlgoRow, last: Decimal) -> AlgoRow:
    """The row with the direction its trigger waits in; 51277 to 51280 when it would fire at once."""
    buying = algo.side == "buy"
    for text, higher, code, what in (
        (algo.tp_trigger, not buying, "51277" if buying else "51279", "TP"),
        (algo.sl_trigger, buying, "51278" if buying else "51280", "SL"),
    ):
        wrong = bool(text) and (Decimal(text) < last if higher else Decimal(text) > last)
        if wrong:
            where = "lower" if higher else "higher"
            raise OrderRefusedError(code, f"{what} trigger price can't be {where} than the last price")
    if not algo.trigger_price:
        return algo
    return replace(algo, rises="true" if Decimal(algo.trigger_price) > last else "false")
