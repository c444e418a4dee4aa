"""The endpoints that show the account: balance, configuration, fees, orders and fills."""

from decimal import Decimal

from okx_simulator.engine.order_entry import SPOT_LEVEL
from okx_simulator.engine.order_service import CANCELLED_UNFILLED_VISIBLE_MS, OrderName
from okx_simulator.exchange import Exchange
from okx_simulator.ledger.rows import OrderRow
from okx_simulator.protocol.amounts import plain
from okx_simulator.protocol.calls import Call, Payload
from okx_simulator.protocol.errors import empty_parameter, parameter_error
from okx_simulator.protocol.swaps import SETTLED_IN
from okx_simulator.responses.account import EMPTY_ACCOUNT_FIELDS, balance_detail, bill_row
from okx_simulator.responses.market_and_orders import fill_row, order_row
from okx_simulator.rest.paging import list_bills, list_fills, list_orders
from okx_simulator.rest.swaps import margin_details

FILL_DAYS, FILL_HISTORY_DAYS, BILL_DAYS, BILL_ARCHIVE_DAYS = 3, 90, 7, 90
ORDER_DAYS, ORDER_ARCHIVE_DAYS = 7, 90
ACCOUNT_RATE_LIMIT = "1000"


def balance(exchange: Exchange, call: Call) -> list[Payload]:
    """Coins with cash, valued at mid; a coin without a USDT pair counts nothing in totalEq."""
    wanted = set(filter(None, call.parameters.get("ccy", "").split(",")))
    details, total, frozen = [], Decimal(0), exchange.order_service.books.frozen()
    figures, profit = margin_details(exchange)
    for currency, (cash, changed_ms) in exchange.ledger.balances().items():
        value = exchange.value_usdt(currency, cash) or Decimal(0)
        gain = profit if currency == SETTLED_IN else Decimal(0)
        total += value + gain
        if (cash or gain) and (not wanted or currency in wanted):
            detail = balance_detail(
                currency, cash, frozen.get(currency, Decimal(0)), changed_ms, value + gain
            )
            if exchange.order_service.account_level() != SPOT_LEVEL:
                detail |= _margin_detail(exchange, currency, cash, gain)
            details.append(detail)
    row: Payload = dict.fromkeys(EMPTY_ACCOUNT_FIELDS, "")
    if exchange.order_service.account_level() != SPOT_LEVEL:
        row |= figures | {"upl": plain(profit)}
    return [{**row, "totalEq": plain(total), "uTime": str(exchange.clock.now_ms()), "details": details}]


def _margin_detail(exchange: Exchange, currency: str, cash: Decimal, gain: Decimal) -> Payload:
    """How a futures account shows a coin: equity with unrealised profit, and what of it is free."""
    books, price = exchange.order_service.books, exchange.market.price
    free = books.available(currency, price)
    spare = books.available_margin(price) if currency == SETTLED_IN else free
    return {
        "eq": plain(cash + gain),
        "upl": plain(gain),
        "availBal": plain(free),
        "availEq": plain(spare),
        "frozenBal": plain(cash + gain - spare),
    }


def currencies(exchange: Exchange, call: Call) -> list[Payload]:  # noqa: ARG001
    """No coin can be paid in or out here."""
    return []


def config(exchange: Exchange, call: Call) -> list[Payload]:  # noqa: ARG001
    return [
        {
            "uid": "1000000000000001",
            "mainUid": "1000000000000001",
            "acctLv": exchange.order_service.account_level(),
            "posMode": "net_mode",
            "autoLoan": False,
            "greeksType": "PA",
            "feeType": "0",
            "level": "Lv1",
            "levelTmp": "",
            "ctIsoMode": "automatic",
            "mgnIsoMode": "automatic",
            "kycLv": "3",
            "label": "simulated",
            "roleType": "0",
            "type": "0",
            "ip": "",
            "perm": "read_only,trade",
            "acctStpMode": "cancel_maker",
            "opAuth": "0",
        }
    ]


def trade_fee(exchange: Exchange, call: Call) -> list[Payload]:
    if "instType" not in call.parameters:
        raise empty_parameter("instType")
    kind, fees = call.parameters["instType"], exchange.account.fees
    if kind not in ("SPOT", "SWAP"):
        raise parameter_error("instType", "this account trades SPOT and SWAP only")
    rates = (fees.maker, fees.taker) if kind == "SPOT" else (fees.swap_maker, fees.swap_taker)
    maker, taker = (plain(-rate) for rate in rates)
    unused = dict.fromkeys(["delivery", "exercise", "makerU", "makerUSDC", "takerU", "takerUSDC"], "")
    return [
        {
            **unused,
            **({"makerU": maker, "takerU": taker} if kind == "SWAP" else {}),
            "instType": kind,
            "category": "1",
            "level": "Lv1",
            "maker": maker,
            "taker": taker,
            "ruleType": "normal",
            "feeGroup": [{"groupId": "1", "maker": maker, "taker": taker, "rpiMaker": maker}],
            "fiat": [],
            "ts": str(exchange.clock.now_ms()),
        }
    ]


def _order_row(exchange: Exchange, order: OrderRow) -> Payload:
    last = exchange.ledger.fills("ord_id = ? order by bill_id desc limit 1", order.ord_id)
    return order_row(order, last[0] if last else None)


def get_order(exchange: Exchange, call: Call) -> list[Payload]:
    asked = [call.parameters.get(name, "") for name in ("instId", "ordId", "clOrdId")]
    return [_order_row(exchange, exchange.order_service.find(OrderName(*asked)))]


def _orders(exchange: Exchange, call: Call, days: int, pending: bool, unfilled_ms: int) -> list[Payload]:
    now_ms = exchange.clock.now_ms()
    orders = list_orders(exchange.ledger, call.parameters, now_ms, days, pending, unfilled_ms)
    return [_order_row(exchange, order) for order in orders]


def orders_pending(exchange: Exchange, call: Call) -> list[Payload]:
    return _orders(exchange, call, ORDER_DAYS, pending=True, unfilled_ms=0)


def orders_history(exchange: Exchange, call: Call) -> list[Payload]:
    """Finished orders of seven days; cancelled unfilled ones show for two hours."""
    if "instType" not in call.parameters:
        raise empty_parameter("instType")
    return _orders(exchange, call, ORDER_DAYS, pending=False, unfilled_ms=CANCELLED_UNFILLED_VISIBLE_MS)


def orders_history_archive(exchange: Exchange, call: Call) -> list[Payload]:
    """Finished orders of three months; cancelled unfilled ones never show."""
    if "instType" not in call.parameters:
        raise empty_parameter("instType")
    return _orders(exchange, call, ORDER_ARCHIVE_DAYS, pending=False, unfilled_ms=-1)


def _fills(exchange: Exchange, call: Call, days: int) -> list[Payload]:
    return [
        fill_row(fill) for fill in list_fills(exchange.ledger, call.parameters, exchange.clock.now_ms(), days)
    ]


def fills(exchange: Exchange, call: Call) -> list[Payload]:
    return _fills(exchange, call, FILL_DAYS)


def fills_history(exchange: Exchange, call: Call) -> list[Payload]:
    if "instType" not in call.parameters:
        raise empty_parameter("instType")
    return _fills(exchange, call, FILL_HISTORY_DAYS)


def _bills(exchange: Exchange, call: Call, days: int) -> list[Payload]:
    found = list_bills(exchange.ledger, call.parameters, exchange.clock.now_ms(), days)
    return [bill_row(bill) for bill in found]


def bills(exchange: Exchange, call: Call) -> list[Payload]:
    """Every change of every balance of a week, newest first."""
    return _bills(exchange, call, BILL_DAYS)


def bills_archive(exchange: Exchange, call: Call) -> list[Payload]:
    """The same of three months."""
    return _bills(exchange, call, BILL_ARCHIVE_DAYS)


def account_rate_limit(exchange: Exchange, call: Call) -> list[Payload]:  # noqa: ARG001
    """Order requests in two seconds, before the ratio of fills counts: the lowest tier's."""
    unrated = dict.fromkeys(["fillRatio", "mainFillRatio", "nextAccRateLimit"], "")
    return [{**unrated, "accRateLimit": ACCOUNT_RATE_LIMIT, "ts": str(exchange.clock.now_ms())}]
