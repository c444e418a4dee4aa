"""The gate lets what was planted pass and noise not, and knows the past only."""

from dataclasses import replace

import numpy as np
import pytest

from okx_core.models.champions.evidence import GATE, Evidence, Rule, brier_difference, evidence
from okx_core.models.evaluation.scores import hourly_rank_ic
from okx_core.models.targets import future_return_pct
from tests.okx_core.models.champions.made_record import WEEK, made_record

NOISE_SEEDS = 60


def shown(found: Evidence) -> dict[str, Rule]:
    return {rule.name: rule for rule in found.rules}


@pytest.fixture(scope="module")
def noise() -> list[Evidence]:
    return [evidence(made_record(seed, 0.0, pairs=5), 3, 52.0) for seed in range(NOISE_SEEDS)]


def test_at_most_one_record_of_noise_in_twenty_passes(noise) -> None:
    passed = sum(found.passed for found in noise)
    print(f"false promotions: {passed} of {NOISE_SEEDS}")
    assert passed <= 0.05 * NOISE_SEEDS


@pytest.mark.soak
def test_at_most_one_record_of_noise_in_twenty_passes_of_many() -> None:
    passed = sum(evidence(made_record(seed, 0.0), 3, 52.0).passed for seed in range(1000, 1600))
    print(f"false promotions: {passed} of 600")
    assert passed <= 0.05 * 600


def test_each_rule_that_decides_refuses_some_noise(noise) -> None:
    deciding = {rule.name for rule in noise[0].rules if rule.passed is not None} - {
        "weeks of out-of-sample predictions"
    }
    assert len(deciding) == 7
    for name in sorted(deciding):
        assert any(shown(found)[name].passed is False for found in noise), name


@pytest.mark.parametrize("seed", range(5))
def test_a_planted_edge_passes_every_rule(seed: int) -> None:
    found = evidence(made_record(seed, 0.25), 3, 52.0)
    assert found.passed, found.rejection_reason
    assert found.rejection_reason == ""


def test_scores_shuffled_within_their_hours_do_not_pass() -> None:
    """The canary: the same outcomes, the scores of each hour dealt out at random."""
    record = made_record(0, 0.25)
    passed = 0
    for seed in range(10):
        order = np.random.default_rng(seed).permuted(
            np.broadcast_to(np.arange(8), record.score.shape), axis=1
        )
        shuffled = np.take_along_axis(record.score, order, axis=1)
        passed += evidence(replace(record, score=shuffled), 3, 52.0).passed
    assert passed == 0


def test_less_than_half_a_year_is_refused_however_good() -> None:
    record = made_record(1, 0.25)
    found = evidence(record.until(20 * WEEK), 3, 52.0)
    assert not found.passed
    assert "weeks of out-of-sample predictions" in found.rejection_reason
    assert shown(found)["weeks of out-of-sample predictions"].value == pytest.approx(20 - 24 / WEEK)


def test_many_trials_make_the_same_record_insufficient() -> None:
    record = made_record(3, 0.12)
    few, many = (
        shown(evidence(record, trials, 52.0))["deflated Sharpe ratio"].value for trials in (3, 2_000)
    )
    assert many < few


def test_a_shorter_history_is_said_and_refuses_nothing() -> None:
    rule = shown(evidence(made_record(0, 0.25), 3, 12.0))["weeks of history of the first version"]
    assert (rule.value, rule.passed) == (12.0, None)
    assert "52" in rule.needed


def test_what_comes_after_the_decision_changes_no_evidence() -> None:
    record = made_record(2, 0.2)
    hour = 27 * WEEK
    closes = record.closes.copy()
    closes[hour:] *= np.exp(np.random.default_rng(1).normal(size=closes[hour:].shape))
    kept, changed = (evidence(one.until(hour), 3, 52.0) for one in (record, replace(record, closes=closes)))
    assert [rule.to_json() for rule in kept.rules] == [rule.to_json() for rule in changed.rules]


def test_calibration_and_weights_know_outcomes_of_the_past_only() -> None:
    record, hour = made_record(2, 0.2), 16 * WEEK
    newest = record.newest_outcome(hour)
    assert newest == hour - 25
    closes = record.closes.copy()
    closes[hour:] *= 1.5
    assert record.calibration(hour) == replace(record, closes=closes).calibration(hour)
    closes[hour - 1] *= 1.5  # the last close that was known
    assert record.calibration(hour) != replace(record, closes=closes).calibration(hour)
    assert record.newest_outcome(10) is None


def test_the_probability_of_noise_is_worse_than_the_base_rate_more_often_than_not(noise) -> None:
    name = "Brier score less that of the base rate"
    assert sum(shown(found)[name].value > 0 for found in noise) > 0.5 * NOISE_SEEDS
    assert brier_difference(made_record(0, 0.25)) < 0


def test_an_unknown_value_is_not_passed() -> None:
    record = made_record(0, 0.25)
    unknown = replace(record, volatility=np.full(record.closes.shape, np.nan))
    rule = shown(evidence(unknown, 3, 52.0))["t of the neutral IC (two-week blocks)"]
    assert rule.passed is False
    assert rule.to_json()["value"] is None
    assert "unknown, needed >= 3" in evidence(unknown, 3, 52.0).rejection_reason


def test_the_ic_is_that_of_the_scores_and_closes() -> None:
    record = made_record(4, 0.2)
    hourly = hourly_rank_ic(record.score, future_return_pct(record.closes, 24))
    assert shown(evidence(record, 3, 52.0))["rank IC"].value == pytest.approx(np.nanmean(hourly))
    assert GATE.min_weeks == 26
