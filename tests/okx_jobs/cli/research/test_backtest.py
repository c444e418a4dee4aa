"""`okxsignal backtest` and `okxsignal strategy`: what they print, and what they say of mistakes."""

from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from okx_jobs.cli.research.backtest import list_strategies, print_run, show_strategy, write_strategy
from okx_jobs.dagster_jobs.strategy_backtest import Backtest, BacktestConfig, config_of
from okx_jobs.research.strategy_backtest import BacktestRequest, note_of, run_backtest
from okx_services.research.strategies.record import RecordedRun
from resources.config.settings import load_settings
from resources.registry.tracking import LoggedRun

DAYS = 80


@pytest.fixture(scope="module")
def tape(tmp_path_factory):
    dice = np.random.default_rng(5)
    times = pd.date_range("2024-01-01", periods=24 * DAYS, freq="h", tz="UTC").as_unit("us")
    frames = []
    for pair in ("BTC-USDT", "ETH-USDT", "SOL-USDT"):
        close = 50.0 * np.exp(np.cumsum(dice.normal(2e-4, 0.006, len(times))))
        opened = np.concatenate(([50.0], close[:-1]))
        bars = {
            "open": opened,
            "high": np.maximum(opened, close),
            "low": np.minimum(opened, close),
            "close": close,
        }
        frames.append(pd.DataFrame({"pair": pair, "timestamp_utc": times, **bars, "volume": 1e6}))
    path = tmp_path_factory.mktemp("tape") / "candles.parquet"
    pd.concat(frames).to_parquet(path)
    return path


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("OKXSIGNAL_HOME", str(tmp_path))
    return load_settings()


def printed(work, *given):
    console = Console(record=True, width=200, file=StringIO())
    work(*given, console)
    return console.export_text()


def no_database():
    raise AssertionError("the candles are those of a file")


def run(request, settings) -> str:
    """What is printed of a backtest, as kept in a home where two versions have been tried."""
    found, origin = run_backtest(request, settings.home, no_database, lambda *_: None)
    recorded = RecordedRun("1", LoggedRun("2", "http://127.0.0.1:1/#/run"), 0.25, 2)
    return printed(print_run, Backtest(found, origin, note_of(request, no_database), recorded))


def test_a_run_prints_figures_benchmarks_reasons_and_refusals(tape, settings) -> None:
    parameters = {"hours": "72", "every_hours": "24", "stop_pct": "2"}
    text = run(BacktestRequest(candles=tape, strategy="momentum", parameters=parameters), settings)
    assert "momentum (version" in text
    assert "candles.parquet: 3 pairs, 2024-02-15 00:00 to 2024-03-20" in text
    for words in ("total return", "Sharpe", "BTC-USDT held", "cash", "closed by", "entries wanted"):
        assert words in text
    assert (
        "deflated Sharpe ratio 0.25: so likely is it more than the luck of the best of the 2 versions" in text
    )
    assert "http://127.0.0.1:1/#/run" in text


def test_a_strategy_of_ones_own_is_written_listed_shown_and_run(tape, settings) -> None:
    assert "okxsignal backtest --strategy mine" in printed(write_strategy, "mine", settings)
    assert "mine " in printed(list_strategies, settings)
    assert "parameters: hours=72, top=3" in printed(show_strategy, "mine", settings)
    text = run(BacktestRequest(candles=tape, strategy="mine", pairs="btc-usdt,ETH-USDT"), settings)
    assert "mine (version" in text
    assert "2 pairs" in text


def test_figures_of_a_synthetic_market_are_marked_as_such(settings) -> None:
    request = BacktestRequest(strength=1.0, days=60, strategy="momentum", pairs="BTC-USDT,ETH-USDT")
    assert "these figures say nothing about real markets" in run(request, settings)


def test_a_strategy_that_cannot_be_loaded_is_listed_with_the_reason(settings) -> None:
    printed(write_strategy, "mine", settings)
    (settings.home / "strategies" / "mine.py").write_text("def decide(:\n")
    assert "mine.py, line 1" in printed(list_strategies, settings)


@pytest.mark.parametrize(
    "request_",
    [
        BacktestRequest(),
        BacktestRequest(
            strength=0.0, days=9, pairs="A-USDT", start=datetime(2024, 1, 1, 5, tzinfo=UTC),
            end=datetime(2025, 1, 1, tzinfo=UTC), strategy="momentum", parameters={"hours": "3"}, capital_quote=2.5,
            threads=2,
        ),
        BacktestRequest(candles=Path("/tmp/candles.parquet")),
    ],
)  # fmt: skip
def test_the_job_takes_what_the_command_takes(request_) -> None:
    given = config_of(request_)["ops"]["trade_strategy"]["config"]
    assert BacktestConfig(**given).request() == request_
