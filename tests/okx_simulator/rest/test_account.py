"""What a real client reads of its account: balances, bills, closed positions, sizes."""

from decimal import Decimal
from typing import Any

import pytest

from okx_simulator.account.bookkeeping import TAKER
from okx_simulator.exchange import Exchange
from okx_simulator.orders.requests import parse_order
from okx_simulator.protocol.calls import Call
from okx_simulator.protocol.clock import HOUR_MS, fixed
from okx_simulator.protocol.errors import ApiError, OrderRefusedError
from okx_simulator.rest.account import account_rate_limit, balance, bills, bills_archive
from okx_simulator.rest.paging import DAY_MS
from okx_simulator.rest.sizes import max_available_size, max_size
from okx_simulator.rest.swaps import positions_history

PAIR, SWAP = "ATOM-USDT", "ETH-USDT-SWAP"
# Every field of a coin that clients read from GET /account/balance (OKX's manual, 2026).
COIN_FIELDS = [
    "accAvgPx", "availBal", "availEq", "borrowFroz", "cashBal", "ccy", "clSpotInUseAmt", "coinUsdPrice",
    "colBorrAutoConversion", "collateralEnabled", "collateralRestrict", "crossLiab", "disEq", "eq", "eqUsd",
    "fixedBal", "frozenBal", "imr", "interest", "isoEq", "isoLiab", "isoUpl", "liab", "maxLoan",
    "maxSpotInUseAmt", "mgnRatio", "mmr", "notionalLever", "openAvgPx", "ordFrozen", "rewardBal", "smtSyncEq",
    "spotBal", "spotCopyTradingEq", "spotInUseAmt", "spotIsoBal", "spotUpl", "spotUplRatio", "stgyEq",
    "totalPnl", "totalPnlRatio", "twap", "uTime", "upl", "uplLiab",
]  # fmt: skip


def order(exchange: Exchange, inst_id: str, side: str, size: str) -> Any:
    mode = {"tdMode": "cross"} if inst_id.endswith("SWAP") else {"tdMode": "cash", "tgtCcy": "base_ccy"}
    sent = {"instId": inst_id, "side": side, "ordType": "market", "sz": size, **mode}
    return exchange.order_service.place(parse_order(sent), None)


def step(exchange: Exchange, hours: float) -> None:
    exchange.clock.set(fixed(exchange.clock.now_ms() + round(hours * HOUR_MS)))
    exchange.order_service.settle()


@pytest.fixture
def traded(futures: Exchange) -> Exchange:
    """A futures account that bought and sold spot, and opened, added to, reduced and closed a swap over two days."""
    for inst_id, side, size in ((PAIR, "buy", "100"), (PAIR, "sell", "40"), (SWAP, "buy", "30")):
        order(futures, inst_id, side, size)
    step(futures, 30)
    for side, size in (("buy", "10"), ("sell", "15"), ("sell", "25")):
        order(futures, SWAP, side, size)
        step(futures, 1)
    return futures


def test_every_coin_of_the_balance_has_every_field(exchange: Exchange, traded: Exchange) -> None:
    for account in (exchange, traded):
        (row,) = balance(account, Call({}))
        for detail in row["details"]:
            assert set(COIN_FIELDS) <= set(detail)
        assert {"notionalUsdForSwap", "borrowFroz", "ordFroz"} <= set(row)


def test_a_bill_names_its_instrument_its_kind_and_its_fill(traded: Exchange) -> None:
    rows = bills(traded, Call({}))
    assert sum(Decimal(row["balChg"]) for row in rows if row["ccy"] == "USDT") == traded.ledger.cash("USDT")
    known = {
        "deposit": ("1", {"11"}),
        "trade": ("2", {"1", "2"}),
        "fee": ("2", {"3", "5"}),
        "pnl": ("2", {"5"}),
        "funding": ("8", {"173", "174"}),
    }
    assert {row["notes"] for row in rows} == set(known)
    for row in rows:
        kind, sub_types = known[row["notes"]]
        assert row["type"] == kind
        assert row["subType"] in sub_types
        assert bool(row["tradeId"]) == (row["notes"] in ("trade", "fee", "pnl"))
        if row["notes"] == "deposit":
            assert [row["instId"], row["instType"]] == ["", ""]
        else:
            assert row["instType"] == ("SPOT" if row["notes"] == "trade" else "SWAP")
            assert row["instId"] == (PAIR if row["notes"] == "trade" else SWAP)


@pytest.mark.parametrize(
    ("asked", "notes"),
    [
        ({"instType": "SPOT"}, {"trade"}),
        ({"instType": "SWAP"}, {"fee", "pnl", "funding"}),
        ({"type": "8"}, {"funding"}),
        ({"type": "2", "subType": "5"}, {"fee", "pnl"}),
        ({"type": "22"}, set()),
        ({"instId": SWAP, "type": "2"}, {"fee", "pnl"}),
        ({"ccy": "ATOM"}, {"trade"}),
    ],
)
def test_bills_are_chosen_by_what_they_are_for(
    traded: Exchange, asked: dict[str, str], notes: set[str]
) -> None:
    assert {row["notes"] for row in bills(traded, Call(asked))} == notes


def test_a_type_of_instrument_that_okx_has_not_is_refused(traded: Exchange) -> None:
    assert bills(traded, Call({"instType": "OPTION"})) == []
    with pytest.raises(ApiError, match="instType"):
        bills(traded, Call({"instType": "foo"}))


def test_the_archive_keeps_bills_of_three_months(traded: Exchange) -> None:
    seen = len(bills_archive(traded, Call({})))
    step(traded, 20 * 24)
    assert bills(traded, Call({})) == []
    assert len(bills_archive(traded, Call({}))) == seen
    step(traded, 80 * 24)
    assert bills_archive(traded, Call({})) == []


def test_a_closed_position_adds_up_from_its_fills(traded: Exchange) -> None:
    (row,) = positions_history(traded, Call({"instType": "SWAP"}))
    fills = traded.ledger.fills("inst_id = ? order by bill_id", SWAP)
    bought = [fill for fill in fills if fill.side == "buy"]
    sold = [fill for fill in fills if fill.side == "sell"]

    def average(some: list[Any]) -> Decimal:
        size = sum(Decimal(fill.size) for fill in some)
        return sum(Decimal(fill.size) * Decimal(fill.price) for fill in some) / size

    assert float(row["openAvgPx"]) == pytest.approx(float(average(bought)))
    assert float(row["closeAvgPx"]) == pytest.approx(float(average(sold)))
    assert [row["openMaxPos"], row["closeTotalPos"], row["direction"]] == ["40", "40", "long"]
    changes = traded.ledger.bills("inst_id = ?", SWAP)
    assert Decimal(row["realizedPnl"]) == sum(Decimal(bill.change) for bill in changes)
    assert positions_history(traded, Call({"instId": "BTC-USDT-SWAP"})) == []
    order(traded, SWAP, "sell", "5")
    assert len(positions_history(traded, Call({}))) == 1
    order(traded, SWAP, "buy", "5")
    newest, _ = positions_history(traded, Call({}))
    assert newest["direction"] == "short"
    traded.clock.set(fixed(traded.clock.now_ms() + 91 * DAY_MS))
    assert positions_history(traded, Call({})) == []


def test_the_largest_order_is_accepted_and_a_larger_one_is_not(traded: Exchange) -> None:
    assert Decimal(max_size(traded, Call({"instId": PAIR, "tdMode": "cash"}))[0]["maxSell"]) > 59
    for inst_id in (PAIR, SWAP):
        lot = traded.market.listing(inst_id).lot
        (row,) = max_size(traded, Call({"instId": inst_id, "tdMode": "cash" if inst_id == PAIR else "cross"}))
        limit = Decimal(row["maxSell"] if inst_id == PAIR else row["maxBuy"])
        side = "sell" if inst_id == PAIR else "buy"
        with pytest.raises(OrderRefusedError):
            order(traded, inst_id, side, str(limit * Decimal("1.02") + lot))
        assert order(traded, inst_id, side, str((limit * Decimal("0.98") // lot) * lot)).state == "filled"


def test_sizes_are_asked_for_by_name_and_mode(traded: Exchange) -> None:
    free = max_available_size(traded, Call({"instId": f"{PAIR},{SWAP}", "tdMode": "cross"}))
    assert [row["instId"] for row in free] == [PAIR, SWAP]
    assert Decimal(free[0]["availSell"]) == traded.ledger.cash("ATOM")
    for missing in ({"instId": PAIR}, {"tdMode": "cash"}):
        with pytest.raises(ApiError):
            max_size(traded, Call(missing))
    with pytest.raises(ApiError):
        max_size(traded, Call({"instId": "NONE-USDT", "tdMode": "cash"}))
    assert traded.account.fees.rate(PAIR, TAKER) > 0
    assert account_rate_limit(traded, Call({}))[0]["accRateLimit"] == "1000"
