"""The ensemble knows the past only, and shrinks what it shows towards equal weights."""

from dataclasses import replace

import numpy as np
import pytest

from okx_core.models.ensemble import SHRINK_BLOCKS, ensemble, rank_average, shrunk_weights
from okx_core.models.ranks import grid_ranks
from okx_core.models.targets import future_return_pct
from okx_core.models.walk_forward import Predictions
from tests.made_panel import made_panel

HORIZON = 8


@pytest.fixture(scope="module")
def predictions() -> Predictions:
    """A member that sees through noise, one that is nearly noise, one that is wrong."""
    panel = made_panel(hours=4000)
    ahead = np.nan_to_num(future_return_pct(panel.closes, HORIZON))
    noise = np.random.default_rng(1).normal(size=(2, *ahead.shape))
    good = ahead + 20.0 * noise[0]
    return Predictions(
        panel, (600, 1500, 2500, 3500), {"good": good, "noise": ahead + 60.0 * noise[1], "wrong": -good}
    )


def test_weights_are_equal_before_anything_is_known_and_then_follow_the_record(predictions) -> None:
    found = ensemble(predictions, ("good", "noise", "wrong"), HORIZON)
    early = ensemble(replace(predictions, dates=(0, 3500)), ("good", "noise", "wrong"), HORIZON)
    np.testing.assert_allclose(early.weights[0], 1.0 / 3.0)
    assert found.weights[-1].argmax() == 0
    assert found.weights[-1][2] < 1.0 / 3.0
    np.testing.assert_allclose(found.weights.sum(axis=1), 1.0)


def test_later_outcomes_change_no_earlier_score(predictions) -> None:
    panel = predictions.panel
    closes = panel.closes.copy()
    closes[2500:] *= np.exp(np.random.default_rng(4).normal(size=closes[2500:].shape))
    other = replace(predictions, panel=replace(panel, closes=closes))
    names = ("good", "noise", "wrong")
    kept, changed = (ensemble(one, names, HORIZON) for one in (predictions, other))
    np.testing.assert_array_equal(changed.weights[:3], kept.weights[:3])
    np.testing.assert_array_equal(changed.score[:3500], kept.score[:3500])
    assert not np.array_equal(changed.weights[3], kept.weights[3])


def test_before_the_first_date_there_is_no_score(predictions) -> None:
    found = ensemble(predictions, ("good", "noise"), HORIZON)
    assert np.isnan(found.score[:600]).all()
    assert not np.isnan(found.score[600:]).any()


def test_one_member_is_its_own_ensemble(predictions) -> None:
    found = ensemble(predictions, ("noise",), HORIZON)
    np.testing.assert_allclose(found.score[600:], grid_ranks(predictions.scores["noise"], 3)[600:])


def test_the_average_is_over_the_members_that_know_the_pair() -> None:
    ranks = np.array([[[0.5, 0.0, -0.5, np.nan]], [[np.nan, 0.5, -0.5, 0.0]]])
    found = rank_average(ranks, np.array([0.5, 0.5]))
    np.testing.assert_allclose(found, grid_ranks(np.array([[0.5, 0.25, -0.5, 0.0]]), 3))
    alone = rank_average(ranks, np.array([0.0, 1.0]))
    assert np.isnan(alone[0, 0])


def test_the_own_record_counts_one_half_after_a_year_of_blocks() -> None:
    found = shrunk_weights(np.array([0.06, 0.02, -0.05]), SHRINK_BLOCKS)
    np.testing.assert_allclose(found, 0.5 * np.array([0.75, 0.25, 0.0]) + 0.5 / 3.0)
    np.testing.assert_allclose(shrunk_weights(np.array([0.06, 0.02]), 0), 0.5)
    np.testing.assert_allclose(shrunk_weights(np.array([-0.06, np.nan]), 99), 0.5)
