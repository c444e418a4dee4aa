"""The time grids of the assets."""

from datetime import UTC, datetime

import dagster as dg
import pytest

from okx_assets.partitions import FOLDS, HOURLY, LABELS_1D_HOURS, LABELS_2W_HOURS, WEEKLY

NOON = datetime(2026, 8, 9, 12, 30, tzinfo=UTC)


class TestGrids:
    @pytest.mark.parametrize(
        ("grid", "newest"),
        [
            (HOURLY, "2026-08-09-11:00"),
            (LABELS_1D_HOURS, "2026-08-08-11:00"),
            (LABELS_2W_HOURS, "2026-07-26-11:00"),
            (WEEKLY, "2026-08-09"),
            (FOLDS, "2026-08-02"),
        ],
    )
    def test_the_newest_partition_is_the_newest_that_can_be_known(self, grid, newest: str) -> None:
        with dg.partition_loading_context(effective_dt=NOON):
            assert grid.get_last_partition_key() == newest
