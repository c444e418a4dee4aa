from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from okx_simulator.protocol.clock import HOUR_MS
from okx_simulator.tape.bars import Bars, path_points
from okx_simulator.tape.crossings import first_crossing

FIRST_HOUR = 400_000
START = FIRST_HOUR * HOUR_MS


def bars(*rows: tuple[float, float, float, float]) -> Bars:
    """Bars of open, high, low, close in consecutive hours."""
    columns = [np.array(column, dtype=float) for column in zip(*rows, strict=True)]
    ones = np.ones(len(rows))
    return Bars(np.arange(FIRST_HOUR, FIRST_HOUR + len(rows)), *columns, ones, ones)


def after_start(moment: int | None) -> int | None:
    return None if moment is None else moment - START


RISING = bars((100.0, 112.0, 91.0, 106.0))


@pytest.mark.parametrize(
    ("side", "price", "from_ms", "expected"),
    [
        ("buy", "100", 0, 0),
        ("buy", "91", 0, 1_200_000),
        ("buy", "90.9", 0, None),
        ("buy", "97", 0, 400_000),
        ("buy", "97", 500_000, 500_000),
        ("buy", "97", 2_000_000, None),
        ("sell", "112", 0, 2_400_000),
        ("sell", "101.5", 0, 1_800_000),
        ("sell", "106", 3_600_000, 3_600_000),
        ("sell", "112.1", 0, None),
    ],
)
def test_the_path_dips_first_in_a_rising_bar(
    side: str, price: str, from_ms: int, expected: int | None
) -> None:
    found = first_crossing(RISING, side, Decimal(price), START + from_ms, START + HOUR_MS)
    assert after_start(found) == expected


def test_a_later_bar_is_found_and_nothing_past_the_end() -> None:
    two = bars((100.0, 101.0, 99.0, 100.0), (100.0, 103.0, 95.0, 96.0))
    reached = first_crossing(two, "buy", Decimal(98), START, START + 2 * HOUR_MS)
    assert reached is not None
    assert reached > START + HOUR_MS + 1_200_000
    assert first_crossing(two, "buy", Decimal(98), START, reached) == reached
    assert first_crossing(two, "buy", Decimal(98), START, reached - 1) is None


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
    tape, limit, end = bars(*rows), Decimal(price), START + len(rows) * HOUR_MS
    at_once = first_crossing(tape, side, limit, START, end)
    in_parts, since = None, START
    for look in sorted({START + look for look in looks if START + look < end} | {end}):
        in_parts = first_crossing(tape, side, limit, since, look)
        since = look + 1
        if in_parts is not None:
            break
    assert in_parts == at_once


@given(bar_rows, st.integers(88, 112), st.integers(0, HOUR_MS))
def test_the_path_has_not_been_there_before(
    row: tuple[float, float, float, float], price: int, look: int
) -> None:
    tape = bars(row)
    found = first_crossing(tape, "buy", Decimal(price), START, START + HOUR_MS)
    times, path = path_points(tape)
    stamps = np.array([0, 1_200_000, 2_400_000, 3_600_000])
    before = look if found is None else min(look, found - START - 1)
    if before >= 0:
        assert np.interp(before, stamps, path) > price - 1e-9
    if found is not None:
        assert np.interp(found - START, stamps, path) <= price + 1e-9
    assert len(times) == len(stamps)
