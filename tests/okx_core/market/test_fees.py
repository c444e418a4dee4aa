import math
from decimal import Decimal

import pytest

from okx_core.market import fees


def test_both_forms_of_a_rate_agree() -> None:
    assert Decimal(str(fees.TAKER_FEE_RATE)) == fees.TAKER_FEE
    assert Decimal(str(fees.MAKER_FEE_RATE)) == fees.MAKER_FEE


def test_round_trip_is_two_fees_and_two_slippages() -> None:
    assert fees.round_trip_cost_pct(0.0) == pytest.approx(0.2)
    assert fees.round_trip_cost_pct(slippage_bps=5.0) == pytest.approx(0.3)


def test_unknown_slippage_is_an_unknown_cost() -> None:
    assert math.isnan(fees.round_trip_cost_pct(math.nan))
