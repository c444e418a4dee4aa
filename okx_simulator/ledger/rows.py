"""The rows of the account file. Amounts are decimal text, '' where there is none."""

from dataclasses import dataclass


@dataclass(frozen=True)
class OrderRow:
    """One order as stored.

    The path of prices counts for a resting order after `rests_from_ms`: since it was placed or amended.
    `contract_value` is '' for spot; on swaps sizes are contracts of so much base each. `attached` is the
    JSON text of the algo orders that wait for its fill.
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
    td_mode: str = "cash"
    reduce_only: str = "false"
    leverage: str = ""
    contract_value: str = ""
    source: str = ""
    algo_id: int = 0
    client_algo_id: str = ""
    attached: str = "[]"
    pnl: str = "0"
    category: str = "normal"


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
    pnl: str = "0"
    contract_value: str = ""


@dataclass(frozen=True)
class AlgoRow:
    """One algo order as stored. Trigger prices are '' where it has none; `order_price` -1 is market.

    `rises` says that `trigger_price` waits above. The path counts after `rests_from_ms`. `ord_id` is the
    child order it became, `parent_id` the order it was attached to.
    """

    algo_id: int
    client_algo_id: str
    tag: str
    inst_id: str
    ord_type: str
    side: str
    td_mode: str
    size: str
    target_currency: str
    reduce_only: str
    close_fraction: str
    cancel_on_close: str
    tp_trigger: str
    tp_price: str
    sl_trigger: str
    sl_price: str
    trigger_price: str
    order_price: str
    rises: str
    callback_ratio: str
    callback_spread: str
    active_price: str
    state: str
    actual_side: str
    actual_size: str
    actual_price: str
    fail_code: str
    ord_id: int
    parent_id: int
    triggered_ms: int
    created_ms: int
    updated_ms: int
    rests_from_ms: int


@dataclass(frozen=True)
class PositionRow:
    """One swap position; `size` is signed contracts, '0' once closed. Funding is booked until `funded_ms`."""

    inst_id: str
    position_id: int
    size: str
    average_price: str
    contract_value: str
    leverage: str
    realized_pnl: str
    fee: str
    funding_fee: str
    last_trade_id: int
    created_ms: int
    updated_ms: int
    funded_ms: int


@dataclass(frozen=True)
class BillRow:
    """One change of a balance as booked: the bills of a coin add up to its balance.

    What follows `kind` says what it was for: the instrument, OKX's sub type, and of a fill its number, price,
    size, fee and liquidity; '' and 0 where there is none.
    """

    change_id: int
    ord_id: int
    currency: str
    change: str
    cash_after: str
    changed_ms: int
    kind: str = "trade"
    inst_id: str = ""
    sub_type: str = ""
    trade_id: int = 0
    price: str = ""
    size: str = ""
    fee: str = ""
    liquidity: str = ""


@dataclass(frozen=True)
class Purpose:
    """What a change of a balance is for: the part of a bill that its fill or payment knows."""

    kind: str = "trade"
    inst_id: str = ""
    sub_type: str = ""
    trade_id: int = 0
    price: str = ""
    size: str = ""
    fee: str = ""
    liquidity: str = ""
