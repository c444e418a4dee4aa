"""What must be noticed between schedule ticks: missing hours, new pairs, failed runs."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg

from okx_assets.partitions import HOURLY
from okx_jobs import jobs
from okx_jobs.schedules import data_default
from resources.alerts import raise_alert
from resources.settings import load_settings
from resources.stores import open_database, open_exchange

HOUR = timedelta(hours=1)
LOOK_BACK = timedelta(days=60)
GRACE = timedelta(minutes=25)  # the schedule's own run comes first
RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"
PARTITION_FORMAT = HOURLY.fmt
WATCHED = {
    dg.AssetKey(["trading", "signals"]): (jobs.refresh_hour, timedelta(0)),
    dg.AssetKey(["ml", "labels_1d"]): (jobs.label_1d, timedelta(hours=24)),
    dg.AssetKey(["ml", "labels_2w"]): (jobs.label_2w, timedelta(hours=336)),
}


def _sensor_default() -> dg.DefaultSensorStatus:
    running = data_default() is dg.DefaultScheduleStatus.RUNNING
    return dg.DefaultSensorStatus.RUNNING if running else dg.DefaultSensorStatus.STOPPED


def missing_runs(materialized: Iterable[str], now: datetime) -> list[tuple[datetime, datetime]]:
    """Stretches of hours (first, last) since the first known one, at most LOOK_BACK old, that are missing.

    The scheduler catches up at most five ticks after an outage; whatever is older is found here.
    """
    known = {datetime.strptime(key, PARTITION_FORMAT).replace(tzinfo=UTC) for key in materialized}
    if not known:
        return []
    newest_expected = (now - GRACE).replace(minute=0, second=0, microsecond=0) - HOUR
    hour = max(min(known), now.replace(minute=0, second=0, microsecond=0) - LOOK_BACK)
    stretches: list[tuple[datetime, datetime]] = []
    while hour <= newest_expected:
        if hour not in known:
            if stretches and stretches[-1][1] == hour - HOUR:
                stretches[-1] = (stretches[-1][0], hour)
            else:
                stretches.append((hour, hour))
        hour += HOUR
    return stretches


def _make_up(job: str, first: datetime, last: datetime, now: datetime) -> dg.RunRequest:
    """One run for a stretch of hours; asked for again an hour later if it has not helped by then."""
    start, end = first.strftime(PARTITION_FORMAT), last.strftime(PARTITION_FORMAT)
    return dg.RunRequest(
        run_key=f"{job} {start}..{end}@{now:%Y-%m-%dT%H}",
        job_name=job,
        tags={RANGE_START: start, RANGE_END: end},
    )


def sensors() -> list[dg.SensorDefinition]:
    """Every sensor of the code location."""

    @dg.sensor(
        jobs=[job for job, _ in WATCHED.values()],
        minimum_interval_seconds=120,
        default_status=_sensor_default(),
    )
    def missing_hours(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        """Make up for hours that the hourly schedules missed; none of these jobs trades."""
        now = datetime.now(UTC)
        requests: list[dg.RunRequest | dg.SkipReason] = [
            _make_up(job.name, first, last, now)
            for asset, (job, horizon) in WATCHED.items()
            for first, last in missing_runs(
                context.instance.get_materialized_partitions(asset), now - horizon
            )
        ]
        yield from requests or [dg.SkipReason("no hour is missing")]

    @dg.sensor(job=jobs.refresh_universe, minimum_interval_seconds=300, default_status=_sensor_default())
    def new_pairs(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        """Observe the universe again as soon as the exchange lists a pair it does not hold."""
        settings = load_settings()
        listed = {
            item.inst_id
            for item in open_exchange(settings).instruments("SPOT")
            if item.is_live and item.quote == settings.quote_currency
        }
        known = {
            row["pair"] for row in open_database(settings).rows("select distinct pair from market.universe")
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
    )
    def failed_runs(context: dg.RunFailureSensorContext) -> None:
        """Raise an alert for every failed run."""
        settings = load_settings()
        run = context.dagster_run
        raise_alert(
            settings, open_database(settings), f"run of {run.job_name} failed", context.failure_event.message or "",
            run.run_id,
        )  # fmt: skip

    return [missing_hours, new_pairs, failed_runs]
