"""Indicators with a known name have the values that the known libraries give."""

from dataclasses import replace

import numpy as np
import pandas as pd

from okx_core.features.registry import FEATURES
from okx_core.validation.agreement import agreement

BY_NAME = {feature.name: feature for feature in FEATURES}


def test_dozens_of_indicators_agree_with_both_libraries(market):
    found = agreement(market.hourly, FEATURES)
    assert found.violations == ()
    assert int(found.evidence.split()[0]) > 50
    assert "with talib and ta" in found.evidence


def test_an_indicator_that_is_off_by_a_millionth_is_named_with_both_values(market):
    rsi = BY_NAME["rsi"]
    wrong = replace(rsi, compute=lambda bars: rsi.compute(bars) * (1.0 + 1e-6))
    (violation,) = agreement(market.hourly, (wrong, BY_NAME["macd"])).violations
    assert violation.feature == "rsi"
    assert "talib has" in violation.detail


def test_a_cap_that_only_a_crash_reaches_is_found_wherever_it_happens(market):
    hourly = market.hourly.sort_values(["pair", "timestamp_utc"], ignore_index=True)
    long = pd.concat(
        [hourly, hourly.assign(timestamp_utc=hourly["timestamp_utc"] + 120 * pd.Timedelta(days=1))]
    )
    late = long["timestamp_utc"].max() - 200 * pd.Timedelta(hours=1)
    during = long["timestamp_utc"] == late
    long.loc[during, "low"] *= 0.4
    chaikin = BY_NAME["chaikin_volatility"]
    capped = replace(chaikin, compute=lambda bars: np.minimum(chaikin.compute(bars), 1000.0))
    assert agreement(long, (chaikin,)).violations == ()
    assert agreement(long, (capped,)).suspects == {"chaikin_volatility"}


def test_a_dead_market_is_not_compared(market):
    dead = market.hourly.assign(volume=0.0)
    assert "0 features on 0 pairs" in agreement(dead, FEATURES).evidence
