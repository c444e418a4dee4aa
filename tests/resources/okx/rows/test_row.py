"""Rows and the wire: what is read is written back to the letter, and what cannot be read is named."""

import dataclasses
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.okx.errors import ParsingError
from resources.okx.rows import account, algo, instruments, market, orders, positions
from resources.okx.rows.fields import (
    Where,
    flag,
    flag_text,
    moment,
    number,
    positive,
    text,
    texts,
    whole,
    whole_text,
)
from resources.okx.rows.row import ListRow, Row, parse_rows, row, rows, wires_of


@dataclass(frozen=True, kw_only=True)
class Leg(ListRow):
    price: Decimal = number("px", required=True)
    size: Decimal | None = number("sz")


@dataclass(frozen=True, kw_only=True)
class Inner(Row):
    name: str = text("name")
    size: Decimal | None = positive("sz")


@dataclass(frozen=True, kw_only=True)
class Sample(Row):
    inst_id: str = text("instId", required=True)
    price: Decimal | None = number("px")
    at: datetime | None = moment("ts")
    code: int | None = whole("code")
    count: int | None = whole_text("count")
    is_open: bool | None = flag("open")
    is_reduced: bool | None = flag_text("reduceOnly")
    names: tuple[str, ...] = texts("names")
    inner: Inner | None = row("inner", Inner)
    inners: tuple[Inner, ...] = rows("inners", Inner)
    legs: tuple[Leg, ...] = rows("legs", Leg)


NOTHING = st.sampled_from(["", None])
NUMBERS = st.one_of(
    st.from_regex(r"-?[0-9]{1,12}(\.[0-9]{1,18})?", fullmatch=True),
    st.from_regex(r"-?[0-9](\.[0-9]{1,4})?[eE][-+]?[0-9]{1,2}", fullmatch=True),
)
POSITIVE = st.from_regex(r"[1-9][0-9]{0,8}(\.[0-9]{1,9})?", fullmatch=True)
TIMES = st.integers(0, 9_999_999_999_999).map(str)
WHOLES = st.integers(-(2**53), 2**53)
FLAGS = st.one_of(st.booleans(), st.sampled_from(["true", "false"]))
TEXTS = st.text(max_size=8)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(TEXTS, inside, max_size=3),
    max_leaves=5,
)
INNER = st.fixed_dictionaries(
    {}, optional={"name": TEXTS | NOTHING, "sz": POSITIVE | NOTHING, "new": ANYTHING}
)
LEG = st.tuples(NUMBERS, NUMBERS | NOTHING).map(list) | st.tuples(NUMBERS, NUMBERS, ANYTHING).map(list)
SAMPLE = st.fixed_dictionaries(
    {"instId": st.text(min_size=1, max_size=8)},
    optional={
        "px": NUMBERS | NOTHING,
        "ts": TIMES | NOTHING,
        "code": WHOLES | WHOLES.map(str) | NOTHING,
        "count": WHOLES | WHOLES.map(str) | NOTHING,
        "open": FLAGS | NOTHING,
        "reduceOnly": FLAGS | NOTHING,
        "names": st.lists(TEXTS, max_size=3) | NOTHING,
        "inner": INNER | NOTHING,
        "inners": st.lists(INNER, max_size=3) | NOTHING,
        "legs": st.lists(LEG, max_size=3) | NOTHING,
        "addedByOkxYesterday": ANYTHING,
    },
)


@given(SAMPLE)
def test_every_row_of_the_declared_kinds_is_written_back_to_the_letter(raw: dict[str, Any]) -> None:
    parsed = Sample.parse(raw)
    again = parsed.to_wire()
    assert again == raw
    assert {key: type(value) for key, value in again.items()} == {key: type(raw[key]) for key in raw}
    assert Sample.parse(again) == parsed


KINDS = [
    kind
    for module in (account, algo, instruments, market, orders, positions)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, Row) and kind.__module__ == module.__name__
]
BY_WANTED = {
    "some text": st.text(min_size=1, max_size=8),
    "a number": NUMBERS,
    "a number above zero": POSITIVE,
    "a time in milliseconds": TIMES,
    "a whole number": WHOLES | WHOLES.map(str),
    "true or false": FLAGS,
    "a list of texts": st.lists(TEXTS, max_size=2),
}


@given(st.sampled_from(KINDS), st.data())
def test_every_kind_of_row_we_know_is_written_back_to_the_letter(kind: type[Row], data: Any) -> None:
    raw: dict[str, Any] = {}
    for _, wire in wires_of(kind):
        if wire.wanted in BY_WANTED:
            value = BY_WANTED[wire.wanted]
            raw[wire.key] = data.draw(value if wire.required else value | NOTHING, label=wire.key)
        elif wire.wanted == "a list":
            raw[wire.key] = []
    sent: Any = list(raw.values()) if issubclass(kind, ListRow) else raw
    parsed = kind.parse(sent)
    assert parsed.to_wire() == sent
    assert not parsed.extra


@pytest.mark.parametrize("kind", KINDS)
def test_every_key_is_declared_once(kind: type[Row]) -> None:
    keys = [wire.key for _, wire in wires_of(kind)]
    assert len(keys) == len(set(keys)) > 0


def test_values_have_their_types() -> None:
    parsed = Sample.parse(
        {
            "instId": "X", "px": "1E-8", "ts": "1548133413000", "code": 7, "count": "3", "open": True,
            "reduceOnly": "false", "names": ["a"], "legs": [["1", "2"]], "inner": {"sz": "1.50"},
        }
    )  # fmt: skip
    assert (parsed.price, parsed.code, parsed.count) == (Decimal("0.00000001"), 7, 3)
    assert parsed.at == datetime(2019, 1, 22, 5, 3, 33, tzinfo=UTC)
    assert (parsed.is_open, parsed.is_reduced, parsed.names) == (True, False, ("a",))
    assert (parsed.legs[0].price, parsed.inner) == (Decimal(1), Inner.parse({"sz": "1.50"}))


def test_absent_null_and_empty_are_told_apart() -> None:
    parsed = Sample.parse({"instId": "X", "px": None, "ts": "", "names": [], "legs": []})
    assert (parsed.price, parsed.at, parsed.code) == (None, None, None)
    assert parsed.null == {"px"}
    assert parsed.absent == {"code", "count", "open", "reduceOnly", "inner", "inners"}


def test_a_changed_row_is_written_with_its_new_value() -> None:
    parsed = Sample.parse({"instId": "X", "px": "1E-8", "ts": None})
    changed = dataclasses.replace(parsed, price=Decimal("2.50"), at=datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))
    assert changed.to_wire() == {"instId": "X", "px": "2.50", "ts": "1000"}


def test_a_row_made_here_is_written_as_okx_would() -> None:
    made = Inner(name="a", size=Decimal("1E-8"))
    assert made.to_wire() == {"name": "a", "sz": "0.00000001"}


@pytest.mark.parametrize(
    ("field", "value", "wanted"),
    [
        ("px", "1,5", "a number"),
        ("px", "NaN", "a number"),
        ("px", "Infinity", "a number"),
        ("px", " 1", "a number"),
        ("px", 1.5, "a number"),
        ("ts", "soon", "a time in milliseconds"),
        ("ts", "-1", "a time in milliseconds"),
        ("ts", "9" * 15, "a time in milliseconds"),
        ("code", "1.0", "a whole number"),
        ("code", True, "a whole number"),
        ("open", "yes", "true or false"),
        ("open", 1, "true or false"),
        ("names", "a", "a list of texts"),
        ("names", [1], "a list of texts"),
        ("inners", {}, "a list"),
        ("instId", 7, "some text"),
        ("instId", "", "some text"),
        ("instId", None, "some text"),
    ],
)
def test_a_value_of_another_kind_is_named_with_its_field(field: str, value: Any, wanted: str) -> None:
    with pytest.raises(ParsingError) as refused:
        Sample.parse({"instId": "BTC-USDT", field: value})
    assert f"field {field} is {value!r}, expected {wanted}" in str(refused.value)


def test_a_missing_field_is_called_absent() -> None:
    with pytest.raises(ParsingError, match="field instId is absent, expected some text"):
        Sample.parse({})


def test_the_place_of_a_bad_row_is_told_all_the_way_down() -> None:
    data = [{"instId": "A"}, {"instId": "BTC-USDT", "inners": [{}, {"sz": "0"}]}]
    with pytest.raises(ParsingError) as refused:
        parse_rows(data, Sample, Where("GET /market/books"))
    place = "OKX GET /market/books: row 1, BTC-USDT, inners 1: field sz is '0', expected a number above zero"
    assert str(refused.value) == place


@pytest.mark.parametrize("raw", ["x", None, 7, []])
def test_what_is_no_object_is_refused(raw: object) -> None:
    with pytest.raises(ParsingError, match=r"row 1 is .*, expected an object"):
        parse_rows([{"instId": "X"}, raw], Sample)


@pytest.mark.parametrize("raw", ["x", ["1"], {"px": "1"}])
def test_a_short_list_is_refused_with_its_columns(raw: object) -> None:
    with pytest.raises(ParsingError, match=r"legs 0 is .*, expected a list of 2: px, sz"):
        Sample.parse({"instId": "X", "legs": [raw]})
