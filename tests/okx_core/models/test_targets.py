"""Targets are those of the definitions, and weights know how labels overlap."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from okx_core.models.targets import decay, excess, future_return_pct, rank, top_third, uniqueness


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
