"""Rows of algo orders: take profit and stop loss, one or both; trigger orders; trailing stops."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from resources.okx.rows.fields import flag_text, moment, number, text, texts
from resources.okx.rows.orders import Answer, AttachedAlgo
from resources.okx.rows.row import Row, row, rows

WAITING_STATES = ("live", "pause")


@dataclass(frozen=True, kw_only=True)
class AlgoResult(Answer):
    """The answer to one algo order that was placed, cancelled or amended."""

    algo_id: str = text("algoId")
    client_algo_id: str = text("algoClOrdId")
    client_order_id: str = text("clOrdId")
    tag: str = text("tag")
    request_id: str = text("reqId")
    answered_at: datetime | None = moment("ts")

    @property
    def name(self) -> str:
        """How to look it up."""
        return self.client_algo_id or self.algo_id


@dataclass(frozen=True, kw_only=True)
class LinkedOrder(Row):
    """The order that the algo order was attached to."""

    order_id: str = text("ordId")


@dataclass(frozen=True, kw_only=True)
class AlgoOrder(Row):
    """An algo order as the exchange knows it; once it has fired it names its child orders."""

    inst_id: str = text("instId", required=True)
    inst_type: str = text("instType")
    algo_id: str = text("algoId", required=True)
    client_algo_id: str = text("algoClOrdId")
    client_order_id: str = text("clOrdId")
    tag: str = text("tag")
    order_type: str = text("ordType", required=True)
    state: str = text("state", required=True)
    side: str = text("side", required=True)
    position_side: str = text("posSide")
    trade_mode: str = text("tdMode")
    currency: str = text("ccy")
    size: Decimal | None = number("sz")
    target_currency: str = text("tgtCcy")
    close_fraction: Decimal | None = number("closeFraction")
    reduce_only: bool | None = flag_text("reduceOnly")
    cancel_on_close: bool | None = flag_text("cxlOnClosePos")
    leverage: Decimal | None = number("lever")
    tp_trigger_price: Decimal | None = number("tpTriggerPx")
    tp_trigger_kind: str = text("tpTriggerPxType")
    tp_order_price: Decimal | None = number("tpOrdPx")
    sl_trigger_price: Decimal | None = number("slTriggerPx")
    sl_trigger_kind: str = text("slTriggerPxType")
    sl_order_price: Decimal | None = number("slOrdPx")
    trigger_price: Decimal | None = number("triggerPx")
    trigger_kind: str = text("triggerPxType")
    order_price: Decimal | None = number("ordPx")
    advance_order_type: str = text("advanceOrdType")
    callback_ratio: Decimal | None = number("callbackRatio")
    callback_spread: Decimal | None = number("callbackSpread")
    callback_spread_kind: str = text("callbackSpreadType")
    activation_price: Decimal | None = number("activePx")
    moving_trigger_price: Decimal | None = number("moveTriggerPx")
    price_variance: Decimal | None = number("pxVar")
    price_spread: Decimal | None = number("pxSpread")
    price_limit: Decimal | None = number("pxLimit")
    size_limit: Decimal | None = number("szLimit")
    time_interval: str = text("timeInterval")
    chase_kind: str = text("chaseType")
    chase_value: Decimal | None = number("chaseVal")
    max_chase_kind: str = text("maxChaseType")
    max_chase_value: Decimal | None = number("maxChaseVal")
    actual_size: Decimal | None = number("actualSz")
    actual_price: Decimal | None = number("actualPx")
    actual_side: str = text("actualSide")
    order_id: str = text("ordId")
    order_ids: tuple[str, ...] = texts("ordIdList")
    linked_order: LinkedOrder | None = row("linkedOrd", LinkedOrder)
    attached: tuple[AttachedAlgo, ...] = rows("attachAlgoOrds", AttachedAlgo)
    amend_price_on_trigger: str = text("amendPxOnTriggerType")
    quick_margin_type: str = text("quickMgnType")
    is_trade_borrow: bool | None = flag_text("isTradeBorrowMode")
    trade_quote_currency: str = text("tradeQuoteCcy")
    underlying: str = text("uly")
    last_price: Decimal | None = number("last")
    failure_code: str = text("failCode")
    failure_reason: str = text("failReason")
    triggered_at_or_zero: datetime | None = moment("triggerTime")
    created_at: datetime = moment("cTime", required=True)
    updated_at: datetime | None = moment("uTime")
    pushed_at: datetime | None = moment("pTime")
    notional_usd: Decimal | None = number("notionalUsd")
    amend_result: str = text("amendResult")
    request_id: str = text("reqId")
    child_count: str = text("count")

    @property
    def is_waiting(self) -> bool:
        """It has neither fired nor ended."""
        return self.state in WAITING_STATES

    @property
    def triggered_at(self) -> datetime | None:
        """None before it fires, which OKX writes as '' or 0."""
        found = self.triggered_at_or_zero
        return found if found and found.timestamp() > 0 else None
