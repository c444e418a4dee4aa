"""Walk-forward folds: every tested hour once, after a past that is long enough."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from okx_core.backtest.folds import MIN_PART_DAYS, MIN_TEST_DAYS, FoldsError, walk_forward_folds


@given(st.integers(24 * 270, 24 * 2000), st.integers(1, 5))
def test_every_hour_after_the_first_past_is_tested_once(hours, folds) -> None:
    cut = walk_forward_folds(hours, folds)
    assert len(cut) == folds
    assert [fold.test_stop for fold in cut[:-1]] == [fold.test_start for fold in cut[1:]]
    assert cut[-1].test_stop == hours
    lengths = [stop - start for start, stop in cut]
    assert min(lengths) == lengths[0]
    assert sum(lengths) >= 24 * MIN_TEST_DAYS
    part = cut[0].test_start // 2
    assert part >= 24 * MIN_PART_DAYS
    assert lengths[:-1] == [part] * (folds - 1)
    assert part <= lengths[-1] < part + 24 * (folds + 3)


@given(st.integers(0, 24 * 400), st.integers(1, 12))
def test_what_is_refused_is_shorter_than_the_days_that_are_named(hours, folds) -> None:
    shortest = max(MIN_PART_DAYS, -(-MIN_TEST_DAYS // folds)) * (folds + 2)
    if hours // 24 >= shortest:
        assert walk_forward_folds(hours, folds)
    else:
        with pytest.raises(FoldsError, match=rf"{hours // 24} days are too short .* need {shortest} days"):
            walk_forward_folds(hours, folds)


def test_no_fold_is_none() -> None:
    with pytest.raises(FoldsError, match="--folds is 0: give at least 1"):
        walk_forward_folds(10_000, 0)
