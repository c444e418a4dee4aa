"""One market per database; one code path for every exchange."""

from pathlib import Path

import pytest

from resources.config.parts import DatabaseSettings
from resources.config.settings import Settings
from resources.stores import (
    MarketMismatchError,
    claim_market,
    market_identity,
    open_exchange,
    prepare_database,
)

KEYS = {"okx_api_key": "k", "okx_api_secret": "s", "okx_passphrase": "p"}


def test_another_market_is_refused_with_the_way_out(database, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, database_url=database.url, tape_seed=7)
    prepare_database(settings.database, settings.market)
    claim_market(settings.database, settings.market)
    prepare_database(settings.database, settings.market)
    with pytest.raises(
        MarketMismatchError, match=r"holds the market .*seed=7.* ask for .*seed=8.*another database"
    ):
        prepare_database(settings.database, Settings(tape_seed=8).market)
    assert "seed=7" in database.scalar("select identity from ops.market_source")


def test_a_market_that_never_played_claims_nothing(database, tmp_path: Path) -> None:
    server = DatabaseSettings(tmp_path, database.url)
    for seed in (7, 8):
        prepare_database(server, Settings(tape_seed=seed).market)
    assert database.scalar("select count(*) from ops.market_source") == 0


def test_the_same_candles_are_the_same_market_wherever_they_lie(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    for folder, content in (("", b"candles"), ("here", b"candles"), (".", b"candles")):
        (tmp_path / folder / "tape.parquet").write_bytes(content)
    first = market_identity(Settings(tape=str(tmp_path / "tape.parquet")).market)
    assert first == market_identity(Settings(tape=str(tmp_path / "here" / "tape.parquet")).market)
    (tmp_path / "here" / "tape.parquet").write_bytes(b"other candles")
    assert first != market_identity(Settings(tape=str(tmp_path / "here" / "tape.parquet")).market)


def test_each_market_has_its_own_identity() -> None:
    markets = [
        Settings(), Settings(tape_seed=8), Settings(tape_strength=0), Settings(tape="/a.parquet"),
        Settings(tape="/b.parquet"), Settings(mode="demo"), Settings(mode="live"),
        Settings(mode="live", okx_region="us"),
    ]  # fmt: skip
    assert len({market_identity(settings.market) for settings in markets}) == len(markets)


@pytest.mark.parametrize(
    ("mode", "address", "has_demo_header", "is_paced"),
    [
        ("simulated", "http://127.0.0.1:8790", False, False),
        ("demo", "https://openapi.okx.com", True, True),
        ("live", "https://openapi.okx.com", False, True),
    ],
)
def test_modes_differ_in_address_headers_and_keys_only(
    monkeypatch: pytest.MonkeyPatch, mode: str, address: str, has_demo_header: bool, is_paced: bool
) -> None:
    seen = []
    monkeypatch.setattr("resources.stores.OkxClient", lambda *words, **options: seen.append((words, options)))
    open_exchange(Settings(mode=mode, simulator_port=8790, **KEYS).exchange)
    ((found, credentials), options) = seen[0]
    assert found == address
    assert options == {"simulated_trading": has_demo_header, "rate_limits": is_paced}
    assert (credentials.key == "k") == (mode != "simulated")


def test_a_process_without_keys_may_read_but_has_none_to_sign_with(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr("resources.stores.OkxClient", lambda *words, **_options: seen.append(words))
    open_exchange(Settings(mode="live", okx_api_key="k").exchange)
    assert seen == [("https://openapi.okx.com", None)]
