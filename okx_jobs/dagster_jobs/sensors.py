"""Sensors between schedule ticks: missing hours, new pairs, failed runs."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg

from okx_assets import keys
from okx_core.hours import HOUR, LABEL_HORIZON_HOURS
from okx_jobs.dagster_jobs import jobs
from okx_jobs.dagster_jobs.hour_ranges import backfill_request, missing_runs
from okx_jobs.dagster_jobs.schedules import sensor_default
from resources.alerts import raise_alert
from resources.config.settings import load_settings
from resources.stores import open_database, open_exchange

WATCHED = {
    keys.SIGNALS: (jobs.refresh_hour, timedelta(0)),
    keys.LABELS_1D: (jobs.label_1d, LABEL_HORIZON_HOURS["1d"] * HOUR),
    keys.LABELS_2W: (jobs.label_2w, LABEL_HORIZON_HOURS["2w"] * HOUR),
}


def sensors() -> list[dg.SensorDefinition]:
    """Every sensor of the code location."""

    @dg.sensor(
        jobs=[job for job, _ in WATCHED.values()],
        minimum_interval_seconds=120,
        default_status=sensor_default(),
        description="Every 2 minutes: launch runs for hours of data, signals and labels that the schedules missed. "
        "Places no order.",
    )
    def missing_hours(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        """Make up for hours that the hourly schedules missed; none of these jobs trades."""
        now = datetime.now(UTC)
        requests: list[dg.RunRequest | dg.SkipReason] = [
            backfill_request(job.name, first, last, now)
            for asset, (job, horizon) in WATCHED.items()
            for first, last in missing_runs(
                context.instance.get_materialized_partitions(asset), now - horizon
            )
        ]
        yield from requests or [dg.SkipReason("no hour is missing")]

    @dg.sensor(
        job=jobs.refresh_universe,
        minimum_interval_seconds=300,
        default_status=sensor_default(),
        description="Every 5 minutes: observe the universe again when the exchange lists a new pair.",
    )
    def new_pairs(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        """Observe the universe again as soon as the exchange lists a pair it does not hold."""
        settings = load_settings()
        listed = {
            item.inst_id
            for item in open_exchange(settings.exchange).instruments("SPOT")
            if item.is_live and item.quote == settings.quote_currency
        }
        known = {
            row["pair"]
            for row in open_database(settings.database).rows("select distinct pair from market.universe")
        }
        fresh = sorted(listed - known)
        if not fresh:
            return dg.SkipReason("no new pair")
        context.log.info(f"new pairs: {', '.join(fresh)}")
        today = datetime.now(UTC).strftime("%Y-%m-%d")
        return dg.RunRequest(run_key=f"{today} {','.join(fresh)}"[:200], partition_key=today)

    @dg.run_failure_sensor(
        monitor_all_code_locations=False,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Every 30 seconds: raise an alert for each failed run, in ops.alerts and at the webhook.",
    )
    def failed_runs(context: dg.RunFailureSensorContext) -> None:
        """Raise an alert for every failed run."""
        settings = load_settings()
        run = context.dagster_run
        message = context.failure_event.message or ""
        database = open_database(settings.database)
        raise_alert(settings.alert_webhook, database, f"run of {run.job_name} failed", message, run.run_id)

    return [missing_hours, new_pairs, failed_runs]
