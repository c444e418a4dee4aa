"""One contract for every algorithm: columns, explanations, bytes, equal results."""

from dataclasses import replace

import numpy as np
import pytest

from okx_core.models.algorithms.linear import UnknownValueError
from okx_core.models.member_names import DEFAULT_MEMBERS, MEMBER_NAMES
from okx_core.models.members import (
    ALGORITHMS,
    DEFAULTS,
    MEMBERS,
    Fitted,
    MemberError,
    MemberSpec,
    fit_member,
    load_member,
)
from tests.made_panel import SMALL

NAMES = ("first", "second", "third")
ROWS = 1500


def data(ranked: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    matrix = rng.uniform(-0.5, 0.5, size=(ROWS, 3)).astype(np.float32)
    target = matrix[:, 0] - 0.5 * matrix[:, 1] + 0.1 * rng.normal(size=ROWS)
    if not ranked:
        matrix[rng.random(ROWS) < 0.1, 1] = np.nan
    return matrix, target.astype(np.float64), rng.uniform(0.5, 1.5, ROWS)


def fitted(algorithm: str, threads: int = 1) -> Fitted:
    matrix, target, weight = data(ALGORITHMS[algorithm].ranked)
    spec = MemberSpec("it", algorithm, budget=replace(SMALL, threads=threads))
    return fit_member(spec, matrix, NAMES, target, weight)


@pytest.fixture(scope="module", params=sorted(ALGORITHMS))
def found(request: pytest.FixtureRequest) -> Fitted:
    return fitted(request.param)


def matrix_of(found: Fitted) -> np.ndarray:
    return data(found.spec.ranked)[0]


def test_it_learns_what_is_there(found: Fitted) -> None:
    matrix, target, _ = data(found.spec.ranked)

    assert np.corrcoef(found.predict(matrix, NAMES), target)[0, 1] > 0.8


def test_other_columns_are_refused(found: Fitted) -> None:
    matrix = matrix_of(found)
    with pytest.raises(MemberError, match="missing: second"):
        found.predict(matrix[:, [0, 2]], ("first", "third"))
    with pytest.raises(MemberError, match="another order"):
        found.predict(matrix[:, [1, 0, 2]], ("second", "first", "third"))
    with pytest.raises(MemberError, match="not fitted on: fourth"):
        found.predict(np.column_stack((matrix, matrix[:, 0])), (*NAMES, "fourth"))
    with pytest.raises(MemberError, match="2 columns for 3 names"):
        found.contributions(matrix[:, :2], NAMES)


def test_contributions_and_base_sum_to_the_score(found: Fitted) -> None:
    matrix = matrix_of(found)[:200]
    each = found.contributions(matrix, NAMES)
    assert each.shape == (200, 4)
    np.testing.assert_allclose(each.sum(axis=1), found.predict(matrix, NAMES), atol=2e-6)


def test_the_driving_feature_contributes_most(found: Fitted) -> None:
    share = np.abs(found.contributions(matrix_of(found), NAMES)[:, :3]).mean(axis=0)
    assert share.argmax() == 0


def test_bytes_come_back_as_the_same_member(found: Fitted) -> None:
    again = load_member(found.spec, NAMES, found.to_bytes())
    matrix = matrix_of(found)
    np.testing.assert_array_equal(again.predict(matrix, NAMES), found.predict(matrix, NAMES))


@pytest.mark.parametrize("threads", [1, 2])
def test_equal_fits_are_equal_whatever_the_threads(found: Fitted, threads: int) -> None:
    again = fitted(found.spec.algorithm, threads)
    matrix = matrix_of(found)
    np.testing.assert_array_equal(again.predict(matrix, NAMES), found.predict(matrix, NAMES))
    if ALGORITHMS[found.spec.algorithm].same_bytes:
        assert again.to_bytes() == found.to_bytes()


def test_a_target_that_is_unknown_or_constant_is_refused() -> None:
    matrix, target, weight = data(True)
    for broken in (np.full(ROWS, 0.3), np.where(np.arange(ROWS) == 3, np.nan, target), target[:0]):
        with pytest.raises(MemberError, match="must be known and vary"):
            fit_member(MemberSpec("it"), matrix, NAMES, broken, weight)
    with pytest.raises(MemberError, match="no algorithm oracle"):
        fit_member(MemberSpec("it", "oracle"), matrix, NAMES, target, weight)


@pytest.mark.parametrize("algorithm", ["ridge", "mlp"])
def test_linear_members_refuse_unknown_values(algorithm: str) -> None:
    matrix, target, weight = data(False)
    with pytest.raises(UnknownValueError, match="ranked features"):
        fit_member(MemberSpec("it", algorithm), matrix, NAMES, target, weight)


def test_every_member_has_a_name_of_its_own_and_a_known_algorithm() -> None:
    assert len(MEMBERS) == 18
    assert {spec.algorithm for spec in MEMBERS.values()} == set(ALGORITHMS)


def test_the_names_that_settings_know_are_those_of_the_members() -> None:
    assert tuple(spec.name for spec in DEFAULTS) == DEFAULT_MEMBERS
    assert tuple(MEMBERS) == MEMBER_NAMES
