"""Every training row's label follows from the closes of before the training date, or is counted."""

import numpy as np
import pytest

from okx_core.models.targets import TARGETS
from okx_core.models.training.known_labels import unknown_labels
from okx_core.models.training.rows import ThinnedRows, target_of
from tests.made_panel import SCHEDULE, made_panel, member

DATE = 1000


@pytest.fixture(scope="module")
def rows():
    return made_panel(hours=1100)


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_rows_of_the_walk_forward_have_labels_that_were_known(target: str) -> None:
    rows = made_panel(hours=1100, holes=0.001)  # an event needs 120 unbroken bars
    spec = member(horizon=24)
    spec = type(spec)(**{**vars(spec), "target": target})
    used = ThinnedRows.of(rows, 4).fitted(spec, target_of(rows.prices, spec), SCHEDULE, DATE)
    assert len(used[0]) > 500
    assert unknown_labels(rows.prices, spec, DATE, *used) == 0


def test_a_label_that_ends_after_the_date_is_counted(rows) -> None:
    spec = member(horizon=24)
    target = target_of(rows.prices, spec)
    hour, pair = np.nonzero(~np.isnan(target[: DATE - 10]))
    late = int((hour + 24 >= DATE).sum())
    assert late > 20
    assert unknown_labels(rows.prices, spec, DATE, hour, pair, target[hour, pair]) == late


def test_a_label_of_other_hours_than_the_member_says_is_counted(rows) -> None:
    """A target that looks an hour further than its horizon: rows of every age are wrong, where ranks differ."""
    spec = member(horizon=24)
    target = TARGETS["rank"](rows.prices, 25)
    hour, pair = np.nonzero(~np.isnan(target[: DATE - 100]))
    assert unknown_labels(rows.prices, spec, DATE, hour, pair, target[hour, pair]) > 0.15 * len(hour)
