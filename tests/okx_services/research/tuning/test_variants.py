"""What is varied, and what is tried next: mistakes are named, proposals rest on what was scored alone."""

import pytest

from okx_core.decisions.exits import ExitRulesError
from okx_core.strategies.built_in import BUILT_IN
from okx_core.strategies.ranges import Range, RangeError
from okx_core.strategies.strategy import Strategy, StrategyError
from okx_services.research.tuning.variants import (
    Scored,
    TuningError,
    best_of,
    neighbours_of,
    propose,
    variation_of,
)

MOMENTUM = BUILT_IN["momentum"]


@pytest.mark.parametrize(
    ("fixed", "vary", "error", "complaint"),
    [
        ({}, {"hour": "1:3"}, StrategyError, "no parameter hour; did you mean hours"),
        ({"hour": "3"}, {}, StrategyError, "no parameter hour; did you mean hours"),
        ({}, {"hours": "90:30"}, RangeError, "--vary hours=90:30: the range 90:30 holds no values"),
        ({}, {"top": "1.5:3"}, StrategyError, "parameter top is 1.5: give a whole number"),
        ({}, {"stop_pct": "50:150"}, ExitRulesError, "stop_pct is 150"),
        ({"top": "2"}, {"top": "1:3"}, TuningError, "top is fixed by --param and varied by --vary"),
        (dict.fromkeys(MOMENTUM.ranges, "5"), {}, TuningError, "nothing to vary of strategy momentum"),
    ],
)
def test_a_mistake_is_named_with_its_remedy(fixed, vary, error, complaint) -> None:
    with pytest.raises(error, match=complaint):
        variation_of(MOMENTUM, fixed, vary)


def test_a_strategy_that_declares_nothing_says_how_to_vary_it() -> None:
    with pytest.raises(
        TuningError, match="such as --vary stop_pct=2:10; a file of your own may declare RANGES"
    ):
        variation_of(Strategy("mine", "", MOMENTUM.decide, {"hours": 3}), {}, {})


def test_what_is_fixed_is_not_varied_and_what_is_named_is_varied_alone() -> None:
    held = variation_of(MOMENTUM, {"top": "2"}, {})
    assert set(held.ranges) == {"hours", "keep", "every_hours"}
    assert held.default.parameters["top"] == 2
    named = variation_of(MOMENTUM, {}, {"stop_pct": "2:10", "max_positions": "1:5"})
    assert dict(named.ranges) == {"stop_pct": Range(2, 10), "max_positions": Range(1, 5)}
    assert named.values_of(named.default) == {"stop_pct": None, "max_positions": 4}
    spec = named.spec({"stop_pct": 2.5, "max_positions": 3})
    assert (spec.exits.stop_pct, spec.rules.max_positions) == (2.5, 3)


def test_proposals_are_new_inside_and_the_same_again() -> None:
    held = variation_of(MOMENTUM, {}, {"hours": "100:1000", "stop_pct": "1:50:log"})
    scored = [Scored(held.default, 0.1)]
    for number in range(30):
        spec = propose(held, scored, number)
        assert spec == propose(held, scored, number)
        values = held.values_of(spec)
        assert isinstance(values["hours"], int)
        assert all(held.ranges[name].holds(value) for name, value in values.items())
        scored.append(Scored(spec, None if number % 5 == 0 else -abs(values["hours"] - 300)))
    assert len({one.spec.version for one in scored}) == 31
    far = [abs(held.value_of(one.spec, "hours") - 300) for one in scored]
    assert sum(far[16:]) / len(far[16:]) < 0.7 * sum(far[1:11]) / 10, "it learns"


def test_nothing_new_is_proposed_when_all_is_tried() -> None:
    held = variation_of(MOMENTUM, {}, {"top": "1:2"})
    scored = [Scored(held.spec({"top": top}), 0.0) for top in (1, 2)]
    assert propose(held, scored, 0) is None


def test_the_first_of_equal_scores_is_best_and_an_unknown_score_is_the_worst() -> None:
    held = variation_of(MOMENTUM, {}, {"top": "1:6"})
    scored = [Scored(held.spec({"top": top}), score) for top, score in ((1, None), (2, -1.0), (3, -1.0))]
    assert best_of(scored) is scored[1]
    assert best_of(scored[:1]) is scored[0]


def test_a_neighbour_differs_in_one_parameter() -> None:
    held = variation_of(MOMENTUM, {}, {"hours": "100:200", "top": "1:3", "stop_pct": "2:10"})
    best = held.spec({"hours": 150, "top": 1})
    found = neighbours_of(held, best)
    assert [(name, held.value_of(spec, name)) for name, spec in found] == [
        ("hours", 140), ("hours", 160), ("top", 2),
    ]  # fmt: skip
    assert all(spec.exits.stop_pct is None for _, spec in found), "an exit that there is not has no neighbour"
