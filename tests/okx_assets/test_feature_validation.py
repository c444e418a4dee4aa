"""The checks run as checks of features_1h on the candles that are stored."""

import dagster as dg
import numpy as np
import pandas as pd
import pytest

from okx_assets import feature_validation as checks
from okx_core.features.candle_set import CandleSet
from okx_core.validation.validate import CLAIMS
from okx_jobs.definitions import definitions
from resources.dagster_resources import DatabaseResource
from resources.market.candle_frames import candle_set, largest_pairs
from tests.synthetic_market import first_days, some_pairs

HOUR = pd.Timedelta(hours=1)


def stored(database, candles):
    end = candles.hourly["timestamp_utc"].max() + HOUR
    for timeframe, frame in candles.frames.items():
        if len(frame):
            rows = frame.assign(taker_buy_base=np.nan, source="test", ingested_at=end, revision=0)
            database.replace_window(f"market.candles_{timeframe}", rows, frame["timestamp_utc"].min(), end)


def run_checks(database, monkeypatch):
    monkeypatch.setenv("OKXSIGNAL_DATABASE_URL", database.url)
    job = dg.Definitions(
        asset_checks=[checks.feature_validation],
        jobs=[dg.define_asset_job("checks", dg.AssetSelection.checks(checks.feature_validation))],
        resources={"database": DatabaseResource()},
    ).resolve_job_def("checks")
    done = job.execute_in_process(raise_on_error=True)
    return {found.check_name: found for found in done.get_asset_check_evaluations()}


@pytest.mark.usefixtures("few_moments")  # all of them: tests/okx_core/validation/test_validate.py
def test_every_proof_is_a_check_and_passes_on_honest_candles(database, synthetic_market, monkeypatch):
    stored(database, first_days(some_pairs(synthetic_market, 6), 70))
    found = run_checks(database, monkeypatch)
    assert set(found) == {checks.check_name(check) for check in CLAIMS}
    failed = {name for name, result in found.items() if not result.passed}
    assert failed <= {"drift", "null_shift"}
    assert found["truncation"].metadata["features"].value > 100


def test_too_short_a_history_is_said_and_not_proven(database, synthetic_market, monkeypatch):
    stored(database, first_days(synthetic_market, 20))
    with pytest.raises(dg.Failure, match="validation needs 45 days"):
        run_checks(database, monkeypatch)


def test_only_the_pairs_that_turn_over_most_are_read(database, synthetic_market):
    candles = first_days(synthetic_market, 30)
    stored(database, CandleSet({name: candles.frames[name] for name in ("1h", "4h", "1d", "15m")}))
    hourly = candles.hourly
    turnover = hourly.groupby("pair")["quote_volume"].sum().sort_values(ascending=False)
    start, end = hourly["timestamp_utc"].min(), hourly["timestamp_utc"].max() + HOUR
    window = start.to_pydatetime(), end.to_pydatetime()
    found = candle_set(database, *window, largest_pairs(database, *window, 3))
    read = {name: set(frame["pair"]) for name, frame in found.frames.items()}
    assert read == {name: set(turnover.index[:3]) for name in ("1h", "4h", "1d", "15m")}


@pytest.mark.parametrize("job", ["trade_hour", "refresh_hour", "refresh_derived", "refresh_candles_15m"])
def test_the_runs_of_an_hour_leave_the_checks_of_the_day_alone(job):
    names = {key.name for key in definitions.resolve_job_def(job).asset_layer.asset_graph.asset_check_keys}
    assert "sql_equals_store" in names
    assert not names & {checks.check_name(check) for check in CLAIMS}
