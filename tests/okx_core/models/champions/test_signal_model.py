"""A signal model says what its members' scores are expected to earn, and reads back as it was written."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from okx_core.models.champions.signal_model import SignalModel, SignalModelError
from tests.okx_core.models.champions.made_record import WEEK, made_record

DATE = 28 * WEEK


@pytest.fixture(scope="module")
def record():
    return made_record(3, 0.3)


@pytest.fixture(scope="module")
def model(record) -> SignalModel:
    place = record.dates.index(DATE)
    weights = dict(zip(record.members, record.weights[place].tolist(), strict=True))
    return SignalModel("2026-08-09", {"one": 4, "two": 7}, weights, record.calibration(DATE), True)


def test_its_scores_and_probabilities_are_those_of_the_record(record, model) -> None:
    """What is traded at a date is what the gate saw: weights, calibration and scores of the hours after it agree."""
    after = slice(DATE, DATE + 2 * WEEK)
    found = model.expected(
        {name: grid[after] for name, grid in record.members.items()}, record.volatility[after]
    )
    np.testing.assert_array_equal(found.score, record.score[after])
    np.testing.assert_array_equal(found.probability, record.probability[after])
    assert model.calibration.slope > 0
    np.testing.assert_allclose(found.excess_pct, model.calibration.slope * found.score)
    assert (found.low_pct < found.excess_pct).all()
    assert (found.excess_pct < found.high_pct).all()


def test_an_hour_alone_is_expected_as_among_others(record, model) -> None:
    scores = {name: grid[DATE : DATE + 5] for name, grid in record.members.items()}
    whole = model.expected(scores, record.volatility[DATE : DATE + 5])
    alone = model.expected(
        {name: grid[3:4] for name, grid in scores.items()}, record.volatility[DATE + 3 : DATE + 4]
    )
    np.testing.assert_array_equal(alone.excess_pct[0], whole.excess_pct[3])
    np.testing.assert_array_equal(alone.low_pct[0], whole.low_pct[3])


def test_without_skill_there_is_no_probability_and_without_a_calibration_nothing_is_expected(
    record, model
) -> None:
    scores = {name: grid[DATE : DATE + 2] for name, grid in record.members.items()}
    volatility = record.volatility[DATE : DATE + 2]
    unskilled = replace(model, has_skill=False).expected(scores, volatility)
    assert np.isnan(unskilled.probability).all()
    assert not np.isnan(unskilled.excess_pct).any()
    nothing = replace(model, calibration=None).expected(scores, volatility)
    assert not np.isnan(nothing.score).any()
    assert np.isnan([nothing.excess_pct, nothing.probability, nothing.low_pct, nothing.high_pct]).all()


def test_a_member_without_scores_is_named(record, model) -> None:
    with pytest.raises(SignalModelError, match="no scores of two"):
        model.expected({"one": record.members["one"][:3]}, record.volatility[:3])


@pytest.mark.parametrize("has_calibration", [True, False])
def test_it_reads_back_as_it_was_written(model, has_calibration: bool) -> None:
    written = model if has_calibration else replace(model, calibration=None)
    assert SignalModel.from_json(written.to_json()) == written


def test_an_unknown_t_is_written_as_json_knows_it(model) -> None:
    unknown = replace(model, calibration=replace(model.calibration, slope=0.0, slope_t=math.nan))
    text = json.dumps(unknown.to_json(), allow_nan=False)
    assert math.isnan(SignalModel.from_json(json.loads(text)).calibration.slope_t)


@pytest.mark.parametrize("change", [{"members": 3}, {"weights": {}}, {"calibration": {"slope": 1.0}}])
def test_anything_else_is_refused(model, change) -> None:
    with pytest.raises(SignalModelError, match="this is no signal model"):
        SignalModel.from_json({**model.to_json(), **change})
