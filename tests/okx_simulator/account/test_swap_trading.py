"""Swaps: contracts with margin, funding on the hour, liquidation, and the volumes in their own units."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from okx_simulator.engine.order_service import OrderName
from okx_simulator.exchange import AccountSettings, Exchange
from okx_simulator.ledger.events import Event, PositionChanged
from okx_simulator.ledger.rows import OrderRow, Purpose
from okx_simulator.market.funding import PERIOD_MS, funding_rate, next_funding_ms
from okx_simulator.orders.requests import parse_order
from okx_simulator.protocol.calls import Call
from okx_simulator.protocol.clock import HOUR_MS, ExchangeClock, fixed, iso_to_ms
from okx_simulator.protocol.errors import ApiError
from okx_simulator.protocol.swaps import contract_value
from okx_simulator.rest.account import balance
from okx_simulator.rest.public import candles, instruments, tickers, trades
from okx_simulator.rest.swaps import funding_rate as funding_rate_now
from okx_simulator.rest.swaps import (
    funding_rate_history,
    positions,
)
from okx_simulator.tape.synthetic import SyntheticTape

SWAP, PAIR = "ETH-USDT-SWAP", "ETH-USDT"
NOW_MS = iso_to_ms("2023-06-01T12:20:00Z", "test")


def order(exchange: Exchange, side: str, size: object, **fields: str) -> OrderRow:
    sent = {"instId": SWAP, "tdMode": "cross", "side": side, "ordType": "market", "sz": str(size)}
    return exchange.order_service.place(parse_order(sent | fields), None)


def step_to(exchange: Exchange, moment_ms: int) -> None:
    exchange.clock.set(fixed(moment_ms))
    exchange.order_service.settle()


def cash(exchange: Exchange) -> Decimal:
    return exchange.ledger.cash("USDT")


def the_position(exchange: Exchange) -> Any:
    (row,) = positions(exchange, Call({}))
    return row


def test_contract_values_are_powers_of_ten() -> None:
    assert [contract_value(name, 7_200.0) for name in ("BTC-USDT-SWAP", "BTC-USDT")] == [Decimal("0.01"), 1]
    assert contract_value("NEW-USDT-SWAP", 0.0321) == 1_000
    assert contract_value("NEW-USDT-SWAP", 55_000.0) == Decimal("0.001")


def test_a_swap_is_listed_beside_its_pair_in_its_own_units(futures: Exchange) -> None:
    (row,) = instruments(futures, Call({"instType": "SWAP", "instId": SWAP}))
    assert [row[name] for name in ("instId", "ctVal", "ctType", "settleCcy", "uly", "lotSz", "baseCcy")] == [
        SWAP, "0.1", "linear", "USDT", PAIR, "0.01", "",
    ]  # fmt: skip
    (spot,) = candles(futures, Call({"instId": PAIR, "bar": "1H", "limit": "1"}))
    (swap,) = candles(futures, Call({"instId": SWAP, "bar": "1H", "limit": "1"}))
    assert swap[:5] == spot[:5]
    assert Decimal(swap[5]) == Decimal(spot[5]) * 10
    assert swap[6:] == [spot[5], spot[7], spot[8]]
    by_name = {
        row["instId"]: row for kind in ("SPOT", "SWAP") for row in tickers(futures, Call({"instType": kind}))
    }
    assert by_name[SWAP]["last"] == by_name[PAIR]["last"]
    assert float(by_name[SWAP]["volCcy24h"]) == float(by_name[PAIR]["vol24h"])
    (trade,) = trades(futures, Call({"instId": SWAP, "limit": "1"}))
    assert Decimal(str(trade["sz"])) % Decimal("0.01") == 0


def test_a_spot_account_cannot_trade_swaps(exchange: Exchange) -> None:
    with pytest.raises(ApiError, match="51010"):
        order(exchange, "buy", 1)


def test_margin_profit_and_fees_of_a_round_trip(futures: Exchange) -> None:
    bought = order(futures, "buy", 100)
    price = Decimal(bought.average_price)
    fee = (price * 10 * Decimal("0.0005")).quantize(Decimal("1E-8"))
    assert [Decimal(bought.fee), bought.fee_currency, bought.leverage] == [-fee, "USDT", "3"]
    assert cash(futures) == 20_000 - fee
    row = the_position(futures)
    assert [row["pos"], row["avgPx"], row["lever"]] == ["100", bought.average_price, "3"]
    (shown,) = balance(futures, Call({}))[0]["details"]
    assert Decimal(shown["eq"]) == cash(futures) + Decimal(row["upl"])
    assert Decimal(shown["availEq"]) == Decimal(shown["eq"]) - Decimal(row["imr"])
    step_to(futures, NOW_MS + HOUR_MS)
    sold = order(futures, "sell", 100)
    profit = (Decimal(sold.average_price) - price) * 10
    assert abs(Decimal(sold.pnl) - profit) < Decimal("1E-7")
    assert cash(futures) == 20_000 + Decimal(bought.fee) + Decimal(sold.fee) + Decimal(sold.pnl)
    assert positions(futures, Call({})) == []
    (closed,) = positions(futures, Call({"instId": SWAP}))
    assert [closed["pos"], closed["pnl"]] == ["0", sold.pnl]


def test_margin_is_needed_for_what_opens_only(futures: Exchange) -> None:
    size = futures.market.listing(SWAP).floor_size(59_000 / futures.market.price(SWAP) * 10)
    with pytest.raises(ApiError, match="51008"):
        order(futures, "buy", size * 2)
    order(futures, "buy", size)
    with pytest.raises(ApiError, match="51008"):
        order(futures, "buy", 1_000)
    order(futures, "sell", size)
    assert positions(futures, Call({})) == []


def test_reduce_only_orders(futures: Exchange) -> None:
    reducing = {"reduceOnly": "true"}
    with pytest.raises(ApiError, match="51169"):
        order(futures, "sell", 1, **reducing)
    order(futures, "buy", 10)
    with pytest.raises(ApiError, match="51170"):
        order(futures, "buy", 1, **reducing)
    with pytest.raises(ApiError, match="51112"):
        order(futures, "sell", 11, **reducing)
    price = str(futures.market.listing(SWAP).ceil_price(futures.market.price(SWAP) * Decimal("1.05")))
    resting = order(futures, "sell", 10, **reducing, ordType="limit", px=price)
    assert futures.order_service.books.frozen() == {"USDT": 0}
    order(futures, "sell", 10)
    gone = futures.order_service.find(OrderName(SWAP, str(resting.ord_id)))
    assert [gone.state, gone.cancel_source] == ["canceled", "21"]


def test_funding_is_paid_at_0_8_and_16_once_whatever_the_clock_does(futures: Exchange) -> None:
    order(futures, "buy", 100)
    before, due_ms = cash(futures), next_funding_ms(SWAP, NOW_MS)
    assert due_ms == iso_to_ms("2023-06-01T16:00:00Z", "test")
    step_to(futures, due_ms - 1)
    assert cash(futures) == before
    step_to(futures, due_ms)
    value = 10 * futures.market.price(SWAP)
    paid = cash(futures) - before
    assert abs(paid + value * funding_rate(SWAP, due_ms)) <= Decimal("1E-8")
    step_to(futures, NOW_MS)
    step_to(futures, due_ms + HOUR_MS)
    assert cash(futures) == before + paid
    assert Decimal(the_position(futures)["fundingFee"]) == paid
    step_to(futures, due_ms + 2 * PERIOD_MS)
    assert [bill.changed_ms for bill in futures.ledger.bills("kind = 'funding'")] == [
        due_ms + number * PERIOD_MS for number in range(3)
    ]


def test_published_rates_are_the_ones_that_are_paid(futures: Exchange) -> None:
    (now,) = funding_rate_now(futures, Call({"instId": SWAP}))
    step_to(futures, next_funding_ms(SWAP, NOW_MS) + 1)
    past = funding_rate_history(futures, Call({"instId": SWAP, "limit": "3"}))
    assert [past[0]["fundingTime"], past[0]["realizedRate"]] == [now["fundingTime"], now["fundingRate"]]
    older = funding_rate_history(futures, Call({"instId": SWAP, "after": str(past[0]["fundingTime"])}))
    assert older[:2] == past[1:]
    assert len(older) == 270 - 1
    assert all(Decimal("-0.0003") <= Decimal(str(row["fundingRate"])) <= Decimal("0.0005") for row in older)


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_a_liquidation_comes_at_its_price_however_time_passes(tape: SyntheticTape, side: str) -> None:
    found = []
    for hours_a_step in (1, 7, 1_000):
        account = AccountSettings(opening_usdt=Decimal(20_000), level="2")
        exchange = Exchange(tape, ExchangeClock(fixed(NOW_MS)), None, account)
        exchange.order_service.set_leverage(SWAP, Decimal(100))
        size = exchange.market.listing(SWAP).floor_size(900_000 / exchange.market.price(SWAP) * 10)
        order(exchange, side, size)
        for hour in range(0, 1_001, hours_a_step):
            step_to(exchange, NOW_MS + hour * HOUR_MS)
        (last,) = exchange.ledger.orders("category = 'full_liquidation'")
        (fill,) = exchange.ledger.fills("ord_id = ?", last.ord_id)
        assert fill.trade_id < 0
        assert exchange.ledger.positions() == []
        found.append((last.created_ms, last.average_price, cash(exchange)))
        funded = sum((Decimal(bill.change) for bill in exchange.ledger.bills("kind = 'funding'")), Decimal(0))
        opened = exchange.ledger.orders("1 = 1")[0]
        equity = 20_000 + Decimal(opened.fee) + funded + Decimal(last.pnl)
        owed = size / 10 * Decimal("0.005")
        assert equity <= owed * Decimal(last.average_price)
        before = exchange.market.at(last.created_ms - 1).price(SWAP)  # the price jumps from slot to slot
        jump = size / 10 * abs(before - Decimal(last.average_price))
        assert equity + jump > owed * before - 1
        exchange.close()
    assert found[0] == found[1] == found[2]


def dip_between_fundings(tape: SyntheticTape) -> tuple[int, int]:
    """A funding hour, and a later one before the next in which the price is back from a dip of over 1.2 %."""
    first = NOW_MS // PERIOD_MS * 8
    bars = tape.bars(PAIR, first + 4_000).between(first, first + 4_000)
    for start in range(0, 4_000, 8):
        entry = float(bars.open[start])
        for hour in range(start + 1, start + 7):
            back = float(bars.close[hour])
            if back > 1.012 * bars.low[start : hour + 1].min() and back < 1.008 * entry:
                return first + start, first + hour + 1
    raise AssertionError("the tape has no such dip")


def test_a_restart_does_not_hold_later_spending_against_an_earlier_price(
    tape: SyntheticTape, tmp_path: Path
) -> None:
    """Cash spent on spot after a dip must not make the dip a margin call when the account is opened again."""
    start, recovered = dip_between_fundings(tape)
    settings = AccountSettings(level="2")
    exchange = Exchange(tape, ExchangeClock(fixed(start * HOUR_MS + 1)), tmp_path, settings)
    exchange.order_service.set_leverage(SWAP, Decimal(100))
    order(
        exchange, "buy", exchange.market.listing(SWAP).floor_size(40_000 / exchange.market.price(SWAP) * 10)
    )
    step_to(exchange, recovered * HOUR_MS)
    spend = exchange.order_service.books.available("USDT", exchange.market.price) - 1
    spot = {"instId": "ATOM-USDT", "tdMode": "cash", "tgtCcy": "quote_ccy"}
    order(exchange, "buy", spend.quantize(Decimal(1)), **spot)
    exchange.close()
    again = Exchange(tape, ExchangeClock(fixed(recovered * HOUR_MS + 1)), tmp_path, settings)
    again.order_service.settle()
    assert len(again.ledger.positions()) == 1
    again.close()


def test_the_insurance_fund_pays_what_the_account_cannot(futures: Exchange) -> None:
    with futures.ledger.transaction():
        futures.order_service.books.positions.pay(0, Decimal(-25_000), NOW_MS, Purpose("pnl"))
    assert [(bill.kind, bill.change) for bill in futures.ledger.bills("1 = 1")][1:] == [
        ("insurance", "5000"), ("pnl", "-25000"),
    ]  # fmt: skip
    assert cash(futures) == 0


def test_profit_of_an_open_position_is_realised_before_that(futures: Exchange) -> None:
    order(futures, "buy", 100)
    moment = NOW_MS
    while futures.market.at(moment).price(SWAP) < futures.market.price(SWAP) * Decimal("1.01"):
        moment += HOUR_MS
    step_to(futures, moment)
    profit = Decimal(the_position(futures)["upl"])
    due = cash(futures) + profit / 2
    with futures.ledger.transaction():
        futures.order_service.books.positions.pay(0, -due, moment, Purpose("funding"))
    assert [bill.kind for bill in futures.ledger.bills("1 = 1")][-2:] == ["settlement", "funding"]
    assert cash(futures) == profit - profit / 2
    assert abs(Decimal(the_position(futures)["upl"])) < Decimal("1E-7")


def test_a_position_is_told_of(futures: Exchange) -> None:
    received: list[Event] = []
    futures.events.subscribe(received.append)
    order(futures, "buy", 1)
    assert [event.position.size for event in received if isinstance(event, PositionChanged)] == ["1"]
