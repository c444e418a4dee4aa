"""Alerts are kept whatever happens to the webhook."""

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from pydantic import SecretStr

from resources.alerts import raise_alert
from resources.postgres.database import Database


class Hook(HTTPServer):
    """A webhook that answers with `status` and remembers what it received."""

    status = 200
    said: list[dict[str, str]]


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.server.said.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Quiet."""


@pytest.fixture
def hook() -> Iterator[Hook]:
    server = Hook(("127.0.0.1", 0), _Handler)
    server.said = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def kept(database: Database) -> list[dict[str, object]]:
    return database.rows("select subject, message, run_id, delivered from ops.alerts")


def test_an_alert_reaches_the_webhook_and_the_record(database: Database, hook: Hook) -> None:
    raise_alert(SecretStr(f"http://127.0.0.1:{hook.server_port}"), database, "run failed", "why", "r1")
    assert hook.said == [{"text": "run failed\nwhy"}]
    assert kept(database) == [{"subject": "run failed", "message": "why", "run_id": "r1", "delivered": True}]


def test_a_webhook_that_refuses_is_recorded_as_undelivered(database: Database, hook: Hook) -> None:
    hook.status = 500
    raise_alert(SecretStr(f"http://127.0.0.1:{hook.server_port}"), database, "s", "m", None)
    assert [row["delivered"] for row in kept(database)] == [False]


def test_a_webhook_that_is_not_there_is_recorded_and_its_secret_not_logged(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    raise_alert(SecretStr(f"http://127.0.0.1:{port}/token-to-hide"), database, "s", "m", None)
    assert [row["delivered"] for row in kept(database)] == [False]
    assert "alert webhook failed: ConnectionError" in caplog.text
    assert "to-hide" not in caplog.text


@pytest.mark.parametrize("webhook", ["", "not a url", "hooks.example/x"])
def test_a_webhook_that_is_no_address_loses_no_alert(database: Database, webhook: str) -> None:
    raise_alert(SecretStr(webhook), database, "s", "m", None)
    assert [row["delivered"] for row in kept(database)] == [False]


def test_without_a_webhook_the_record_is_all(database: Database) -> None:
    raise_alert(None, database, "s", "m", None)
    assert [row["delivered"] for row in kept(database)] == [False]
