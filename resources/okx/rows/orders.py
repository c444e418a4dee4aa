"""Rows of orders and fills, REST and WebSocket alike. The fee is negative when paid."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from resources.okx.errors import BUSY_CODES
from resources.okx.rows.fields import EPOCH, MILLISECOND, flag_text, moment, number, text, whole_text
from resources.okx.rows.row import Row, row, rows

NONE = Decimal(0)
FINAL_STATES = ("filled", "canceled", "mmp_canceled")
ACCEPTED = ("", "0")
FIRST_MILLISECONDS = 10**11  # as seconds the year 5138, as milliseconds 1973


@dataclass(frozen=True, kw_only=True)
class Answer(Row):
    """Fields of every response to one order of a request. `code` is '' or 0 for one that was taken."""

    code: str = text("sCode")
    message: str = text("sMsg")
    sub_code: str = text("subCode")

    @property
    def is_accepted(self) -> bool:
        """Taken by the gateway, which says nothing of fills."""
        return self.code in ACCEPTED

    @property
    def is_unknown(self) -> bool:
        """The order may or may not exist: look it up, never send it again blindly."""
        return self.code in BUSY_CODES

    @property
    def is_rejected(self) -> bool:
        """There is no order; `code` and `message` say why."""
        return not self.is_accepted and not self.is_unknown


@dataclass(frozen=True, kw_only=True)
class OrderResult(Answer):
    """The answer to one order that was placed, cancelled or amended."""

    order_id: str = text("ordId")
    client_order_id: str = text("clOrdId")
    tag: str = text("tag")
    request_id: str = text("reqId")
    answered_at: datetime | None = moment("ts")

    @property
    def name(self) -> str:
        """How to look it up."""
        return self.client_order_id or self.order_id


@dataclass(frozen=True, kw_only=True)
class AttachedAlgo(Row):
    """Take profit, stop loss or trailing stop that follows an order's fill."""

    attached_id: str = text("attachAlgoId")
    client_id: str = text("attachAlgoClOrdId")
    size: Decimal | None = number("sz")
    tp_trigger_price: Decimal | None = number("tpTriggerPx")
    tp_trigger_ratio: Decimal | None = number("tpTriggerRatio")
    tp_trigger_kind: str = text("tpTriggerPxType")
    tp_order_price: Decimal | None = number("tpOrdPx")
    tp_order_kind: str = text("tpOrdKind")
    sl_trigger_price: Decimal | None = number("slTriggerPx")
    sl_trigger_ratio: Decimal | None = number("slTriggerRatio")
    sl_trigger_kind: str = text("slTriggerPxType")
    sl_order_price: Decimal | None = number("slOrdPx")
    callback_ratio: Decimal | None = number("callbackRatio")
    callback_spread: Decimal | None = number("callbackSpread")
    activation_price: Decimal | None = number("activePx")
    amend_price_on_trigger: str = text("amendPxOnTriggerType")
    failure_code: str = text("failCode")
    failure_reason: str = text("failReason")


@dataclass(frozen=True, kw_only=True)
class LinkedAlgo(Row):
    """The algo order that this order came from."""

    algo_id: str = text("algoId")


@dataclass(frozen=True, kw_only=True)
class OrderRecord(Row):
    """An order as the exchange knows it; over WebSocket with what its last change was."""

    inst_id: str = text("instId", required=True)
    inst_type: str = text("instType")
    order_id: str = text("ordId", required=True)
    client_order_id: str = text("clOrdId")
    tag: str = text("tag")
    side: str = text("side", required=True)
    position_side: str = text("posSide")
    trade_mode: str = text("tdMode")
    order_type: str = text("ordType", required=True)
    state: str = text("state", required=True)
    size: Decimal = number("sz", required=True)
    target_currency: str = text("tgtCcy")
    price: Decimal | None = number("px")
    price_usd: Decimal | None = number("pxUsd")
    price_volatility: Decimal | None = number("pxVol")
    price_kind: str = text("pxType")
    filled_size_or_none: Decimal | None = number("accFillSz")
    average_price_or_zero: Decimal | None = number("avgPx")
    fee: Decimal | None = number("fee")
    fee_currency: str = text("feeCcy")
    rebate: Decimal | None = number("rebate")
    rebate_currency: str = text("rebateCcy")
    pnl: Decimal | None = number("pnl")
    last_fill_price: Decimal | None = number("fillPx")
    last_fill_size: Decimal | None = number("fillSz")
    last_fill_time: datetime | None = moment("fillTime")
    last_trade_id: str = text("tradeId")
    currency: str = text("ccy")
    leverage: Decimal | None = number("lever")
    reduce_only: bool | None = flag_text("reduceOnly")
    source: str = text("source")
    category: str = text("category")
    cancel_source: str = text("cancelSource")
    cancel_reason: str = text("cancelSourceReason")
    self_trade_id: str = text("stpId")
    self_trade_mode: str = text("stpMode")
    quick_margin_type: str = text("quickMgnType")
    trade_quote_currency: str = text("tradeQuoteCcy")
    algo_id: str = text("algoId")
    client_algo_id: str = text("algoClOrdId")
    linked_algo: LinkedAlgo | None = row("linkedAlgoOrd", LinkedAlgo)
    attached: tuple[AttachedAlgo, ...] = rows("attachAlgoOrds", AttachedAlgo)
    attached_client_id: str = text("attachAlgoClOrdId")
    is_limit_take_profit: bool | None = flag_text("isTpLimit")
    tp_trigger_price: Decimal | None = number("tpTriggerPx")
    tp_trigger_kind: str = text("tpTriggerPxType")
    tp_order_price: Decimal | None = number("tpOrdPx")
    sl_trigger_price: Decimal | None = number("slTriggerPx")
    sl_trigger_kind: str = text("slTriggerPxType")
    sl_order_price: Decimal | None = number("slOrdPx")
    created_at: datetime = moment("cTime", required=True)
    updated_at: datetime = moment("uTime", required=True)
    pushed_fee: Decimal | None = number("fillFee")
    pushed_fee_currency: str = text("fillFeeCcy")
    pushed_pnl: Decimal | None = number("fillPnl")
    pushed_liquidity: str = text("execType")
    pushed_notional_usd: Decimal | None = number("fillNotionalUsd")
    pushed_price_usd: Decimal | None = number("fillPxUsd")
    pushed_price_volatility: Decimal | None = number("fillPxVol")
    pushed_mark_volatility: Decimal | None = number("fillMarkVol")
    pushed_mark_price: Decimal | None = number("fillMarkPx")
    pushed_forward_price: Decimal | None = number("fillFwdPx")
    pushed_index_price: Decimal | None = number("fillIdxPx")
    notional_usd: Decimal | None = number("notionalUsd")
    last_price: Decimal | None = number("lastPx")
    amend_source: str = text("amendSource")
    amend_result: str = text("amendResult")
    request_id: str = text("reqId")
    code: str = text("code")
    message: str = text("msg")
    outcome: str = text("outcome")

    @property
    def is_final(self) -> bool:
        return self.state in FINAL_STATES

    @property
    def size_currency(self) -> str:
        """The unit of a spot order's `size`: base, or quote for a market order that says so."""
        return "quote" if self.target_currency == "quote_ccy" else "base"

    @property
    def filled_size(self) -> Decimal:
        """Base units (contracts of a swap), also where the order counted quote."""
        return self.filled_size_or_none or NONE

    @property
    def average_price(self) -> Decimal | None:
        """None before the first fill, which OKX writes as '' or 0."""
        return self.average_price_or_zero or None


@dataclass(frozen=True, kw_only=True)
class Fill(Row):
    """One execution; `inst_id` and `trade_id` identify it. The fee is negative when paid."""

    inst_id: str = text("instId", required=True)
    inst_type: str = text("instType")
    trade_id: str = text("tradeId", required=True)
    order_id: str = text("ordId", required=True)
    client_order_id: str = text("clOrdId")
    bill_id: str = text("billId")
    bill_subtype: str = text("subType")
    tag: str = text("tag")
    side: str = text("side", required=True)
    position_side: str = text("posSide")
    price: Decimal = number("fillPx", required=True)
    size: Decimal = number("fillSz", required=True)
    fee_or_none: Decimal | None = number("fee")
    fee_currency: str = text("feeCcy")
    fee_rate: Decimal | None = number("feeRate")
    pnl: Decimal | None = number("fillPnl")
    liquidity: str = text("execType")
    matched_at: datetime | None = moment("fillTime")
    recorded_at: datetime = moment("ts", required=True)
    index_price: Decimal | None = number("fillIdxPx")
    mark_price: Decimal | None = number("fillMarkPx")
    mark_volatility: Decimal | None = number("fillMarkVol")
    price_volatility: Decimal | None = number("fillPxVol")
    price_usd: Decimal | None = number("fillPxUsd")
    forward_price: Decimal | None = number("fillFwdPx")
    trade_quote_currency: str = text("tradeQuoteCcy")

    @property
    def fee(self) -> Decimal:
        return self.fee_or_none or NONE

    @property
    def filled_at(self) -> datetime:
        """The match; when it was recorded only where OKX does not say."""
        return self.matched_at or self.recorded_at


@dataclass(frozen=True, kw_only=True)
class ClosedPosition(Answer):
    """A position that is being closed at the market."""

    inst_id: str = text("instId", required=True)
    position_side: str = text("posSide")
    client_order_id: str = text("clOrdId")
    tag: str = text("tag")


@dataclass(frozen=True, kw_only=True)
class CancelTimer(Row):
    """When all orders will be cancelled unless the timer is set again.

    OKX's samples count seconds where its tables say milliseconds, so the size decides which it is.
    """

    trigger: int = whole_text("triggerTime", required=True)
    tag: str = text("tag")
    stamp: int = whole_text("ts", required=True)

    @property
    def triggers_at(self) -> datetime | None:
        """None when the timer is off, which OKX writes as 0."""
        return _instant(self.trigger) if self.trigger else None

    @property
    def as_of(self) -> datetime:
        return _instant(self.stamp)


def _instant(count: int) -> datetime:
    return EPOCH + count * (timedelta(seconds=1) if count < FIRST_MILLISECONDS else MILLISECOND)
