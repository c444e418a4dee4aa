"""One request to OKX: paced, signed, sent, its response parsed. Reads are retried, orders never blindly."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import certifi
import orjson
import urllib3

from okx_core.errors import OkxSignalError
from resources.okx.errors import (
    CLOCK_SKEW_CODE,
    ParsingError,
    PermanentError,
    RateLimited,
    TransientError,
)
from resources.okx.http.answers import Call, lost, parse_answer
from resources.okx.http.rate_limits import WINDOW_SECONDS, Pacer
from resources.okx.http.signing import Credentials, signed_headers

PREFIX = "/api/v5"
ATTEMPTS = 5
FIRST_PAUSE_SECONDS = 0.25
POOLED_CONNECTIONS = 32
HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/json",
    "Accept-Encoding": "gzip, deflate",
}
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class ClientHooks:
    """Time and chance, so that tests may hold them."""

    wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random


def _pool(host: str, local: bool) -> urllib3.PoolManager:
    """Connections that the threads share; by the proxy that the environment names, if it names one."""
    proxy = "" if local or proxy_bypass(host) else getproxies().get("https", "")
    options: dict[str, Any] = {"maxsize": POOLED_CONNECTIONS, "ca_certs": certifi.where()}
    return urllib3.ProxyManager(proxy, **options) if proxy else urllib3.PoolManager(**options)


class Transport:
    """Sends calls to one base URL, from any thread; connections and clock offset are shared."""

    def __init__(
        self,
        base_url: str,
        credentials: Credentials | None,
        simulated_trading: bool,
        pacer: Pacer,
        timeout_seconds: float,
        hooks: ClientHooks,
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise OkxSignalError(f"OKX address {base_url!r} is not a URL; write it like https://www.okx.com")
        if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
            raise OkxSignalError(f"OKX address {base_url!r} is not encrypted; use https")
        self._base_url = base_url.rstrip("/")
        self._credentials = credentials
        self._simulated_trading = simulated_trading
        self._pacer = pacer
        self._timeout = timeout_seconds
        self._hooks = hooks
        self._pool = _pool(parts.hostname, parts.hostname in LOOPBACK_HOSTS)
        self.offset_ms: int | None = None

    def close(self) -> None:
        """Close all connections; the next call opens new ones."""
        self._pool.clear()

    def now_ms(self) -> int:
        """Exchange time: the wall clock plus the offset measured last."""
        if self.offset_ms is None:
            self.synchronise()
        return self._hooks.wall_ms() + (self.offset_ms or 0)

    def synchronise(self) -> int:
        """Measure the exchange's time against the middle of the request; returns it in ms."""
        call = Call("GET", "/public/time", {})
        before = self._hooks.wall_ms()
        data = self.read(call)
        after = self._hooks.wall_ms()
        stamp = data[0].get("ts") if data and isinstance(data[0], dict) else None
        if not isinstance(stamp, str) or not stamp.isdigit():
            raise ParsingError(call.endpoint, f"field ts is {stamp!r}, expected a time in milliseconds")
        self.offset_ms = int(stamp) - (before + after) // 2
        return int(stamp)

    def read(self, call: Call) -> list[Any]:
        """The rows of a call that may happen twice, repeated with growing pauses while the failure is transient."""
        for attempt in range(ATTEMPTS):
            try:
                return self._once_in_time(call)
            except TransientError as error:
                if attempt == ATTEMPTS - 1:
                    raise
                self._pause(attempt, error)
        raise AssertionError("unreachable")

    def write(self, call: Call) -> list[Any]:
        """A row for each order of a write. Only refusals for coming too fast are sent again: not taken."""
        for attempt in range(ATTEMPTS):
            try:
                return self._once_in_time(call)
            except RateLimited as error:
                if attempt == ATTEMPTS - 1:
                    raise
                self._pause(attempt, error)
        raise AssertionError("unreachable")

    def _pause(self, attempt: int, error: TransientError) -> None:
        pause = FIRST_PAUSE_SECONDS * 2**attempt * (1.0 + self._hooks.chance())
        self._hooks.sleep(pause + (WINDOW_SECONDS if isinstance(error, RateLimited) else 0.0))

    def _once_in_time(self, call: Call) -> list[Any]:
        """Send once; after a clock-skew refusal measure the offset and send once more."""
        try:
            return self._send(call)
        except PermanentError as error:
            if error.code != CLOCK_SKEW_CODE or not call.signed:
                raise
        self.synchronise()
        return self._send(call)

    def _send(self, call: Call) -> list[Any]:
        target, body = f"{PREFIX}{call.path}", b""
        if call.method == "GET":
            target += f"?{urlencode(call.rows[0])}" if call.parameters else ""
        else:
            body = orjson.dumps(call.parameters)
        self._pacer.wait(call.endpoint, call.rows)
        headers = self._headers(call, target, body)
        try:
            response = self._pool.request(
                call.method,
                self._base_url + target,
                body=body or None,
                headers=headers,
                timeout=self._timeout,
                retries=False,
                redirect=False,
            )
        except urllib3.exceptions.HTTPError as error:
            # The cause is dropped on purpose: it may carry the request, and with it the key's headers.
            raise lost(call, error, self._timeout) from None
        return parse_answer(call, response.status, response.data)

    def _headers(self, call: Call, target: str, body: bytes) -> dict[str, str]:
        headers = dict(HEADERS)
        if self._simulated_trading:
            headers["x-simulated-trading"] = "1"
        if call.expires_ms is not None:
            headers["expTime"] = str(call.expires_ms)
        if not call.signed:
            return headers
        if self._credentials is None:
            raise PermanentError(call.endpoint, "needs an API key, and none is configured for this mode")
        return headers | signed_headers(self._credentials, self.now_ms(), call.method, target, body)
