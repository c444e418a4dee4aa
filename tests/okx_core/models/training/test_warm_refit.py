"""A refit knows the newest labels and nothing later."""

from dataclasses import replace

import numpy as np
import pytest

from okx_core.models.evaluation.scores import hourly_rank_ic
from okx_core.models.targets import future_return_pct
from okx_core.models.training.rows import ThinnedRows, target_of
from okx_core.models.training.warm_refit import daily_specification, refit
from okx_core.models.walk_forward import fitted_at
from tests.made_panel import SCHEDULE, made_panel, member

BASE, DAY = 600, 900


@pytest.fixture(scope="module")
def panel():
    return made_panel()


def refitted(panel, algorithm: str, *, anew: bool = False):
    spec = member(algorithm)
    base = fitted_at(panel, spec, SCHEDULE, BASE)
    rows = ThinnedRows.of(panel, spec.grid_hours)
    target = target_of(panel.prices, spec)
    return base, refit(rows, daily_specification(spec), target, SCHEDULE, DAY, base, anew=anew)


def test_trained_anew_it_is_the_fit_of_its_day_and_so_is_any_other_algorithm_than_lightgbm(panel) -> None:
    for algorithm, anew in (("lightgbm", True), ("ridge", False), ("xgboost", False)):
        full = fitted_at(panel, member(algorithm), SCHEDULE, DAY)
        assert refitted(panel, algorithm, anew=anew)[1].to_bytes() == full.to_bytes()
    assert refitted(panel, "lightgbm")[1].to_bytes() != fitted_at(panel, member(), SCHEDULE, DAY).to_bytes()


def with_other_closes(panel, hour: int):
    closes = panel.closes.copy()
    closes[hour:] *= np.random.default_rng(1).uniform(0.5, 2.0, size=closes[hour:].shape)
    return replace(panel, closes=closes)


@pytest.mark.parametrize("algorithm", ["lightgbm", "ridge"])
def test_a_refit_has_learned_something_new_from_before_its_day_alone(panel, algorithm: str) -> None:
    base, found = refitted(panel, algorithm)
    assert found.spec.name == f"{algorithm}_8_daily"
    assert found.to_bytes() != base.to_bytes()
    known = SCHEDULE.fit_end(DAY, 8) + 8
    assert refitted(with_other_closes(panel, known), algorithm)[1].to_bytes() == found.to_bytes()
    assert refitted(with_other_closes(panel, known - 24), algorithm)[1].to_bytes() != found.to_bytes()


def test_the_trees_stay_and_only_their_leaves_change(panel) -> None:
    base, found = refitted(panel, "lightgbm")
    old, new = (one.estimator.booster.dump_model()["tree_info"] for one in (base, found))

    def splits(node: dict) -> list:
        if "split_feature" not in node:
            return []
        here = [(node["split_feature"], node["threshold"])]
        return [*here, *splits(node["left_child"]), *splits(node["right_child"])]

    assert [splits(one["tree_structure"]) for one in new] == [splits(one["tree_structure"]) for one in old]


@pytest.mark.parametrize("algorithm", ["lightgbm", "ridge"])
def test_a_refit_still_predicts_what_is_predictable(panel, algorithm: str) -> None:
    _, found = refitted(panel, algorithm)
    rows = slice(int(panel.starts[DAY]), int(panel.starts[-1]))
    matrix = panel.ranked(rows.start, rows.stop) if found.spec.ranked else panel.values[rows]
    grid = np.full(panel.closes.shape, np.nan)
    grid[panel.row_hour[rows], panel.row_pair[rows]] = found.predict(matrix, found.names)
    assert np.nanmean(hourly_rank_ic(grid, future_return_pct(panel.closes, 8))) > 0.2


def test_too_few_rows_and_no_version_before_give_nothing(panel) -> None:
    light = member("lightgbm")
    rows = ThinnedRows.of(panel, light.grid_hours)
    target = target_of(panel.prices, light)
    base = fitted_at(panel, light, SCHEDULE, BASE)
    assert refit(rows, light, target, replace(SCHEDULE, min_rows=10**6), DAY, base) is None
    assert refit(rows, light, target, SCHEDULE, DAY, None) is None
