"""Ranges of parameters: what is no range is refused with its name, and neighbours stay inside."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from okx_core.strategies.built_in import BUILT_IN
from okx_core.strategies.ranges import Range, RangeError, parsed_range


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "9:3",
            "--vary top=9:3: the range 9:3 holds no values: give two numbers LOW:HIGH with LOW below HIGH",
        ),
        ("3:3", "holds no values"),
        ("nan:3", "holds no values"),
        ("1:inf", "holds no values"),
        ("0:3:log", "begins at 0: give a LOW above 0, or no :log"),
        ("1", "give NAME=LOW:HIGH"),
        ("1:2:3", "give NAME=LOW:HIGH"),
        ("a:b", "give NAME=LOW:HIGH or NAME=LOW:HIGH:log, such as hours=24:240:log"),
    ],
)
def test_what_is_no_range_is_refused_with_the_remedy(text, complaint) -> None:
    with pytest.raises(RangeError, match=complaint):
        parsed_range("top", text)


def test_a_range_is_read_with_its_scale() -> None:
    assert parsed_range("top", "1:6") == Range(1.0, 6.0)
    assert parsed_range("top", " 0.5:60:log") == Range(0.5, 60.0, log=True)


@given(
    st.floats(0.01, 100.0), st.floats(1.01, 50.0), st.floats(0.0, 1.0), st.booleans()
)  # fmt: skip
def test_neighbours_are_inside_and_on_both_sides_where_there_is_room(low, factor, place, log) -> None:
    held = Range(low, low * factor, log)
    value = held.rounded(low + place * (held.high - low))
    beside = held.neighbours(value, whole=False)
    assert all(held.holds(one) and one != value for one in beside)
    assert 1 <= len(beside) <= 2
    if 0.2 < place < 0.8:
        assert min(beside) < value < max(beside)


@given(st.integers(-5, 50), st.integers(1, 60), st.floats(0.0, 1.0))
def test_neighbours_of_a_whole_number_are_whole_and_another_one(low, width, place) -> None:
    held = Range(low, low + width)
    value = round(low + place * width)
    beside = held.neighbours(value, whole=True)
    assert beside
    assert all(one == int(one) and held.holds(one) and one != value for one in beside)


@pytest.mark.parametrize("name", list(BUILT_IN))
def test_every_strategy_declares_ranges_that_hold_its_defaults(name) -> None:
    strategy = BUILT_IN[name]
    spec = strategy.spec({})
    assert strategy.ranges
    for parameter, held in strategy.ranges.items():
        default = spec.parameters.get(parameter, getattr(spec.exits, parameter, None))
        assert held.holds(default), parameter
