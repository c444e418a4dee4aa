"""The evaluation scores members, ensemble and baselines on the same hours, and counts what was tried."""

from dataclasses import replace

import numpy as np
import pytest

from okx_services.research.evaluation.evaluate import ENSEMBLE, HORIZONS, evaluate
from okx_services.research.evaluation.plot import write_plot
from tests.made_panel import SCHEDULE, made_panel, member

MEMBERS = (member("lightgbm"), member("ridge"))


@pytest.fixture(scope="module")
def steps() -> list[tuple[str, int, int]]:
    return []


@pytest.fixture(scope="module")
def found(steps):
    panel = made_panel(hours=1800, pairs=6)
    schedule = replace(SCHEDULE, every_weeks=2)
    return evaluate(panel, MEMBERS, schedule, 5, lambda *step: steps.append(step))


def test_every_variant_has_a_row_and_each_that_was_tried_is_counted(found) -> None:
    kinds = {row.name: row.kind for row in found.rows}
    assert kinds == {
        "lightgbm_8": "member", "ridge_8": "member", ENSEMBLE: "ensemble", "zero": "baseline",
        "momentum_28d": "baseline", "reversal_24h": "baseline", "low_volatility": "baseline",
    }  # fmt: skip
    assert found.variants == 2 + 1 + 5


def test_the_planted_part_shows_in_members_and_ensemble_and_zero_has_no_ic(found) -> None:
    ic = {row.name: row.ic[HORIZONS[0]] for row in found.rows}
    assert min(ic[name].raw for name in ("lightgbm_8", "ridge_8", ENSEMBLE)) > 0.1
    assert np.isnan(ic["zero"].raw)
    assert np.isnan(ic["low_volatility"].neutral)


def test_no_variant_is_scored_before_the_first_training_date(found) -> None:
    first = found.predictions.dates[0]
    assert all(np.isnan(hourly[:first]).all() for hourly in found.hourly_ic.values())
    assert {name for name, hourly in found.hourly_ic.items() if np.isnan(hourly[first:]).all()} == {"zero"}


def test_calibration_is_reported_for_both_horizons(found) -> None:
    assert [row.horizon_hours for row in found.calibration] == list(HORIZONS)
    assert all(len(row.coverage) == 5 and 0.0 <= row.reliability_error < 0.2 for row in found.calibration)


def test_progress_counts_every_fit(found, steps) -> None:
    training = [step for step in steps if step[0].startswith("training")]
    total = len(found.predictions.dates) * len(MEMBERS)
    assert [(done, whole) for _, done, whole in training] == [(done, total) for done in range(total)]


def test_overfitting_and_deflation_are_probabilities(found) -> None:
    assert 0.0 <= found.overfitting <= 1.0
    tried = [row for row in found.rows if row.kind != "baseline"]
    assert all(0.0 <= row.deflated_sharpe <= 1.0 for row in tried)


def test_the_plot_is_a_picture(found, tmp_path) -> None:
    write_plot(found, tmp_path / "ic.png")
    assert (tmp_path / "ic.png").read_bytes()[:4] == b"\x89PNG"
