"""Rows of positions: contracts held, what they are worth, and what they cost to keep."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from resources.okx.rows.fields import moment, number, text
from resources.okx.rows.row import Row, rows


@dataclass(frozen=True, kw_only=True)
class CloseOrder(Row):
    """An algo order that will close a part of a position."""

    algo_id: str = text("algoId", required=True)
    sl_trigger_price: Decimal | None = number("slTriggerPx")
    sl_trigger_kind: str = text("slTriggerPxType")
    tp_trigger_price: Decimal | None = number("tpTriggerPx")
    tp_trigger_kind: str = text("tpTriggerPxType")
    close_fraction: Decimal | None = number("closeFraction")


@dataclass(frozen=True, kw_only=True)
class Position(Row):
    """Contracts of an instrument; in net mode the size is negative when short. One that was closed has size 0."""

    inst_id: str = text("instId", required=True)
    inst_type: str = text("instType")
    position_id: str = text("posId", required=True)
    side: str = text("posSide", required=True)
    margin_mode: str = text("mgnMode", required=True)
    size: Decimal | None = number("pos")
    available_size: Decimal | None = number("availPos")
    currency: str = text("ccy")
    position_currency: str = text("posCcy")
    average_price: Decimal | None = number("avgPx")
    unsettled_average_price: Decimal | None = number("nonSettleAvgPx")
    break_even_price: Decimal | None = number("bePx")
    mark_price: Decimal | None = number("markPx")
    last_price: Decimal | None = number("last")
    index_price: Decimal | None = number("idxPx")
    liquidation_price: Decimal | None = number("liqPx")
    price_usd: Decimal | None = number("usdPx")
    leverage: Decimal | None = number("lever")
    margin: Decimal | None = number("margin")
    initial_margin: Decimal | None = number("imr")
    maintenance_margin: Decimal | None = number("mmr")
    margin_ratio: Decimal | None = number("mgnRatio")
    notional_usd: Decimal | None = number("notionalUsd")
    unrealized_pnl: Decimal | None = number("upl")
    unrealized_pnl_ratio: Decimal | None = number("uplRatio")
    unrealized_pnl_at_last: Decimal | None = number("uplLastPx")
    unrealized_pnl_ratio_at_last: Decimal | None = number("uplRatioLastPx")
    realized_pnl: Decimal | None = number("realizedPnl")
    settled_pnl: Decimal | None = number("settledPnl")
    closing_pnl: Decimal | None = number("pnl")
    fee: Decimal | None = number("fee")
    funding_fee: Decimal | None = number("fundingFee")
    liquidation_penalty: Decimal | None = number("liqPenalty")
    deleveraging_rank: str = text("adl")
    last_trade_id: str = text("tradeId")
    liability: Decimal | None = number("liab")
    liability_currency: str = text("liabCcy")
    interest: Decimal | None = number("interest")
    pending_close_liability: Decimal | None = number("pendingCloseOrdLiabVal")
    option_value: Decimal | None = number("optVal")
    base_balance: Decimal | None = number("baseBal")
    quote_balance: Decimal | None = number("quoteBal")
    base_borrowed: Decimal | None = number("baseBorrowed")
    quote_borrowed: Decimal | None = number("quoteBorrowed")
    base_interest: Decimal | None = number("baseInterest")
    quote_interest: Decimal | None = number("quoteInterest")
    spot_in_use: Decimal | None = number("spotInUseAmt")
    spot_in_use_currency: str = text("spotInUseCcy")
    user_spot_in_use: Decimal | None = number("clSpotInUseAmt")
    max_spot_in_use: Decimal | None = number("maxSpotInUseAmt")
    delta_usd: Decimal | None = number("deltaBS")
    delta_coin: Decimal | None = number("deltaPA")
    gamma_usd: Decimal | None = number("gammaBS")
    gamma_coin: Decimal | None = number("gammaPA")
    theta_usd: Decimal | None = number("thetaBS")
    theta_coin: Decimal | None = number("thetaPA")
    vega_usd: Decimal | None = number("vegaBS")
    vega_coin: Decimal | None = number("vegaPA")
    close_orders: tuple[CloseOrder, ...] = rows("closeOrderAlgo", CloseOrder)
    business_id: str = text("bizRefId")
    business_type: str = text("bizRefType")
    hedged_position: str = text("hedgedPos")
    created_at: datetime | None = moment("cTime")
    updated_at: datetime | None = moment("uTime")
    pushed_at: datetime | None = moment("pTime")
