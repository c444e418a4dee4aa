"""Ticks and what they ask for; what runs by default in which mode."""

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from okx_assets.partitions import MEMBERS
from okx_jobs.dagster_jobs.hour_ranges import RANGE_END, RANGE_START
from okx_jobs.dagster_jobs.schedules import schedules
from okx_jobs.dagster_jobs.sensors import sensors
from okx_jobs.definitions import definitions

# Dagster's own schedule builder and its two-dimensional partitions use what Dagster deprecates.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Function `JobDefinition.run_request_for_partition` is deprecated"),
    pytest.mark.filterwarnings("ignore:Non-compliant tag keys"),
]
REPOSITORY = definitions.get_repository_def()
SUNDAY = datetime(2026, 8, 9, tzinfo=UTC)


def requested(name: str, tick: datetime) -> list[dg.RunRequest]:
    schedule = REPOSITORY.get_schedule_def(name)
    context = dg.build_schedule_context(scheduled_execution_time=tick, repository_def=REPOSITORY)
    return list(schedule.evaluate_tick(context).run_requests)


@pytest.mark.parametrize(
    ("schedule", "tick", "partition"),
    [
        ("hourly_trading", "2026-08-09 01:01", "2026-08-09-00:00"),
        ("hourly_trading", "2026-08-09 00:01", "2026-08-08-23:00"),
        ("hourly_data", "2026-08-09 01:01", "2026-08-09-00:00"),
        ("hourly_labels_1d", "2026-08-09 01:10", "2026-08-08-00:00"),
        ("hourly_labels_2w", "2026-08-16 01:12", "2026-08-02-00:00"),
        ("weekly_backtest", "2026-08-09 02:00", "2026-08-02"),
        ("weekly_champion", "2026-08-09 00:40", "2026-08-09"),
        ("daily_universe", "2026-08-09 00:00", "2026-08-09"),
    ],
)
def test_a_tick_asks_for_the_partition_that_has_just_become_possible(
    schedule: str, tick: str, partition: str
) -> None:
    (request,) = requested(schedule, datetime.fromisoformat(tick).replace(tzinfo=UTC))
    assert request.partition_key == partition
    assert partition in request.run_key


def test_training_asks_for_one_run_of_all_members_of_the_week_that_begins() -> None:
    (request,) = requested("weekly_training", SUNDAY.replace(minute=10))
    grid = definitions.resolve_job_def("train_models").partitions_def
    with dg.partition_loading_context(effective_dt=SUNDAY.replace(minute=10)):
        asked = grid.get_partition_keys_in_range(
            dg.PartitionKeyRange(request.tags[RANGE_START], request.tags[RANGE_END])
        )
    assert asked == [f"2026-08-09|{name}" for name in MEMBERS]
    assert request.run_key == "2026-08-09"


def test_a_late_tick_still_means_its_own_week() -> None:
    (request,) = requested("weekly_champion", datetime(2026, 8, 13, 15, 0, tzinfo=UTC))
    assert request.partition_key == "2026-08-09"


@pytest.mark.parametrize("name", [schedule.name for schedule in REPOSITORY.schedule_defs])
def test_every_request_names_a_partition_of_its_job(name: str) -> None:
    schedule = REPOSITORY.get_schedule_def(name)
    tick = SUNDAY.replace(hour=2, minute=12)
    grid = definitions.resolve_job_def(schedule.job_name).partitions_def
    with dg.partition_loading_context(effective_dt=tick):
        wanted = {
            key
            for request in requested(name, tick)
            for key in (
                [request.tags[RANGE_START], request.tags[RANGE_END]]
                if RANGE_START in request.tags
                else [request.partition_key]
            )
        }
        unknown = {key for key in wanted if grid is None or not grid.has_partition_key(key)}
    assert unknown == ({None} if grid is None else set())


class TestDefaults:
    """Data schedules run under `up`; whatever trades runs by default in simulated mode only."""

    @staticmethod
    def running() -> set[str]:
        return {s.name for s in schedules() if s.default_status is dg.DefaultScheduleStatus.RUNNING}

    @staticmethod
    def sensing() -> set[str]:
        return {s.name for s in sensors() if s.default_status is dg.DefaultSensorStatus.RUNNING}

    @pytest.fixture(autouse=True)
    def _fresh(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        import os

        for name in [name for name in os.environ if name.startswith("OKXSIGNAL_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("OKXSIGNAL_HOME", str(tmp_path))
        monkeypatch.chdir(tmp_path)

    def test_simulated_mode_trades(self) -> None:
        everything = {schedule.name for schedule in REPOSITORY.schedule_defs}
        assert self.running() == everything - {"hourly_data"}
        assert self.sensing() == {"missing_hours", "new_pairs", "failed_runs"}

    @pytest.mark.parametrize("mode", ["demo", "live"])
    def test_other_modes_gather_data_and_do_not_trade(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mode: str
    ) -> None:
        monkeypatch.setenv("OKXSIGNAL_MODE", mode)
        monkeypatch.setenv("OKXSIGNAL_ALLOW_LIVE", "yes")
        (tmp_path / "live_armed").write_text("")
        for name in ("API_KEY", "API_SECRET", "PASSPHRASE"):
            monkeypatch.setenv(f"OKXSIGNAL_OKX_{name}", "x")
        everything = {schedule.name for schedule in REPOSITORY.schedule_defs}
        assert self.running() == everything - {"hourly_trading"}

    def test_a_market_that_stands_still_runs_nothing_but_the_alarm(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OKXSIGNAL_CLOCK", "fixed:2023-12-01T00:00:00Z")
        assert self.running() == set()
        assert self.sensing() == {"failed_runs"}


@pytest.mark.parametrize("mode", ["demo", "live"])
@pytest.mark.parametrize("process", ["webserver", "daemon"])
def test_a_process_without_the_keys_need_not_evaluate_the_schedules(mode: str, process: str) -> None:
    """Only the code server evaluates them; webserver and daemon load a workspace file, not the code."""
    from okx_jobs.stack import programs
    from resources.config.settings import Settings

    command = list(getattr(programs, process)(Settings(mode=mode)).command)
    assert "okx_jobs.definitions" not in command
