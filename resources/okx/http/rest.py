"""Shared by every group of REST calls: a transport, and rows read by their declarations."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from resources.okx.errors import ParsingError, UnknownOutcomeError, order_error_for_code
from resources.okx.http.answers import Call, Parameters
from resources.okx.http.rate_limits import Pacer
from resources.okx.http.signing import Credentials
from resources.okx.http.transport import ClientHooks, Transport
from resources.okx.rows.fields import Where
from resources.okx.rows.orders import Answer
from resources.okx.rows.row import Parsed, parse_rows

LIST_ROWS = 100

log = logging.getLogger(__name__)


Answered = TypeVar("Answered", bound=Answer)


def milliseconds(moment: datetime) -> int:
    """The moment as OKX writes times; it must know its time zone."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone; give UTC")
    return round(moment.timestamp() * 1000)


def asked(**filters: object) -> dict[str, str]:
    """Parameters of a read: those that are set, times in milliseconds."""
    given = {name: value for name, value in filters.items() if value not in (None, "")}
    return {
        name: str(milliseconds(value)) if isinstance(value, datetime) else str(value)
        for name, value in given.items()
    }


def accepted(call: str, result: Answered) -> Answered:
    """The result of a single order that was taken; otherwise the error that says what may be done."""
    if not result.is_accepted:
        raise order_error_for_code(call, result.code, result.message)
    return result


class Rest:
    """A connection to one exchange."""

    def __init__(
        self,
        base_url: str,
        credentials: Credentials | None = None,
        simulated_trading: bool = True,
        rate_limits: bool = True,
        timeout_seconds: float = 10.0,
        hooks: ClientHooks | None = None,
    ) -> None:
        hooks = hooks or ClientHooks()
        self.base_url = base_url
        pacer = Pacer(rate_limits, sleep=hooks.sleep)
        self._transport = Transport(base_url, credentials, simulated_trading, pacer, timeout_seconds, hooks)

    def __repr__(self) -> str:
        return f"OkxClient({self.base_url!r})"

    def close(self) -> None:
        """Close all connections; the client may still be used and opens new ones then."""
        self._transport.close()

    def _rows(self, call: Call, kind: type[Parsed]) -> list[Parsed]:
        return parse_rows(self._transport.read(call), kind, Where(call.endpoint))

    def _readable(self, call: Call, kind: type[Parsed]) -> list[Parsed]:
        """The rows of a list of the whole market that can be read; each other one is named in the log.

        One strange instrument is not to stop the trading of all others. A list without a readable row raises.
        """
        found: list[Parsed] = []
        unread: list[ParsingError] = []
        for row in self._transport.read(call):
            try:
                found += parse_rows([row], kind, Where(call.endpoint))
            except ParsingError as error:
                unread.append(error)
                log.warning("left out: %s", error)
        if unread and not found:
            raise unread[0]
        return found

    def _single(self, call: Call, kind: type[Parsed]) -> Parsed:
        rows = self._rows(call, kind)
        if not rows:
            raise ParsingError(call.endpoint, "the answer has no rows, expected one")
        return rows[0]

    def _pages(
        self, path: str, kind: type[Parsed], cursor: str, filters: dict[str, str], rows: int = LIST_ROWS
    ) -> list[Parsed]:
        """All rows of a private list, newest first; the next page is what is older than the last row."""
        found: list[Parsed] = []
        wanted = {**filters, "limit": str(rows)}
        while True:
            call = Call("GET", path, wanted, signed=True)
            page = self._rows(call, kind)
            found += page
            if len(page) < rows:
                return found
            wanted["after"] = str(getattr(page[-1], cursor))
            if not wanted["after"]:
                raise ParsingError(call.endpoint, f"a row of a full page has no {cursor} to page on from")

    def _write(
        self,
        path: str,
        parameters: Parameters | Sequence[Parameters],
        kind: type[Parsed],
        id_field: str,
        expires_at: datetime | None = None,
    ) -> list[Parsed]:
        """A row for each order of a request that must not happen twice, whether taken or refused."""
        expires_ms = None if expires_at is None else milliseconds(expires_at)
        call = Call("POST", path, parameters, signed=True, id_field=id_field, expires_ms=expires_ms)
        data: list[Any] = self._transport.write(call)
        try:
            return parse_rows(data, kind, Where(call.endpoint))
        except ParsingError as unreadable:
            # There was a response, so the order may exist: a response that cannot be read is no rejection.
            raise UnknownOutcomeError(call.endpoint, str(unreadable)) from unreadable
