"""Funding of swaps: every eight hours, at 00, 08 and 16 UTC, at a rate that pair and hour determine.

Some swaps settle every four hours, as on OKX from one year on, eight before. Rates lie around OKX's usual one
basis point, between -3 and +5. They are drawn from a hash: the same for every run of the exchange and
independent of the tape, so nothing can be learned from them.
"""

from decimal import Decimal

from okx_simulator.protocol.clock import HOUR_MS, iso_to_ms
from okx_simulator.protocol.swaps import pair_of
from okx_simulator.tape.synthetic_parameters import stream_key

PERIOD_MS = 8 * HOUR_MS
SHORT_PERIOD_MS = 4 * HOUR_MS
SHORT_SHARE = 4  # one pair in so many
FIRST_CHANGE_YEAR, LAST_CHANGE_YEAR = 2021, 2026
ALWAYS_USUAL = ("BTC-USDT", "ETH-USDT")
USUAL_RATE = Decimal("0.0001")
WIDEST = Decimal("0.0004")
STEPS = 1_000_000
HIGHEST_RATE, LOWEST_RATE = Decimal("0.0075"), Decimal("-0.0075")


def funding_rate(inst_id: str, funding_ms: int) -> Decimal:
    """The rate of the payment at `funding_ms`: positive ones longs pay to shorts."""
    word, _ = stream_key("funding", pair_of(inst_id), funding_ms)
    share = Decimal(word % (2 * STEPS + 1) - STEPS) / STEPS
    return USUAL_RATE + WIDEST * share


def period_ms(inst_id: str, at_ms: int) -> int:
    """From the payment at or before `at_ms` to the next one."""
    pair = pair_of(inst_id)
    chosen, year = stream_key("funding period", pair)
    if pair in ALWAYS_USUAL or chosen % SHORT_SHARE:
        return PERIOD_MS
    changes = FIRST_CHANGE_YEAR + year % (LAST_CHANGE_YEAR - FIRST_CHANGE_YEAR + 1)
    return PERIOD_MS if at_ms < iso_to_ms(f"{changes}-01-01", "funding") else SHORT_PERIOD_MS


def next_funding_ms(inst_id: str, now_ms: int) -> int:
    """The first payment after `now_ms`."""
    period = period_ms(inst_id, now_ms)
    return (now_ms // period + 1) * period


def last_funding_ms(inst_id: str, now_ms: int) -> int:
    """The last payment at or before `now_ms`."""
    period = period_ms(inst_id, now_ms)
    return now_ms // period * period
