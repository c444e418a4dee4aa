"""When the jobs run. Data schedules run by default; whatever trades runs by default in simulated mode only."""

from datetime import datetime
from typing import Any

import dagster as dg

from okx_core.hours import week_start
from okx_jobs.dagster_jobs import jobs
from okx_jobs.dagster_jobs.hour_ranges import DAY_FORMAT, RANGE_END, RANGE_START, member_range
from okx_jobs.dagster_jobs.housekeeping import remove_leftovers
from resources.config.settings import Mode, load_settings

RUNNING = dg.DefaultScheduleStatus.RUNNING


def data_default() -> dg.DefaultScheduleStatus:
    """Running, unless the exchange's clock is fixed in a recorded past where no hour ever closes."""
    return dg.DefaultScheduleStatus.STOPPED if load_settings().market.clock_is_fixed else RUNNING


def sensor_default() -> dg.DefaultSensorStatus:
    """Like the data schedules."""
    running = data_default() is RUNNING
    return dg.DefaultSensorStatus.RUNNING if running else dg.DefaultSensorStatus.STOPPED


def trading_default() -> dg.DefaultScheduleStatus:
    """Like the data in simulated mode; stopped in every other, until the user starts it by hand."""
    return data_default() if load_settings().mode is Mode.SIMULATED else dg.DefaultScheduleStatus.STOPPED


def _data_only_default() -> dg.DefaultScheduleStatus:
    """Where trading is stopped by default the data still runs, by a job that cannot trade."""
    return dg.DefaultScheduleStatus.STOPPED if trading_default() is RUNNING else data_default()


def _week_of(moment: datetime) -> str:
    return week_start(moment).strftime(DAY_FORMAT)


def schedules() -> list[Any]:
    """Every schedule; the minute leaves the exchange time to confirm the bar."""

    build, status = dg.build_schedule_from_partitioned_job, data_default()
    return [
        build(
            jobs.trade_hour, minute_of_hour=1, default_status=trading_default(), name="hourly_trading",
            description="Minute 1: candles, funding, features and signals of the hour that closed, then orders. "
            f"{jobs.WARNING}",
        ),
        build(
            jobs.refresh_hour, minute_of_hour=1, default_status=_data_only_default(), name="hourly_data",
            description="Minute 1: the data and signals of hourly_trading without orders; for when that is stopped.",
        ),
        build(
            jobs.observe_hour, minute_of_hour=1, default_status=status, name="hourly_observations",
            description="Minute 1: order books and newest trades when the hour is decided.",
        ),
        build(
            jobs.refresh_candles_15m, minute_of_hour=2, default_status=status, name="hourly_candles_15m",
            description="Minute 2: 15-minute candles of the hour that closed, and the features that use them.",
        ),
        build(
            jobs.explain_hour, minute_of_hour=4, default_status=status, name="hourly_explanations",
            description="Minute 4: why the hour's traded and nearly traded pairs were expected to do better.",
        ),
        build(
            jobs.score_challengers, minute_of_hour=6, default_status=status, name="hourly_challengers",
            description="Minute 6: scores of the challengers, after the hour's orders; they are never traded.",
        ),
        build(
            jobs.label_1d, minute_of_hour=10, default_status=status, name="hourly_labels_1d",
            description="Minute 10: labels of the bar whose 24 h have passed.",
        ),
        build(
            jobs.label_2w, minute_of_hour=12, default_status=status, name="hourly_labels_2w",
            description="Minute 12: labels of the bar whose two weeks have passed.",
        ),
        *_daily(),
        *_weekly(),
    ]  # fmt: skip


def _weekly() -> list[Any]:
    """The weekly schedules."""

    @dg.schedule(
        job=jobs.train_models,
        cron_schedule="10 0 * * 0",
        execution_timezone="UTC",
        default_status=data_default(),
        description="Sunday 00:10 UTC: train every member for the week that has just begun.",
    )
    def weekly_training(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        """Train every member for the week that has just begun, all in one run that loads the history once."""
        week = _week_of(context.scheduled_execution_time)
        first, last = member_range(week, week)
        return dg.RunRequest(run_key=week, tags={RANGE_START: first, RANGE_END: last})

    @dg.schedule(
        job=jobs.choose_champion,
        cron_schedule="40 0 * * 0",
        execution_timezone="UTC",
        default_status=data_default(),
        description="Sunday 00:40 UTC: make the week's signal model and decide who may trade.",
    )
    def weekly_champion(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        """Decide on the week's champion half an hour after training began."""
        week = _week_of(context.scheduled_execution_time)
        return dg.RunRequest(run_key=week, partition_key=week)

    @dg.schedule(
        job=jobs.validate_models,
        cron_schedule="30 2 * * 0",
        execution_timezone="UTC",
        default_status=data_default(),
        description="Sunday 02:30 UTC: look for leaks in the stored predictions, and try the gate on shuffled scores.",
    )
    def weekly_model_validation() -> dg.RunRequest:
        """Check predictions and promotion gate on the record of the last year."""
        return dg.RunRequest()

    @dg.schedule(
        job=jobs.train_slippage,
        cron_schedule="10 1 * * 0",
        execution_timezone="UTC",
        default_status=data_default(),
        description="Sunday 01:10 UTC: whether a learned model states what own orders paid better than the book does.",
    )
    def weekly_slippage(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        """Decide on the week's slippage model."""
        week = _week_of(context.scheduled_execution_time)
        return dg.RunRequest(run_key=week, partition_key=week)

    build, status = dg.build_schedule_from_partitioned_job, data_default()
    return [
        build(
            jobs.backtest_week, day_of_week=0, hour_of_day=2, default_status=status, name="weekly_backtest",
            description="Sunday 02:00 UTC: trade the signals of the week that ended, out of sample and with costs.",
        ),
        build(
            jobs.compare_models, day_of_week=0, hour_of_day=3, default_status=status, name="weekly_comparison",
            description="Sunday 03:00 UTC: compare the ensemble in charge with its challengers on the same hours.",
        ),
        weekly_training,
        weekly_champion,
        weekly_slippage,
        weekly_model_validation,
    ]  # fmt: skip


def _daily() -> list[Any]:
    """The daily schedules."""

    @dg.schedule(
        job=jobs.refresh_universe,
        cron_schedule="0 0 * * *",
        execution_timezone="UTC",
        default_status=data_default(),
        description="00:00 UTC: observe which pairs may be traded today.",
    )
    def daily_universe(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        """Observe the universe as the day begins."""
        day = context.scheduled_execution_time.strftime("%Y-%m-%d")
        return dg.RunRequest(run_key=day, partition_key=day)

    @dg.schedule(
        job=jobs.validate_features,
        cron_schedule="30 3 * * *",
        execution_timezone="UTC",
        default_status=data_default(),
        description="03:30 UTC: check the features of the newest candles for look-ahead, copies and drift.",
    )
    def daily_validation() -> dg.RunRequest:
        """Validate the features on the newest candles."""
        return dg.RunRequest()

    @dg.schedule(
        job=remove_leftovers,
        cron_schedule="40 4 * * *",
        execution_timezone="UTC",
        default_status=data_default(),
        description="04:40 UTC: remove superseded files, old runs and old public trades; no partition is lost.",
    )
    def daily_housekeeping() -> dg.RunRequest:
        """Keep the home from growing for ever."""
        return dg.RunRequest()

    @dg.schedule(
        job=jobs.report_drift,
        cron_schedule="20 5 * * *",
        execution_timezone="UTC",
        default_status=data_default(),
        description="05:20 UTC: drift of the features and fall of the rank IC of the models in charge.",
    )
    def daily_drift(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        """Check the models in charge for drift, once the day's validation has run."""
        day = context.scheduled_execution_time.strftime(DAY_FORMAT)
        return dg.RunRequest(run_key=day, partition_key=day)

    return [daily_universe, daily_validation, daily_housekeeping, daily_drift]
