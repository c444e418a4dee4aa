"""Order requests: from raw JSON to a checked, typed order, or the error OKX would answer with."""

import json
import re
from dataclasses import dataclass
from decimal import Decimal

from okx_simulator.protocol.errors import ApiError, empty_parameter, parameter_error
from okx_simulator.protocol.swaps import is_swap

CLIENT_ORDER_ID = re.compile(r"[A-Za-z0-9]{1,32}")
TAG = re.compile(r"[A-Za-z0-9]{1,16}")
RESTING_TYPES = ("limit", "post_only")
PRICED_TYPES = (*RESTING_TYPES, "ioc", "fok")
SUPPORTED_TYPES = ("market", *PRICED_TYPES)
SWAP_TYPES = ("optimal_limit_ioc",)
KNOWN_TYPES = ("optimal_limit_ioc", "rpi", "elp")
REQUIRED = ("instId", "tdMode", "side", "ordType", "sz")


@dataclass(frozen=True)
class OrderRequest:
    """An order; `size_in_quote` says what the `size` of a spot order counts, a swap's counts contracts.

    `attached` is the JSON text of the algo orders to follow its fill. `clip_price` allows the exchange
    to move the price into the price band.
    """

    inst_id: str
    side: str
    ord_type: str
    size: Decimal
    size_in_quote: bool
    price: Decimal | None
    client_order_id: str
    tag: str
    td_mode: str = "cash"
    reduce_only: bool = False
    attached: str = "[]"
    clip_price: bool = False

    @property
    def target_currency(self) -> str:
        """tgtCcy as OKX reports it: only market orders have one."""
        if self.ord_type != "market" or is_swap(self.inst_id):
            return ""
        return "quote_ccy" if self.size_in_quote else "base_ccy"


def _as_text(value: object) -> str:
    """A JSON value as the endpoints compare it: a parameter may come as number, bool or string.

    What has parts stays JSON.
    """
    if isinstance(value, list | dict):
        return json.dumps(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _fields(parsed: object) -> dict[str, str]:
    if not isinstance(parsed, dict):
        raise ApiError("50002", "Json data format error.", 400)
    return {str(name): _as_text(value) for name, value in parsed.items() if value not in (None, "", [])}


def json_rows(body: bytes, content_type: str, listed: bool) -> list[dict[str, str]]:
    """The body's objects, fields as text; null and "" count as absent, as python-okx sends them.

    `listed` says that the endpoint takes a list of objects; the others take one object.
    """
    if not content_type.lower().startswith("application/json"):
        raise ApiError("50006", "Invalid Content_Type, please use the application/json format", 400)
    if not body:
        raise ApiError("50000", "Body can not be empty.", 400)
    try:
        parsed = json.loads(body, parse_float=str, parse_int=str)
    except ValueError as error:
        raise ApiError("50002", "Json data format error.", 400) from error
    if listed != isinstance(parsed, list):
        raise ApiError("50002", "Json data format error.", 400)
    return [_fields(row) for row in parsed] if listed else [_fields(parsed)]


# Eighteen digits on either side: more is no amount of anything, and would not fit the arithmetic.
PLAIN_NUMBER = re.compile(r"[0-9]{1,18}(\.[0-9]{0,18})?|\.[0-9]{1,18}")


def positive_decimal(name: str, text: str) -> Decimal:
    if not PLAIN_NUMBER.fullmatch(text) or (value := Decimal(text)) <= 0:
        raise parameter_error(name)
    return value


def _one_of(fields: dict[str, str], name: str, allowed: tuple[str, ...]) -> str:
    if fields[name] not in allowed:
        raise parameter_error(name)
    return fields[name]


def _order_type(fields: dict[str, str], swap: bool) -> str:
    if swap and fields["ordType"] in SWAP_TYPES:
        return fields["ordType"]
    if fields["ordType"] in KNOWN_TYPES:
        supported = ", ".join(SUPPORTED_TYPES)
        raise parameter_error("ordType", f"{fields['ordType']} is not supported yet; use {supported}")
    return _one_of(fields, "ordType", SUPPORTED_TYPES)


def matching_text(fields: dict[str, str], name: str, pattern: re.Pattern[str]) -> str:
    text = fields.get(name, "")
    if text and not pattern.fullmatch(text):
        raise parameter_error(name)
    return text


def parse_order(fields: dict[str, str]) -> OrderRequest:
    """A typed order. A market buy counts quote and everything else base, unless tgtCcy says otherwise."""
    for name in REQUIRED:
        if name not in fields:
            raise empty_parameter(name)
    swap = is_swap(fields["instId"])
    side = _one_of(fields, "side", ("buy", "sell"))
    td_mode = _one_of(fields, "tdMode", ("cross",) if swap else ("cash",))
    ord_type = _order_type(fields, swap)
    if "posSide" in fields and fields["posSide"] != "net":
        raise parameter_error("posSide")
    market = ord_type in ("market", "optimal_limit_ioc")
    if not market and "px" not in fields:
        raise empty_parameter("px")
    target = _target(fields, side, market) if not swap else "base_ccy"
    attached = fields.get("attachAlgoOrds", "[]")
    if attached != "[]" and market and side == "buy" and not swap and target == "base_ccy":
        raise parameter_error("tgtCcy", "a market buy with attached orders counts quote")
    return OrderRequest(
        inst_id=fields["instId"],
        side=side,
        ord_type=ord_type,
        size=positive_decimal("sz", fields["sz"]),
        size_in_quote=target == "quote_ccy",
        price=None if market else positive_decimal("px", fields["px"]),
        client_order_id=matching_text(fields, "clOrdId", CLIENT_ORDER_ID),
        tag=matching_text(fields, "tag", TAG),
        td_mode=td_mode,
        reduce_only=swap and fields.get("reduceOnly") == "true",
        attached=attached,
        clip_price=fields.get("pxAmendType") == "1",
    )


def _target(fields: dict[str, str], side: str, market: bool) -> str:
    """The unit of a spot order's size."""
    if not market:
        return "base_ccy"
    target = fields.get("tgtCcy", "quote_ccy" if side == "buy" else "base_ccy")
    if target not in ("base_ccy", "quote_ccy"):
        raise parameter_error("tgtCcy")
    return target
