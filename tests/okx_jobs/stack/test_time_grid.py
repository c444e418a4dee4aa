"""Where the time grids begin: with the home's history, and earlier again once it reaches further back."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime

import dagster as dg
import pytest

from okx_assets import keys
from okx_assets.partitions import DAILY, DEFAULT_FIRST_DAY, HOURLY, WEEKLY, first_day_of
from okx_jobs.stack.programs import stack
from okx_jobs.stack.time_grid import first_materialised_day, with_time_grid
from resources.config.settings import Settings

GRIDS = """
import json
from okx_assets.partitions import DAILY, FOLDS, HOURLY, LABELS_1D_HOURS, LABELS_2W_HOURS, WEEKLY
import dagster as dg
from datetime import datetime, UTC
with dg.partition_loading_context(effective_dt=datetime(2026, 8, 9, 12, tzinfo=UTC)):
    grids = (HOURLY, LABELS_1D_HOURS, LABELS_2W_HOURS, DAILY, WEEKLY, FOLDS)
    print(json.dumps([list(grid.get_partition_keys()) for grid in grids]))
"""


def materialise(instance: dg.DagsterInstance, key: dg.AssetKey, *partitions: str) -> None:
    for partition in partitions:
        instance.report_runless_asset_event(dg.AssetMaterialization(key, partition=partition))


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def variables_of(settings: Settings, instance: dg.DagsterInstance) -> dict[str, dict[str, str]]:
    """The further variables of each service."""
    services = with_time_grid(stack(settings), settings, instance)
    return {service.name: dict(service.variables) for service in services}


def test_a_fresh_home_has_the_default_grid(instance, tmp_path) -> None:
    assert first_materialised_day(instance) is None
    assert "OKXSIGNAL_HISTORY_FROM" not in variables_of(Settings(home=tmp_path), instance)["code-server"]


def test_the_code_server_alone_begins_with_the_first_materialised_day(instance, tmp_path) -> None:
    materialise(instance, keys.CANDLES_1H, "2026-05-18-03:00", "2026-05-17-00:00")
    materialise(instance, keys.UNIVERSE, "2026-05-18")
    variables = variables_of(Settings(home=tmp_path), instance)
    assert variables["code-server"]["OKXSIGNAL_HISTORY_FROM"] == "2026-05-17"
    assert [name for name in variables if "OKXSIGNAL_HISTORY_FROM" in variables[name]] == ["code-server"]


def test_a_backfill_of_earlier_hours_moves_the_beginning_back(instance) -> None:
    materialise(instance, keys.CANDLES_1H, "2026-05-17-00:00")
    materialise(instance, keys.UNIVERSE, "2025-12-31")
    assert first_materialised_day(instance) == datetime(2025, 12, 31)


def test_a_setting_of_the_user_wins(instance, tmp_path) -> None:
    materialise(instance, keys.CANDLES_1H, "2026-05-17-00:00")
    given = Settings(home=tmp_path, history_from=datetime(2024, 1, 1))
    assert "OKXSIGNAL_HISTORY_FROM" not in variables_of(given, instance)["code-server"]


@pytest.mark.parametrize(
    ("given", "day"),
    [
        (None, DEFAULT_FIRST_DAY),
        (datetime(2026, 5, 17, 13, 5), datetime(2026, 5, 17, tzinfo=UTC)),
        (datetime.fromisoformat("2026-05-17T01:00:00+02:00"), datetime(2026, 5, 16, tzinfo=UTC)),
    ],
)
def test_a_grid_begins_with_a_day_of_utc(given: datetime | None, day: datetime) -> None:
    assert first_day_of(given) == day


def test_a_later_beginning_hides_partitions_and_renames_none() -> None:
    environment = os.environ | {"OKXSIGNAL_HISTORY_FROM": "2026-05-19"}
    answer = subprocess.run(
        [sys.executable, "-c", GRIDS],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    hours, labels_1d, labels_2w, days, weeks, folds = json.loads(answer.stdout.splitlines()[-1])
    assert hours[0] == labels_1d[0] == labels_2w[0] == "2026-05-19-00:00"
    assert (days[0], weeks[0], folds[0]) == ("2026-05-19", "2026-05-24", "2026-05-24")
    with dg.partition_loading_context(effective_dt=datetime(2026, 8, 9, 12, tzinfo=UTC)):
        for keys_now, grid in ((hours, HOURLY), (days, DAILY), (weeks, WEEKLY)):
            assert list(grid.get_partition_keys())[-len(keys_now) :] == keys_now
