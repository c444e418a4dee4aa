"""An exchange in memory with a stopped clock, and ways to talk to it."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
import requests

from okx_simulator.exchange import AccountSettings, Exchange
from okx_simulator.protocol.clock import ExchangeClock, fixed, iso_to_ms
from okx_simulator.protocol.credentials import SIMULATED_KEY, SIMULATED_PASSPHRASE, SIMULATED_SECRET
from okx_simulator.server.serve import Addresses, serve_in_thread
from okx_simulator.tape.synthetic import SyntheticTape

NOW = "2023-06-01T12:20:00Z"
PAIRS = ("BTC-USDT", "ETH-USDT", "ATOM-USDT")


@pytest.fixture(scope="session")
def tape() -> SyntheticTape:
    return SyntheticTape(PAIRS)


@pytest.fixture
def exchange(tape: SyntheticTape) -> Iterator[Exchange]:
    clock = ExchangeClock(fixed(iso_to_ms(NOW, "test")))
    built = Exchange(tape, clock, rate_limits=False)
    yield built
    built.close()


@pytest.fixture
def futures(tape: SyntheticTape) -> Iterator[Exchange]:
    """The same in futures mode, with 20,000 USDT and no rate limits."""
    account = AccountSettings(opening_usdt=Decimal(20_000), level="2")
    built = Exchange(tape, ExchangeClock(fixed(iso_to_ms(NOW, "test"))), None, account, rate_limits=False)
    yield built
    built.close()


@pytest.fixture
def addresses(exchange: Exchange) -> Iterator[Addresses]:
    with serve_in_thread(exchange) as served:
        yield served


@pytest.fixture
def get(addresses: Addresses) -> Iterator[Callable[..., Any]]:
    """GET a public path; returns the envelope."""
    with requests.Session() as session:
        session.trust_env = False

        def call(path: str, **parameters: object) -> Any:
            return session.get(f"{addresses.base_url}/api/v5{path}", params=parameters, timeout=10).json()

        yield call


@pytest.fixture
def signed(addresses: Addresses, exchange: Exchange) -> Iterator[Callable[..., requests.Response]]:
    """A signed request; keyword arguments override headers, timestamp, secret or the raw body."""
    with requests.Session() as session:
        session.trust_env = False

        def call(
            method: str,
            path: str,
            fields: dict[str, object] | None = None,
            headers: dict[str, str] | None = None,
            secret: str = SIMULATED_SECRET,
            timestamp: str = "",
            raw: bytes | None = None,
        ) -> requests.Response:
            now = datetime.fromtimestamp(exchange.clock.now_ms() / 1000, UTC)
            stamp = timestamp or now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{now.microsecond // 1000:03d}Z"
            target, body = f"/api/v5{path}", b""
            if method == "GET" and fields:
                target += "?" + urlencode(fields)
            elif method == "POST":
                body = json.dumps(fields or {}).encode() if raw is None else raw
            digest = hmac.new(secret.encode(), f"{stamp}{method}{target}".encode() + body, hashlib.sha256)
            sent = {
                "OK-ACCESS-KEY": SIMULATED_KEY,
                "OK-ACCESS-PASSPHRASE": SIMULATED_PASSPHRASE,
                "OK-ACCESS-TIMESTAMP": stamp,
                "OK-ACCESS-SIGN": base64.b64encode(digest.digest()).decode(),
                "Content-Type": "application/json",
                **(headers or {}),
            }
            kept = {name: value for name, value in sent.items() if value}
            return session.request(
                method, addresses.base_url + target, data=body or None, headers=kept, timeout=10
            )

        yield call
