"""The simulator killed with orders on their way: what it acknowledged it has, and its books are straight."""

import re
import subprocess
import sys
import threading
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


def started(home: Path) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-m", "okx_simulator", "--port", "0", "--admin-port", "0"]
    command += ["--home", str(home), "--pairs", PAIR, "--no-rate-limits"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    found = re.search(r"exchange (\S+)", process.stdout.readline())
    assert found
    return process, found[1]


def trade_until_it_dies(url: str, key: tuple[str, str, str], run: int) -> tuple[set[str], set[str]]:
    """Client ids of orders and of cancellations that were acknowledged."""
    placed, cancelled = set(), set()
    with TradeAPI(*key, flag="0", domain=url) as trade:
        try:
            for number in range(100_000):
                kind = {"ordType": "market", "tgtCcy": "base_ccy"} if number % 3 else {"ordType": "limit"}
                name = f"run{run}n{number}"
                answer = trade.place_order(PAIR, "cash", "buy", sz="1", px="0.5", clOrdId=name, **kind)
                assert answer["code"] == "0", answer
                placed.add(name)
                if number % 6 == 0:
                    assert trade.cancel_order(PAIR, clOrdId=name)["code"] == "0"
                    cancelled.add(name)
        except httpx.TransportError:
            return placed, cancelled
    raise AssertionError("it never died")


@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
def test_what_was_acknowledged_survives_a_kill(tmp_path: Path, key: tuple[str, str, str]) -> None:
    placed: set[str] = set()
    cancelled: set[str] = set()
    for run in range(2):
        process, url = started(tmp_path)
        timer = threading.Timer(1.5, process.kill)
        timer.start()
        try:
            known, gone = trade_until_it_dies(url, key, run)
        finally:
            timer.cancel()
            process.kill()
            process.communicate()
        assert len(known) > 20
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
    timer = threading.Timer(1.5, process.kill)
    timer.start()
    waiting, gone = set(), set()
    order = {
        "instId": PAIR,
        "tdMode": "cash",
        "side": "sell",
        "ordType": "trigger",
        "sz": "1",
        "triggerPx": "900",
    }
    try:
        with TradeAPI(*key, flag="0", domain=url) as trade:
            for number in range(100_000):
                (made,) = trade.place_algo_order(**order, orderPx="-1", algoClOrdId=f"n{number}")["data"]
                waiting.add(made["algoId"])
                assert made["sCode"] == "0", made
                if number % 2:
                    assert (
                        trade.cancel_algo_order([{"instId": PAIR, "algoId": made["algoId"]}])["code"] == "0"
                    )
                    gone.add(made["algoId"])
    except httpx.TransportError:
        assert len(waiting) > 10
    finally:
        timer.cancel()
        process.kill()
        process.communicate()
    exchange = Exchange(SyntheticTape((PAIR,)), ExchangeClock(), tmp_path)
    states = {str(algo.algo_id): algo.state for algo in exchange.ledger.algos("1 = 1")}
    exchange.close()
    assert waiting <= set(states)
    assert all(states[algo_id] == "canceled" for algo_id in gone)
