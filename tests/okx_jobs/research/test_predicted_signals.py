"""Predictions for a backtest are kept: the same candles are not trained twice, others are."""

import pandas as pd
import pytest

from okx_core.models.members import MEMBERS
from okx_core.models.training.schedule import WalkForward
from okx_jobs.research import predicted_signals
from okx_jobs.research.chosen_candles import CandleChoice
from okx_jobs.research.predicted_signals import kept_signals
from okx_jobs.research.strategy_backtest import BacktestRequest, needs_predictions, predict, run_backtest
from okx_jobs.research.synthetic_candles import synthetic_hourly


@pytest.fixture
def tape(tmp_path, monkeypatch):
    """A file of five pairs; one quick member, trained after eight weeks."""
    monkeypatch.setattr(predicted_signals, "DEFAULTS", (MEMBERS["ridge_rank_24h"],))
    monkeypatch.setattr(predicted_signals, "SCHEDULE", WalkForward(4, 8))
    made = synthetic_hourly(110, 1.0).hourly
    path = tmp_path / "candles.parquet"
    made[made["pair"].isin(sorted(made["pair"].unique())[:5])].to_parquet(path)
    return path


def test_each_choice_of_candles_has_a_place_of_its_own(tape, tmp_path) -> None:
    choices = [
        CandleChoice(tape), CandleChoice(tape, pairs="BTC-USDT"), CandleChoice(strength=0.0),
        CandleChoice(strength=1.0), CandleChoice(strength=1.0, days=20),
    ]  # fmt: skip
    places = [kept_signals(choice, tmp_path) for choice in choices]
    pd.read_parquet(tape).iloc[1:].to_parquet(tape)
    places.append(kept_signals(choices[0], tmp_path))
    assert len(set(places)) == 6


def test_the_default_strategy_trades_a_file_on_predictions_that_are_made_once(
    tape, tmp_path, monkeypatch
) -> None:
    request = BacktestRequest(candles=tape, ungated=True, parameters={"fee_margin": "0"})
    assert needs_predictions(request, tmp_path)
    steps = []
    predict(request, tmp_path, lambda step, *_: steps.append(step))
    assert "training ridge_rank_24h" in steps
    assert not needs_predictions(request, tmp_path)
    assert [path.suffix for path in (tmp_path / "signals").iterdir()] == [".parquet"]

    monkeypatch.setattr(predicted_signals, "predicted_signals", lambda *_: pytest.fail("trained twice"))
    free, _ = run_backtest(request, tmp_path, lambda: pytest.fail("no home"), print)
    assert free.wanted > 50
    gated, _ = run_backtest(BacktestRequest(candles=tape), tmp_path, lambda: pytest.fail("no home"), print)
    assert gated.wanted == 0, "eight weeks of record let nobody trade"
    assert gated.fold.equity["equity_quote"].nunique() == 1


def test_what_was_broken_off_is_made_again(tape, tmp_path) -> None:
    place = kept_signals(CandleChoice(tape), tmp_path)
    place.parent.mkdir()
    place.with_suffix(".unfinished").write_bytes(b"half")
    assert needs_predictions(BacktestRequest(candles=tape), tmp_path)
    assert not needs_predictions(BacktestRequest(candles=tape, strategy="momentum"), tmp_path)
    assert not needs_predictions(BacktestRequest(), tmp_path)
