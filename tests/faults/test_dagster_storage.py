"""Traps 1, 2, 4 and 5: driver, batched events, in-process runs, orphaned runs."""

import os
from collections import Counter
from datetime import UTC, datetime, timedelta

import dagster as dg
import numpy as np
import pandas as pd
import psycopg2
import pytest
from dagster._daemon.auto_run_reexecution.auto_run_reexecution import should_retry

from okx_assets import keys
from okx_jobs.dagster_jobs.hour_ranges import HOUR_FORMAT
from okx_jobs.definitions import definitions
from okx_jobs.runs.runner import Pipeline
from okx_jobs.stack.up import sweep_orphans
from resources.environment import process_environment
from resources.postgres.database import Database, sibling

START = datetime(2026, 8, 3, tzinfo=UTC)
HOURS = 48
SQL_AND_FEATURES = [keys.CANDLES_4H, keys.CANDLES_1D, keys.FEATURES_1H]
Status = dg.DagsterRunStatus


def random_walk(pairs: int, hours: int) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    frames = []
    for number in range(pairs):
        close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, hours)))
        opens = np.concatenate([[100.0], close[:-1]])
        frames.append(
            pd.DataFrame(
                {
                    "pair": f"P{number}-USDT",
                    "timestamp_utc": pd.date_range(START, periods=hours, freq="h"),
                    "open": opens,
                    "high": np.maximum(opens, close) * 1.001,
                    "low": np.minimum(opens, close) * 0.999,
                    "close": close,
                    "volume": 10.0,
                    "quote_volume": 1000.0,
                    "source": "test",
                    "ingested_at": START + timedelta(days=9),
                }
            )
        )
    return pd.concat(frames)


BATCHES: list[int] = []


@pytest.fixture(scope="module")
def range_run(entered) -> dg.ExecuteInProcessResult:
    """48 hours of three assets, as one run over a range; notes in BATCHES how many events went at once."""
    storage = entered.instance.event_log_storage
    store = storage.store_event_batch

    def noted(events):
        BATCHES.append(len(events))
        return store(events)

    storage.store_event_batch = noted
    entered.store.replace_rows("market.candles_1h", random_walk(3, HOURS), "true", ())
    last = START + timedelta(hours=HOURS - 1)
    return Pipeline(entered.instance).run_range(
        SQL_AND_FEATURES, START.strftime(HOUR_FORMAT), last.strftime(HOUR_FORMAT)
    )


class TestTrap1TheDriver:
    """`postgresql://` means psycopg 3 to SQLAlchemy 2.1; dagster-postgres then closes its own connection."""

    def test_dagsters_storage_names_psycopg2(self, entered) -> None:
        assert os.environ["DAGSTER_PG_URL"].startswith("postgresql+psycopg2://")
        for storage in (
            entered.instance.run_storage,
            entered.instance.event_log_storage,
            entered.instance.schedule_storage,
        ):
            assert storage.postgres_url.startswith("postgresql+psycopg2://")

    @pytest.mark.usefixtures("entered")
    def test_a_webserver_can_ask_twice(self) -> None:
        """What broke was the second use of a connection with a statement time-out, as the webserver sets it."""
        with dg.DagsterInstance.get() as instance:
            instance.optimize_for_webserver(statement_timeout=5000, pool_recycle=3600, max_overflow=5)
            for _ in range(3):
                assert instance.get_runs_count() >= 0
                assert instance.all_asset_keys() is not None


class TestConnections:
    """dagster-postgres connects anew for each statement; a server process has to be started for each."""

    @pytest.mark.usefixtures("entered")
    def test_one_serves_the_statements_of_all_three_storages(self, monkeypatch) -> None:
        made = []
        connect = psycopg2.connect
        monkeypatch.setattr(
            psycopg2, "connect", lambda *words, **named: made.append(1) or connect(*words, **named)
        )
        with dg.DagsterInstance.get() as instance:
            made.clear()
            for _ in range(5):
                instance.get_runs_count()
                instance.all_asset_keys()
                instance.all_instigator_state()
            assert sum(made) <= 1

    def test_a_kept_one_that_the_server_ended_is_replaced(self, entered) -> None:
        with dg.DagsterInstance.get() as instance:
            before = instance.get_runs_count()
            Database(sibling(entered.store.url, "dagster")).execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where datname = 'dagster' and pid <> pg_backend_pid()"
            )
            assert instance.get_runs_count() == before

    def test_none_is_left_when_the_instance_is_closed(self, entered) -> None:
        count = "select count(*) from pg_stat_activity where datname = 'dagster'"
        administration = Database(sibling(entered.store.url, "postgres"))
        before = administration.scalar(count)
        with dg.DagsterInstance.get() as instance:
            instance.get_runs_count()
        assert administration.scalar(count) <= before


class TestTrap2TheBatches:
    """One by one, the events of a five-year backfill take twenty minutes per asset."""

    def test_the_switches_are_on_in_this_process_and_in_every_child(self, entered) -> None:
        for environment in (
            os.environ,
            process_environment(entered.settings.database, entered.settings.tracking_url),
        ):
            assert environment["DAGSTER_EVENT_BATCH_SIZE"] == "1000"
            assert environment["DAGSTER_EMIT_PARTITION_SUBSET_IN_PLANNED_EVENTS"] == "true"

    def test_dagster_still_obeys_the_switches(self, entered, range_run) -> None:
        """They are undocumented: an upgrade that drops them must fail here, not in a year-long backfill."""
        assert entered.instance.event_log_storage.supports_partition_subset_in_asset_materialization_planned_events
        assert range_run.success
        assert max(BATCHES) >= HOURS

    def test_a_range_of_48_hours_plans_each_asset_once(self, entered, range_run) -> None:
        logs = entered.instance.all_logs(
            range_run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED
        )
        planned = Counter(tuple(log.dagster_event.asset_key.path) for log in logs)
        assert planned == {tuple(key.path): 1 for key in SQL_AND_FEATURES}

    def test_every_hour_of_the_range_is_materialised(self, entered, range_run) -> None:
        assert range_run.success
        for key in SQL_AND_FEATURES:
            assert len(entered.instance.get_materialized_partitions(key)) == HOURS

    def test_a_check_leaves_one_row_per_range_not_one_per_hour(self, entered, range_run) -> None:
        logs = entered.instance.all_logs(range_run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
        names = Counter(log.dagster_event.event_specific_data.check_name for log in logs)
        assert names["one_row_per_candle"] == 1
        assert set(names.values()) <= {1, 2}  # `within_hourly_range` is the name of two

    def test_a_planned_check_is_one_row_not_one_per_hour(self, entered, range_run) -> None:
        """Dagster gives a check without partitions the hours of its run, and would write its event for each."""
        with entered.instance.event_log_storage.index_connection() as connection:
            rows = connection.exec_driver_sql(
                "select check_name, asset_key, count(*) from asset_check_executions "
                f"where run_id = '{range_run.run_id}' group by check_name, asset_key"
            ).fetchall()
        assert len(rows) > 5
        assert {count for _, _, count in rows} == {1}

    def test_no_check_has_partitions(self) -> None:
        specs = [spec for asset in definitions.assets for spec in getattr(asset, "check_specs", ())]
        assert specs
        assert {spec.partitions_def for spec in specs} == {None}

    def test_the_range_wrote_its_rows(self, entered, range_run) -> None:
        assert range_run.success
        assert entered.store.scalar("select count(*) from features.features_1h") == 3 * HOURS
        assert entered.store.scalar("select count(*) from market.candles_4h") == 3 * HOURS / 4


@pytest.mark.usefixtures("range_run")
def test_a_check_that_is_run_alone_looks_at_everything(entered) -> None:
    """The UI's button on a check runs it without a partition."""
    key = dg.AssetCheckKey(keys.CANDLES_1H, "no_gaps")
    job = dg.define_asset_job("run_one_check", selection=dg.AssetSelection.checks(key))
    alone = dg.Definitions(
        assets=definitions.assets,
        asset_checks=definitions.asset_checks,
        resources=definitions.resources,
        jobs=[job],
    )
    result = alone.resolve_job_def("run_one_check").execute_in_process(
        instance=entered.instance, raise_on_error=False
    )
    assert result.success
    assert [evaluation.passed for evaluation in result.get_asset_check_evaluations()] == [True]


class TestTrap4TheExecutor:
    """A process per step costs five to nine seconds each."""

    def test_runs_stay_in_one_process(self) -> None:
        assert definitions.executor is dg.in_process_executor
        jobs = definitions.get_repository_def().get_all_jobs()
        assert {job.executor_def.name for job in jobs} == {"in_process"}


class TestTrap5OrphanedRuns:
    """A SIGKILLed worker leaves its run STARTED for ever, with its run slot and its pool slot."""

    @staticmethod
    def run_of(instance: dg.DagsterInstance, job: str, status: Status) -> dg.DagsterRun:
        definition = definitions.resolve_job_def(job)
        return instance.create_run_for_job(job_def=definition, status=status, tags=definition.run_tags)

    @pytest.mark.parametrize("status", [Status.STARTED, Status.STARTING, Status.CANCELING])
    def test_the_sweep_fails_it_and_frees_its_slot(self, entered, status: Status) -> None:
        instance, pool = entered.instance, "okx_execution"
        run = self.run_of(instance, "execute_signals", status)
        storage = instance.event_log_storage
        storage.set_concurrency_slots(pool, 1)
        assert storage.claim_concurrency_slot(pool, run.run_id, "execution").is_claimed
        assert sweep_orphans(instance) == [run.run_id]
        assert instance.get_run_by_id(run.run_id).status is Status.FAILURE
        assert storage.get_concurrency_info(pool).active_slot_count == 0
        assert sweep_orphans(instance) == []

    @pytest.mark.parametrize("status", [Status.NOT_STARTED, Status.SUCCESS, Status.FAILURE])
    def test_the_sweep_leaves_other_runs_alone(self, entered, status: Status) -> None:
        run = self.run_of(entered.instance, "refresh_hour", status)
        assert sweep_orphans(entered.instance) == []
        assert entered.instance.get_run_by_id(run.run_id).status is status

    @pytest.mark.parametrize("job", ["trade_hour", "execute_signals"])
    def test_a_swept_run_that_trades_is_never_retried(self, entered, job: str) -> None:
        run = self.run_of(entered.instance, job, Status.STARTED)
        sweep_orphans(entered.instance)
        assert not should_retry(entered.instance.get_run_by_id(run.run_id), entered.instance)

    def test_a_swept_run_of_data_is_retried(self, entered) -> None:
        """The counterpart: without it the test above could pass because nothing is ever retried."""
        run = self.run_of(entered.instance, "refresh_hour", Status.STARTED)
        sweep_orphans(entered.instance)
        assert should_retry(entered.instance.get_run_by_id(run.run_id), entered.instance)


class TestTheInstanceFile:
    """dagster.yaml, as this version of Dagster understands it."""

    def test_runs_queue_two_at_a_time_and_execution_alone(self, entered) -> None:
        coordinator = entered.instance.run_coordinator
        assert type(coordinator).__name__ == "QueuedRunCoordinator"
        queue = entered.instance.get_concurrency_config().run_queue_config
        assert queue.max_concurrent_runs == 2
        assert queue.tag_concurrency_limits == [{"key": "okx/stage", "value": "execution", "limit": 1}]

    def test_a_pool_has_one_slot_unless_told_otherwise(self, entered) -> None:
        assert entered.instance.get_concurrency_config().pool_config.default_pool_limit == 1

    def test_nothing_is_sent_to_dagster_labs(self, entered) -> None:
        assert not entered.instance.telemetry_enabled
        assert os.environ["DAGSTER_DISABLE_TELEMETRY"] == "yes"

    def test_lost_workers_are_retried_failed_steps_are_not(self, entered) -> None:
        assert entered.instance.run_retries_enabled
        assert not entered.instance.run_retries_retry_on_asset_or_op_failure
        assert entered.instance.run_monitoring_enabled

    def test_entering_again_keeps_the_home_and_renews_a_changed_file(self, entered) -> None:
        from resources.environment import dagster_home, enter

        file = dagster_home(entered.settings.home) / "dagster.yaml"
        template = file.read_text()
        file.write_text("storage: {}\n")
        enter(entered.settings.database, entered.settings.tracking_url)
        assert file.read_text() == template

    def test_the_home_of_dagster_is_not_the_checkout(self, entered) -> None:
        from resources.config.settings import load_settings

        assert load_settings().home == entered.settings.home
        assert os.environ["DAGSTER_HOME"] == str(entered.settings.home / "dagster")
