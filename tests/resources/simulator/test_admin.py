"""The client of the simulator's admin port, against the port itself."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from okx_simulator.exchange import Exchange
from okx_simulator.protocol.clock import ExchangeClock, fixed, iso_to_ms
from okx_simulator.server.serve import serve_in_thread
from okx_simulator.tape.synthetic import SyntheticTape
from resources.simulator.admin import SimulatorAdmin, SimulatorAdminError

NOON_MS = iso_to_ms("2023-06-01T12:00:00Z", "test")


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    built = Exchange(SyntheticTape(("BTC-USDT",)), ExchangeClock(fixed(NOON_MS)))
    yield built
    built.close()


@pytest.fixture
def admin(exchange: Exchange) -> Iterator[SimulatorAdmin]:
    with serve_in_thread(exchange) as served:
        yield SimulatorAdmin(served.admin_url)


def test_the_clock_is_set_and_stepped(admin: SimulatorAdmin, exchange: Exchange) -> None:
    admin.set_fixed(datetime(2023, 6, 2, tzinfo=UTC))
    admin.step(90)
    assert exchange.clock.now_ms() == NOON_MS + 12 * 3_600_000 + 90_000
    admin.set_real()
    assert exchange.clock.setting.mode == "real"


def test_faults_are_armed_counted_and_cleared(admin: SimulatorAdmin, exchange: Exchange) -> None:
    admin.add_faults({"kind": "busy", "path": "/market/*"}, {"kind": "slow", "seconds": 2})
    exchange.faults.request_fault("GET", "/market/candles", ())
    assert [(row["kind"], row["fired"]) for row in admin.faults()] == [("busy", 1), ("slow", 0)]
    admin.clear_faults()
    assert admin.faults() == []


def test_a_refusal_says_why(admin: SimulatorAdmin) -> None:
    with pytest.raises(SimulatorAdminError, match="unknown fault kind 'earthquake'"):
        admin.add_faults({"kind": "earthquake"})


def test_nobody_there_says_what_to_do() -> None:
    with pytest.raises(SimulatorAdminError, match="start it with `okxsignal up`"):
        SimulatorAdmin("http://127.0.0.1:9").step(1)
