"""Balances and their changes over the wire."""

from decimal import Decimal

from okx_simulator.account.position_math import PRICE
from okx_simulator.ledger.rows import BillRow
from okx_simulator.protocol.amounts import plain
from okx_simulator.protocol.calls import Payload
from okx_simulator.protocol.swaps import is_swap
from okx_simulator.responses.market_and_orders import inst_type

# Amounts that only loans, isolated margin, copy trading or other account modes have: as OKX leaves them.
EMPTY_BALANCE_FIELDS = [
    "accAvgPx", "availEq", "borrowFroz", "clSpotInUseAmt", "crossLiab", "imr", "interest", "isoEq", "isoLiab",
    "isoUpl", "liab", "maxLoan", "maxSpotInUseAmt", "mgnRatio", "mmr", "notionalLever", "openAvgPx",
    "spotInUseAmt", "spotIsoBal", "spotUpl", "spotUplRatio", "totalPnl", "totalPnlRatio", "upl", "uplLiab",
]  # fmt: skip
ZERO_BALANCE_FIELDS = [
    "colBorrAutoConversion", "fixedBal", "rewardBal", "smtSyncEq", "spotCopyTradingEq", "stgyEq", "twap",
]  # fmt: skip
EMPTY_ACCOUNT_FIELDS = [
    "adjEq", "availEq", "borrowFroz", "imr", "isoEq", "mgnRatio", "mmr",
    "notionalUsd", "notionalUsdForBorrow", "notionalUsdForFutures", "notionalUsdForOption", "notionalUsdForSwap",
    "ordFroz", "upl",
]  # fmt: skip
EMPTY_BILL_FIELDS = [
    "clOrdId", "earnAmt", "earnApr", "fillFwdPx", "fillIdxPx", "fillMarkPx", "fillMarkVol", "fillPxUsd", "fillPxVol",
    "from", "tag", "to",
]  # fmt: skip
# OKX's type of a bill, by what it is for.
BILL_TYPES = {
    "deposit": "1",
    "trade": "2",
    "pnl": "2",
    "fee": "2",
    "settlement": "2",
    "liquidation pnl": "5",
    "liquidation fee": "5",
    "insurance": "5",
    "funding": "8",
}


def balance_detail(
    currency: str, cash: Decimal, frozen: Decimal, changed_ms: int, value_usd: Decimal
) -> Payload:
    """One coin of GET /account/balance in spot mode: availEq is '' there."""
    amount = plain(cash)
    price = value_usd / cash if cash else Decimal(0)
    return {
        **dict.fromkeys(EMPTY_BALANCE_FIELDS, ""),
        **dict.fromkeys(ZERO_BALANCE_FIELDS, "0"),
        "collateralEnabled": False,
        "collateralRestrict": False,
        "coinUsdPrice": plain(price.quantize(PRICE)),
        "ccy": currency,
        "eq": amount,
        "cashBal": amount,
        "availBal": plain(cash - frozen),
        "frozenBal": plain(frozen),
        "ordFrozen": plain(frozen),
        "eqUsd": plain(value_usd),
        "disEq": plain(value_usd),
        "spotBal": amount,
        "uTime": str(changed_ms),
    }


def bill_row(bill: BillRow) -> Payload:
    """One change of a balance: type 2 is a trade, 8 a funding payment, 5 a liquidation, 1 a deposit.

    OKX books profit and fee of a swap's fill as one bill, this account as two: each names the fill.
    """
    return {
        **dict.fromkeys(EMPTY_BILL_FIELDS, ""),
        "billId": str(bill.change_id),
        "ccy": bill.currency,
        "balChg": bill.change,
        "sz": bill.size or bill.change,
        "px": bill.price,
        "bal": bill.cash_after,
        "posBal": "0",
        "posBalChg": "0",
        "interest": "0",
        "type": BILL_TYPES[bill.kind],
        "subType": bill.sub_type,
        "notes": bill.kind,
        "pnl": bill.change if bill.kind.endswith("pnl") or bill.kind == "settlement" else "0",
        "fee": bill.fee or (bill.change if bill.kind.endswith("fee") else "0"),
        "ordId": str(bill.ord_id or ""),
        "tradeId": str(bill.trade_id or ""),
        "execType": bill.liquidity,
        "instId": bill.inst_id,
        "instType": inst_type(bill.inst_id) if bill.inst_id else "",
        "mgnMode": "cross" if is_swap(bill.inst_id) else "cash" if bill.inst_id else "",
        "fillTime": str(bill.changed_ms) if bill.trade_id else "",
        "ts": str(bill.changed_ms),
    }
