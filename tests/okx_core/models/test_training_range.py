"""What is like the training rows passes at a known rate; what comes from elsewhere does not."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from okx_core.models.training_range import (
    FALSE_ALARMS,
    NO_CHANGE,
    TAIL,
    TrainingRange,
    furthest,
    training_range,
)

FEATURES = 40


def drawn(rows: int, seed: int) -> np.ndarray:
    """Features as they are: heavy tails, some that say nearly the same, some unknown at times."""
    rng = np.random.default_rng(seed)
    common = rng.standard_t(4, size=(rows, 5))
    matrix = common[:, np.arange(FEATURES) % 5] + 0.5 * rng.standard_t(4, size=(rows, FEATURES))
    matrix *= 10.0 ** (np.arange(FEATURES) % 7 - 3)
    matrix[rng.random(rows) < 0.02, 3] = np.nan
    return matrix.astype(np.float32)


@pytest.fixture(scope="module")
def fitted() -> TrainingRange:
    return training_range(drawn(20_000, 1))


def far(found: TrainingRange, matrix: np.ndarray) -> np.ndarray:
    outside, distance = found.measured(matrix)
    return (outside > found.max_outside_share) | (distance > found.max_distance)


def test_of_rows_like_those_of_the_training_no_more_are_refused_than_the_two_bounds_allow(fitted) -> None:
    assert far(fitted, drawn(200_000, 2)).mean() == pytest.approx(FALSE_ALARMS, abs=FALSE_ALARMS)


def test_the_figures_are_those_of_a_plain_computation(fitted) -> None:
    matrix = drawn(50, 3)
    train = drawn(20_000, 1).astype(np.float64)
    low, high = np.nanquantile(train, [TAIL, 1 - TAIL], axis=0, method="nearest")
    ten, middle, ninety = np.nanquantile(train, [0.1, 0.5, 0.9], axis=0, method="nearest")
    z = np.arcsinh((matrix - middle) / ((ninety - ten) / 2.563103))
    outside, distance = fitted.measured(matrix)
    expected = (
        (matrix < low) | (matrix > high) | (np.isnan(matrix) & (np.isnan(train).mean(0) < TAIL))
    ).mean(1)
    np.testing.assert_allclose(outside, expected)
    np.testing.assert_allclose(distance, np.sqrt(np.nanmean(z**2, axis=1)), rtol=1e-6)


@pytest.mark.parametrize("factor", [1e-3, 10.0, 1e3, -1.0, np.inf, np.nan])
def test_a_row_whose_features_come_from_another_scale_is_far(factor: float) -> None:
    rows = np.abs(drawn(20_000, 1)) + np.float32(1.0)
    found = training_range(rows)
    assert not far(found, rows[:100]).any()
    assert far(found, rows[:100] * np.float32(factor)).all()


def test_one_feature_in_ten_beyond_everything_known_is_far(fitted) -> None:
    matrix = drawn(100, 4)
    matrix[:, ::10] = 1e9
    assert far(fitted, matrix).all()


def test_an_unknown_feature_counts_only_where_it_was_always_known(fitted) -> None:
    matrix = drawn(1, 5)
    base = fitted.measured(matrix)[0][0]
    for feature, expected in ((3, 0), (4, 1)):
        without = matrix.copy()
        without[0, feature] = np.nan
        assert fitted.measured(without)[0][0] == pytest.approx(base + expected / FEATURES)


def test_a_feature_that_no_training_row_knew_is_outside_once_it_is_known() -> None:
    rows = drawn(5_000, 1)
    rows[:, 0] = np.nan
    found = training_range(rows)
    assert found.measured(rows)[0].max() < 1.0
    known = rows[:1].copy()
    before = found.measured(known)[0][0]
    known[0, 0] = 0.0
    assert found.measured(known)[0][0] == pytest.approx(before + 1 / FEATURES)


def test_a_constant_feature_has_no_scale_and_any_other_value_is_outside() -> None:
    rows = drawn(5_000, 1)
    rows[:, 0] = 7.0
    found = training_range(rows)
    other = rows[:1].copy()
    other[0, 0] = 8.0
    assert found.measured(other)[0][0] == pytest.approx(found.measured(rows[:1])[0][0] + 1 / FEATURES)
    assert found.measured(other)[1][0] == found.measured(rows[:1])[1][0]


@given(st.integers(1, 300), st.integers(0, 99))
def test_any_number_of_rows_gives_a_range_whose_bytes_come_back_equal(rows: int, seed: int) -> None:
    found = training_range(drawn(rows, seed))
    again = TrainingRange.from_bytes(found.to_bytes())
    for part in fields(found):
        np.testing.assert_array_equal(getattr(found, part.name), getattr(again, part.name))
    assert again.to_bytes() == found.to_bytes()
    assert not far(found, drawn(rows, seed)).all()


def test_the_member_that_exceeds_its_bound_most_counts_and_unknown_is_unknown() -> None:
    values = np.array([[[1.0, 3.0, 2.0]], [[2.0, 1.0, np.nan]]])
    value, bound = furthest(values, np.array([1.5, 2.0]))
    np.testing.assert_array_equal(value, [[2.0, 3.0, np.nan]])
    np.testing.assert_array_equal(bound, [[2.0, 1.5, 2.0]])
    assert np.isnan(furthest(values[:1], np.array([np.nan]))[1]).all()


class TestStabilityIndex:
    def test_it_is_that_of_a_plain_computation(self, fitted) -> None:
        later = drawn(3_000, 6) + np.float32(0.3)
        train = drawn(20_000, 1)
        for feature in (0, 3, 17):
            edges = np.nanquantile(train[:, feature], np.linspace(0.1, 0.9, 9), method="nearest")

            def shares(rows: np.ndarray, edges: np.ndarray = edges, feature: int = feature) -> np.ndarray:
                known = rows[:, feature][~np.isnan(rows[:, feature])]
                counts = np.bincount(np.searchsorted(edges, known, side="left"), minlength=10)
                return np.maximum([*counts / len(rows), 1 - len(known) / len(rows)], 1e-3)

            p, q = shares(train), shares(later)
            assert fitted.psi(later)[feature] == pytest.approx(((q - p) * np.log(q / p)).sum(), rel=1e-6)

    def test_like_rows_stay_below_the_bound_and_shifted_ones_do_not(self) -> None:
        found = training_range(drawn(12_000, 1), parts=20)
        later = drawn(2_000, 2)
        assert 0.0 < found.psi(later).mean() < found.max_psi[0] == NO_CHANGE
        rows = drawn(12_000, 1)
        rows[3_000:3_600] *= np.float32(2.0)
        assert (
            NO_CHANGE < training_range(rows, parts=20).max_psi[0] < found.psi(later * np.float32(3.0)).mean()
        )
        assert found.psi(later * np.float32(3.0)).mean() > found.max_psi[0]

    def test_of_a_short_history_no_bound_is_known_and_no_rows_give_nothing(self, fitted) -> None:
        assert np.isnan(fitted.max_psi[0])
        assert np.isnan(fitted.psi(drawn(0, 1))).all()
