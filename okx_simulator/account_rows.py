"""The rows of the account file. Amounts are decimal text, '' where there is none."""

from dataclasses import dataclass


@dataclass(frozen=True)
class OrderRow:
    """One order as stored.

    The path of prices counts for a resting order after `rests_from_ms`: since it was placed or amended.
    """

    ord_id: int
    client_order_id: str
    tag: str
    inst_id: str
    side: str
    ord_type: str
    size: str
    price: str
    target_currency: str
    state: str
    filled_base: str
    average_price: str
    fee: str
    fee_currency: str
    cancel_source: str
    created_ms: int
    updated_ms: int
    rests_from_ms: int


@dataclass(frozen=True)
class FillRow:
    """One fill as stored; the fee is negative when paid, `liquidity` is T for taker or M for maker."""

    bill_id: int
    trade_id: int
    ord_id: int
    client_order_id: str
    tag: str
    inst_id: str
    side: str
    price: str
    size: str
    fee: str
    fee_currency: str
    fee_rate: str
    filled_ms: int
    liquidity: str
