"""Rows of OKX as frozen dataclasses whose fields name their key on the wire and how it is written there.

A field is declared by the function named after its kind: `last: Decimal | None = number("last")`. Reading
is pure and strict; writing gives back the same strings. Absent, null and '' all read as "nothing", and
`Row.written` remembers which it was, as it does another spelling than ours (`1E-8` for `0.00000001`).
Keys that no field declares are kept in `Row.extra`.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

from resources.okx.errors import ParsingError
from resources.okx.rows.fields import ABSENT, ANSWER, UnreadableError, Where, Wire, declared

NAMES = ("instId", "ccy")


@dataclass(frozen=True, kw_only=True)
class Row:
    """The base of all rows. `written` holds, by key, OKX's text where our own spelling would differ."""

    extra: Mapping[str, Any] = field(default_factory=dict, repr=False, hash=False)
    written: Mapping[str, Any] = field(default_factory=dict, repr=False, hash=False)

    @classmethod
    def parse(cls, raw: object, where: Where | None = None) -> Self:
        """The row of `raw`, or ParsingError naming place, field and value."""
        where = where or Where(ANSWER)
        if not isinstance(raw, dict):
            raise ParsingError(where.call, f"{_path(where)} is {raw!r:.60}, expected an object")
        name = next((raw[key] for key in NAMES if raw.get(key)), None)
        place = where.into(name) if isinstance(name, str) else where
        values: dict[str, Any] = {}
        written: dict[str, Any] = {}
        wires = wires_of(cls)
        for attribute, wire in wires:
            found = raw.get(wire.key, ABSENT)
            values[attribute] = value = _value(wire, found, place)
            form = wire.write(value)
            if type(form) is not type(found) or form != found:
                written[wire.key] = found
        known = {wire.key for _, wire in wires}
        extra = {key: value for key, value in raw.items() if key not in known}
        return cls(**values, extra=extra, written=written)

    def to_wire(self) -> Any:
        """The row as OKX wrote it; a row that was changed or made here, as OKX would write it."""
        forms: dict[str, Any] = {}
        for attribute, wire in wires_of(type(self)):
            value = getattr(self, attribute)
            form = self.written.get(wire.key, wire.write(value))
            if wire.key in self.written and _value(wire, form, Where(ANSWER)) != value:
                form = wire.write(value)
            if form is not ABSENT:
                forms[wire.key] = form
        return {**forms, **self.extra}

    @property
    def absent(self) -> frozenset[str]:
        """Declared keys that the row did not have."""
        return frozenset(key for key, form in self.written.items() if form is ABSENT)

    @property
    def null(self) -> frozenset[str]:
        """Declared keys that were JSON null."""
        return frozenset(key for key, form in self.written.items() if form is None)


class ListRow(Row):
    """A row that OKX writes as a list: its fields in their order; what OKX appends later goes to `extra`."""

    @classmethod
    def parse(cls, raw: object, where: Where | None = None) -> Self:
        where = where or Where(ANSWER)
        keys = [wire.key for _, wire in wires_of(cls)]
        if not isinstance(raw, list) or len(raw) < len(keys):
            wanted = f"a list of {len(keys)}: {', '.join(keys)}"
            raise ParsingError(where.call, f"{_path(where)} is {raw!r:.60}, expected {wanted}")
        later = (str(number) for number in range(len(keys), len(raw)))
        return super().parse(dict(zip([*keys, *later], raw, strict=True)), where)

    def to_wire(self) -> Any:
        return list(super().to_wire().values())


def row(key: str, kind: "type[Row]") -> Any:
    """One row inside this one, None when there is none."""

    def read(value: object, where: Where) -> Row:
        return kind.parse(value, where.into(key))

    return declared(key, read, lambda value: value.to_wire(), None, "an object", required=False)


def rows(key: str, kind: "type[Row]", required: bool = False) -> Any:
    """The rows of a list inside this one, () when there is none."""

    def read(value: object, where: Where) -> tuple[Row, ...]:
        if not isinstance(value, list):
            raise UnreadableError
        return tuple(kind.parse(item, where.into(f"{key} {number}")) for number, item in enumerate(value))

    def write(value: tuple[Row, ...]) -> list[Any]:
        return [item.to_wire() for item in value]

    return declared(key, read, write, (), "a list", required, empty=[])


def _path(where: Where) -> str:
    return ", ".join(where.path) or ANSWER


def _value(wire: Wire, found: Any, place: Where) -> Any:
    if found is ABSENT or found is None or found == "":
        if wire.required:
            raise place.refused(wire.key, found, wire.wanted)
        return wire.nothing
    try:
        return wire.read(found, place)
    except UnreadableError:
        raise place.refused(wire.key, found, wire.wanted) from None


_WIRES: dict[type, tuple[tuple[str, Wire], ...]] = {}


def wires_of(kind: type[Row]) -> tuple[tuple[str, Wire], ...]:
    """Attribute and wire of every declared field, in the order of declaration; looked up once per kind."""
    if kind not in _WIRES:
        fields = dataclasses.fields(kind)
        _WIRES[kind] = tuple((item.name, item.metadata["wire"]) for item in fields if "wire" in item.metadata)
    return _WIRES[kind]


Parsed = TypeVar("Parsed", bound=Row)


def parse_rows(data: Iterable[object], kind: type[Parsed], where: Where | None = None) -> list[Parsed]:
    """Each item of `data` as a row of `kind`."""
    where = where or Where(ANSWER)
    return [kind.parse(item, where.into(f"row {number}")) for number, item in enumerate(data)]
