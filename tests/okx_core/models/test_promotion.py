"""The gate that a trained model must pass before it trades."""

from dataclasses import replace

import pytest

from okx_core.models.promotion import Candidate, PromotionGate, choose_champion

NAN = float("nan")
GOOD = Candidate("lightgbm", 4, rank_ic=0.05, rank_ic_t=2.5, holdout_rows=2000)
GATE = PromotionGate()


@pytest.mark.parametrize(
    ("change", "rejection_reason"),
    [
        ({}, ""),
        ({"holdout_rows": 499}, "499 hold-out rows < 500"),
        ({"holdout_rows": 500}, ""),
        ({"rank_ic": 0.0}, "rank IC 0.0000 not above 0"),
        ({"rank_ic": -0.01}, "rank IC -0.0100 not above 0"),
        ({"rank_ic": NAN}, "rank IC nan not above 0"),
        ({"rank_ic_t": 0.0}, "rank IC t 0.00 not above 0"),
        ({"rank_ic_t": NAN}, "rank IC t nan not above 0"),
    ],
)
def test_the_gate_names_what_a_candidate_lacks(change: dict[str, float], rejection_reason: str) -> None:
    candidate = replace(GOOD, **change)
    assert GATE.rejection_reason(candidate) == rejection_reason
    assert (choose_champion([candidate], GATE) is None) == bool(rejection_reason)


def test_the_best_rank_ic_of_those_that_pass_wins() -> None:
    better = replace(GOOD, algorithm="catboost", version=5, rank_ic=0.07)
    dazzling = replace(GOOD, algorithm="catboost", version=6, rank_ic=0.5, holdout_rows=3)
    assert choose_champion([GOOD, better, dazzling], GATE) == better
    assert choose_champion([dazzling, better, GOOD], GATE) == better


def test_a_tie_is_decided_by_name_not_by_order() -> None:
    twin = replace(GOOD, algorithm="catboost", version=9)
    assert choose_champion([GOOD, twin], GATE) == choose_champion([twin, GOOD], GATE) == GOOD


def test_nobody_is_chosen_when_nobody_passes() -> None:
    assert choose_champion([], GATE) is None
    assert choose_champion([replace(GOOD, rank_ic=NAN)], GATE) is None
