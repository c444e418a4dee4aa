"""Rules and limits say what is missing."""

import math

import pytest

from okx_core.decisions.rules import PRODUCT_LIMITS, DecisionRules, RiskLimits
from okx_core.market.fees import round_trip_cost_pct


def test_product_limits_are_complete():
    assert PRODUCT_LIMITS.missing() == ()
    assert (PRODUCT_LIMITS.max_asset_pct, PRODUCT_LIMITS.max_exposure_pct) == (30.0, 80.0)
    assert PRODUCT_LIMITS.risk_per_trade_pct == 2.0


@pytest.mark.parametrize("value", [None, math.nan, -1.0, math.inf])
def test_a_limit_without_a_usable_value_is_missing(value):
    limits = RiskLimits(value, 80.0, 2.0, 1000.0)
    assert limits.missing() == ("max_asset_pct",)


def test_no_limits_at_all_are_all_missing():
    assert len(RiskLimits().missing()) == 4


def test_the_default_fee_gate_asks_for_at_least_a_round_trip():
    assert DecisionRules().fee_margin >= 1.0
    assert round_trip_cost_pct(DecisionRules().max_slippage_bps) < 1.0
