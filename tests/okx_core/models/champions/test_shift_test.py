"""A leak worth .2 of IC is caught, and neither noise nor a real edge is taken for one."""

from dataclasses import replace

import numpy as np
import pytest

from okx_core.models.champions.evidence import evidence
from okx_core.models.champions.shift_test import HORIZONS, label_end, sharpest_end, shifted_ics
from okx_core.models.evaluation.scores import hourly_rank_ic, known_mean
from okx_core.models.ranks import Floats
from okx_core.models.targets import excess, future_return_pct, rank
from tests.okx_core.models.champions.made_record import made_record

LEAK_IC = 0.2


def with_leak(score: Floats, closes: Floats, horizon: int, seed: int) -> Floats:
    """The score with a share of its own label, so that its IC with it is about LEAK_IC."""
    label = np.nan_to_num(rank(future_return_pct(closes, horizon))) * np.sqrt(12.0)
    noise = score / score.std() + 0.1 * np.random.default_rng(seed).normal(size=score.shape)
    return LEAK_IC * label + np.sqrt(1.0 - LEAK_IC**2) * noise


@pytest.mark.parametrize("horizon", HORIZONS)
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("edge", [0.0, 0.05])
def test_a_leak_worth_a_fifth_is_caught(horizon: int, seed: int, edge: float) -> None:
    record = made_record(seed, edge, weeks=52)
    leaked = with_leak(record.members["one"], record.closes, horizon, seed)
    ic = known_mean(hourly_rank_ic(leaked, excess(future_return_pct(record.closes, horizon))))
    assert ic == pytest.approx(LEAK_IC + edge, abs=0.08)
    found = sharpest_end(leaked, record.closes)
    assert found.leaks, found
    assert found.horizon_hours == horizon


@pytest.mark.parametrize("edge", [0.0, 0.05, 0.25])
def test_neither_noise_nor_an_edge_that_fades_is_a_leak(edge: float) -> None:
    for seed in range(5):
        record = made_record(seed + 50, edge, weeks=52)
        for grid in (*record.members.values(), record.score):
            assert not sharpest_end(grid, record.closes).leaks


def test_the_gate_refuses_a_record_with_a_leak_and_says_why() -> None:
    record = made_record(1, 0.05, weeks=52)
    leaked = replace(record, score=with_leak(record.score, record.closes, 24, 1))
    name = "t of the fall of the IC where a label ends"
    assert name not in evidence(record, 3, 52.0).rejection_reason
    refused = evidence(leaked, 3, 52.0)
    assert not refused.passed
    assert name in refused.rejection_reason
    assert "(the label of 24 h)" in refused.rejection_reason


def test_the_outcome_that_a_score_knows_shows_at_its_own_shift() -> None:
    record = made_record(2, 0.0, weeks=40)
    past = -np.roll(np.nan_to_num(future_return_pct(record.closes, 24)), 24, axis=0)
    found = shifted_ics(past, record.closes, 24, (-2, -1, 0, 1))
    assert found[-1] == pytest.approx(-1.0, abs=0.05)
    assert all(abs(found[shift]) < 0.1 for shift in (-2, 0, 1))
    assert np.isnan(label_end(past[:300], record.closes[:300], 24).t)
