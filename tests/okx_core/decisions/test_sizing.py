"""Orders keep the limits at decision time, refuse on doubt, and never refuse an exit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from okx_core.decisions.rules import PRODUCT_LIMITS, DecisionRules, RiskLimits
from okx_core.decisions.sizing import desired_orders
from tests.examples import examples

RULES = DecisionRules()


def orders(prediction, held=None, hours=None, price=None, cash=1000.0, tradable=None, rules=RULES,
           limits=PRODUCT_LIMITS, multiplier=None):  # fmt: skip
    count = len(prediction)
    return desired_orders(
        np.array(prediction, dtype=float),
        np.ones(count, bool) if tradable is None else np.array(tradable),
        np.zeros(count) if held is None else np.array(held, dtype=float),
        np.zeros(count) if hours is None else np.array(hours, dtype=float),
        np.ones(count) if price is None else np.array(price, dtype=float),
        cash,
        rules,
        limits,
        None if multiplier is None else np.array(multiplier, dtype=float),
    )


def test_buys_take_the_best_prediction_first_until_the_exposure_is_used():
    found = orders([0.5, 3.0, 1.0, 2.0, 0.9])
    assert found.tolist() == [0.0, 200.0, 200.0, 200.0, 200.0]


def test_a_trade_risks_at_most_the_planned_share():
    assert orders([1.0], rules=DecisionRules(planned_loss_pct=20.0)).tolist() == [100.0]


def test_the_asset_limit_and_the_largest_order_bind():
    assert orders([1.0], rules=DecisionRules(planned_loss_pct=1.0)).tolist() == [300.0]
    assert orders([1.0], limits=RiskLimits(30.0, 80.0, 2.0, 50.0)).tolist() == [50.0]


def test_a_position_is_closed_whole_at_its_horizon_or_when_the_prediction_turns():
    found = orders([5.0, -1.0, 0.1, np.nan, np.nan], held=[10, 10, 10, 10, 10], hours=[24, 1, 23, 23, 24])
    assert found.tolist() == [-10.0, -10.0, 0.0, 0.0, -10.0]


def test_a_pair_that_is_held_is_not_bought_again():
    assert orders([9.0, 1.0], held=[1.0, 0.0]).tolist()[0] == 0.0


def test_an_unknown_prediction_price_or_multiplier_buys_nothing():
    assert orders([np.nan, 1.0, 1.0], price=[1.0, np.nan, 1.0], multiplier=[1, 1, np.nan]).tolist() == [
        0,
        0,
        0,
    ]


def test_what_is_not_tradable_is_not_bought():
    assert orders([2.0, 1.0], tradable=[False, True]).tolist() == [0.0, 200.0]


@pytest.mark.parametrize(
    "name", ["max_asset_pct", "max_exposure_pct", "risk_per_trade_pct", "max_order_quote"]
)
@pytest.mark.parametrize("value", [None, np.nan])
def test_a_missing_limit_refuses_buys_but_not_exits(name, value):
    limits = RiskLimits(**{**vars(PRODUCT_LIMITS), name: value})
    assert orders([3.0, 2.0], held=[5.0, 0.0], hours=[30.0, 0.0], limits=limits).tolist() == [-5.0, 0.0]


@pytest.mark.parametrize(
    ("held", "price", "cash"), [(np.nan, 1.0, 1000.0), (5.0, np.nan, 1000.0), (5.0, 1.0, np.nan)]
)
def test_an_unknown_equity_refuses_buys_but_not_exits(held, price, cash):
    found = orders([3.0, 2.0], held=[held, 0.0], hours=[30.0, 0.0], price=[price, 1.0], cash=cash)
    assert found[1] == 0.0
    assert found[0] < 0.0 or np.isnan(held)


def test_what_an_exit_will_bring_is_not_spent_in_the_same_hour():
    found = orders([1.0, 3.0], held=[1000.0, 0.0], hours=[24.0, 0.0], cash=5.0)
    assert found.tolist() == [-1000.0, 0.0]


def test_no_more_positions_than_allowed():
    rules = DecisionRules(max_positions=2)
    found = orders([1.0, 2.0, 3.0, 4.0], held=[50.0, 0.0, 0.0, 0.0], rules=rules)
    assert np.flatnonzero(found).tolist() == [3]


def test_the_multiplier_scales_the_size_below_the_limits():
    assert orders([2.0, 1.0, 0.5], multiplier=[0.5, 0.0, 9.0]).tolist() == [100.0, 0.0, 300.0]


def test_a_pair_that_moves_like_one_that_is_held_or_bought_is_not_bought():
    dice = np.random.default_rng(1)
    own = dice.normal(0.0, 0.01, (170, 4))
    own[:, 1] = own[:, 0] + dice.normal(0.0, 0.001, 170)
    own[:, 3] = own[:, 2] + dice.normal(0.0, 0.001, 170)
    closes = np.cumprod(1.0 + own, axis=0)

    def bought(closes, held=(0.0, 0.0, 0.0, 0.0), **rules):
        found = desired_orders(
            np.array([4.0, 3.0, 2.0, 1.0]), np.ones(4, bool), np.array(held), np.zeros(4), np.ones(4), 1000.0,
            DecisionRules(**rules), PRODUCT_LIMITS, closes=closes,
        )  # fmt: skip
        return np.flatnonzero(found > 0.0).tolist()

    assert bought(closes) == [0, 1, 2, 3]
    assert bought(closes, max_correlation=0.8) == [0, 2], "those bought in the same hour count too"
    assert bought(closes, held=(0.0, 0.0, 0.0, 50.0), max_correlation=0.8) == [0]
    unknown = closes.copy()
    unknown[:, 2] = np.nan
    assert bought(unknown, max_correlation=0.8) == [0, 3], "an unknown correlation refuses that pair alone"
    assert bought(None, max_correlation=0.8) == [0], "without closes every correlation is unknown"


amounts = st.one_of(st.floats(0.0, 1e5), st.just(0.0), st.just(np.nan))


@settings(max_examples=examples(50))
@given(
    pairs=st.lists(
        st.tuples(
            st.one_of(st.floats(-10.0, 10.0), st.just(np.nan)),
            st.booleans(),
            amounts,
            st.floats(0.0, 48.0),
            st.one_of(st.floats(1e-8, 1e6), st.just(np.nan)),
        ),
        min_size=1,
        max_size=12,
    ),
    cash=st.floats(0.0, 1e6),
)
def test_limits_hold_at_decision_time_and_doubt_buys_nothing(pairs, cash):
    prediction, tradable, held, hours, price = (np.array(column) for column in zip(*pairs, strict=True))
    found = orders(prediction, held, hours, price, cash, tradable)
    buys = np.maximum(found, 0.0)
    worth = np.where(held == 0.0, 0.0, held * price)
    equity = cash + worth.sum()
    assert not np.isnan(found).any()
    assert buys.sum() <= cash
    if not np.isfinite(equity):
        assert (buys == 0.0).all()
    elif buys.any():
        assert buys.sum() + worth.sum() <= 0.8 * equity * (1 + 1e-12)
        assert buys.max() <= 0.3 * equity * (1 + 1e-12)
        assert buys[buys > 0.0].min() >= RULES.min_order_quote
    assert (held[found > 0.0] == 0.0).all()
    assert tradable[found > 0.0].all()
    assert (prediction[found > 0.0] > 0.0).all()
    assert (held[found < 0.0] > 0.0).all()
    overdue = (held > 0.0) & (hours >= RULES.horizon_hours)
    assert (found[overdue] < 0.0).all()
