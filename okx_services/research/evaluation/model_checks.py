"""Checks of the newest record that can fail: a leak of the outcome, and a gate that lets shuffled scores pass."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from okx_core.hours import WEEK
from okx_core.models.champions.evidence import evidence
from okx_core.models.champions.record import TrackRecord
from okx_core.models.champions.shift_test import HORIZONS, LabelEnd, sharpest_end, shifted_ics
from okx_core.models.evaluation.scores import BLOCK_HOURS
from okx_core.models.ranks import Floats
from okx_services.research.track_record import place_of, read_record
from resources.feature_store.store import FeatureStore

SHUFFLES = 40
MAX_FALSE_SHARE = 0.05
SHIFTS = (-2, -1, 0, 1, 2)
RECORD = 52 * WEEK


@dataclass(frozen=True)
class LeakCheck:
    """The sharpest label end of each member and of the ensemble, and their ICs with shifted outcomes."""

    ends: dict[str, LabelEnd]
    shifted: dict[str, dict[int, float]]

    @property
    def leaking(self) -> list[str]:
        """Names whose IC ends where a label ends."""
        return [name for name, end in self.ends.items() if end.leaks]


def newest_record(store: FeatureStore, members: Sequence[str], until: datetime) -> TrackRecord | None:
    """The record of the year before `until`; None while no member has a version."""
    record = read_record(store, sorted(members), until)
    if record is None:
        return None
    first = max(0, place_of(record, until - RECORD))
    return replace(
        record,
        first_hour=record.first_hour + first,
        dates=tuple(max(0, date - first) for date in record.dates),
        members={name: grid[first:] for name, grid in record.members.items()},
        closes=record.closes[first:], volatility=record.volatility[first:], score=record.score[first:],
        probability=record.probability[first:], base_rate=record.base_rate[first:],
    )  # fmt: skip


def check_leaks(record: TrackRecord) -> LeakCheck:
    """Whether any score knows its own label, see `shift_test`."""
    grids = {**record.members, "ensemble": record.score}
    return LeakCheck(
        {name: sharpest_end(grid, record.closes) for name, grid in grids.items()},
        {name: shifted_ics(grid, record.closes, HORIZONS[0], SHIFTS) for name, grid in grids.items()},
    )


def false_promotions(record: TrackRecord, trials: int, shuffles: int = SHUFFLES) -> int:
    """How many of so many records pass the gate after their scores were dealt to other pairs.

    Whole pairs change places, anew every two weeks: the scores stay as slow as they are, and the outcomes what they
    were. Which pair is which is all that is lost, and with it every reason to be right. The gate deflates by `trials`.
    """
    passed = 0
    for seed in range(shuffles):
        dealt = shuffled(record, np.random.default_rng(seed))
        passed += evidence(dealt, trials, float("nan")).passed
    return passed


def shuffled(record: TrackRecord, rng: np.random.Generator) -> TrackRecord:
    """The record with the scores of each pair given to another one, by blocks of two weeks."""
    pairs = record.score.shape[1]
    orders = [rng.permutation(pairs) for _ in range(-(-len(record.score) // BLOCK_HOURS))]

    def dealt(grid: Floats) -> Floats:
        parts = [
            grid[block * BLOCK_HOURS : (block + 1) * BLOCK_HOURS][:, order]
            for block, order in enumerate(orders)
        ]
        return np.ascontiguousarray(np.concatenate(parts))

    return replace(
        record,
        members={name: dealt(grid) for name, grid in record.members.items()},
        score=dealt(record.score), probability=dealt(record.probability), base_rate=dealt(record.base_rate),
    )  # fmt: skip
