"""A backtest as it was asked for: mistakes are named before anything is traded."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from okx_core.errors import OkxSignalError
from okx_jobs.research.strategy_backtest import BacktestRequest, parameters_of, run_backtest
from okx_jobs.research.synthetic_candles import synthetic_hourly


@pytest.fixture(scope="module")
def tape(tmp_path_factory):
    path = tmp_path_factory.mktemp("tape") / "candles.parquet"
    made = synthetic_hourly(60, 0.0).hourly
    made[made["pair"].isin(["BTC-USDT", "ETH-USDT", "SOL-USDT"])].to_parquet(path)
    return path


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"strategy": "momentun"}, "no strategy momentun; there are model, momentum"),
        ({"pairs": "DOGE-USDT"}, "no candles of DOGE-USDT; there are BTC-USDT"),
        ({"parameters": {"hour": "3"}}, "has no parameter hour; did you mean hours"),
        (
            {"start": datetime(2070, 1, 1, tzinfo=UTC)},
            "no day to trade from 2070-01-01 .*the candles reach from 20",
        ),
        ({"start": datetime(2000, 1, 1, tzinfo=UTC)}, "no day to trade from 2000-01-01"),
        ({"capital_quote": float("nan")}, "--capital is nan: give an amount above 0"),
        ({"strategy": "model"}, "9 weeks of candles: the first model needs 52"),
        ({"candles": Path("nowhere.parquet"), "strategy": "model"}, "nowhere.parquet: no such file"),
        ({"strength": 0.0}, "--synthetic makes its own market: leave out --candles"),
    ],
)
def test_a_mistake_is_named_with_its_remedy(tape, tmp_path, given, complaint) -> None:
    request = BacktestRequest(**{"candles": tape, "strategy": "momentum", **given})
    with pytest.raises(OkxSignalError, match=complaint):
        run_backtest(request, tmp_path, lambda: pytest.fail("the candles are those of a file"), print)


@pytest.mark.parametrize("text", ["stop_pct", "=5", "stop_pct="])
def test_a_parameter_without_a_value_is_refused(text) -> None:
    with pytest.raises(OkxSignalError, match="give name=value, such as --param stop_pct=5"):
        parameters_of([text])
    assert parameters_of(["a=1", " b = x=y "]) == {"a": "1", "b": "x=y"}
