"""Parses responses: rows, or the error that says what the caller may do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import urllib3

from resources.okx.errors import (
    OPERATION_FAILED_CODES,
    RATE_LIMIT_CODES,
    OkxError,
    ParsingError,
    PermanentError,
    RateLimited,
    TransientError,
    UnknownOutcomeError,
    error_for_code,
    order_error_for_code,
)

Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Call:
    """One request. `rows` are its parameters: one mapping, or several of a batch, which is sent as a list.

    `id_field` is set on writes that must not happen twice: the field that the row of a taken one carries.
    """

    method: str
    path: str
    parameters: Parameters | Sequence[Parameters]
    signed: bool = False
    id_field: str = ""
    expires_ms: int | None = None

    @property
    def endpoint(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def rows(self) -> Sequence[Parameters]:
        return [self.parameters] if isinstance(self.parameters, Mapping) else self.parameters


def never_sent(error: urllib3.exceptions.HTTPError) -> bool:
    """True when the connection was not even made, so the request cannot have arrived."""
    return isinstance(error, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError)


def lost(call: Call, error: urllib3.exceptions.HTTPError, timeout: float) -> OkxError:
    slow = isinstance(error, urllib3.exceptions.TimeoutError)
    what = f"no answer within {timeout:g} s" if slow else "connection lost"
    if never_sent(error):
        return TransientError(call.endpoint, "cannot connect; check the address and that the exchange is up")
    if call.id_field:
        return UnknownOutcomeError(call.endpoint, f"{what} after the order was sent")
    return TransientError(call.endpoint, what)


def _unreadable(call: Call, status: int, content: bytes) -> OkxError:
    """An answer that is not OKX's JSON: a proxy's page, half a body, or nothing."""
    start = content[:60].decode("utf-8", "replace").replace("\n", " ")
    problem = f"HTTP {status} with an unreadable body {start!r}"
    if call.id_field:
        return UnknownOutcomeError(call.endpoint, problem)
    if status in (403, 429) or status >= 500 or status == 200:
        return TransientError(call.endpoint, problem)
    return PermanentError(call.endpoint, problem)


def parse_answer(call: Call, status: int, content: bytes) -> list[Any]:
    """The rows of a good answer; every other answer raises. Rows are never looked at before the code."""
    try:
        envelope = orjson.loads(content)
    except ValueError:
        raise _unreadable(call, status, content) from None
    if not isinstance(envelope, dict) or "code" not in envelope:
        raise _unreadable(call, status, content)
    code, message = str(envelope["code"]), str(envelope.get("msg") or "no message")
    data = envelope.get("data")
    rows = data if isinstance(data, list) else []
    if call.id_field:
        return _parse_write_answer(call, status, code, message, rows)
    if code == "0":
        if not isinstance(data, list):
            raise ParsingError(call.endpoint, f"field data is {data!r:.60}, expected a list")
        return rows
    known = error_for_code(call.endpoint, code, message)
    if status >= 500 and not isinstance(known, TransientError):
        raise TransientError(call.endpoint, message, code)
    raise known


def _is_answered(call: Call, row: Any) -> bool:
    """True when the row says what became of its order: refused with a code, or taken with its id."""
    return isinstance(row, dict) and (row.get("sCode") not in (None, "", "0") or bool(row.get(call.id_field)))


def _parse_write_answer(call: Call, status: int, code: str, message: str, rows: list[Any]) -> list[Any]:
    """A row for every order that was sent, taken or refused. Where rows carry a code, it decides."""
    if len(rows) == len(call.rows) and all(_is_answered(call, row) for row in rows):
        if all(str(row.get("sCode")) in RATE_LIMIT_CODES for row in rows):
            raise RateLimited(call.endpoint, str(rows[0].get("sMsg") or message), str(rows[0]["sCode"]))
        return rows
    if code == "0" or code in OPERATION_FAILED_CODES or status >= 500:
        problem = f"HTTP {status}, {message}, without a row that answers each order"
        raise UnknownOutcomeError(call.endpoint, problem, code)
    raise order_error_for_code(call.endpoint, code, message)
