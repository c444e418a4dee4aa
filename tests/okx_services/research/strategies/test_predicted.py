"""Predictions made for a backtest: walk-forward, so that later candles change nothing that was predicted before."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from okx_core.features.candle_set import CandleSet
from okx_core.models.members import MEMBERS, MemberError
from okx_core.models.training.schedule import WalkForward
from okx_jobs.research.synthetic_candles import synthetic_hourly
from okx_services.research.strategies.predicted import COLUMNS, predicted_signals

SCHEDULE = WalkForward(every_weeks=2, min_history_weeks=8)
RIDGE = (MEMBERS["ridge_rank_24h"],)
DAYS = 130


@pytest.fixture(scope="module")
def candles() -> CandleSet:
    made = synthetic_hourly(DAYS, strength=1.0).hourly
    chosen = sorted(made["pair"].unique())[:5]
    return CandleSet.of_hourly(made[made["pair"].isin(chosen)].reset_index(drop=True))


@pytest.fixture(scope="module")
def predicted(candles) -> pd.DataFrame:
    return predicted_signals(candles, RIDGE, SCHEDULE, 1, lambda *_: None)


def test_scores_begin_with_the_first_version_and_are_expected_returns_later(candles, predicted) -> None:
    first = candles.hourly["timestamp_utc"].min()
    assert tuple(predicted) == COLUMNS
    assert predicted["timestamp_utc"].min() >= first + pd.Timedelta(weeks=8)
    assert not predicted.duplicated(["pair", "timestamp_utc"]).any()
    known = predicted.dropna()
    assert known["timestamp_utc"].min() >= first + pd.Timedelta(weeks=10)
    assert known["predicted_excess_pct"].std() > 0


def test_later_candles_change_no_prediction_and_no_verdict(candles, predicted) -> None:
    cut = candles.hourly["timestamp_utc"].min() + pd.Timedelta(days=DAYS - 25)
    hourly = candles.hourly[candles.hourly["timestamp_utc"] < cut].reset_index(drop=True)
    earlier = predicted_signals(
        replace(candles, frames={**candles.frames, "1h": hourly}), RIDGE, SCHEDULE, 1, print
    )
    whole = predicted[predicted["timestamp_utc"] < cut].reset_index(drop=True)
    assert len(earlier) == len(whole) > 2_000
    np.testing.assert_array_equal(earlier["gate_passed"], whole["gate_passed"])
    np.testing.assert_allclose(
        earlier["predicted_excess_pct"], whole["predicted_excess_pct"], rtol=1e-9, atol=1e-12
    )


def test_a_short_record_does_not_pass_the_gate(predicted) -> None:
    assert set(predicted["gate_passed"]) == {0.0}, "ten weeks of predictions are less than the gate asks"


def test_too_short_a_history_is_refused_with_the_number_of_weeks(candles) -> None:
    with pytest.raises(MemberError, match="19 weeks of candles: the first model needs 52"):
        predicted_signals(candles, RIDGE, WalkForward(), 1, print)
