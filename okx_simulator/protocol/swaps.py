"""Perpetual swaps of the simulated exchange: for every USDT pair of the tape also <BASE>-USDT-SWAP.

A swap is linear, margined and settled in USDT, and counts contracts of a fixed amount of base, in steps
of a hundredth. Its price is the tape's own path: the basis to spot is zero, so last, index and mark are
one and the same price. Funding rates are a function of the pair and the hour (see funding).
"""

import math
from decimal import Decimal

SUFFIX = "-SWAP"
SETTLED_IN = "USDT"
CONTRACT_LOT = Decimal("0.01")
MAX_LEVERAGE = Decimal(100)
# OKX's own contract values, in base; a coin outside this list gets the power of ten worth 10 to 100 quote
# at the first price of the tape.
CONTRACT_VALUES = {
    "BTC": "0.01",
    "ETH": "0.1",
    "SOL": "1",
    "XRP": "100",
    "DOGE": "1000",
    "ADA": "100",
    "AVAX": "1",
    "LINK": "1",
    "DOT": "1",
    "LTC": "1",
    "TRX": "1000",
    "ATOM": "1",
}


def is_swap(inst_id: str) -> bool:
    return inst_id.endswith(SUFFIX)


def pair_of(inst_id: str) -> str:
    """The pair on the tape whose path the instrument follows: itself for spot."""
    return inst_id.removesuffix(SUFFIX)


def swap_of(pair: str) -> str:
    return pair + SUFFIX


def has_swap(pair: str) -> bool:
    return pair.endswith(f"-{SETTLED_IN}")


def contract_value(inst_id: str, first_price: float) -> Decimal:
    """Base per contract; one for spot, whose sizes are base already."""
    if not is_swap(inst_id):
        return Decimal(1)
    base = inst_id.partition("-")[0]
    if base in CONTRACT_VALUES:
        return Decimal(CONTRACT_VALUES[base])
    return Decimal(1).scaleb(math.floor(2 - math.log10(first_price)))
