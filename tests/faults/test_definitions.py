"""Traps 6 and those of partitions, backfills, checks and imports, seen on the definitions themselves."""

import inspect
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from okx_assets import keys
from okx_assets.partitions import FIRST_HOUR, HOURLY
from okx_jobs.dagster_jobs.freshness import with_freshness
from okx_jobs.dagster_jobs.jobs import EXECUTION_TAGS, order_warning
from okx_jobs.definitions import definitions
from resources.config.settings import Mode, Settings

REPOSITORY = definitions.get_repository_def()
GRAPH = REPOSITORY.asset_graph
KEYS = sorted(GRAPH.materializable_asset_keys)
HOURLY_KEYS = [
    key for key in KEYS if isinstance(GRAPH.get(key).partitions_def, dg.TimeWindowPartitionsDefinition)
    and GRAPH.get(key).partitions_def.get_cron_schedule() == "0 * * * *"
]  # fmt: skip
name_of = dg.AssetKey.to_user_string


def assets_definition(key: dg.AssetKey) -> dg.AssetsDefinition:
    return GRAPH.assets_def_for_key(key)


def test_there_are_hourly_assets() -> None:
    assert len(HOURLY_KEYS) >= 6


@pytest.mark.parametrize("key", HOURLY_KEYS, ids=name_of)
def test_a_backfill_of_an_hourly_asset_is_one_run(key: dg.AssetKey) -> None:
    assert assets_definition(key).backfill_policy == dg.BackfillPolicy.single_run()


@pytest.mark.parametrize("name", ["member_models", "signal_model", "champion"])
def test_a_range_of_weeks_is_one_run_that_loads_the_history_once(name: str) -> None:
    assert assets_definition(dg.AssetKey(["ml", name])).backfill_policy == dg.BackfillPolicy.single_run()


def test_all_members_of_some_weeks_are_one_range_of_keys() -> None:
    """Dagster makes one run of a backfill only where its keys follow each other."""
    from okx_assets.partitions import MEMBERS, MODEL_GRID

    assert [part.name for part in MODEL_GRID.partitions_defs] == ["date", "member"]
    weeks = MODEL_GRID.partitions_defs[0].partitions_def.get_partition_keys()[:2]
    keys = MODEL_GRID.get_partition_keys()
    assert keys[: 2 * len(MEMBERS)] == [f"{week}|{name}" for week in weeks for name in MEMBERS]


def test_execution_has_no_partitions_so_no_backfill_can_name_an_hour() -> None:
    for name in ("orders", "fills", "positions"):
        assert GRAPH.get(dg.AssetKey(["trading", name])).partitions_def is None


def test_no_check_keeps_a_row_per_partition() -> None:
    assert [key for key in GRAPH.asset_check_keys if GRAPH.get_check_spec(key).partitions_def] == []
    for checks in definitions.asset_checks or []:
        assert all(spec.partitions_def is None for spec in checks.check_specs)


@pytest.mark.parametrize("key", [key for key in KEYS if GRAPH.get(key).partitions_def], ids=name_of)
def test_partitioned_assets_return_nothing_that_an_io_manager_would_store(key: dg.AssetKey) -> None:
    """An unannotated asset goes to the file system by the default IO manager and fails on a range."""
    definition = assets_definition(key)
    (output,) = [name for name, made in definition.node_keys_by_output_name.items() if made == key]
    is_nothing = definition.op.output_def_named(output).dagster_type.is_nothing
    yields_results = (
        inspect.isgeneratorfunction(definition.op.compute_fn.decorated_fn) and len(definition.keys) > 1
    )
    assert is_nothing or yields_results, "annotate the asset `-> dg.MaterializeResult`"


def time_grids(partitions: dg.PartitionsDefinition | None) -> list[dg.TimeWindowPartitionsDefinition]:
    if isinstance(partitions, dg.MultiPartitionsDefinition):
        return [grid for part in partitions.partitions_defs for grid in time_grids(part.partitions_def)]
    return [partitions] if isinstance(partitions, dg.TimeWindowPartitionsDefinition) else []


@pytest.mark.parametrize("key", KEYS, ids=name_of)
def test_every_grid_is_utc_and_below_dagsters_limit(key: dg.AssetKey) -> None:
    partitions = GRAPH.get(key).partitions_def
    assert {grid.timezone for grid in time_grids(partitions)} <= {"UTC"}
    with dg.partition_loading_context(effective_dt=datetime(2030, 1, 1, tzinfo=UTC)):
        assert partitions is None or partitions.get_num_partitions() < 100_000


def test_all_hourly_grids_begin_at_the_same_hour() -> None:
    """dagster#14856: rolling mappings fail when the downstream grid starts later."""
    starts = {GRAPH.get(key).partitions_def.start for key in HOURLY_KEYS}
    assert {start.strftime(HOURLY.fmt) for start in starts} == {FIRST_HOUR}


def test_the_newest_label_partition_looks_at_hours_that_exist() -> None:
    now = datetime(2026, 8, 9, 12, 30, tzinfo=UTC)
    for name, horizon in (("labels_1d", 24), ("labels_2w", 336)):
        grid = GRAPH.get(dg.AssetKey(["ml", name])).partitions_def
        with dg.partition_loading_context(effective_dt=now):
            newest = datetime.strptime(grid.get_last_partition_key(), grid.fmt).replace(tzinfo=UTC)
            closed = datetime.strptime(HOURLY.get_last_partition_key(), HOURLY.fmt).replace(tzinfo=UTC)
        assert (closed - newest).total_seconds() == horizon * 3600


class TestExecution:
    JOBS = ("trade_hour", "execute_signals")

    @pytest.mark.parametrize("name", JOBS)
    def test_its_jobs_are_never_retried_and_run_alone(self, name: str) -> None:
        tags = definitions.resolve_job_def(name).run_tags
        assert tags["dagster/max_retries"] == "0"
        assert tags["okx/stage"] == "execution"
        assert int(tags["dagster/max_runtime"]) <= 900

    def test_only_its_jobs_contain_it(self) -> None:
        orders = keys.ORDERS
        containing = {
            job.name for job in REPOSITORY.get_all_jobs() if orders in job.asset_layer.selected_asset_keys
        }
        assert {name for name in containing if not name.startswith("__")} == set(self.JOBS)

    def test_every_job_with_it_carries_the_tags(self) -> None:
        without = [
            name for name in self.JOBS
            if not EXECUTION_TAGS.items() <= definitions.resolve_job_def(name).run_tags.items()
        ]  # fmt: skip
        assert without == []

    def test_it_has_one_slot_and_no_retry_policy(self) -> None:
        op = assets_definition(keys.ORDERS).op
        assert op.pool == "okx_execution"
        assert op.retry_policy is None

    def test_no_job_retries_its_steps(self) -> None:
        assert {definitions.resolve_job_def(name)._op_retry_policy for name in self.JOBS} == {None}


def test_what_trades_warns_that_it_places_orders_and_where() -> None:
    traders = [definitions.resolve_job_def(name) for name in TestExecution.JOBS]
    traders += [schedule for schedule in REPOSITORY.schedule_defs if schedule.name == "hourly_trading"]
    assert len(traders) == 3
    assert all("PLACES ORDERS. Mode simulated" in trader.description for trader in traders)
    assert all("no real money" in trader.description for trader in traders)


@pytest.mark.parametrize("mode", Mode)
def test_only_the_live_mode_says_real_money(mode: Mode) -> None:
    assert ("REAL MONEY" in order_warning(mode)) == (mode is Mode.LIVE)


FRESH = {keys.UNIVERSE, keys.CANDLES_1H, keys.FEATURES_1H, keys.PREDICTIONS, keys.SIGNALS}


def test_what_must_be_fresh_is_overdue_after_a_missed_run() -> None:
    assert {key for key in KEYS if GRAPH.get(key).freshness_policy} == FRESH
    for key in FRESH:
        policy = GRAPH.get(key).freshness_policy
        period = timedelta(days=1) if key == keys.UNIVERSE else timedelta(hours=1)
        assert period < policy.warn_window.to_timedelta() < policy.fail_window.to_timedelta() < 3 * period


def test_nothing_is_overdue_where_the_clock_is_fixed() -> None:
    fixed = Settings(clock="fixed:2026-01-01T00:00:00Z").market
    assets = [
        definition for definition in definitions.assets or [] if isinstance(definition, dg.AssetsDefinition)
    ]
    bare = [
        asset.map_asset_specs(lambda spec: spec.replace_attributes(freshness_policy=None)) for asset in assets
    ]
    assert not any(spec.freshness_policy for asset in with_freshness(bare, fixed) for spec in asset.specs)
    real = with_freshness(bare, Settings().market)
    assert {spec.key for asset in real for spec in asset.specs if spec.freshness_policy} == FRESH


def test_trap_6_no_asset_sensor_and_no_automation_condition_can_launch_a_run() -> None:
    """An asset sensor fires for backfilled partitions too; here it launched the trade job five times of five."""
    kinds = {sensor.name: sensor.sensor_type.name for sensor in REPOSITORY.sensor_defs}
    assert set(kinds.values()) <= {"STANDARD", "RUN_STATUS"}
    assert not any(GRAPH.get(key).automation_condition for key in KEYS)


def test_nothing_but_the_hourly_schedule_starts_a_job_that_trades() -> None:
    trading = set(TestExecution.JOBS)
    assert {s.name for s in REPOSITORY.schedule_defs if s.job_name in trading} == {"hourly_trading"}
    assert [s.name for s in REPOSITORY.sensor_defs if s.has_jobs and {j.name for j in s.jobs} & trading] == []


def test_loading_the_definitions_loads_no_learner_and_no_mlflow() -> None:
    """Every run worker pays for what is imported here: mlflow alone costs 4.4 s."""
    heavy = ("mlflow", "lightgbm", "catboost", "sklearn", "matplotlib", "ta", "talib")
    program = f"import sys, okx_jobs.definitions; print([name for name in {heavy!r} if name in sys.modules])"
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120
    )
    assert answer.stdout.strip() == "[]"


def test_every_schedule_ticks_in_utc() -> None:
    assert {schedule.execution_timezone for schedule in REPOSITORY.schedule_defs} == {"UTC"}
