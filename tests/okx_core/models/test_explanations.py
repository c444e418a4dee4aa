"""Contributions add up to the score, of each member and of all together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from okx_core.models.explanations import (
    BASE,
    Contributions,
    importance,
    joint_contributions,
    largest,
    member_contributions,
)
from okx_core.models.training.rows import ThinnedRows, target_of
from okx_core.models.walk_forward import scores_of
from tests.made_panel import SCHEDULE, made_panel, member

PAIRS = 6


@st.composite
def some_members(draw: st.DrawFn) -> tuple[list[Contributions], list[float]]:
    seed, count = draw(st.integers(0, 10_000)), draw(st.integers(1, 4))
    rng = np.random.default_rng(seed)
    names = [
        tuple(sorted(rng.choice(list("abcdefgh"), draw(st.integers(1, 5)), False))) for _ in range(count)
    ]
    members = [
        Contributions((*each, BASE), rng.normal(size=(PAIRS, len(each) + 1)) * 10.0 ** rng.integers(-4, 4))
        for each in names
    ]
    return members, [float(weight) for weight in rng.random(count) + 0.1]


@given(some_members())
def test_joint_contributions_add_up_to_the_weighted_relative_score(given_members) -> None:
    members, weights = given_members
    joint = joint_contributions(members, weights)
    relative = [(one.score - one.score.mean()) / one.score.std() for one in members]
    np.testing.assert_allclose(joint.score, np.average(relative, axis=0, weights=weights), atol=1e-9)
    assert abs(joint.score.mean()) < 1e-9


@given(some_members(), st.floats(0.1, 50.0), st.floats(-9.0, 9.0))
def test_the_scale_and_level_of_a_member_change_nothing(given_members, factor: float, shift: float) -> None:
    members, weights = given_members
    changed = members[0].values * factor
    changed[:, -1] += shift
    again = joint_contributions([Contributions(members[0].names, changed), *members[1:]], weights)
    np.testing.assert_allclose(again.values, joint_contributions(members, weights).values, atol=1e-7)


def test_a_member_that_scores_all_pairs_alike_adds_nothing() -> None:
    alike = Contributions(("a", BASE), np.tile([1.0, 2.0], (3, 1)))
    joint = joint_contributions([alike], [1.0])
    assert joint.score.tolist() == [0.0, 0.0, 0.0]


def test_the_largest_are_named_for_and_against_and_the_base_has_no_importance() -> None:
    found = Contributions(("a", "b", BASE), np.array([[0.1, -0.5, 9.0], [0.2, 0.1, 9.0]]))
    assert largest(found, 0, 2) == [(BASE, 9.0), ("b", -0.5)]
    assert importance(found) == pytest.approx({"b": 0.3, "a": 0.15})


@pytest.mark.parametrize("algorithm", ["lightgbm", "ridge"])
def test_contributions_of_a_fitted_member_are_those_of_its_score(algorithm: str) -> None:
    panel, spec = made_panel(), member(algorithm)
    rows = ThinnedRows.of(panel, spec.grid_hours)
    fitted = rows.fit(spec, target_of(panel.prices, spec), SCHEDULE, 1000)
    assert fitted is not None
    part = slice(int(panel.starts[1000]), int(panel.starts[1003]))
    hours = panel.row_hour[part]
    found = member_contributions(fitted, panel.values[part], panel.names, hours)
    np.testing.assert_allclose(
        found.score, scores_of(fitted, panel.values[part], panel.names, hours), atol=1e-6
    )
    assert next(iter(importance(found))) == "drift"
