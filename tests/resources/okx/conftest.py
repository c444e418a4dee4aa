"""A server with scripted responses, and a client whose pauses are counted instead of slept."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from okx_simulator.exchange import AccountSettings, Exchange
from okx_simulator.protocol.clock import ExchangeClock, fixed
from okx_simulator.protocol.credentials import SIMULATED_KEY, SIMULATED_PASSPHRASE, SIMULATED_SECRET
from okx_simulator.server.serve import serve_in_thread
from okx_simulator.tape.synthetic import SyntheticTape
from resources.okx.client import OkxClient
from resources.okx.http.signing import Credentials
from resources.okx.http.transport import ClientHooks
from resources.okx.rows.requests import NewOrder, OrderName

SECRET = Credentials("key-to-hide", "secret-to-hide", "passphrase-to-hide")
SIMULATED = Credentials(SIMULATED_KEY, SIMULATED_SECRET, SIMULATED_PASSPHRASE)
TIME = b'{"code":"0","msg":"","data":[{"ts":"1700000000000"}]}'
SPOT, SWAP = "BTC-USDT", "BTC-USDT-SWAP"
SIMULATED_NOW = datetime(2023, 6, 1, 12, 20, tzinfo=UTC)
Answer = tuple[int, bytes] | None


@dataclass
class FaultyServer:
    """Answers in the order of `answers`, the last one for good; None closes the line without a word.

    `seen` lists the method and target of every request but those for the time.
    """

    url: str = ""
    answers: list[Answer] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    times_asked: int = 0

    def next_answer(self) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def _handler(server: FaultyServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.path.endswith("/public/time"):
                server.times_asked += 1
                self.reply(200, TIME)
                return
            server.seen.append(f"{self.command} {self.path}")
            server.headers.append(dict(self.headers.items()))
            answer = server.next_answer()
            if answer is None:
                self.close_connection = True
                return
            self.reply(*answer)

        do_POST = do_GET  # noqa: N815 - the name the base class looks for

        def reply(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep the test output quiet."""

    return Handler


@pytest.fixture
def faulty() -> Iterator[FaultyServer]:
    state = FaultyServer()
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(state)) as server:
        state.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield state
        server.shutdown()
        thread.join()


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def client(faulty: FaultyServer, pauses: list[float]) -> Iterator[OkxClient]:
    built = OkxClient(
        faulty.url,
        SECRET,
        rate_limits=False,
        timeout_seconds=2.0,
        hooks=ClientHooks(sleep=pauses.append, chance=lambda: 0.5),
    )
    yield built
    built.close()


@pytest.fixture
def answering(faulty: FaultyServer) -> Callable[..., None]:
    def prepare(*answers: Answer) -> None:
        faulty.answers = list(answers)

    return prepare


@pytest.fixture(scope="module")
def swap_exchange() -> Iterator[Exchange]:
    """A simulated exchange with a futures account, whose clock is fixed."""
    clock = ExchangeClock(fixed(int(SIMULATED_NOW.timestamp() * 1000)))
    tape = SyntheticTape(("BTC-USDT", "ETH-USDT"))
    built = Exchange(tape, clock, account=AccountSettings(level="2"), rate_limits=False)
    yield built
    built.close()


@pytest.fixture(scope="module")
def swap_client(swap_exchange: Exchange) -> Iterator[OkxClient]:
    """Our client of it."""
    with serve_in_thread(swap_exchange) as served:
        built = OkxClient(served.base_url, SIMULATED, rate_limits=False)
        yield built
        built.close()


def order(
    client_order_id: str, order_type: str = "limit", price: str | None = "1000", **fields: Any
) -> NewOrder:
    given: dict[str, Any] = {"inst_id": SPOT, "side": "buy", "size": Decimal("0.01"), "trade_mode": "cash"}
    if order_type == "market" and "inst_id" not in fields:
        given["target_currency"] = "base_ccy"
    return NewOrder(
        **given | fields,
        order_type=order_type,
        price=None if price is None else Decimal(price),
        client_order_id=client_order_id,
    )


def named(client_order_id: str, inst_id: str = SPOT) -> OrderName:
    return OrderName(inst_id=inst_id, client_order_id=client_order_id)
