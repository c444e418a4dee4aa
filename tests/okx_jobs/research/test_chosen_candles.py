"""Moments of a run config: UTC where no zone is named, and a remedy for what is no date."""

from datetime import UTC, datetime

import pytest

from okx_core.errors import OkxSignalError
from okx_jobs.research.chosen_candles import moment_of


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("", None),
        (" ", None),
        ("2024-01-31", datetime(2024, 1, 31, tzinfo=UTC)),
        ("2024-01-31T05:00", datetime(2024, 1, 31, 5, tzinfo=UTC)),
        ("2024-01-31T05:00+02:00", datetime(2024, 1, 31, 3, tzinfo=UTC)),
    ],
)
def test_a_moment_is_read_in_its_zone(text: str, moment: datetime | None) -> None:
    assert moment_of(text) == moment


def test_what_is_no_date_is_named_with_the_form_of_one() -> None:
    with pytest.raises(OkxSignalError, match=r"'31\.1\.2024' is no date: give one such as 2024-01-31"):
        moment_of("31.1.2024")
