"""A plateau has neighbours that are as good but for luck; a peak has not."""

import math

import pytest

from okx_core.strategies.built_in import BUILT_IN
from okx_services.research.tuning.plateau import Plateau
from okx_services.research.tuning.variants import Scored

SPEC = BUILT_IN["momentum"].spec({})


def plateau(best: float | None, *neighbours: float | None, days: int = 365) -> Plateau:
    return Plateau(Scored(SPEC, best), [("top", Scored(SPEC, one)) for one in neighbours], days)


def test_the_standard_error_of_a_sharpe_ratio_of_a_year_is_about_one() -> None:
    assert plateau(0.0).standard_error == pytest.approx(1.0)
    assert plateau(0.0, days=4 * 365).standard_error == pytest.approx(0.5)
    assert plateau(2.0).standard_error == pytest.approx(math.sqrt(1.0 + 2.0 / 365.0))


@pytest.mark.parametrize(
    ("best", "neighbours", "peak"),
    [
        (1.5, (1.4, 0.6), False),
        (1.5, (1.4, 0.4), True),
        (1.5, (1.4, None), True),
        (1.5, (), False),
        (None, (None,), False),
        (1.5, (2.0, 3.0), False),
    ],
)
def test_a_neighbour_that_is_worse_by_more_than_the_standard_error_makes_a_peak(
    best, neighbours, peak
) -> None:
    held = plateau(best, *neighbours)
    assert held.is_peak is peak
    assert ("a peak" in held.words) is peak
