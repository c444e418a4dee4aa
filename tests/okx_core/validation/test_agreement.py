"""Indicators with a known name have the values that the known libraries give."""

from dataclasses import replace

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


def test_a_dead_market_is_not_compared(market):
    dead = market.hourly.assign(volume=0.0)
    assert "0 features on 0 pairs" in agreement(dead, FEATURES).evidence
