"""Features of higher timeframes around missing hours: near the unbroken ones, and without a look ahead."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from okx_core.candles.buckets import aggregated
from okx_core.features.candle_set import CandleSet
from okx_core.features.registry import FEATURES
from okx_core.validation import look_ahead
from tests.okx_core.features.conftest import synthetic_candles

HOUR = timedelta(hours=1)
RECORDING = Path(__file__).parents[4] / "shared" / "data" / "candles_1h" / "binance_usdm_1h.parquet"
DERIVED = [feature for feature in FEATURES if feature.timeframe in ("4h", "1d")]
TOLERANCE = 0.15  # root mean square of the difference over all rows, in the feature's deviations


def with_outages(hourly, seed, outages):
    """The candles without some stretches of 1 to 6 hours, half of them of one pair alone."""
    generator = np.random.default_rng(seed)
    opens, pairs = hourly["timestamp_utc"], hourly["pair"].unique()
    first, span = opens.min(), int((opens.max() - opens.min()) / HOUR)
    lost = np.zeros(len(hourly), dtype=bool)
    for number in range(outages):
        begin = first + int(generator.integers(48, span)) * HOUR
        during = opens.between(begin, begin + int(generator.integers(0, 6)) * HOUR)
        lost |= (during & ((hourly["pair"] == generator.choice(pairs)) | (number % 2 == 0))).to_numpy()
    return hourly[~lost].reset_index(drop=True)


def differences(hourly, start, end, seed, outages):
    """Of each feature: root mean square difference in deviations, and the share of rows that became NULL."""
    whole = CandleSet.of_hourly(hourly).features(start, end, DERIVED).set_index(["pair", "timestamp_utc"])
    broken = with_outages(hourly, seed, outages)
    assert len(broken) < len(hourly)
    rows = CandleSet.of_hourly(broken).features(start, end, DERIVED).set_index(["pair", "timestamp_utc"])
    whole = whole.loc[rows.index]
    gaps = (rows - whole) / whole.std()
    return np.sqrt((gaps**2).mean()), (rows.isna() & whole.notna()).mean()


def test_outages_of_hours_move_no_feature_of_4h_and_daily_bars_far():
    start, end = datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 7, 1, tzinfo=UTC)
    hourly = synthetic_candles(("BTC-USDT", "ETH-USDT", "SOL-USDT"), start, end, seed=9)
    moved, lost = differences(hourly, start + timedelta(days=101), end, seed=4, outages=24)
    assert len(moved) == len(DERIVED)
    assert moved.max() < TOLERANCE, moved.idxmax()
    assert lost.max() < 0.03, lost.idxmax()


def test_outages_in_real_candles_move_no_feature_far():
    """On the unbroken recordings beside the project, two years of four pairs; there may be none."""
    assert RECORDING.exists() == RECORDING.parent.exists()
    if not RECORDING.exists():
        return
    start, end = (datetime(year, 5, 1, tzinfo=UTC) for year in (2021, 2023))
    filters = [("pair", "in", ["BTC-USDT-SWAP", "ETH-USDT-SWAP", "SOL-USDT-SWAP", "LTC-USDT-SWAP"])]
    hourly = pd.read_parquet(RECORDING, filters=filters).astype({"timestamp_utc": "datetime64[us, UTC]"})
    hourly = hourly[(hourly["timestamp_utc"] < end) & (hourly["timestamp_utc"] >= "2020-10-24")]
    moved, lost = differences(hourly, start, end, seed=3, outages=30)
    assert moved.max() < TOLERANCE, moved.idxmax()
    assert lost.max() < 0.03, lost.idxmax()


@pytest.mark.parametrize("hours", [4, 24])
def test_bars_made_at_a_moment_are_those_that_had_closed_then(calm, hours):
    hourly = with_outages(calm.hourly, 5, 80)
    bars = aggregated(hourly, hours)
    assert bars["hours"].min() < hours
    opens = hourly["timestamp_utc"].drop_duplicates().sort_values()
    for newest in opens.iloc[700:760]:
        then = aggregated(hourly[hourly["timestamp_utc"] <= newest], hours)
        closed = bars[bars["timestamp_utc"] + hours * HOUR <= newest + HOUR]
        pd.testing.assert_frame_equal(then, closed.reset_index(drop=True), check_exact=True)


def test_no_row_near_an_outage_knows_what_came_after_it(calm):
    broken = with_outages(calm.hourly, 5, 60)
    known = replace(calm, hourly=broken).known()
    candles = replace(CandleSet.of_hourly(broken), universe=known.universe)
    moments = [datetime(2024, 5, 3, hour, tzinfo=UTC) + timedelta(days=3 * hour % 20) for hour in range(24)]
    assert look_ahead.truncation(candles, moments, DERIVED).suspects == set()
