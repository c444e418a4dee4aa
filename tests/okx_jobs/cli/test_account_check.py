"""What doctor says of right and wrong keys, against the simulated exchange."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from okx_jobs.cli.account_check import diagnose_account
from okx_jobs.cli.diagnosis import Diagnosis
from okx_simulator.exchange import Exchange
from okx_simulator.protocol.clock import ExchangeClock, fixed
from okx_simulator.protocol.credentials import SIMULATED_KEY, SIMULATED_PASSPHRASE, SIMULATED_SECRET
from okx_simulator.server.serve import serve_in_thread
from okx_simulator.tape.synthetic import SyntheticTape
from resources.config.settings import Settings
from resources.okx.client import OkxClient
from resources.okx.errors import PermanentError
from resources.okx.http.signing import Credentials
from resources.okx.rows.account import AccountConfig

NOW = datetime(2023, 6, 1, 12, 20, tzinfo=UTC)
KEYS = {
    "okx_api_key": SIMULATED_KEY,
    "okx_api_secret": SIMULATED_SECRET,
    "okx_passphrase": SIMULATED_PASSPHRASE,
}
CONFIG = {"uid": "1", "acctLv": "1", "posMode": "net_mode", "perm": "read_only,trade", "ip": "192.0.2.1"}
Look = Callable[..., dict[str, Diagnosis]]


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    exchange = Exchange(SyntheticTape(("BTC-USDT",)), ExchangeClock(fixed(int(NOW.timestamp() * 1000))))
    with serve_in_thread(exchange) as addresses:
        yield addresses.base_url
    exchange.close()


@pytest.fixture
def look(served: str, tmp_path: Path) -> Iterator[Look]:
    """Findings of a mode with these keys, by subject."""
    clients = []

    def with_keys(mode: str = "live", **changed: str) -> dict[str, Diagnosis]:
        given = {**KEYS, **changed}
        settings = Settings(home=tmp_path, mode=mode, okx_url=served, **given)
        client = OkxClient(served, Credentials(*given.values()), rate_limits=False)
        clients.append(client)
        return {diagnosis.subject: diagnosis for diagnosis in diagnose_account(client, settings)}

    yield with_keys
    for client in clients:
        client.close()


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """An account that says other things of itself than the simulated one."""

    def says(**fields: str) -> None:
        monkeypatch.setattr(OkxClient, "account_config", lambda _: AccountConfig.parse({**CONFIG, **fields}))

    return says


def test_a_good_key_is_in_order(look: Look, config: Callable[..., None]) -> None:
    config()
    found = look("live")
    assert list(found) == ["keys", "account", "permissions", "address of the key"]
    assert not any(diagnosis.remedy for diagnosis in found.values())
    assert found["account"].state == "level 1 (spot), net_mode"


def test_only_live_keys_must_be_bound_to_an_address(look: Look) -> None:
    assert "bind the key" in look("live")["address of the key"].remedy
    assert look("demo")["address of the key"].remedy == ""
    assert "address of the key" not in look("simulated")


@pytest.mark.parametrize("missing", KEYS)
def test_a_missing_key_is_named(look: Look, missing: str) -> None:
    found = look("demo", **{missing: ""})
    assert list(found) == ["keys"]
    assert f"OKXSIGNAL_{missing.upper()} not set" in found["keys"].state
    assert ".env" in found["keys"].remedy


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (
            "okx_api_key",
            "the region is global: if the account was opened elsewhere, set OKXSIGNAL_OKX_REGION",
        ),
        ("okx_api_secret", "the signature is wrong; correct the secret"),
        ("okx_passphrase", "the passphrase is wrong; correct it"),
    ],
)
def test_a_wrong_key_is_told_what_to_do(look: Look, wrong: str, said: str) -> None:
    found = look("live", **{wrong: "wrong-and-secret"})
    assert found["account"].state == "does not open"
    assert said in found["account"].remedy
    assert "wrong-and-secret" not in json.dumps([vars(diagnosis) for diagnosis in found.values()])


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("50119", "set OKXSIGNAL_OKX_REGION to one of eea, us"),
        ("50101", "made inside demo trading"),
        ("50110", "add it"),
    ],
)
def test_a_key_from_elsewhere_is_told_where_it_may_belong(
    look: Look, monkeypatch: pytest.MonkeyPatch, code: str, said: str
) -> None:
    def refuse(_: OkxClient) -> AccountConfig:
        raise PermanentError("GET /account/config", "refused", code)

    monkeypatch.setattr(OkxClient, "account_config", refuse)
    assert said in look("demo")["account"].remedy


@pytest.mark.parametrize(
    ("fields", "subject", "said"),
    [
        ({"perm": "read_only"}, "permissions", "permission to trade"),
        ({"perm": "read_only,withdraw,trade"}, "permissions", "cannot withdraw"),
        ({"perm": ""}, "permissions", "permission to trade"),
        ({"acctLv": "3"}, "account", "spot or futures mode"),
        ({"acctLv": "4"}, "account", "spot or futures mode"),
    ],
)
def test_what_the_account_lacks_or_has_too_much_is_said(
    look: Look, config: Callable[..., None], fields: dict[str, str], subject: str, said: str
) -> None:
    config(**fields)
    assert said in look("live")[subject].remedy
