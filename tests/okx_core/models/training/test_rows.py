"""What a date's fit is made of: class weights, and early stopping that holds back the newest weeks, purged."""

from dataclasses import replace

import numpy as np
import pytest

from okx_core.models.members import MemberError, MemberSpec
from okx_core.models.panel import Prices
from okx_core.models.training import rows as module
from okx_core.models.training.rows import ThinnedRows, target_of
from tests.made_panel import SCHEDULE, SMALL, made_panel, member

DATE = 1000


@pytest.fixture(scope="module")
def panel():
    return made_panel(hours=1100)


@pytest.mark.parametrize("algorithm", ["lightgbm", "histogram_boosting"])
def test_early_stopping_holds_back_the_newest_weeks_purged_and_then_fits_all(
    panel, algorithm, monkeypatch
) -> None:
    spec = member(algorithm, early_stopping_weeks=1)
    spec = replace(spec, budget=replace(SMALL, trees=40))
    thinned, target = ThinnedRows.of(panel, 4), target_of(panel.prices, spec)
    asked = []

    monkeypatch.setattr(
        module, "best_number_of_trees", lambda *given: asked.append((len(given[2]), given[4])) or 20
    )
    found = thinned.fit(spec, target, SCHEDULE, DATE)
    end = SCHEDULE.fit_end(DATE, spec.horizon_hours)
    hours = thinned.fitted_hours(spec, target, SCHEDULE, DATE)
    assert asked == [(int((hours >= end - 168).sum()), 40)]
    plain = replace(spec, early_stopping_weeks=None, budget=replace(spec.budget, trees=20))
    assert found.to_bytes() == thinned.fit(plain, target, SCHEDULE, DATE).to_bytes()
    assert (found.trees, found.spec) == (20, spec)


def test_prices_of_the_held_back_weeks_do_not_reach_the_head(panel, monkeypatch) -> None:
    """The fit that the newest week measures is the same when that week's outcomes are others."""
    spec = replace(member(early_stopping_weeks=1), budget=replace(SMALL, trees=40))
    heads = []
    monkeypatch.setattr(
        module, "best_number_of_trees", lambda estimator, *_: heads.append(estimator.to_bytes()) or 20
    )
    tail = SCHEDULE.fit_end(DATE, spec.horizon_hours) - 168
    for factor in (1.0, 1.7):
        closes = panel.closes.copy()
        closes[tail - SCHEDULE.embargo_hours :, 0] *= factor
        ThinnedRows.of(panel, 4).fit(spec, target_of(Prices(closes), spec), SCHEDULE, DATE)
    assert heads[0] == heads[1]


def test_too_short_a_head_stops_nothing(panel) -> None:
    spec = member(early_stopping_weeks=500)
    plain = replace(spec, early_stopping_weeks=None)
    thinned, target = ThinnedRows.of(panel, 4), target_of(panel.prices, spec)
    found = thinned.fit(spec, target, SCHEDULE, DATE)
    assert found.to_bytes() == thinned.fit(plain, target, SCHEDULE, DATE).to_bytes()


def test_classes_of_equal_total_weight_fit_a_probability_of_one_half(panel) -> None:
    """A third of the rows are of the best third; balanced, their mean prediction is a half."""
    plain = replace(member(), target="top_third", budget=replace(SMALL, trees=1))
    balanced = replace(plain, class_balance=True)
    thinned = ThinnedRows.of(panel, 4)
    means = [
        float(
            thinned.fit(spec, target_of(panel.prices, spec), SCHEDULE, DATE)
            .estimator.predict(panel.values)
            .mean()
        )
        for spec in (plain, balanced)
    ]
    assert means[0] < 0.45
    assert 0.47 < means[1] < 0.53


def test_a_target_without_classes_cannot_be_balanced() -> None:
    with pytest.raises(MemberError, match="rank has no classes to balance; those that have: breakout"):
        MemberSpec("it", target="rank", class_balance=True)


def test_the_bins_are_those_of_every_number_of_trees(panel) -> None:
    thinned, spec = ThinnedRows.of(panel, 4), member()
    target = target_of(panel.prices, spec)
    thinned.fit(spec, target, SCHEDULE, DATE)
    kept = thinned._bins[1]
    thinned.fit(replace(spec, budget=replace(SMALL, trees=5)), target, SCHEDULE, DATE)
    assert thinned._bins[1] is kept
    thinned.fit(replace(spec, budget=replace(SMALL, bins=15)), target, SCHEDULE, DATE)
    assert thinned._bins[1] is not kept
    assert np.isfinite(target[:100]).any()
