"""Funding times: eight hours apart, of some swaps four, and a swap may change."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from okx_simulator.market.funding import (
    PERIOD_MS,
    SHORT_PERIOD_MS,
    last_funding_ms,
    next_funding_ms,
    period_ms,
)
from okx_simulator.protocol.clock import HOUR_MS, iso_to_ms
from okx_simulator.tape.synthetic_parameters import pair_names

START_MS, END_MS = iso_to_ms("2020-01-01", "test"), iso_to_ms("2027-01-01", "test")
NAMES = pair_names(60)
moments = st.integers(START_MS, END_MS)


@given(st.sampled_from(NAMES), moments)
def test_the_next_payment_is_the_first_after_now_and_the_last_the_newest_up_to_now(
    pair: str, now_ms: int
) -> None:
    last, due = last_funding_ms(f"{pair}-SWAP", now_ms), next_funding_ms(f"{pair}-SWAP", now_ms)
    assert last <= now_ms < due
    assert due - last in (PERIOD_MS, SHORT_PERIOD_MS)
    assert next_funding_ms(f"{pair}-SWAP", last) == due
    assert last_funding_ms(f"{pair}-SWAP", due) == due


def test_some_swaps_settle_more_often_and_change_once() -> None:
    changing = []
    for pair in NAMES:
        periods = [period_ms(f"{pair}-SWAP", moment) for moment in range(START_MS, END_MS, 24 * HOUR_MS)]
        changes = sum(one != other for one, other in pairwise(periods))
        assert changes <= 1
        changing += [pair] * changes
    assert 5 <= len(changing) <= 25
    assert not {"BTC-USDT", "ETH-USDT"} & set(changing)
