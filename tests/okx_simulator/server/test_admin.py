import pytest
import requests

from okx_simulator.exchange import Exchange
from okx_simulator.server.serve import Addresses


@pytest.fixture
def session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    return session


def test_the_clock_can_be_set_and_read(
    session: requests.Session, addresses: Addresses, exchange: Exchange
) -> None:
    url = f"{addresses.admin_url}/admin/clock"
    body = {"mode": "fixed", "now": "2023-07-01T00:00:00Z"}
    with session:
        answer = session.post(url, json=body, timeout=10)
        assert answer.json()["clock"]["now"] == "2023-07-01T00:00:00.000Z"
        state = session.get(f"{addresses.admin_url}/admin/state", timeout=10).json()
        health = session.get(f"{addresses.admin_url}/health", timeout=10).json()
    assert exchange.clock.now_ms() == 1_688_169_600_000
    assert [state["balances"], state["orders"], state["tape"]["seed"]] == [{"USDT": "10000"}, 0, 7]
    assert health == {"status": "ok"}


@pytest.mark.parametrize("body", ["{}", "[", '{"mode": "fixed", "now": "soon"}'])
def test_a_bad_clock_is_refused_with_a_reason(
    session: requests.Session, addresses: Addresses, exchange: Exchange, body: str
) -> None:
    before = exchange.clock.now_ms()
    with session:
        answer = session.post(f"{addresses.admin_url}/admin/clock", data=body, timeout=10)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert exchange.clock.now_ms() == before


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Host": "evil.example"}])
def test_other_sites_cannot_reach_it(
    session: requests.Session, addresses: Addresses, headers: dict[str, str]
) -> None:
    with session:
        answer = session.post(
            f"{addresses.admin_url}/admin/clock", json={"mode": "real"}, headers=headers, timeout=10
        )
    assert answer.status_code == 403


@pytest.mark.parametrize("seconds", [1e300, -1, "an hour", None, True])
def test_a_step_that_will_not_do_changes_nothing(
    addresses: Addresses, exchange: Exchange, seconds: object
) -> None:
    before = exchange.clock.now_ms()
    body = {"mode": "step", "by_seconds": seconds}
    answer = requests.post(f"{addresses.admin_url}/admin/clock", json=body, timeout=5)
    assert answer.status_code == 400
    assert exchange.clock.now_ms() == before
