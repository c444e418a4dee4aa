"""The kinds of fields that rows of OKX have: how each is read from the wire and written back."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from resources.okx.errors import ParsingError

ANSWER = "answer"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d{1,3})?", re.ASCII)
MILLISECOND = timedelta(milliseconds=1)
MAX_TIME = 14  # digits: the year 5138


class _Absent:
    """The key was not there at all."""

    def __repr__(self) -> str:
        return "absent"


ABSENT: Final = _Absent()


@dataclass(frozen=True)
class Where:
    """A place in an answer, for people: the call, and the way down to the row."""

    call: str
    path: tuple[str, ...] = ()

    def into(self, step: str) -> "Where":
        return Where(self.call, (*self.path, step))

    def refused(self, key: str, value: object, wanted: str) -> ParsingError:
        place = ", ".join(self.path) or ANSWER
        return ParsingError(self.call, f"{place}: field {key} is {value!r:.60}, expected {wanted}")


class UnreadableError(ValueError):
    """A value is not of its field's kind; the text says which kind that is."""


Read = Callable[[Any, Where], Any]
Write = Callable[[Any], Any]


@dataclass(frozen=True)
class Wire:
    """How one field is written in a row. `nothing` is its value when the row lacks it."""

    key: str
    read: Read
    write: Write
    nothing: Any
    wanted: str
    required: bool


def declared(
    key: str, read: Read, write: Write, nothing: Any, wanted: str, required: bool, empty: Any = ""
) -> Any:
    def written(value: Any) -> Any:
        return empty if value == nothing else write(value)

    wire = Wire(key, read, written, nothing, wanted, required)
    if required:
        return field(metadata={"wire": wire})
    return field(default=nothing, metadata={"wire": wire})


def _text(value: object, where: Where) -> str:  # noqa: ARG001
    if not isinstance(value, str):
        raise UnreadableError
    return value


def _number(value: object, where: Where) -> Decimal:  # noqa: ARG001
    if not isinstance(value, str) or not NUMBER.fullmatch(value):
        raise UnreadableError
    return Decimal(value)


def _positive(value: object, where: Where) -> Decimal:
    number = _number(value, where)
    if number <= 0:
        raise UnreadableError
    return number


def _plain(value: Decimal) -> str:
    return format(value, "f")


def _moment(value: object, where: Where) -> datetime:  # noqa: ARG001
    if not isinstance(value, str) or not (value.isascii() and value.isdigit()) or len(value) > MAX_TIME:
        raise UnreadableError
    return EPOCH + int(value) * MILLISECOND


def _milliseconds(moment: datetime) -> str:
    return str((moment - EPOCH) // MILLISECOND)


def _whole(value: object, where: Where) -> int:  # noqa: ARG001
    """A JSON integer, or the same as text."""
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value, re.ASCII):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise UnreadableError
    return value


def _flag(value: object, where: Where) -> bool:  # noqa: ARG001
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise UnreadableError


def _texts(value: object, where: Where) -> tuple[str, ...]:  # noqa: ARG001
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise UnreadableError
    return tuple(value)


def text(key: str, required: bool = False) -> Any:
    """Text; '' when there is none."""
    return declared(key, _text, str, "", "some text", required)


def number(key: str, required: bool = False) -> Any:
    """A finite Decimal, None when there is none."""
    return declared(key, _number, _plain, None, "a number", required)


def positive(key: str, required: bool = False) -> Any:
    """A Decimal above zero, None when there is none."""
    return declared(key, _positive, _plain, None, "a number above zero", required)


def moment(key: str, required: bool = False) -> Any:
    """A UTC time, on the wire milliseconds since 1970; None when there is none."""
    return declared(key, _moment, _milliseconds, None, "a time in milliseconds", required)


def whole(key: str, required: bool = False) -> Any:
    """A real JSON integer, None when there is none."""
    return declared(key, _whole, int, None, "a whole number", required)


def whole_text(key: str, required: bool = False) -> Any:
    """An integer that OKX writes as text, None when there is none."""
    return declared(key, _whole, str, None, "a whole number", required)


def flag(key: str) -> Any:
    """A real JSON boolean, None when there is none."""
    return declared(key, _flag, bool, None, "true or false", required=False)


def flag_text(key: str) -> Any:
    """A boolean that OKX writes as "true" or "false", None when there is none."""
    return declared(key, _flag, lambda value: str(value).lower(), None, "true or false", required=False)


def texts(key: str) -> Any:
    """A list of texts, () when there is none."""
    return declared(key, _texts, list, (), "a list of texts", required=False, empty=[])
