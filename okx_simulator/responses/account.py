"""Balances and their changes over the wire."""

from decimal import Decimal

from okx_simulator.ledger.rows import BillRow
from okx_simulator.protocol.amounts import plain
from okx_simulator.protocol.calls import Payload

BILL_TYPES = {"deposit": "1", "funding": "8", "insurance": "5"}


def balance_detail(
    currency: str, cash: Decimal, frozen: Decimal, changed_ms: int, value_usd: Decimal
) -> Payload:
    """One coin of GET /account/balance in spot mode: availEq is '' there."""
    amount = plain(cash)
    return {
        "ccy": currency,
        "eq": amount,
        "cashBal": amount,
        "availBal": plain(cash - frozen),
        "availEq": "",
        "frozenBal": plain(frozen),
        "ordFrozen": plain(frozen),
        "eqUsd": plain(value_usd),
        "disEq": plain(value_usd),
        "upl": "",
        "liab": "",
        "interest": "",
        "crossLiab": "",
        "isoEq": "",
        "spotBal": amount,
        "uTime": str(changed_ms),
    }


def bill_row(bill: BillRow) -> Payload:
    """One change of a balance: type 2 is a trade, 8 a funding payment, 5 a liquidation, 1 a deposit."""
    return {
        "billId": str(bill.change_id),
        "ccy": bill.currency,
        "balChg": bill.change,
        "sz": bill.change,
        "bal": bill.cash_after,
        "type": BILL_TYPES.get(bill.kind, "2"),
        "subType": "",
        "notes": bill.kind,
        "pnl": bill.change if bill.kind == "pnl" else "0",
        "fee": bill.change if bill.kind == "fee" else "0",
        "ordId": str(bill.ord_id or ""),
        "instId": "",
        "instType": "",
        "ts": str(bill.changed_ms),
    }
