"""A row unlike the training rows opens nothing; an exit asks no gate."""

import numpy as np
import pandas as pd
import pytest

from okx_core.decisions.gates import PASS
from okx_core.decisions.range_gates import with_range_gates
from okx_core.decisions.rules import PRODUCT_LIMITS, DecisionRules
from okx_core.decisions.sizing import desired_orders

NEAR = {
    "outside_share": 0.01, "max_outside_share": 0.04, "training_distance": 1.0, "max_training_distance": 2.0,
    "tradable": True,
}  # fmt: skip


def gated(**changes: object) -> pd.Series:
    return with_range_gates(pd.DataFrame([{**NEAR, **changes}])).iloc[0]


def test_a_row_within_both_bounds_passes_and_a_refused_one_stays_refused() -> None:
    row = gated()
    assert (row["gate_outside"], row["gate_distance"], row["tradable"]) == (PASS, PASS, True)
    assert not gated(tradable=False)["tradable"]
    assert gated(outside_share=0.04, training_distance=2.0)["tradable"], "the bound itself passes"


@pytest.mark.parametrize(
    ("gate", "changes", "reason"),
    [
        ("gate_outside", {"outside_share": 0.231}, "23.1 % of features outside the training range > 4.0 %"),
        ("gate_distance", {"training_distance": 2.5}, "distance to the training rows 2.50 > 2.00"),
        ("gate_outside", {"outside_share": np.nan}, "outside_share is unknown"),
        ("gate_outside", {"max_outside_share": np.nan}, "outside_share is unknown"),
        ("gate_distance", {"training_distance": np.nan}, "training_distance is unknown"),
        ("gate_distance", {"max_training_distance": np.nan}, "training_distance is unknown"),
    ],
)
def test_a_row_beyond_a_bound_is_refused_with_the_reason(gate: str, changes: dict, reason: str) -> None:
    row = gated(**changes)
    assert row[gate] == reason
    assert not row["tradable"]


def test_an_exit_is_never_refused() -> None:
    """A position whose prediction has turned, or whose horizon is over, is closed in the farthest of rows."""
    rules = DecisionRules()
    far = gated(outside_share=1.0, training_distance=1e9)
    for excess, hours in ((-9.0, 1.0), (9.0, rules.horizon_hours + 1.0)):
        orders = desired_orders(
            predicted_excess_pct=np.array([excess]), tradable=np.array([bool(far["tradable"])]),
            held_base=np.array([1.0]), held_hours=np.array([hours]), price=np.array([100.0]), cash_quote=1000.0,
            rules=rules, limits=PRODUCT_LIMITS, size_multiplier=np.array([1.0]),
        )  # fmt: skip
        assert orders[0] < 0
