"""Walk-forward folds of a stretch of hours: what is chosen on the past of a fold is tested on the hours after it."""

import math
from typing import NamedTuple

from okx_core.errors import OkxSignalError

DAY_HOURS = 24
MIN_PART_DAYS, MIN_TEST_DAYS = 28, 90
PAST_PARTS = 2  # of the first fold, in units of what a fold is tested on


class FoldsError(OkxSignalError):
    """The hours cannot be cut into so many folds."""


class Fold(NamedTuple):
    """Rows: chosen on 0 <= row < test_start, tested on test_start <= row < test_stop."""

    test_start: int
    test_stop: int


def walk_forward_folds(hours: int, folds: int) -> list[Fold]:
    """`folds` parts that follow each other to the end of `hours`, each tested once; the past of each begins at row 0.

    The first past is as long as two parts. All but the last are whole days of the same number. A part has at least
    MIN_PART_DAYS, all together MIN_TEST_DAYS, below which no Sharpe ratio is known. Raises FoldsError.
    """
    if folds < 1:
        raise FoldsError(f"--folds is {folds}: give at least 1")
    days = hours // DAY_HOURS
    part = days // (folds + PAST_PARTS)
    shortest = max(MIN_PART_DAYS, math.ceil(MIN_TEST_DAYS / folds))
    if part < shortest:
        raise FoldsError(
            f"{days} days are too short for --folds {folds}: they need {shortest * (folds + PAST_PARTS)} days, "
            f"{shortest} for each fold and {PAST_PARTS * shortest} before the first; choose an earlier --from, a later "
            "--to, or fewer --folds"
        )
    starts = [(PAST_PARTS + number) * part * DAY_HOURS for number in range(folds)]
    return [Fold(start, stop) for start, stop in zip(starts, [*starts[1:], hours], strict=True)]
