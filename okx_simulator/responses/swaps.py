"""Rows of swaps over the wire: prices, funding, leverage and positions."""

from collections.abc import Sequence
from decimal import Decimal

from okx_simulator.account.position_math import MONEY, PRICE, ZERO, holding_of
from okx_simulator.ledger.rows import FillRow, PositionRow
from okx_simulator.market.funding import (
    HIGHEST_RATE,
    LOWEST_RATE,
    funding_rate,
    last_funding_ms,
    next_funding_ms,
)
from okx_simulator.orders.price_bands import PriceBand
from okx_simulator.protocol.amounts import plain
from okx_simulator.protocol.calls import Payload
from okx_simulator.protocol.swaps import SETTLED_IN, pair_of
from okx_simulator.responses.market_and_orders import inst_type

EMPTY_POSITION_FIELDS = [
    "adl", "availPos", "baseBal", "baseBorrowed", "baseInterest", "bizRefId", "bizRefType", "clSpotInUseAmt",
    "closeOrderAlgo", "deltaBS", "deltaPA", "gammaBS", "gammaPA", "interest", "liab", "liabCcy", "margin",
    "maxSpotInUseAmt", "nonSettleAvgPx", "optVal", "pendingCloseOrdLiabVal", "posCcy", "quoteBal",
    "quoteBorrowed", "quoteInterest", "settledPnl", "spotInUseAmt", "spotInUseCcy", "thetaBS", "thetaPA",
    "usdPx", "vegaBS", "vegaPA",
]  # fmt: skip


def price_limit_row(inst_id: str, band: PriceBand, now_ms: int) -> Payload:
    return {
        "instType": inst_type(inst_id),
        "instId": inst_id,
        "buyLmt": plain(band.highest_buy),
        "sellLmt": plain(band.lowest_sell),
        "ts": str(now_ms),
        "enabled": True,
    }


def mark_price_row(inst_id: str, price: Decimal, now_ms: int) -> Payload:
    return {
        "instType": inst_type(inst_id),
        "instId": inst_id,
        "markPx": plain(price.quantize(PRICE)),
        "ts": str(now_ms),
    }


def funding_row(inst_id: str, now_ms: int) -> Payload:
    """The rate that is paid next; it is settled the period before it is due."""
    due_ms, last_ms = next_funding_ms(inst_id, now_ms), last_funding_ms(inst_id, now_ms)
    return {
        "instType": "SWAP",
        "instId": inst_id,
        "method": "current_period",
        "formulaType": "noRate",
        "fundingRate": plain(funding_rate(inst_id, due_ms)),
        "nextFundingRate": "",
        "fundingTime": str(due_ms),
        "nextFundingTime": str(next_funding_ms(inst_id, due_ms)),
        "prevFundingTime": str(last_ms),
        "minFundingRate": plain(LOWEST_RATE),
        "maxFundingRate": plain(HIGHEST_RATE),
        "interestRate": "",
        "impactValue": "",
        "settState": "settled",
        "settFundingRate": plain(funding_rate(inst_id, last_ms)),
        "premium": "0",
        "ts": str(now_ms),
    }


def past_funding_row(inst_id: str, due_ms: int) -> Payload:
    rate = plain(funding_rate(inst_id, due_ms))
    return {
        "instType": "SWAP",
        "instId": inst_id,
        "formulaType": "noRate",
        "fundingRate": rate,
        "realizedRate": rate,
        "fundingTime": str(due_ms),
        "method": "current_period",
    }


def leverage_row(inst_id: str, leverage: str) -> Payload:
    return {"instId": inst_id, "ccy": "", "mgnMode": "cross", "posSide": "net", "lever": leverage}


def closed_position_row(row: PositionRow, fills: Sequence[FillRow]) -> Payload:
    """A position that was closed, from its fills, oldest first; sizes are contracts."""
    held, most, opened, closed = ZERO, ZERO, [ZERO, ZERO], [ZERO, ZERO]
    for fill in fills:
        signed = Decimal(fill.size) if fill.side == "buy" else -Decimal(fill.size)
        reducing = min(abs(held), abs(signed)) if held * signed < 0 else ZERO
        for side, size in ((closed, reducing), (opened, abs(signed) - reducing)):
            side[0] += size
            side[1] += size * Decimal(fill.price)
        held += signed
        most = max(most, abs(held))
    profit = sum((Decimal(part) for part in (row.realized_pnl, row.fee, row.funding_fee)), ZERO)
    average = [plain((paid / size).quantize(PRICE)) if size else "" for size, paid in (opened, closed)]
    margin = opened[1] * Decimal(row.contract_value) / Decimal(row.leverage)
    long = bool(fills) and fills[0].side == "buy"
    return {
        "instType": "SWAP",
        "instId": row.inst_id,
        "mgnMode": "cross",
        "type": "3" if row.last_trade_id < 0 else "2",
        "cTime": str(row.created_ms),
        "uTime": str(row.updated_ms),
        "openAvgPx": average[0],
        "nonSettleAvgPx": "",
        "closeAvgPx": average[1],
        "posId": str(row.position_id),
        "openMaxPos": plain(most),
        "closeTotalPos": plain(closed[0]),
        "realizedPnl": plain(profit),
        "settledPnl": "",
        "pnl": row.realized_pnl,
        "pnlRatio": plain((profit / margin).quantize(MONEY)) if margin else "",
        "fee": row.fee,
        "fundingFee": row.funding_fee,
        "liqPenalty": "0",
        "lever": row.leverage,
        "direction": "long" if long else "short",
        "posSide": "net",
        "triggerPx": "",
        "uly": pair_of(row.inst_id),
        "ccy": SETTLED_IN,
    }


def position_row(
    row: PositionRow, price: Decimal, liquidation: Decimal | None, margin_ratio: Decimal | None, now_ms: int
) -> Payload:
    """A net position on cross margin at `price`, which is last, index and mark at once."""
    held = holding_of(row)
    profit, initial = held.profit(price), held.initial_margin(price)
    share = profit / initial if initial else Decimal(0)
    parts = (row.realized_pnl, row.fee, row.funding_fee)
    text = plain(price.quantize(PRICE))
    return {
        **dict.fromkeys(EMPTY_POSITION_FIELDS, ""),
        "instType": "SWAP",
        "instId": row.inst_id,
        "posId": str(row.position_id),
        "posSide": "net",
        "pos": row.size,
        "availPos": row.size,
        "mgnMode": "cross",
        "ccy": "USDT",
        "avgPx": row.average_price,
        "markPx": text,
        "last": text,
        "idxPx": text,
        "upl": plain(profit),
        "uplRatio": plain(share.quantize(MONEY)),
        "uplLastPx": plain(profit),
        "uplRatioLastPx": plain(share.quantize(MONEY)),
        "lever": row.leverage,
        "liqPx": "" if liquidation is None else plain(liquidation.quantize(PRICE)),
        "bePx": row.average_price,
        "imr": plain(initial),
        "mmr": plain(held.maintenance(price)),
        "mgnRatio": "" if margin_ratio is None else plain(margin_ratio.quantize(MONEY)),
        "notionalUsd": plain(held.notional(price).quantize(MONEY)),
        "pnl": row.realized_pnl,
        "fee": row.fee,
        "fundingFee": row.funding_fee,
        "liqPenalty": "0",
        "realizedPnl": plain(sum(map(Decimal, parts), Decimal(0))),
        "tradeId": str(row.last_trade_id),
        "cTime": str(row.created_ms),
        "uTime": str(row.updated_ms),
        "pTime": str(now_ms),
    }
