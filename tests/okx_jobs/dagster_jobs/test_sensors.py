"""Missing hours are found exactly, and repaired without trading."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from okx_jobs.dagster_jobs.hour_ranges import (
    GRACE,
    HOUR_FORMAT,
    LOOK_BACK,
    RANGE_END,
    RANGE_START,
    missing_runs,
)
from okx_jobs.definitions import definitions

HOUR = timedelta(hours=1)
NOW = datetime(2026, 8, 9, 12, 30, tzinfo=UTC)


def key(hour: datetime) -> str:
    return hour.strftime(HOUR_FORMAT)


def hours_of(stretches: list[tuple[datetime, datetime]]) -> list[datetime]:
    return [first + n * HOUR for first, last in stretches for n in range((last - first) // HOUR + 1)]


known_hours = st.sets(st.integers(-400, 0)).map(
    lambda ages: {NOW.replace(minute=0) + age * HOUR for age in ages}
)


@given(known_hours, st.integers(0, 59))
def test_the_stretches_cover_exactly_the_missing_hours(known: set[datetime], minute: int) -> None:
    now = NOW.replace(minute=minute)
    found = hours_of(missing_runs([key(hour) for hour in known], now))
    expected = []
    if known:
        hour = max(min(known), now.replace(minute=0) - LOOK_BACK)
        while hour + HOUR + GRACE <= now:
            expected += [] if hour in known else [hour]
            hour += HOUR
    assert found == expected


@given(known_hours)
def test_neighbouring_hours_are_one_run(known: set[datetime]) -> None:
    stretches = missing_runs([key(hour) for hour in known], NOW)
    assert all(first - last > HOUR for (_, last), (first, _) in pairwise(stretches))


def test_a_project_without_any_hour_is_not_backfilled_by_a_sensor() -> None:
    assert missing_runs([], NOW) == []


def test_the_hour_that_has_just_closed_is_left_to_its_schedule() -> None:
    known = [key(NOW.replace(hour=9, minute=0))]
    newest = datetime(2026, 8, 9, 11, tzinfo=UTC)
    assert missing_runs(known, newest + HOUR + GRACE - timedelta(seconds=1))[-1][1] == newest - HOUR
    assert missing_runs(known, newest + HOUR + GRACE)[-1][1] == newest


def test_an_outage_of_many_hours_is_one_refresh_that_cannot_trade() -> None:
    """The scheduler itself catches up at most five ticks."""
    now = datetime.now(UTC)
    first = now.replace(minute=0, second=0, microsecond=0) - 30 * HOUR

    sensor = definitions.get_repository_def().get_sensor_def("missing_hours")
    with dg.DagsterInstance.ephemeral() as instance:
        for age in range(1, 5):
            known = dg.AssetMaterialization(["trading", "signals"], partition=key(first - age * HOUR))
            instance.report_runless_asset_event(known)
        context = dg.build_sensor_context(instance=instance, repository_def=definitions.get_repository_def())
        (request,) = sensor(context)
    assert request.tags[RANGE_START] == key(first)
    assert datetime.strptime(request.tags[RANGE_END], HOUR_FORMAT).replace(tzinfo=UTC) >= now - 3 * HOUR
    assert request.job_name == "refresh_hour"
    assert "trade_hour" not in {job.name for job in sensor.jobs}


@pytest.mark.parametrize(
    ("asset", "horizon", "job"), [("labels_1d", 24, "label_1d"), ("labels_2w", 336, "label_2w")]
)
def test_labels_that_matured_during_an_outage_are_made_up_for(asset: str, horizon: int, job: str) -> None:
    last = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - (horizon + 12) * HOUR
    sensor = definitions.get_repository_def().get_sensor_def("missing_hours")
    with dg.DagsterInstance.ephemeral() as instance:
        instance.report_runless_asset_event(dg.AssetMaterialization(["ml", asset], partition=key(last)))
        context = dg.build_sensor_context(instance=instance, repository_def=definitions.get_repository_def())
        (request,) = sensor(context)
    assert request.job_name == job
    assert request.tags[RANGE_START] == key(last + HOUR)
    newest = datetime.strptime(request.tags[RANGE_END], HOUR_FORMAT).replace(tzinfo=UTC)
    assert newest + (horizon + 1) * HOUR <= datetime.now(UTC)
