"""Looking in between changes nothing: the account is the same however often time was brought up to now."""

import json
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from okx_simulator.exchange import AccountSettings, Exchange
from okx_simulator.orders.algo_requests import parse_algo
from okx_simulator.orders.requests import parse_order
from okx_simulator.protocol.clock import HOUR_MS, ExchangeClock, fixed
from okx_simulator.protocol.errors import ApiError
from okx_simulator.protocol.swaps import is_swap
from okx_simulator.tape.synthetic import SyntheticTape
from okx_simulator.tape.synthetic_paths import EPOCH_HOUR
from tests.examples import examples

TAPE = SyntheticTape(("ETH-USDT", "ATOM-USDT"))
START_MS = (EPOCH_HOUR + 20_000) * HOUR_MS + 1
MAX_MINUTES = 3_000

instruments = st.sampled_from(["ATOM-USDT", "ETH-USDT-SWAP", "ATOM-USDT-SWAP"])
requests = st.tuples(
    st.integers(1, MAX_MINUTES),  # minutes before it
    instruments,
    st.sampled_from(["buy", "sell"]),
    st.sampled_from(["market", "limit", "limit", "attached", "stop", "oco", "trailing", "timer"]),
    st.integers(2, 40),  # distance from the last price in tenths of a percent
    st.sampled_from([200, 2_000, 60_000, 300_000]),  # value in quote
)


def send(exchange: Exchange, inst_id: str, side: str, kind: str, tenths: int, value: int) -> None:
    market = exchange.market
    grid, last = market.listing(inst_id), market.price(inst_id)
    up, down = (str(grid.floor_price(last * (1000 + away) / 1000)) for away in (tenths, -tenths))
    below, above = (down, up) if side == "buy" else (up, down)
    fields = {
        "instId": inst_id,
        "tdMode": "cross" if is_swap(inst_id) else "cash",
        "side": side,
        "sz": str(grid.floor_size(Decimal(value) / last / market.contract_value(inst_id))),
        "tgtCcy": "base_ccy",
    }
    stop = Decimal(below) * (Decimal("0.98") if side == "buy" else Decimal("1.02"))
    attached = json.dumps([{"tpTriggerPx": above, "slTriggerPx": str(grid.floor_price(stop))}])
    orders: dict[str, dict[str, str]] = {
        "market": {"ordType": "market"},
        "limit": {"ordType": "limit", "px": below},
        "attached": {"ordType": "limit", "px": below, "attachAlgoOrds": attached},
    }
    algos: dict[str, dict[str, str]] = {
        "stop": {"ordType": "conditional", "slTriggerPx": above},
        "oco": {"ordType": "oco", "slTriggerPx": above, "tpTriggerPx": below},
        "trailing": {"ordType": "move_order_stop", "callbackRatio": str(Decimal(tenths) / 1000)},
    }
    if kind in orders:
        exchange.order_service.place(parse_order(fields | orders[kind]), None)
    elif kind in algos:
        exchange.order_service.place_algo(parse_algo(fields | algos[kind], exchange.clock.now_ms()))
    else:
        exchange.order_service.cancel_all_after(120)


def played(script: list[Any], look_every_minutes: int) -> list[Any]:
    account = AccountSettings(opening_usdt=Decimal(20_000), level="2")
    exchange = Exchange(TAPE, ExchangeClock(fixed(START_MS)), None, account)
    exchange.order_service.set_leverage("ETH-USDT-SWAP", Decimal(50))
    now_ms = START_MS
    for minutes, *request in [*script, (MAX_MINUTES, "", "", "", 0, 0)]:
        for passed in range(look_every_minutes, minutes, look_every_minutes):
            exchange.clock.set(fixed(now_ms + passed * 60_000))
            exchange.order_service.settle()
        now_ms += minutes * 60_000
        exchange.clock.set(fixed(now_ms))
        exchange.order_service.settle()
        try:
            if request[0]:
                send(exchange, *request)
        except ApiError:
            continue
    ledger = exchange.ledger
    found = [ledger.orders("1 = 1"), ledger.fills("1 = 1"), ledger.algos("1 = 1"), ledger.bills("1 = 1")]
    found += [ledger.positions(), ledger.balances()]
    exchange.close()
    return found


@settings(max_examples=examples(10))
@given(st.lists(requests, min_size=1, max_size=8))
def test_looking_in_between_changes_nothing(script: list[Any]) -> None:
    assert played(script, MAX_MINUTES) == played(script, 97)
