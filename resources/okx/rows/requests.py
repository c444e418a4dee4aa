"""Requests: orders, algo orders and changes, declared like the rows of OKX's responses.

A field that is not set is not sent. Prices and sizes are Decimal and never travel with an exponent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from resources.okx.rows.fields import flag, number, text
from resources.okx.rows.orders import AttachedAlgo
from resources.okx.rows.row import Row, rows

AT_MARKET = Decimal(-1)
PRICED_TYPES = ("limit", "post_only", "fok", "ioc")
NOT_SENT: tuple[object, ...] = ("", None, [])


def body(request: Row) -> dict[str, Any]:
    """The request as it is sent."""
    return _without_gaps(request.to_wire())


def _without_gaps(found: dict[str, Any]) -> dict[str, Any]:
    """The fields that are set, inside the rows of lists too."""
    lists = {
        key: [_without_gaps(item) for item in value] for key, value in found.items() if type(value) is list
    }
    return {key: value for key, value in (found | lists).items() if value not in NOT_SENT}


def bodies(requests: Sequence[Row]) -> list[dict[str, Any]]:
    """A batch as it is sent."""
    return [body(request) for request in requests]


@dataclass(frozen=True, kw_only=True)
class NewOrder(Row):
    """An order. Spot counts `size` in base (a market order also in quote, by `target_currency`), a swap in
    contracts.

    `trade_mode` is cash for spot, cross or isolated for swaps; `position_side` only in long_short_mode.
    """

    inst_id: str = text("instId", required=True)
    side: str = text("side", required=True)
    size: Decimal = number("sz", required=True)
    order_type: str = text("ordType", required=True)
    price: Decimal | None = number("px")
    trade_mode: str = text("tdMode", required=True)
    client_order_id: str = text("clOrdId")
    target_currency: str = text("tgtCcy")
    position_side: str = text("posSide")
    reduce_only: bool | None = flag("reduceOnly")
    attached: tuple[AttachedAlgo, ...] = rows("attachAlgoOrds", AttachedAlgo)
    tag: str = text("tag")
    self_trade_mode: str = text("stpMode")
    price_amendment: str = text("pxAmendType")
    ban_amendment: bool | None = flag("banAmend")
    trade_quote_currency: str = text("tradeQuoteCcy")

    def __post_init__(self) -> None:
        if (self.price is None) == (self.order_type in PRICED_TYPES):
            needed = "needs a price" if self.price is None else "has no price"
            raise ValueError(f"{self.inst_id}: an order of type {self.order_type} {needed}")
        if self.order_type == "market" and not self.target_currency and not self.inst_id.endswith("-SWAP"):
            # OKX would take it as quote for a buy and as base for a sell: nobody means that.
            raise ValueError(f"{self.inst_id}: an order at the market says which currency its size counts")


@dataclass(frozen=True, kw_only=True)
class OrderName(Row):
    """Which order is meant: by the exchange's id, or by the client's."""

    inst_id: str = text("instId", required=True)
    order_id: str = text("ordId")
    client_order_id: str = text("clOrdId")

    def __post_init__(self) -> None:
        if not self.order_id and not self.client_order_id:
            raise ValueError(f"{self.inst_id}: an order is named by its id or by the client's")


@dataclass(frozen=True, kw_only=True)
class Amendment(OrderName):
    """A change of a resting order; the new size counts what has been filled already."""

    new_size: Decimal | None = number("newSz")
    new_price: Decimal | None = number("newPx")
    cancel_on_failure: bool | None = flag("cxlOnFail")
    request_id: str = text("reqId")

    def __post_init__(self) -> None:
        OrderName.__post_init__(self)
        if self.new_size is None and self.new_price is None:
            raise ValueError(f"{self.inst_id}: an amendment names a new size or a new price")


@dataclass(frozen=True, kw_only=True)
class NewAlgo(Row):
    """An algo order. The order it places goes out at the market where its price is AT_MARKET.

    conditional: take profit or stop loss; oco: both, one cancels the other; trigger: `trigger_price` and
    `order_price`; move_order_stop: a trailing stop by `callback_ratio` or `callback_spread`.
    """

    inst_id: str = text("instId", required=True)
    side: str = text("side", required=True)
    order_type: str = text("ordType", required=True)
    trade_mode: str = text("tdMode", required=True)
    size: Decimal | None = number("sz")
    close_fraction: Decimal | None = number("closeFraction")
    client_algo_id: str = text("algoClOrdId")
    position_side: str = text("posSide")
    target_currency: str = text("tgtCcy")
    tp_trigger_price: Decimal | None = number("tpTriggerPx")
    tp_trigger_kind: str = text("tpTriggerPxType")
    tp_order_price: Decimal | None = number("tpOrdPx")
    sl_trigger_price: Decimal | None = number("slTriggerPx")
    sl_trigger_kind: str = text("slTriggerPxType")
    sl_order_price: Decimal | None = number("slOrdPx")
    trigger_price: Decimal | None = number("triggerPx")
    trigger_kind: str = text("triggerPxType")
    order_price: Decimal | None = number("orderPx")
    callback_ratio: Decimal | None = number("callbackRatio")
    callback_spread: Decimal | None = number("callbackSpread")
    activation_price: Decimal | None = number("activePx")
    reduce_only: bool | None = flag("reduceOnly")
    cancel_on_close: bool | None = flag("cxlOnClosePos")
    attached: tuple[AttachedAlgo, ...] = rows("attachAlgoOrds", AttachedAlgo)
    tag: str = text("tag")

    def __post_init__(self) -> None:
        if (self.size is None) == (self.close_fraction is None):
            raise ValueError(f"{self.inst_id}: an algo order has a size or a fraction to close")


@dataclass(frozen=True, kw_only=True)
class AlgoName(Row):
    """Which algo order is meant: by the exchange's id, or by the client's."""

    inst_id: str = text("instId", required=True)
    algo_id: str = text("algoId")
    client_algo_id: str = text("algoClOrdId")

    def __post_init__(self) -> None:
        if not self.algo_id and not self.client_algo_id:
            raise ValueError(f"{self.inst_id}: an algo order is named by its id or by the client's")


@dataclass(frozen=True, kw_only=True)
class AlgoAmendment(AlgoName):
    """A change of a waiting algo order: take profit, stop loss and trigger orders only."""

    new_size: Decimal | None = number("newSz")
    new_tp_trigger_price: Decimal | None = number("newTpTriggerPx")
    new_tp_order_price: Decimal | None = number("newTpOrdPx")
    new_sl_trigger_price: Decimal | None = number("newSlTriggerPx")
    new_sl_order_price: Decimal | None = number("newSlOrdPx")
    new_trigger_price: Decimal | None = number("newTriggerPx")
    new_order_price: Decimal | None = number("newOrdPx")
    cancel_on_failure: bool | None = flag("cxlOnFail")
    request_id: str = text("reqId")
