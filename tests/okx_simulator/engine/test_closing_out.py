"""A delisting leaves nothing standing: orders go, positions close at the last price, coins keep their value."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from okx_simulator.exchange import AccountSettings, Exchange
from okx_simulator.faults.rules import parse_rules
from okx_simulator.market.prices import DELISTED_AFTER_HOURS
from okx_simulator.orders.algo_requests import parse_algo
from okx_simulator.orders.requests import parse_order
from okx_simulator.protocol.calls import Call
from okx_simulator.protocol.clock import HOUR_MS, ExchangeClock, fixed
from okx_simulator.rest.account import balance
from okx_simulator.tape.bars import Tape
from okx_simulator.tape.recorded import RecordedTape

GONE, STAYS = "OLD-USDT", "BTC-USDT"


@pytest.fixture
def tape(tmp_path: Path) -> RecordedTape:
    """OLD trades for 60 hours, BTC for 300."""
    frames = []
    for pair, hours in ((GONE, 60), (STAYS, 300)):
        close = 100.0 + np.arange(hours) % 7
        opens = pd.date_range("2024-01-01", periods=hours, freq="h", tz="UTC")
        prices = {"open": close, "high": close + 1.0, "low": close - 1.0, "close": close, "volume": 1e5}
        frames.append(pd.DataFrame({"pair": pair, "timestamp_utc": opens, **prices}))
    pd.concat(frames).to_parquet(tmp_path / "tape.parquet")
    return RecordedTape(tmp_path / "tape.parquet")


def holding(tape: Tape) -> Exchange:
    """An account with coins, a swap position, a resting order and a stop in each pair."""
    clock = ExchangeClock(fixed((tape.start_hour + 40) * HOUR_MS))
    exchange = Exchange(tape, clock, None, AccountSettings(level="2"), rate_limits=False)
    for pair in (GONE, STAYS):
        cash = {"tdMode": "cash", "tgtCcy": "base_ccy"}
        spot = {"instId": pair, "side": "buy", "ordType": "market", "sz": "10", **cash}
        swap = {**spot, "instId": f"{pair}-SWAP", "sz": "5", "tdMode": "cross"}
        resting = {**spot, "ordType": "limit", "px": "99", "sz": "1"}
        for fields in (spot, swap, resting):
            exchange.order_service.place(parse_order(fields), None)
        stop = {"instId": pair, "side": "sell", "ordType": "conditional", "sz": "1", "slTriggerPx": "50"}
        request = {**stop, "slOrdPx": "-1", **cash}
        exchange.order_service.place_algo(parse_algo(request, clock.now_ms()))
    return exchange


def left(exchange: Exchange) -> list[set[str]]:
    ledger = exchange.ledger
    rows = (ledger.open_orders(), ledger.live_algos(), ledger.positions())
    return [{row.inst_id for row in some} for some in rows]


def test_when_the_bars_of_a_pair_have_ended_its_orders_and_positions_end_too(tape: RecordedTape) -> None:
    exchange = holding(tape)
    assert [len(some) for some in left(exchange)] == [2, 2, 2]
    exchange.clock.set(fixed((tape.start_hour + 61 + DELISTED_AFTER_HOURS) * HOUR_MS))
    exchange.order_service.settle()
    assert all(not any(name.startswith("OLD") for name in some) for some in left(exchange))
    (closed,) = exchange.ledger.orders("category = 'delivery'")
    last = tape.bars(GONE, 10**9).close[-1]
    assert [closed.inst_id, Decimal(closed.average_price)] == [f"{GONE}-SWAP", Decimal(str(last))]


def test_a_delisting_by_fault_does_the_same_and_the_coin_keeps_its_value(tape: RecordedTape) -> None:
    exchange = holding(tape)
    exchange.faults.add(parse_rules({"kind": "delisted", "instId": GONE}))
    exchange.faults.add(parse_rules({"kind": "delisted", "instId": f"{GONE}-SWAP"}))
    exchange.clock.set(fixed(exchange.clock.now_ms() + 1_000))
    exchange.order_service.settle()
    assert all(not any(name.startswith("OLD") for name in some) for some in left(exchange))
    assert left(exchange)[2] == {f"{STAYS}-SWAP"}
    (row,) = balance(exchange, Call({"ccy": "OLD"}))
    assert Decimal(row["details"][0]["eqUsd"]) > 900
    assert Decimal(row["details"][0]["cashBal"]) == exchange.ledger.cash("OLD")
