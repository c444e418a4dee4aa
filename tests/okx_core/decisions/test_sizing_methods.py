"""How large a position is by each method, by hand, and never above the limits."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from okx_core.decisions.rules import (
    PRODUCT_LIMITS,
    SIZING_METHODS,
    DecisionRules,
    DecisionRulesError,
    RiskLimits,
)
from okx_core.decisions.sizing import desired_orders
from okx_core.decisions.sizing_methods import (
    SizingFigures,
    equal_risk_share,
    kelly_share,
    size_multipliers,
    volatility_target_share,
)
from tests.examples import examples

EQUITY = 10_000.0
UNKNOWN = (math.nan, 0.0, -5.0, math.inf)


def figures(volatility=(), mean=(), variance=()) -> SizingFigures:
    """Columns of equal length; those not given are unknown."""
    length = max(len(column) for column in (volatility, mean, variance))
    filled = (column or [math.nan] * length for column in (volatility, mean, variance))
    return SizingFigures(*(np.array(column, dtype=float) for column in filled))


def bought(
    rules: DecisionRules, known: SizingFigures, stops=None, limits: RiskLimits = PRODUCT_LIMITS
) -> list[float]:
    """Orders from cash alone, the first pair first."""
    pairs = len(known.volatility_pct)
    multiplier = size_multipliers(rules, limits, None if stops is None else np.array(stops, float), known)
    return desired_orders(
        np.arange(pairs, 0.0, -1.0), np.ones(pairs, bool), np.zeros(pairs), np.zeros(pairs), np.ones(pairs), EQUITY,
        rules, limits, multiplier,
    ).tolist()  # fmt: skip


def test_fixed_fraction_risks_the_same_share_at_each_stop() -> None:
    # 2 % of 10,000 is 200: at a stop of 10 % 2,000, at 20 % 1,000, at 5 % the 4,000 are cut to 30 %.
    orders = bought(DecisionRules(), figures(volatility=[1.0, 1.0, 1.0]), [10.0, 20.0, 5.0])
    assert orders == pytest.approx([2_000.0, 1_000.0, 3_000.0])
    assert bought(DecisionRules(), figures(volatility=[math.nan])) == pytest.approx([2_000.0])


def test_a_volatility_target_is_met_by_each_position() -> None:
    rules = DecisionRules(sizing="volatility_target", volatility_target_pct=10.0)
    # 10 % / 80 % of 10,000 is 1,250: 1,250 x 80 % is 10 % of equity.
    orders = bought(rules, figures(volatility=[80.0, 200.0, 40.0]))
    assert orders == pytest.approx([1_250.0, 500.0, 2_000.0]), "the last is cut to the risk per trade"
    assert volatility_target_share(np.array([50.0]), 10.0).tolist() == [0.2]


def test_equal_risk_gives_the_more_volatile_pair_the_smaller_position() -> None:
    rules = DecisionRules(sizing="equal_risk", max_positions=8)
    # 80 % over 8 positions is 1,000 at the median volatility of 100 %.
    orders = bought(rules, figures(volatility=[50.0, 100.0, 200.0]))
    assert orders == pytest.approx([2_000.0, 1_000.0, 500.0])
    even = equal_risk_share(np.array([[50.0, 150.0, math.nan, 100.0, 100.0]]), 80.0, 8)
    np.testing.assert_allclose(even, [[0.2, 0.1 / 1.5, math.nan, 0.1, 0.1]])
    assert equal_risk_share(np.array([[60.0, 100.0]]), 80.0, 4)[0] == pytest.approx([0.2 * 80 / 60, 0.16])


def test_kelly_is_a_capped_fraction_of_mean_over_variance() -> None:
    # Mean 1 % and deviation 10 %: 0.01 / 0.01 is all of equity, a quarter of it 25 %, the cap 20 %.
    shares = kelly_share(np.array([1.0, 0.4, -1.0, 0.0]), np.full(4, 100.0), 0.25, 20.0)
    assert shares == pytest.approx([0.2, 0.1, 0.0, 0.0])
    orders = bought(DecisionRules(sizing="kelly"), figures(mean=[1.0, 0.4, -1.0], variance=[100.0] * 3))
    assert orders == pytest.approx([2_000.0, 1_000.0, 0.0])


@pytest.mark.parametrize("value", UNKNOWN)
def test_what_a_method_does_not_know_refuses_that_pair_and_no_other(value: float) -> None:
    for method in ("volatility_target", "equal_risk"):
        orders = bought(DecisionRules(sizing=method), figures(volatility=[value, 80.0]))
        assert orders[0] == 0.0
        assert orders[1] > 0.0
    rules = DecisionRules(sizing="kelly")
    assert bought(rules, figures(mean=[1.0, 1.0], variance=[value, 100.0])) == [0.0, 2_000.0]
    assert bought(
        rules, figures(mean=[value if value < 0.1 else math.nan, 1.0], variance=[100.0, 100.0])
    ) == [
        0.0,
        2_000.0,
    ]
    assert bought(rules, figures(mean=[math.inf], variance=[100.0])) == [0.0]


@pytest.mark.parametrize("method", SIZING_METHODS)
def test_a_missing_limit_or_an_unknown_stop_refuses_by_every_method(method: str) -> None:
    known = figures(volatility=[80.0], mean=[1.0], variance=[100.0])
    rules = DecisionRules(sizing=method)
    assert bought(rules, known, [10.0])[0] > 0.0
    assert bought(rules, known, [10.0], RiskLimits(30.0, None, 2.0, 1e5)) == [0.0]
    assert bought(rules, known, [10.0], RiskLimits(30.0, 80.0, 0.0, 1e5)) == [0.0]
    assert bought(rules, known, [math.nan]) == [0.0]


@pytest.mark.parametrize(
    ("given_", "complaint"),
    [
        ({"sizing": "half"}, "sizing is half: choose one of fixed_fraction, volatility_target, kelly"),
        ({"kelly_fraction": 0.0}, "kelly_fraction is 0.0: give a number above 0"),
        ({"volatility_target_pct": math.nan}, "volatility_target_pct is nan"),
    ],
)
def test_a_method_that_cannot_be_meant_is_refused(given_: dict, complaint: str) -> None:
    with pytest.raises(DecisionRulesError, match=complaint):
        DecisionRules(**given_)


FIGURE = st.floats(-50.0, 500.0) | st.sampled_from([*UNKNOWN, 1e-9, 1e9])


@settings(max_examples=examples(50))
@given(
    rows=st.lists(st.tuples(FIGURE, FIGURE, FIGURE, st.floats(0.5, 60.0)), min_size=1, max_size=8),
    method=st.sampled_from(SIZING_METHODS),
    has_stops=st.booleans(),
    target=st.floats(0.1, 200.0),
    fraction=st.floats(0.01, 2.0),
)
def test_no_method_goes_above_the_limits(rows, method, has_stops, target, fraction) -> None:
    """30 % an asset, 80 % in all, and 2 % of equity lost at the stop, or at the planned loss without one."""
    volatility, mean, variance, stops = (list(column) for column in zip(*rows, strict=True))
    rules = DecisionRules(
        sizing=method,
        volatility_target_pct=target,
        kelly_fraction=fraction,
        kelly_cap_pct=90.0,
        fee_margin=0.0,
    )
    orders = np.array(bought(rules, figures(volatility, mean, variance), stops if has_stops else None))
    assert np.isfinite(orders).all()
    assert orders.max() <= 0.3 * EQUITY * (1 + 1e-12)
    assert orders.sum() <= 0.8 * EQUITY * (1 + 1e-12)
    loss_pct = np.array(stops) if has_stops else rules.planned_loss_pct
    assert (orders * loss_pct / 100.0).max() <= 0.02 * EQUITY * (1 + 1e-12)
