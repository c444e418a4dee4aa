"""The feed as a process: it starts, waits for what is down, reports its state, and stops on request."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from okx_jobs.stack.live_feed import passes
from okx_services.ingest.feed_health import HEALTHY, STARTING, FeedHealth, HealthFile
from okx_simulator.exchange import Exchange
from okx_simulator.server.serve import serve_in_thread
from resources.okx.errors import TransientError
from resources.postgres.database import Database
from tests.okx_services.ingest.conftest import NOON, PAIRS


class Service:
    """The process, with its home."""

    def __init__(self, home: Path, settings: dict[str, str]) -> None:
        self.file = HealthFile(home / "live_feed.json")
        self.log = home / "log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "okx_jobs.stack.live_feed"],
                env={**os.environ, **settings},
                stdout=log,
                stderr=log,
            )

    def wait_for(self, condition: Callable[[FeedHealth], bool]) -> FeedHealth:
        deadline = time.monotonic() + 30
        while not ((health := self.file.read()) and condition(health)):
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, f"{health}: {self.log.read_text()[-1000:]}"
            time.sleep(0.1)
        return health


@pytest.fixture
def port(environment_of_home: Callable[[Path], dict[str, str]], tmp_path: Path) -> int:
    return int(environment_of_home(tmp_path)["OKXSIGNAL_SIMULATOR_PORT"])


@pytest.fixture
def service(tmp_path: Path, database: Database, port: int) -> Iterator[Service]:
    for pair in PAIRS:
        database.execute(
            "insert into market.universe (day, pair, state, tick_size, lot_size, min_size, enabled, reason, "
            "risk_multiplier, observed_at) values ($1, $2, 'live', 1, 1, 1, true, '', 1, $3)",
            (NOON.date(), pair, NOON),
        )
    started = Service(
        tmp_path,
        {
            "OKXSIGNAL_HOME": str(tmp_path),
            "OKXSIGNAL_DATABASE_URL": database.url,
            "OKXSIGNAL_SIMULATOR_PORT": str(port),
            "OKXSIGNAL_CLOCK": "fixed:2023-06-01T12:20:00Z",
        },
    )
    yield started
    if started.process.poll() is None:
        started.process.kill()
        started.process.wait()


def test_it_waits_for_the_exchange_follows_it_and_stops_when_told(
    service: Service, exchange: Exchange, port: int, database: Database
) -> None:
    waiting = service.wait_for(lambda health: "begins again" in health.reason)
    assert waiting.state == STARTING
    with serve_in_thread(exchange, port):
        assert service.wait_for(lambda health: health.state == HEALTHY).pairs == 3
        assert database.scalar("select count(*) from market.candles_1h") == 9
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(15) == 0
    assert service.file.read() is None
    assert "Traceback" not in service.log.read_text()


def test_what_was_away_may_come_back_a_bug_does_not() -> None:
    away = [TransientError("GET /x", "busy"), psycopg.OperationalError("server closed")]
    assert passes(ExceptionGroup("tasks", away))
    assert not passes(ExceptionGroup("tasks", [*away, KeyError("x")]))
    assert not passes(KeyError("x"))
