"""An exchange that answers nonsense changes nothing that is stored, and the message says what it sent."""

import json
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from okx_assets import keys
from okx_jobs.dagster_jobs.hour_ranges import HOUR_FORMAT
from okx_jobs.runs.runner import RunFailedError

HOUR = timedelta(hours=1)
Page = list[list[Any]]


@contextmanager
def garbling_proxy(simulator: str, garble: Callable[[Page], Any]) -> Iterator[int]:
    """A server in front of the simulator that garbles pages of candles; its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with urllib.request.urlopen(simulator + self.path, timeout=10) as answer:
                body = answer.read()
            if "candles" in self.path:
                envelope = json.loads(body)
                body = json.dumps({**envelope, "data": garble(envelope["data"])}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Tests stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


GARBLED = {
    "a price that is no number": lambda page: [[row[0], "gibberish", *row[2:]] for row in page],
    "rows that are too short": lambda page: [row[:3] for row in page],
    "times off the grid": lambda page: [[str(int(row[0]) + 1), *row[1:]] for row in page],
    "text instead of rows": lambda page: ["gibberish" for _ in page],
}


@pytest.mark.parametrize("garble", GARBLED.values(), ids=GARBLED)
def test_a_full_page_of_malformed_candles_is_refused_whole(market, monkeypatch, garble):
    last = market.stretch.history_end - 2 * HOUR
    first = last - 9 * HOUR
    before = market.store.frame("select * from market.candles_1h order by 1, 2")
    with garbling_proxy(market.settings.simulator_url, garble) as port:
        monkeypatch.setenv("OKXSIGNAL_SIMULATOR_PORT", str(port))
        with pytest.raises(RunFailedError) as failure:
            market.pipeline.run_range(
                [keys.CANDLES_1H], first.strftime(HOUR_FORMAT), last.strftime(HOUR_FORMAT)
            )
    message = str(failure.value)
    assert "candles" in message
    assert "-USDT" in message
    assert "Traceback" not in message
    assert len(message.splitlines()) == 1
    assert market.store.frame("select * from market.candles_1h order by 1, 2").equals(before)


def test_bars_that_break_the_contract_are_quarantined_and_the_stored_ones_stay(market, monkeypatch):
    """High below low parses well; the contract refuses the row and keeps what was known."""
    last = market.stretch.history_end - 2 * HOUR
    before = market.store.frame("select * from market.candles_1h order by 1, 2")
    with garbling_proxy(
        market.settings.simulator_url, lambda page: [[*row[:2], row[3], row[2], *row[4:]] for row in page]
    ) as port:
        monkeypatch.setenv("OKXSIGNAL_SIMULATOR_PORT", str(port))
        market.pipeline.run_range([keys.CANDLES_1H], last.strftime(HOUR_FORMAT), last.strftime(HOUR_FORMAT))
    after = market.store.frame("select * from market.candles_1h order by 1, 2")
    assert after.equals(before)
    quarantined = market.store.rows(
        "select distinct reason from market.rejected_rows where timestamp_utc = $1", (last,)
    )
    assert quarantined
    market.store.execute("delete from market.rejected_rows")
