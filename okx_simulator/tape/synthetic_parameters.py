"""The numbers behind the synthetic tape: one set per pair, named pairs first, any other by hash."""

import hashlib
import re
from dataclasses import dataclass

from okx_core.errors import OkxSignalError

PAIR_NAME = re.compile(r"[A-Z0-9]{1,20}-[A-Z0-9]{1,10}")


@dataclass(frozen=True)
class PairParameters:
    """Start price in quote, beta to the market, own hourly volatility, median hourly turnover in quote."""

    start_price: float
    beta: float
    own_volatility: float
    hourly_turnover: float


NAMED_PAIRS = {
    "BTC-USDT": PairParameters(7_200.0, 0.90, 0.0030, 2.0e7),
    "ETH-USDT": PairParameters(130.0, 1.00, 0.0033, 1.2e7),
    "SOL-USDT": PairParameters(25.0, 1.15, 0.0048, 5.0e6),
    "XRP-USDT": PairParameters(0.25, 0.95, 0.0044, 4.0e6),
    "DOGE-USDT": PairParameters(0.12, 1.10, 0.0050, 3.0e6),
    "ADA-USDT": PairParameters(0.45, 1.05, 0.0044, 1.5e6),
    "AVAX-USDT": PairParameters(18.0, 1.15, 0.0048, 1.2e6),
    "LINK-USDT": PairParameters(7.5, 1.05, 0.0046, 1.0e6),
    "DOT-USDT": PairParameters(6.0, 1.05, 0.0044, 8.0e5),
    "LTC-USDT": PairParameters(60.0, 0.95, 0.0040, 9.0e5),
    "TRX-USDT": PairParameters(0.07, 0.85, 0.0038, 6.0e5),
    "ATOM-USDT": PairParameters(9.0, 1.05, 0.0046, 4.0e5),
}
DEFAULT_PAIRS = tuple(NAMED_PAIRS)


def stream_key(*parts: object) -> tuple[int, int]:
    """Two 64-bit integers that depend on every part and on nothing else."""
    digest = hashlib.blake2b(":".join(map(str, parts)).encode(), digest_size=16).digest()
    return int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little")


def pair_parameters(pair: str) -> PairParameters:
    """Parameters of `pair`; a name outside NAMED_PAIRS gets plausible ones from its hash."""
    if pair in NAMED_PAIRS:
        return NAMED_PAIRS[pair]
    if not PAIR_NAME.fullmatch(pair):
        raise OkxSignalError(f"pair {pair!r} is not a spot pair name; write it like BTC-USDT")
    first, second = stream_key("parameters", pair)
    shares = [(word >> shift & 0xFFFF) / 0xFFFF for word in (first, second) for shift in (0, 32)]
    return PairParameters(
        start_price=float(f"{10 ** (-2.0 + 4.0 * shares[0]):.4g}"),
        beta=0.75 + 0.5 * shares[1],
        own_volatility=0.0036 + 0.0018 * shares[2],
        hourly_turnover=10 ** (4.5 + 1.7 * shares[3]),
    )


def pair_names(count: int) -> tuple[str, ...]:
    """The first `count` pairs: the named ones, then SYN013-USDT, SYN014-USDT and so on."""
    further = (f"SYN{number:03d}-USDT" for number in range(len(DEFAULT_PAIRS) + 1, count + 1))
    return (*DEFAULT_PAIRS, *further)[:count]
