"""Funding of swaps: every eight hours, at 00, 08 and 16 UTC, at a rate that pair and hour determine.

Rates lie around OKX's usual one basis point, between -3 and +5. They are drawn from a hash: the same
for every run of the exchange and independent of the tape, so nothing can be learned from them.
"""

from decimal import Decimal

from okx_simulator.protocol.clock import HOUR_MS
from okx_simulator.protocol.swaps import pair_of
from okx_simulator.tape.synthetic_parameters import stream_key

PERIOD_MS = 8 * HOUR_MS
USUAL_RATE = Decimal("0.0001")
WIDEST = Decimal("0.0004")
STEPS = 1_000_000
HIGHEST_RATE, LOWEST_RATE = Decimal("0.0075"), Decimal("-0.0075")


def funding_rate(inst_id: str, funding_ms: int) -> Decimal:
    """The rate of the payment at `funding_ms`: positive ones longs pay to shorts."""
    word, _ = stream_key("funding", pair_of(inst_id), funding_ms)
    share = Decimal(word % (2 * STEPS + 1) - STEPS) / STEPS
    return USUAL_RATE + WIDEST * share


def next_funding_ms(now_ms: int) -> int:
    """The first payment after `now_ms`."""
    return (now_ms // PERIOD_MS + 1) * PERIOD_MS
