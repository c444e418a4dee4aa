"""Depth near the middle of an observed book; what lies beyond the levels served is unknown, never 0."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from okx_core.market.book_depth import depth_quote, spread_bps

MID = Decimal(100)


def test_depth_counts_price_times_size_up_to_the_reach() -> None:
    asks = [(Decimal("100.05"), Decimal(2)), (Decimal("100.1"), Decimal(1)), (Decimal("100.2"), Decimal(9))]
    assert depth_quote(asks, MID, 10) == Decimal("300.20")
    assert depth_quote(asks, MID, 1) == 0


def test_depth_beyond_the_last_level_is_unknown_and_an_empty_side_is_zero() -> None:
    assert depth_quote([(Decimal("100.05"), Decimal(2))], MID, 10) is None
    assert depth_quote([], MID, 10) == 0


@given(st.lists(st.tuples(st.integers(1, 400), st.integers(1, 50)), min_size=1, max_size=30))
def test_a_wider_reach_never_holds_less(steps: list[tuple[int, int]]) -> None:
    levels = sorted((MID - Decimal(step) / 100, Decimal(size)) for step, size in steps)[::-1]
    depths = [depth_quote(levels, MID, bps) for bps in (10, 50, 200)]
    known = [depth for depth in depths if depth is not None]
    assert known == sorted(known)
    assert depths[len(known) :] == [None] * (3 - len(known))


def test_the_spread_is_of_the_middle() -> None:
    assert spread_bps(Decimal("99.95"), Decimal("100.05")) == 10
