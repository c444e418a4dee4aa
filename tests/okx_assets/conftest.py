"""A simulated exchange on a tape that the test chooses, and a client of it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime

import pytest

from okx_simulator.exchange import Exchange
from okx_simulator.protocol.clock import ExchangeClock, fixed
from okx_simulator.server.serve import serve_in_thread
from okx_simulator.tape.bars import Tape
from resources.okx.client import OkxClient

Serve = Callable[[Tape, datetime], AbstractContextManager[tuple[Exchange, OkxClient]]]


@pytest.fixture
def serve() -> Serve:
    """Serves a tape at a fixed time while the block runs; gives the exchange and an unpaced client."""

    @contextmanager
    def served(tape: Tape, now: datetime) -> Iterator[tuple[Exchange, OkxClient]]:
        exchange = Exchange(tape, ExchangeClock(fixed(int(now.timestamp() * 1000))), rate_limits=False)
        with serve_in_thread(exchange) as addresses:
            client = OkxClient(addresses.base_url, rate_limits=False)
            yield exchange, client
            client.close()
        exchange.close()

    return served
