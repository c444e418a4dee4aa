"""OKX's public REST data, asked for within its limits and kept for a moment."""

import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3

from okx_core.errors import OkxSignalError
from okx_simulator.protocol.errors import ApiError
from okx_simulator.protocol.rate_limits import LIMITS, WINDOW_SECONDS

PREFIX = "/api/v5"
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")
TIMEOUT_SECONDS = 10.0
KEPT_ANSWERS = 4_000
# How long a response may be reused, in seconds; every other for LIVELY.
LIVELY = 1.0
SLOWER = {"/public/instruments": 30.0, "/public/funding-rate-history": 60.0, "/system/status": 30.0}
MARGIN = 1.1  # a little slower than OKX allows: other programs of this address ask it too


def _pool(host: str) -> urllib3.PoolManager:
    proxy = "" if host in LOOPBACK_HOSTS or proxy_bypass(host) else getproxies().get("https", "")
    return urllib3.ProxyManager(proxy) if proxy else urllib3.PoolManager()


class Upstream:
    """One OKX host. May be asked from several threads; equal questions are asked once."""

    def __init__(
        self,
        base_url: str,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        parts = urlsplit(base_url)
        local = parts.hostname in LOOPBACK_HOSTS
        if not parts.hostname or parts.scheme not in (("http", "https") if local else ("https",)):
            raise OkxSignalError(
                f"relay address {base_url!r} will not do; write it like https://openapi.okx.com"
            )
        self.base_url = base_url.rstrip("/")
        self._pool = _pool(parts.hostname)
        self._now, self._sleep = monotonic, sleep
        self._lock = threading.Lock()
        self._next_free: dict[str, float] = {}
        self._kept: OrderedDict[str, tuple[float, list[Any]]] = OrderedDict()

    def rows(self, path: str, parameters: Mapping[str, str]) -> list[Any]:
        """The rows of GET `path`; an answer that OKX refuses is refused here with its own code and words.

        ApiError 50001 with HTTP 503 when OKX cannot be reached or understood.
        """
        target = f"{PREFIX}{path}" + (f"?{urlencode(sorted(parameters.items()))}" if parameters else "")
        with self._lock:
            kept = self._kept.get(target)
            if kept is not None and self._now() < kept[0]:
                return kept[1]
        self._wait(path)
        rows = self._ask(target)
        with self._lock:
            self._kept[target] = (self._now() + SLOWER.get(path, LIVELY), rows)
            while len(self._kept) > KEPT_ANSWERS:
                self._kept.popitem(last=False)
        return rows

    def _wait(self, path: str) -> None:
        limit = LIMITS.get(("GET", PREFIX + path))
        if limit is None:
            return
        with self._lock:
            now = self._now()
            leaves = max(now, self._next_free.get(path, 0.0))
            self._next_free[path] = leaves + WINDOW_SECONDS / limit.count * MARGIN
        if leaves > now:
            self._sleep(leaves - now)

    def _ask(self, target: str) -> list[Any]:
        try:
            answer = self._pool.request(
                "GET", self.base_url + target, timeout=TIMEOUT_SECONDS, retries=False, redirect=False
            )
            envelope = json.loads(answer.data)
            code, data = str(envelope["code"]), envelope.get("data")
        except (urllib3.exceptions.HTTPError, ValueError, KeyError, TypeError) as error:
            raise ApiError(
                "50001", f"The relay cannot read {self.base_url}: {type(error).__name__}", 503
            ) from None
        if code != "0" or not isinstance(data, list):
            raise ApiError(code, str(envelope.get("msg") or "no message"), answer.status)
        return data
