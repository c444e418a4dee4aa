"""Leverage, closing, price bands and the dead man's switch, as the account holder asks for them."""

from decimal import Decimal
from typing import Any

import pytest

from okx_simulator.engine.order_service import OrderName
from okx_simulator.exchange import Exchange
from okx_simulator.ledger.rows import OrderRow
from okx_simulator.orders.algo_requests import parse_algo
from okx_simulator.orders.requests import parse_order
from okx_simulator.protocol.calls import Call
from okx_simulator.protocol.clock import HOUR_MS, fixed, iso_to_ms
from okx_simulator.protocol.errors import ApiError
from okx_simulator.rest.account import trade_fee
from okx_simulator.rest.swaps import (
    cancel_all_after,
    close_position,
    leverage_info,
    positions,
    price_limit,
    set_account_level,
    set_leverage,
    set_position_mode,
)

SWAP, PAIR = "ETH-USDT-SWAP", "ETH-USDT"
NOW_MS = iso_to_ms("2023-06-01T12:20:00Z", "test")


def order(exchange: Exchange, side: str, size: object, **fields: str) -> OrderRow:
    sent = {"instId": SWAP, "tdMode": "cross", "side": side, "ordType": "market", "sz": str(size)}
    return exchange.order_service.place(parse_order(sent | fields), None)


def step_to(exchange: Exchange, moment_ms: int) -> None:
    exchange.clock.set(fixed(moment_ms))
    exchange.order_service.settle()


def the_position(exchange: Exchange) -> Any:
    (row,) = positions(exchange, Call({}))
    return row


def test_leverage_and_position_mode(futures: Exchange) -> None:
    order(futures, "buy", 500)
    assert set_leverage(futures, Call({"instId": SWAP, "lever": "7", "mgnMode": "cross"}))[0]["lever"] == "7"
    assert leverage_info(futures, Call({"instId": SWAP, "mgnMode": "cross"}))[0]["lever"] == "7"
    assert the_position(futures)["lever"] == "7"
    assert set_position_mode(futures, Call({"posMode": "net_mode"})) == [{"posMode": "net_mode"}]
    for refused, fields in (
        (set_leverage, {"instId": SWAP, "lever": "101", "mgnMode": "cross"}),
        (set_leverage, {"instId": SWAP, "lever": "3", "mgnMode": "isolated"}),
        (set_position_mode, {"posMode": "long_short_mode"}),
        (leverage_info, {"mgnMode": "cross"}),
    ):
        with pytest.raises(ApiError):
            refused(futures, Call(fields))
    size = futures.market.listing(SWAP).floor_size(100_000 / futures.market.price(SWAP) * 10)
    order(futures, "buy", size)
    with pytest.raises(ApiError, match="59108"):
        set_leverage(futures, Call({"instId": SWAP, "lever": "1", "mgnMode": "cross"}))
    assert the_position(futures)["lever"] == "7"


def test_close_position_with_and_without_orders_in_the_way(futures: Exchange) -> None:
    closing = Call({"instId": SWAP, "mgnMode": "cross"})
    with pytest.raises(Exception, match="All operations failed"):
        close_position(futures, closing)
    order(futures, "sell", 10)
    price = str(futures.market.listing(SWAP).floor_price(futures.market.price(SWAP) * Decimal("0.95")))
    order(futures, "buy", 5, ordType="limit", px=price)
    with pytest.raises(Exception, match="All operations failed"):
        close_position(futures, closing)
    close_position(futures, Call({"instId": SWAP, "mgnMode": "cross", "autoCxl": "true"}))
    assert [futures.ledger.positions(), futures.ledger.open_orders()] == [[], []]


def test_all_of_the_position_closes_with_a_fraction_of_one(futures: Exchange) -> None:
    order(futures, "buy", 10)
    price = str(futures.market.listing(SWAP).floor_price(futures.market.price(SWAP) * Decimal("0.99")))
    stop = {"instId": SWAP, "tdMode": "cross", "side": "sell", "ordType": "conditional", "closeFraction": "1"}
    futures.order_service.place_algo(parse_algo({**stop, "slTriggerPx": price}, NOW_MS))
    order(futures, "buy", 7)
    step_to(futures, NOW_MS + 400 * HOUR_MS)
    assert [futures.ledger.algos("1 = 1")[0].actual_size, futures.ledger.positions()] == ["17", []]


@pytest.mark.parametrize(
    ("inst_id", "side", "code"),
    [(SWAP, "buy", "51006"), (SWAP, "sell", "51006"), (PAIR, "buy", "51137"), (PAIR, "sell", "51138")],
)
def test_a_price_beyond_the_band_is_refused_or_clipped(
    futures: Exchange, inst_id: str, side: str, code: str
) -> None:
    (band,) = price_limit(futures, Call({"instId": inst_id}))
    edge = Decimal(str(band["buyLmt"] if side == "buy" else band["sellLmt"]))
    tick = futures.market.listing(inst_id).tick
    beyond = edge + tick if side == "buy" else edge - tick
    fields = {
        "instId": inst_id,
        "tdMode": "cross" if inst_id == SWAP else "cash",
        "ordType": "limit",
        "px": str(beyond),
    }
    if inst_id == PAIR and side == "sell":
        futures.order_service.place(
            parse_order({**fields, "side": "buy", "ordType": "market", "sz": "500"}), None
        )
    with pytest.raises(ApiError, match=code):
        order(futures, side, 1, **fields)
    assert Decimal(order(futures, side, 1, **fields, pxAmendType="1").price) == edge


def test_the_dead_mans_switch_cancels_what_is_not_filled_by_then(futures: Exchange) -> None:
    market = futures.market
    last = market.price(PAIR)
    at_once, never = (market.listing(PAIR).floor_price(last * Decimal(share)) for share in ("0.99999", "0.5"))
    fields = {"instId": PAIR, "tdMode": "cash", "ordType": "limit"}
    filled = order(futures, "buy", "0.1", **fields, px=str(at_once))
    kept = order(futures, "buy", "0.1", **fields, px=str(never))
    (answer,) = cancel_all_after(futures, Call({"timeOut": "60"}))
    assert int(str(answer["triggerTime"])) == NOW_MS + 60_000
    step_to(futures, NOW_MS + 59_999)
    assert futures.order_service.find(OrderName(PAIR, str(kept.ord_id))).state == "live"
    step_to(futures, NOW_MS + HOUR_MS)
    gone = futures.order_service.find(OrderName(PAIR, str(kept.ord_id)))
    assert [gone.state, gone.cancel_source, gone.updated_ms] == ["canceled", "20", NOW_MS + 60_000]
    assert futures.order_service.find(OrderName(PAIR, str(filled.ord_id))).state in ("filled", "canceled")
    cancel_all_after(futures, Call({"timeOut": "10"}))
    assert cancel_all_after(futures, Call({"timeOut": "0"}))[0]["triggerTime"] == "0"
    later = order(futures, "buy", "0.1", **fields, px=str(never))
    step_to(futures, NOW_MS + 2 * HOUR_MS)
    assert futures.order_service.find(OrderName(PAIR, str(later.ord_id))).state == "live"
    for wrong in ("9", "121", "x"):
        with pytest.raises(ApiError):
            cancel_all_after(futures, Call({"timeOut": wrong}))


def test_fees_of_both_kinds(futures: Exchange) -> None:
    rows = [trade_fee(futures, Call({"instType": kind}))[0] for kind in ("SPOT", "SWAP")]
    assert [(row["maker"], row["taker"]) for row in rows] == [("-0.0008", "-0.001"), ("-0.0002", "-0.0005")]


def test_the_account_is_switched_to_futures_mode_and_back_when_nothing_is_open(exchange: Exchange) -> None:
    assert set_account_level(exchange, Call({"acctLv": "2"})) == [{"acctLv": "2"}]
    order(exchange, "buy", 1)
    with pytest.raises(ApiError, match="59000"):
        set_account_level(exchange, Call({"acctLv": "1"}))
    close_position(exchange, Call({"instId": SWAP, "mgnMode": "cross"}))
    set_account_level(exchange, Call({"acctLv": "1"}))
    with pytest.raises(ApiError, match="51010"):
        order(exchange, "buy", 1)
    with pytest.raises(ApiError, match="51000"):
        set_account_level(exchange, Call({"acctLv": "3"}))
