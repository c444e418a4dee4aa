"""`okxsignal backtest` and `okxsignal strategy`: what they print, and what they say of mistakes."""

from datetime import UTC, datetime
from io import StringIO

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from okx_core.errors import OkxSignalError
from okx_jobs.cli.research.backtest import (
    BacktestRequest,
    list_strategies,
    parameters_of,
    run_backtest,
    show_strategy,
    write_strategy,
)
from resources.config.settings import load_settings

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


def test_a_run_prints_figures_benchmarks_reasons_and_refusals(tape, settings) -> None:
    request = BacktestRequest(
        candles=tape, strategy="momentum", parameters={"hours": "72", "every_hours": "24", "stop_pct": "2"}
    )
    text = printed(run_backtest, request, settings)
    assert "momentum (version" in text
    assert "candles.parquet: 3 pairs, 2024-02-15 00:00 to 2024-03-20" in text
    for words in ("total return", "Sharpe", "BTC-USDT held", "cash", "closed by", "entries wanted"):
        assert words in text


def test_a_strategy_of_ones_own_is_written_listed_shown_and_run(tape, settings) -> None:
    assert "okxsignal backtest --strategy mine" in printed(write_strategy, "mine", settings)
    assert "mine " in printed(list_strategies, settings)
    assert "parameters: hours=72, top=3" in printed(show_strategy, "mine", settings)
    text = printed(
        run_backtest, BacktestRequest(candles=tape, strategy="mine", pairs="btc-usdt,ETH-USDT"), settings
    )
    assert "mine (version" in text
    assert "2 pairs" in text


def test_figures_of_a_synthetic_market_are_marked_as_such(settings) -> None:
    request = BacktestRequest(strength=1.0, days=60, strategy="momentum", pairs="BTC-USDT,ETH-USDT")
    assert "these figures say nothing about real markets" in printed(run_backtest, request, settings)


def test_a_strategy_that_cannot_be_loaded_is_listed_with_the_reason(settings) -> None:
    printed(write_strategy, "mine", settings)
    (settings.home / "strategies" / "mine.py").write_text("def decide(:\n")
    assert "mine.py, line 1" in printed(list_strategies, settings)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"strategy": "momentun"}, "no strategy momentun; there are model, momentum"),
        ({"pairs": "DOGE-USDT"}, "no candles of DOGE-USDT; there are BTC-USDT"),
        ({"parameters": {"hour": "3"}}, "has no parameter hour; did you mean hours"),
        (
            {"start": datetime(2030, 1, 1, tzinfo=UTC)},
            "no day to trade from 2030-01-01 .*reach from 2024-01-01",
        ),
        ({"start": datetime(2020, 1, 1, tzinfo=UTC)}, "no day to trade from 2020-01-01"),
        ({"capital_quote": float("nan")}, "--capital is nan: give an amount above 0"),
        ({"strength": 0.0}, "--synthetic makes its own market: leave out --candles"),
    ],
)
def test_a_mistake_is_named_with_its_remedy(tape, settings, given, complaint) -> None:
    request = BacktestRequest(**{"candles": tape, "strategy": "momentum", **given})
    with pytest.raises(OkxSignalError, match=complaint):
        printed(run_backtest, request, settings)


@pytest.mark.parametrize("text", ["stop_pct", "=5", "stop_pct="])
def test_a_parameter_without_a_value_is_refused(text) -> None:
    with pytest.raises(OkxSignalError, match="give name=value, such as --param stop_pct=5"):
        parameters_of([text])
    assert parameters_of(["a=1", " b = x=y "]) == {"a": "1", "b": "x=y"}
