"""What every group of REST calls shares: a transport, and rows read by their declarations."""

from datetime import datetime

from resources.okx.errors import ParsingError
from resources.okx.rate_limits import Pacer
from resources.okx.signing import Credentials
from resources.okx.transport import Call, Seams, Transport
from resources.okx.wire import Parsed, parse_rows
from resources.okx.wire_fields import Where

LIST_ROWS = 100


def milliseconds(moment: datetime) -> int:
    """The moment as OKX writes times; it must know its time zone."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone; give UTC")
    return round(moment.timestamp() * 1000)


class Rest:
    """A connection to one exchange."""

    def __init__(
        self,
        base_url: str,
        credentials: Credentials | None = None,
        simulated_trading: bool = True,
        rate_limits: bool = True,
        timeout_seconds: float = 10.0,
        seams: Seams | None = None,
    ) -> None:
        seams = seams or Seams()
        self.base_url = base_url
        pacer = Pacer(rate_limits, sleep=seams.sleep)
        self._transport = Transport(base_url, credentials, simulated_trading, pacer, timeout_seconds, seams)

    def __repr__(self) -> str:
        return f"OkxClient({self.base_url!r})"

    def close(self) -> None:
        """Close all connections; the client may still be used and opens new ones then."""
        self._transport.close()

    def _rows(self, call: Call, kind: type[Parsed]) -> list[Parsed]:
        return parse_rows(self._transport.read(call), kind, Where(call.endpoint))

    def _single(self, call: Call, kind: type[Parsed]) -> Parsed:
        rows = self._rows(call, kind)
        if not rows:
            raise ParsingError(call.endpoint, "the answer has no rows, expected one")
        return rows[0]
