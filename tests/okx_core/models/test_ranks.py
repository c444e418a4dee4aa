"""Ranks and rank correlations agree with scipy and with the slower implementation by rows."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import rankdata, spearmanr

from okx_core.models.evaluation.scores import hourly_rank_ic, neutral_rank_ic
from okx_core.models.ranks import centred_ranks, grid_ranks, matrix_ranks, ranks_of

numbers = st.one_of(st.just(np.nan), st.integers(-3, 3).map(float))
grids = hnp.arrays(np.float64, (6, 5), elements=numbers)


@given(hnp.arrays(np.float64, 9, elements=numbers))
def test_ranks_are_those_of_scipy_with_ties_and_unknown_values(values) -> None:
    known = ~np.isnan(values)
    found = ranks_of(values)
    assert np.isnan(found[~known]).all()
    np.testing.assert_allclose(found[known] + 1.0, rankdata(values[known]))


@given(hnp.arrays(np.float64, 9, elements=numbers))
def test_centred_ranks_go_from_minus_a_half_to_a_half_around_zero(values) -> None:
    found = centred_ranks(values)
    known = found[~np.isnan(found)]
    assert (np.abs(known) <= 0.5).all()
    assert abs(known.sum()) < 1e-12


@given(grids, grids)
def test_the_ic_of_grids_is_scipys_spearman_of_each_hour(score, outcome) -> None:
    expected = []
    for hour in range(len(score)):
        known = ~np.isnan(score[hour]) & ~np.isnan(outcome[hour])
        left, right = score[hour][known], outcome[hour][known]
        usable = known.sum() >= 3 and np.ptp(left) > 0 and np.ptp(right) > 0
        expected.append(spearmanr(left, right).statistic if usable else np.nan)
    np.testing.assert_allclose(hourly_rank_ic(score, outcome), expected, atol=1e-12)


def test_the_neutral_ic_is_the_correlation_of_residuals_of_ranks() -> None:
    rng = np.random.default_rng(3)
    score, outcome, volatility = rng.normal(size=(3, 40, 9))
    score[rng.random(score.shape) < 0.1] = np.nan
    found = neutral_rank_ic(score, outcome, volatility)
    for hour in range(40):
        known = ~np.isnan(score[hour])
        ranks = [rankdata(grid[hour][known]) for grid in (score, outcome, volatility)]
        design = np.column_stack((np.ones(known.sum()), ranks[2]))
        left, right = (r - design @ np.linalg.lstsq(design, r, rcond=None)[0] for r in ranks[:2])
        assert abs(found[hour] - np.corrcoef(left, right)[0, 1]) < 1e-9


def test_a_score_that_only_knows_volatility_has_no_neutral_ic() -> None:
    volatility = np.random.default_rng(1).normal(size=(50, 8))
    noise = np.random.default_rng(2).normal(size=(50, 8))
    assert np.nanmean(hourly_rank_ic(-volatility, noise - 3.0 * volatility)) > 0.8
    assert np.isnan(neutral_rank_ic(-volatility, noise - 3.0 * volatility, volatility)).all()


def test_the_rows_of_an_hour_are_ranked_by_column_and_unknown_ones_are_in_the_middle() -> None:
    values = np.array([[3.0, np.nan], [1.0, 5.0], [2.0, 7.0], [9.0, 1.0]], dtype=np.float32)
    found = matrix_ranks(values, np.array([4, 4, 4, 5]))
    np.testing.assert_allclose(found, [[0.5, 0.0], [-0.5, -0.5], [0.0, 0.5], [0.0, 0.0]])


def test_hours_with_too_few_pairs_get_no_ranks() -> None:
    grid = np.array([[1.0, 2.0, np.nan], [1.0, 2.0, 3.0]])
    found = grid_ranks(grid, 3)
    assert np.isnan(found[0]).all()
    np.testing.assert_allclose(found[1], [-0.5, 0.0, 0.5])


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=40),
    st.integers(0, 2**32 - 1),
)
def test_ranks_of_a_matrix_are_those_of_each_hour_and_column(sizes, seed) -> None:
    """Ties, unknown values of either sign, infinities, minus nought, denormal numbers, hours of different size."""
    dice = np.random.default_rng(seed)
    odd = np.array(
        [np.nan, -np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-42, -1e-42, 1.0, 1.0, -2.5], dtype=np.float32
    )
    values = np.where(
        dice.random((sum(sizes), 4)) < 0.5,
        dice.choice(odd, (sum(sizes), 4)),
        dice.normal(size=(sum(sizes), 4)),
    ).astype(np.float32)
    hours = np.repeat(np.cumsum(dice.integers(1, 4, len(sizes))), sizes)
    expected = np.zeros(values.shape, dtype=np.float32)
    for hour in np.unique(hours):
        for column in range(4):
            ranks = centred_ranks(values[hours == hour, column].astype(np.float64))
            expected[hours == hour, column] = np.nan_to_num(ranks)
    np.testing.assert_array_equal(matrix_ranks(values, hours), expected)
    np.testing.assert_array_equal(matrix_ranks(np.asfortranarray(values), hours), expected)
    kept = np.flatnonzero(dice.random(len(values)) < 0.3)
    np.testing.assert_array_equal(matrix_ranks(values, hours, kept), expected[kept])
