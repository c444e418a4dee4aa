"""Serve an account that has traded, and let nautilus_trader read it: `python -m tests.conformance.nautilus PYTHON`.

PYTHON is an interpreter that has nautilus_trader; the exit code is that of reads.py.
"""

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

from okx_simulator.exchange import AccountSettings, Exchange
from okx_simulator.orders.requests import parse_order
from okx_simulator.protocol.clock import ExchangeClock
from okx_simulator.server.serve import serve_in_thread
from okx_simulator.tape.synthetic import SyntheticTape

PAIR, SWAP = "ETH-USDT", "ETH-USDT-SWAP"


def traded_account() -> Exchange:
    """An account on the real clock with coins, a swap position, fills, an open order and a cancelled one."""
    account = AccountSettings(opening_usdt=Decimal(50_000), level="2")
    exchange = Exchange(SyntheticTape((PAIR, "BTC-USDT", "ATOM-USDT")), ExchangeClock(), None, account)
    low = str(exchange.market.listing(PAIR).floor_price(exchange.market.price(PAIR) * Decimal("0.9")))
    spot = {"instId": PAIR, "side": "buy", "sz": "1", "tdMode": "cash", "tgtCcy": "base_ccy"}
    for fields in (
        {**spot, "ordType": "market"},
        {**spot, "ordType": "limit", "px": low},
        {**spot, "ordType": "ioc", "px": low},
        {**spot, "instId": SWAP, "ordType": "market", "tdMode": "cross", "side": "sell"},
    ):
        exchange.order_service.place(parse_order(fields), None)
    return exchange


def main() -> int:
    exchange = traded_account()
    with serve_in_thread(exchange) as addresses:
        script = Path(__file__).with_name("reads.py")
        ended = subprocess.run([sys.argv[1], str(script), addresses.base_url], check=False, timeout=120)
    exchange.close()
    return ended.returncode


if __name__ == "__main__":
    sys.exit(main())
