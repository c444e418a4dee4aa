"""Targets are those of the definitions, and weights know how labels overlap."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from okx_core.labels.declaration import FutureBars
from okx_core.labels.events import resistance_event_24h, support_event_24h
from okx_core.labels.returns import was_profitable_12h
from okx_core.models.panel import Prices
from okx_core.models.targets import (
    TARGETS,
    TargetError,
    class_weights,
    decay,
    excess,
    future_return_pct,
    rank,
    top_third,
    uniqueness,
)
from tests.made_panel import made_panel


def slow_uniqueness(labelled: np.ndarray, horizon: int) -> np.ndarray:
    hours, pairs = labelled.shape
    out = np.zeros(labelled.shape)
    for pair in range(pairs):
        spans = [set(range(t + 1, t + horizon + 1)) if labelled[t, pair] else set() for t in range(hours)]
        for t in range(hours):
            shares = [1.0 / sum(hour in span for span in spans) for hour in spans[t]]
            out[t, pair] = np.mean(shares) if shares else 0.0
    return out


@given(hnp.arrays(np.float64, (12, 2), elements=st.sampled_from([0.0, 1.0])), st.integers(1, 15))
def test_uniqueness_is_the_mean_share_of_the_hours_of_a_label(labelled, horizon) -> None:
    np.testing.assert_allclose(uniqueness(labelled, horizon), slow_uniqueness(labelled, horizon), atol=1e-12)


def test_labels_that_do_not_overlap_count_fully() -> None:
    labelled = np.zeros((100, 1))
    labelled[::8] = 1.0
    np.testing.assert_allclose(uniqueness(labelled, 8)[::8], 1.0)
    np.testing.assert_allclose(uniqueness(labelled, 4)[::8], 1.0)


def test_a_return_is_unknown_where_one_of_its_bars_is() -> None:
    closes = np.array([[100.0], [np.nan], [110.0], [121.0]])
    found = future_return_pct(closes, 2)[:, 0]
    np.testing.assert_allclose(found, [10.0, np.nan, np.nan, np.nan])
    assert np.isnan(future_return_pct(closes, 9)).all()


def test_excess_sums_to_zero_and_two_pairs_have_none() -> None:
    returns = np.array([[1.0, 2.0, 6.0, np.nan], [1.0, 2.0, np.nan, np.nan]])
    found = excess(returns)
    np.testing.assert_allclose(found[0], [-2.0, -1.0, 3.0, np.nan])
    assert np.isnan(found[1]).all()


def test_the_best_third_is_one_of_three_and_two_of_six() -> None:
    assert np.nansum(top_third(np.array([[3.0, 1.0, 2.0]]))) == 1.0
    found = top_third(np.array([[3.0, 1.0, 2.0, 9.0, 4.0, np.nan, 5.0]]))
    np.testing.assert_allclose(found, [[0.0, 0.0, 0.0, 1.0, 0.0, np.nan, 1.0]])


def test_ranks_keep_the_order_whatever_the_size() -> None:
    np.testing.assert_allclose(rank(np.array([[900.0, -1.0, 0.0]])), [[0.5, -0.5, 0.0]])


def test_weights_halve_with_age_only_when_asked() -> None:
    ages = np.array([0.0, 168.0, 336.0])
    np.testing.assert_allclose(decay(ages, 1.0), [1.0, 0.5, 0.25])
    np.testing.assert_allclose(decay(ages, None), 1.0)


def test_targets_that_are_labelled_too_equal_their_labels() -> None:
    panel = made_panel(hours=1100)
    bars = FutureBars(*(np.ascontiguousarray(grid.T) for grid in (panel.highs, panel.lows, panel.closes)))
    for label, target, hours in (
        (was_profitable_12h, "profit_after_fees", 12),
        (resistance_event_24h, "breakout", 24),
        (support_event_24h, "rebound", 24),
    ):
        found = TARGETS[target](panel.prices, hours)
        np.testing.assert_array_equal(found, label.compute(bars).T)
        assert len(np.unique(found[~np.isnan(found)])) >= 2, target


def test_an_event_cannot_be_told_from_closes_alone() -> None:
    with pytest.raises(TargetError, match="need highs and lows"):
        TARGETS["breakout"](Prices(np.ones((200, 3))), 24)


@given(hnp.arrays(np.float64, st.integers(1, 40), elements=st.sampled_from([-1.0, 0.0, 1.0])))
def test_every_class_has_the_same_total_weight_and_the_mean_is_one(target) -> None:
    weight = class_weights(target)
    totals = [weight[target == one].sum() for one in np.unique(target)]
    np.testing.assert_allclose(totals, len(target) / len(totals))
