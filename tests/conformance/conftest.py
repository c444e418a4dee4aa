"""An exchange on the clock of this machine; unmodified clients get the URL and a key."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from okx_simulator.exchange import Exchange
from okx_simulator.protocol.clock import ExchangeClock, ms_to_iso
from okx_simulator.protocol.credentials import SIMULATED_KEY, SIMULATED_PASSPHRASE, SIMULATED_SECRET
from okx_simulator.server.serve import Addresses, serve_in_thread
from okx_simulator.tape.synthetic import SyntheticTape

PAIRS = ("BTC-USDT", "ETH-USDT", "ATOM-USDT")


@pytest.fixture(scope="session")
def tape() -> SyntheticTape:
    return SyntheticTape(PAIRS)


@pytest.fixture
def exchange(tape: SyntheticTape, tmp_path: Path) -> Iterator[Exchange]:
    """The clock is real, since both clients sign with the time of this machine; so are the rate limits."""
    built = Exchange(tape, ExchangeClock(), tmp_path)
    yield built
    built.close()


@pytest.fixture
def addresses(exchange: Exchange) -> Iterator[Addresses]:
    with serve_in_thread(exchange) as served:
        yield served


@pytest.fixture
def key() -> tuple[str, str, str]:
    return SIMULATED_KEY, SIMULATED_SECRET, SIMULATED_PASSPHRASE


@pytest.fixture(autouse=True)
def only_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of this machine gets in between."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def best_ask(exchange: Exchange) -> float:
    """The price at which a buy of ATOM-USDT takes."""
    return float(exchange.market.levels("ATOM-USDT", "ask", 1)[0][0])


@pytest.fixture
def hour_iso(exchange: Exchange) -> str:
    """Three years and a little before now, on the hour."""
    hour_ms = 3_600_000
    return ms_to_iso((exchange.clock.now_ms() // hour_ms - 3 * 365 * 24) * hour_ms)
