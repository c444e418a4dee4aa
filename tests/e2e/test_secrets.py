"""The keys of an account reach the exchange and nothing else: no log, error, run, table, file or repr.

A home in demo mode, with keys that are easy to find again, trades an hour on a simulated exchange in OKX's
place while one request in four fails in one way or another. Then everything that was left is searched.
"""

import logging
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from okx_assets import keys
from okx_simulator.exchange import AccountSettings, Exchange
from okx_simulator.faults.rules import REQUEST_KINDS
from okx_simulator.protocol.clock import ExchangeClock, fixed
from okx_simulator.protocol.credentials import AccountKey
from okx_simulator.server.serve import serve_in_thread
from okx_simulator.tape.synthetic import SyntheticTape
from resources.simulator.admin import SimulatorAdmin

KEY = AccountKey("key-canary-7f3a9c", "secret-canary-51d0be", "passphrase-canary-c86e24")
CANARIES = ("canary-7f3a9c", "canary-51d0be", "canary-c86e24")
PAIRS = ("BTC-USDT", "ETH-USDT", "ATOM-USDT", "SOL-USDT")
NOW = datetime(2026, 5, 3, 12, 0, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
PARTITION = "2026-05-03-11:00"


@pytest.fixture
def okx() -> Iterator[tuple[Exchange, str, SimulatorAdmin]]:
    """An exchange in OKX's place that knows one key."""
    clock = ExchangeClock(fixed(int(NOW.timestamp() * 1000)))
    exchange = Exchange(SyntheticTape(PAIRS), clock, None, AccountSettings(key=KEY))
    with serve_in_thread(exchange) as served:
        yield exchange, served.base_url, SimulatorAdmin(served.admin_url)
    exchange.close()


@pytest.fixture
def home(okx, tmp_path: Path, environment_of_home, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home in demo mode that trades there, with every limit set."""
    settings = {
        **environment_of_home(tmp_path / "home"),
        "OKXSIGNAL_MODE": "demo",
        "OKXSIGNAL_OKX_URL": okx[1],
        "OKXSIGNAL_OKX_API_KEY": KEY.key,
        "OKXSIGNAL_OKX_API_SECRET": KEY.secret,
        "OKXSIGNAL_OKX_PASSPHRASE": KEY.passphrase,
        "OKXSIGNAL_MAX_ASSET_PCT": "30",
        "OKXSIGNAL_MAX_EXPOSURE_PCT": "80",
        "OKXSIGNAL_RISK_PER_TRADE_PCT": "2",
        "OKXSIGNAL_MAX_ORDER_QUOTE": "500",
    }
    before = dict(os.environ)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    yield tmp_path / "home"
    os.environ.clear()
    os.environ.update(before)


def arm_every_fault(admin: SimulatorAdmin) -> None:
    """Each kind now and then, on everything."""
    short = {"accept_then_timeout": 0.5, "slow": 0.1}
    admin.add_faults(
        *({"kind": kind, "probability": 0.03, "seed": number} | ({"seconds": short[kind]} if kind in short else {})
          for number, kind in enumerate(REQUEST_KINDS))
    )  # fmt: skip


def insert_signals(store, pairs: tuple[str, ...]) -> None:
    """A signal that every gate has passed, for each pair of the newest hour."""
    for pair in pairs:
        store.execute(
            "insert into trading.signals (pair, timestamp_utc, predicted_excess_pct, excess_probability, "
            "turnover_24h_quote, book_spread_bps, book_depth_quote, gate_model, gate_outside, gate_distance, "
            "gate_universe, gate_market, gate_probability, gate_fee, gate_slippage, gate_liquidity, tradable, "
            "risk_multiplier, model_name, model_version, live) values ($1, $2, 5, 0.9, 1e9, 1, 1e5, 'pass', "
            "'pass', 'pass', 'pass', 'pass', 'pass', 'pass', 'pass', 'pass', true, 1, 'test', 1, true)",
            (pair, NOW.replace(minute=0, second=0) - HOUR),
        )


def faulty_hour(okx) -> list[str]:
    """Data, orders, a wrong key and every kind of fault; the texts of all errors."""
    from okx_jobs.runs.runner import Pipeline, RunFailedError, quiet_instance
    from okx_jobs.stack import services
    from resources.config.settings import load_settings
    from resources.stores import open_database, open_exchange

    settings, said = load_settings(), []
    with services.working_services(settings), quiet_instance(settings.home) as instance:
        pipeline, store = Pipeline(instance), open_database(settings.database)
        pipeline.run("refresh_universe", partition_key=f"{NOW:%Y-%m-%d}")
        pipeline.run_range([keys.CANDLES_1H], "2026-05-01-00:00", PARTITION)
        arm_every_fault(okx[2])
        for job, key in (("observe_hour", PARTITION), ("refresh_hour", PARTITION)):
            try:
                pipeline.run(job, partition_key=key)
            except RunFailedError as error:
                said.append(str(error))
        insert_signals(store, PAIRS)
        for _ in range(4):
            try:
                pipeline.run("execute_signals")
            except RunFailedError as error:
                said.append(str(error))
        okx[2].clear_faults()
        placed = store.scalar("select count(*) from trading.intents where state <> 'journaled'")
        assert placed == len(PAIRS)
        os.environ["OKXSIGNAL_OKX_API_SECRET"] = KEY.secret + "-wrong"
        with pytest.raises(RunFailedError, match="50113") as refused:
            pipeline.run("execute_signals")
        said += [str(refused.value), repr(refused.value)]
        client = open_exchange(load_settings().exchange)
        said += [repr(settings), str(settings), repr(client), repr(vars(client)), repr(store)]
        said += list(everything_stored(settings))
    return said


def everything_stored(settings) -> Iterator[str]:
    """Every row of every table of all our databases, as text."""
    from resources.postgres.database import sibling
    from resources.stores import open_database

    url = open_database(settings.database).url
    for name in ("okxsignal", "dagster", "mlflow"):
        yield from all_rows(sibling(url, name))


def all_rows(url: str) -> Iterator[str]:
    import psycopg

    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "select quote_ident(table_schema) || '.' || quote_ident(table_name) from information_schema.tables "
            "where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')"
        ).fetchall()
        for (table,) in tables:
            with connection.cursor().copy(f"copy {table} to stdout") as rows:  # type: ignore[arg-type]
                yield table + b"".join(rows).decode("utf-8", "replace")


def test_the_keys_reach_the_exchange_and_nothing_else(okx, home: Path, caplog, capfd) -> None:
    caplog.set_level(logging.DEBUG)
    said = faulty_hour(okx)
    assert okx[0].ledger.fills("true")
    assert any(text.startswith("public.event_logs") and "execute_signals" in text for text in said)
    printed = capfd.readouterr()
    said += [caplog.text, printed.out, printed.err]
    files = [path for path in home.rglob("*") if path.is_file()]
    assert any("mlflow" in path.name for path in files)
    said += [path.read_bytes().decode("utf-8", "replace") for path in files]
    for canary in CANARIES:
        assert [text[:300] for text in said if canary in text] == []
