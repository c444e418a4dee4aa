"""A server that answers what it is told to, and a client whose pauses are counted instead of slept."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from resources.okx.client import OkxClient
from resources.okx.signing import Credentials
from resources.okx.transport import Seams

SECRET = Credentials("key-to-hide", "secret-to-hide", "passphrase-to-hide")
TIME = b'{"code":"0","msg":"","data":[{"ts":"1700000000000"}]}'
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
        seams=Seams(sleep=pauses.append, chance=lambda: 0.5),
    )
    yield built
    built.close()


@pytest.fixture
def answering(faulty: FaultyServer) -> Callable[..., None]:
    def prepare(*answers: Answer) -> None:
        faulty.answers = list(answers)

    return prepare
