from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from okx_simulator.protocol.clock import HOUR_MS
from okx_simulator.tape.bars import Bars
from okx_simulator.tape.crossings import first_crossing
from okx_simulator.tape.hour_path import SLOT_MS, SLOTS, Context, HourPaths
from okx_simulator.tape.tape_paths import SLOT_STARTS, Stretch

FIRST_HOUR = 400_000
START = FIRST_HOUR * HOUR_MS
PATHS = HourPaths(seed=1, comovement=0.0)


def stretch(*rows: tuple[float, float, float, float]) -> Stretch:
    """The path of bars of open, high, low, close in consecutive hours."""
    columns = [np.array(column, dtype=float) for column in zip(*rows, strict=True)]
    ones = np.ones(len(rows))
    bars = Bars(np.arange(FIRST_HOUR, FIRST_HOUR + len(rows)), *columns, ones, ones)
    return Stretch(bars, lambda bar: PATHS.of("A-USDT", bar, 0.01, Context(0.01, 1.0)))


@pytest.mark.parametrize(
    ("side", "price", "reached"),
    [
        ("buy", "91", True),
        ("buy", "90.9", False),
        ("sell", "112", True),
        ("sell", "112.1", False),
        ("buy", "100", True),
        ("sell", "106", True),
    ],
)
def test_what_the_bar_reaches_is_reached_and_nothing_else(side: str, price: str, reached: bool) -> None:
    rising = stretch((100.0, 112.0, 91.0, 106.0))
    found = first_crossing(rising, side, Decimal(price), START, START + HOUR_MS)
    assert (found is not None) == reached


def test_a_later_bar_is_found_and_nothing_past_the_end() -> None:
    two = stretch((100.0, 101.0, 99.0, 100.0), (100.0, 103.0, 95.0, 96.0))
    reached = first_crossing(two, "buy", Decimal(98), START, START + 2 * HOUR_MS)
    assert reached is not None
    assert reached > START + HOUR_MS
    assert first_crossing(two, "buy", Decimal(98), START, reached) == reached
    assert first_crossing(two, "buy", Decimal(98), START, reached - 1) is None
    late = first_crossing(two, "buy", Decimal(98), START + 2 * HOUR_MS - 1, START + 3 * HOUR_MS)
    assert late == START + 2 * HOUR_MS - 1


prices = st.integers(90, 110).map(float)
bar_rows = st.tuples(prices, prices, prices, prices).map(
    lambda four: (four[0], max(four), min(four), four[3])
)


@given(
    st.lists(bar_rows, min_size=1, max_size=3),
    st.sampled_from(["buy", "sell"]),
    st.integers(88, 112),
    st.lists(st.integers(1, 3 * HOUR_MS), max_size=5),
)
def test_looking_more_often_changes_nothing(
    rows: list[tuple[float, float, float, float]], side: str, price: int, looks: list[int]
) -> None:
    path, limit, end = stretch(*rows), Decimal(price), START + len(rows) * HOUR_MS
    at_once = first_crossing(path, side, limit, START, end)
    in_parts, since = None, START
    for look in sorted({START + look for look in looks if START + look < end} | {end}):
        in_parts = first_crossing(path, side, limit, since, look)
        since = look + 1
        if in_parts is not None:
            break
    assert in_parts == at_once


@given(bar_rows, st.integers(88, 112), st.integers(0, HOUR_MS - 1))
def test_the_moment_is_the_first_slot_at_that_price_or_better(
    row: tuple[float, float, float, float], price: int, from_ms: int
) -> None:
    one = stretch(row)
    found = first_crossing(one, "buy", Decimal(price), START + from_ms, START + HOUR_MS)
    path = one.path_of(one.bars).prices
    under_way = from_ms // SLOT_MS
    reached = [slot for slot in range(under_way, SLOTS) if path[slot] <= price * (1 + 1e-12)]
    expected = max(START + int(SLOT_STARTS[reached[0]]), START + from_ms) if reached else None
    assert found == expected
