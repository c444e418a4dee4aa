"""The simulator killed with orders on their way: what it acknowledged it has, and its books are straight."""

import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from okx.Trade import TradeAPI

from okx_simulator.exchange import Exchange
from okx_simulator.ledger.ledger import Ledger
from okx_simulator.protocol.clock import ExchangeClock
from okx_simulator.tape.synthetic import SyntheticTape

PAIR = "ATOM-USDT"
FIRST = 20


def started(home: Path) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-m", "okx_simulator", "--port", "0", "--admin-port", "0"]
    command += ["--home", str(home), "--pairs", PAIR, "--no-rate-limits"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    found = re.search(r"exchange (\S+)", process.stdout.readline())
    assert found
    return process, found[1]


class KilledSoon:
    """Kills the process a moment after it has acknowledged `FIRST` requests, while others are on their way."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.acknowledged = 0

    def acknowledge(self) -> None:
        self.acknowledged += 1
        if self.acknowledged == FIRST:
            threading.Timer(0.2, self.process.kill).start()


def until_killed(request: Callable[[int], None], soon: KilledSoon) -> None:
    """Sends one request after the other until the process is gone; fails if it outlives them."""
    try:
        for number in range(100_000):
            request(number)
            soon.acknowledge()
    except httpx.TransportError:
        return
    pytest.fail("it was never killed")


def trade_until_killed(
    url: str, key: tuple[str, str, str], run: int, soon: KilledSoon
) -> tuple[set[str], set[str]]:
    """Client ids of orders and of cancellations that were acknowledged."""
    placed, cancelled = set(), set()

    def place(number: int) -> None:
        kind = {"ordType": "market", "tgtCcy": "base_ccy"} if number % 3 else {"ordType": "limit"}
        name = f"run{run}n{number}"
        answer = trade.place_order(PAIR, "cash", "buy", sz="1", px="0.5", clOrdId=name, **kind)
        assert answer["code"] == "0", answer
        placed.add(name)
        if number % 6 == 0:
            assert trade.cancel_order(PAIR, clOrdId=name)["code"] == "0"
            cancelled.add(name)

    with TradeAPI(*key, flag="0", domain=url) as trade:
        until_killed(place, soon)
    return placed, cancelled


@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
def test_what_was_acknowledged_survives_a_kill(tmp_path: Path, key: tuple[str, str, str]) -> None:
    placed: set[str] = set()
    cancelled: set[str] = set()
    for run in range(2):
        process, url = started(tmp_path)
        try:
            known, gone = trade_until_killed(url, key, run, KilledSoon(process))
            assert process.wait(10) == -signal.SIGKILL
        finally:
            process.kill()
            process.communicate()
        assert len(known) >= FIRST
        assert gone
        placed, cancelled = placed | known, cancelled | gone
    exchange = Exchange(SyntheticTape((PAIR,)), ExchangeClock(), tmp_path)
    check_books(exchange.ledger, placed, cancelled)
    exchange.close()


def check_books(ledger: Ledger, placed: set[str], cancelled: set[str]) -> None:
    orders, fills = ledger.orders("1 = 1"), ledger.fills("1 = 1")
    assert placed <= {order.client_order_id for order in orders}
    assert cancelled <= {order.client_order_id for order in orders if order.state == "canceled"}
    size = sum((Decimal(fill.size) for fill in fills), Decimal(0))
    paid = sum((Decimal(fill.size) * Decimal(fill.price) for fill in fills), Decimal(0))
    fees = sum((Decimal(fill.fee) for fill in fills), Decimal(0))
    assert ledger.cash("USDT") == Decimal(10_000) - paid
    assert ledger.cash("ATOM") == size + fees
    assert size == sum((Decimal(order.filled_base) for order in orders), Decimal(0))


@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
def test_acknowledged_algo_orders_survive_a_kill(tmp_path: Path, key: tuple[str, str, str]) -> None:
    process, url = started(tmp_path)
    soon = KilledSoon(process)
    waiting, gone = set(), set()
    order = {
        "instId": PAIR,
        "tdMode": "cash",
        "side": "sell",
        "ordType": "trigger",
        "sz": "1",
        "triggerPx": "900",
    }

    def place(number: int) -> None:
        (made,) = trade.place_algo_order(**order, orderPx="-1", algoClOrdId=f"n{number}")["data"]
        assert made["sCode"] == "0", made
        waiting.add(made["algoId"])
        if number % 2:
            cancelled = trade.cancel_algo_order([{"instId": PAIR, "algoId": made["algoId"]}])
            assert cancelled["code"] == "0", cancelled
            gone.add(made["algoId"])

    try:
        with TradeAPI(*key, flag="0", domain=url) as trade:
            until_killed(place, soon)
        assert process.wait(10) == -signal.SIGKILL
    finally:
        process.kill()
        process.communicate()
    assert len(waiting) >= FIRST
    assert gone
    exchange = Exchange(SyntheticTape((PAIR,)), ExchangeClock(), tmp_path)
    states = {str(algo.algo_id): algo.state for algo in exchange.ledger.algos("1 = 1")}
    exchange.close()
    assert waiting <= set(states)
    assert {states[algo_id] for algo_id in gone} == {"canceled"}
