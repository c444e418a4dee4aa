"""Sensors about models: refits when labels have matured, training that was missed, drift, expiry. None trades."""

from datetime import datetime

import dagster as dg

from okx_core.hours import week_start
from okx_jobs.dagster_jobs import jobs
from okx_jobs.dagster_jobs.hour_ranges import DAY_FORMAT, RANGE_END, RANGE_START, member_range
from okx_jobs.dagster_jobs.schedules import sensor_default
from okx_services.research.lifecycle.due import drifted_models, expiry, matured_labels, missed_training
from resources.alerts import raise_alert
from resources.config.settings import Settings, load_settings
from resources.postgres.database import Database
from resources.registry.tracking import CHAMPION, Tracking, TrackingError
from resources.stores import open_database, open_exchange


def model_sensors() -> list[dg.SensorDefinition]:
    """Every sensor about models."""

    @dg.sensor(
        jobs=[jobs.refit_challengers, jobs.train_models, jobs.choose_champion],
        minimum_interval_seconds=600,
        default_status=sensor_default(),
        description="Every 10 minutes: refit the challengers of the day once the labels have matured, and make up for "
        "a week's training or decision that was missed. Places no order.",
    )
    def matured_labels_and_missed_training(
        context: dg.SensorEvaluationContext,  # noqa: ARG001 - Dagster passes it
    ) -> list[dg.RunRequest] | dg.SkipReason:
        """Launch what is due; none of these jobs trades."""
        settings, database, now = _opened()
        matured = matured_labels(database, settings.models.members, now, settings.models.challengers)
        requests = []
        if matured.is_due:
            day = matured.day.strftime(DAY_FORMAT)
            requests.append(
                # Asked for again an hour later if it has not helped by then.
                dg.RunRequest(
                    f"refit {day}@{now:%H}", job_name=jobs.refit_challengers.name, partition_key=day
                )
            )
        missed = missed_training(database, settings.models.members, now)
        requests += [_missed(missed, now)] if missed else []
        return requests or dg.SkipReason(matured.reason)

    @dg.sensor(
        minimum_interval_seconds=900,
        default_status=sensor_default(),
        description="Every 15 minutes: raise an alert when the champion expires soon or has, and when a model has "
        "drifted; each of them once. A member that has drifted is trained anew with the next day's challengers.",
    )
    def expiring_and_drifting_models(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        """Alerts about models that should be looked at."""
        settings, database, now = _opened()
        said = set((context.cursor or "").split("\n"))
        found = [
            ("a model has drifted", f"{model}: {reason}")
            for model, reason in drifted_models(database, now.date())
        ]
        try:
            champion = Tracking(settings.tracking_url).aliased(CHAMPION)
            words = expiry(database, champion, now, settings.models.champion_max_weeks)
            found += [("the model in charge is old", words)] if words else []
        except TrackingError as error:
            return dg.SensorResult(skip_reason=str(error), cursor=context.cursor)
        for subject, message in found:
            if message not in said:
                raise_alert(settings.alert_webhook, database, subject, message, "")
        reason = f"{len(found)} to look at" if found else "no model is old or has drifted"
        return dg.SensorResult(skip_reason=reason, cursor="\n".join(message for _, message in found))

    return [matured_labels_and_missed_training, expiring_and_drifting_models]


def _opened() -> tuple[Settings, Database, datetime]:
    settings = load_settings()
    return settings, open_database(settings.database), open_exchange(settings.exchange).now()


def _missed(what: str, now: datetime) -> dg.RunRequest:
    week = week_start(now).strftime(DAY_FORMAT)
    key = f"missed {what} {week}@{now:%Y-%m-%dT%H}"
    if what == "choose":
        return dg.RunRequest(key, job_name=jobs.choose_champion.name, partition_key=week)
    first, last = member_range(week, week)
    return dg.RunRequest(key, job_name=jobs.train_models.name, tags={RANGE_START: first, RANGE_END: last})
