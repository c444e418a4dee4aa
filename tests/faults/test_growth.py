"""A home that runs for years: what Dagster keeps of old runs, and that no partition and no check is lost by it."""

import os
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from okx_assets import keys
from okx_jobs.dagster_jobs.hour_ranges import HOUR_FORMAT
from okx_jobs.runs.runner import Pipeline
from resources.dagster_retention import forget_old_runs
from resources.environment import dagster_home
from resources.postgres.database import Database, sibling
from tests.faults.test_dagster_storage import HOURS, SQL_AND_FEATURES, START, random_walk

MONTH = timedelta(days=30)
CHECK = dg.AssetCheckKey(keys.FEATURES_1H, "one_row_per_candle")


@pytest.fixture(scope="module")
def dagster(entered) -> Database:
    """Dagster's own database after a backfill of two days and five more runs of the same hour."""
    entered.store.replace_rows("market.candles_1h", random_walk(3, HOURS), "true", ())
    pipeline = Pipeline(entered.instance)
    last = (START + timedelta(hours=HOURS - 1)).strftime(HOUR_FORMAT)
    pipeline.run_range(SQL_AND_FEATURES, START.strftime(HOUR_FORMAT), last)
    for _ in range(5):
        pipeline.run_range(SQL_AND_FEATURES, last, last)
    return Database(sibling(entered.store.url, "dagster"))


def age(dagster: Database, days: int) -> None:
    for table, column in (
        ("event_logs", "timestamp"), ("runs", "update_timestamp"), ("runs", "create_timestamp"),
        ("asset_check_executions", "evaluation_event_timestamp"), ("asset_event_tags", "event_timestamp"),
    ):  # fmt: skip
        dagster.execute(f"update {table} set {column} = {column} - interval '{days} days'")


def rows(dagster: Database) -> dict[str, int]:
    tables = ("event_logs", "asset_check_executions", "runs", "run_tags", "asset_event_tags")
    counts = {table: dagster.scalar(f"select count(*) from {table}") for table in tables}
    kinds = "select count(distinct (asset_key, check_name)) from asset_check_executions"
    return {**counts, "kinds of checks": dagster.scalar(kinds)}


@pytest.fixture(scope="module")
def forgotten(entered, dagster: Database):  # type: ignore[no-untyped-def]
    """Rows before and after old runs are forgotten, and what Dagster said of partitions before."""
    instance = entered.instance
    known = {key: instance.get_materialized_partitions(key) for key in SQL_AND_FEATURES}
    assert forget_old_runs(dagster, dagster_home(entered.settings.home), MONTH).events == 0
    age(dagster, 31)
    before = rows(dagster)
    output = dagster_home(entered.settings.home) / "storage"
    for name, age_days in (("old-run", 31), ("new-run", 1)):
        (output / name / "compute_logs").mkdir(parents=True)
        moment = (datetime.now(UTC) - timedelta(days=age_days)).timestamp()
        os.utime(output / name, (moment, moment))
    gone = forget_old_runs(dagster, dagster_home(entered.settings.home), MONTH)
    return known, before, rows(dagster), gone, sorted(path.name for path in output.iterdir())


def test_only_the_newest_materialisation_of_each_partition_and_the_newest_result_of_each_check_stay(
    dagster: Database, forgotten
) -> None:
    known, before, after, gone, _ = forgotten
    partitions = sum(len(keys_of_asset) for keys_of_asset in known.values())
    assert partitions == HOURS * len(SQL_AND_FEATURES)
    assert after["event_logs"] == partitions < before["event_logs"]
    orphans = "select count(*) from asset_event_tags where event_id not in (select id from event_logs)"
    assert dagster.scalar(orphans) == 0
    assert 0 < after["asset_event_tags"] < before["asset_event_tags"]
    checks = after["kinds of checks"]
    assert checks <= after["asset_check_executions"] <= 2 * checks
    assert before["asset_check_executions"] >= 6 * checks  # some are planned in each run and skipped
    assert (before["runs"], after["runs"]) == (6, 1)  # the run that the assets name as their last
    assert gone.runs == 5


def test_dagster_knows_the_same_partitions_and_the_results_of_checks(entered, forgotten) -> None:
    known, *_ = forgotten
    for key, partitions in known.items():
        assert entered.instance.get_materialized_partitions(key) == partitions
        newest = entered.instance.get_latest_materialization_event(key)
        assert newest.asset_materialization.partition == max(partitions)
    record = entered.instance.event_log_storage.get_latest_asset_check_execution_by_key([CHECK])[CHECK]
    assert record.status.value == "SUCCEEDED"


def test_the_output_of_old_steps_goes_too(forgotten) -> None:
    assert [name for name in forgotten[-1] if name.endswith("-run")] == ["new-run"]
    assert forgotten[-2].output_folders == 1


def test_the_next_run_goes_on_as_before(entered, dagster: Database, forgotten) -> None:
    assert forgotten
    last = (START + timedelta(hours=HOURS - 1)).strftime(HOUR_FORMAT)
    assert Pipeline(entered.instance).run_range(SQL_AND_FEATURES, last, last).success
    assert rows(dagster)["runs"] == 2
