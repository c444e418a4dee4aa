"""The sensors about models launch what is due, raise each alert once, and never trade."""

from datetime import UTC, date, datetime
from types import SimpleNamespace

import dagster as dg
import pytest

from okx_jobs.dagster_jobs import jobs, model_sensors
from okx_jobs.dagster_jobs.hour_ranges import RANGE_END, RANGE_START
from okx_jobs.definitions import definitions
from okx_services.research.lifecycle.due import Matured
from resources.registry.tracking import TrackingError

NOW = datetime(2026, 8, 12, 6, 30, tzinfo=UTC)
DAY = date(2026, 8, 12)


class Said(list):
    """What the sensors ask, and the alerts that they raise."""

    matured = Matured(DAY, False, "today's refits are made: 2")
    missed, expiry = "", ""
    drifted: tuple = ()
    champion: int | None = 3


@pytest.fixture
def said(monkeypatch) -> Said:
    found = Said()
    models = SimpleNamespace(members=("a",), challengers=(), champion_max_weeks=5)
    settings = SimpleNamespace(models=models, tracking_url="http://127.0.0.1:1", alert_webhook=None)
    monkeypatch.setattr(model_sensors, "_opened", lambda: (settings, None, NOW))
    monkeypatch.setattr(model_sensors, "matured_labels", lambda *_: found.matured)
    monkeypatch.setattr(model_sensors, "missed_training", lambda *_: found.missed)
    monkeypatch.setattr(model_sensors, "expiry", lambda *_: found.expiry)
    monkeypatch.setattr(model_sensors, "drifted_models", lambda *_: list(found.drifted))
    monkeypatch.setattr(
        model_sensors, "Tracking", lambda _url: SimpleNamespace(aliased=lambda _: found.champion)
    )
    monkeypatch.setattr(model_sensors, "raise_alert", lambda *given: found.append(given[2:4]))
    return found


def evaluated(number: int, cursor: str | None = None):
    repository = definitions.get_repository_def()
    sensor = repository.get_sensor_def(model_sensors.model_sensors()[number].name)
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance, cursor=cursor, repository_def=repository)
        return sensor.evaluate_tick(context)


def test_nothing_due_says_why(said: Said) -> None:
    assert not said.matured.is_due
    found = evaluated(0)
    assert found.run_requests == []
    assert found.skip_message == "today's refits are made: 2"


def test_matured_labels_launch_the_refits_of_the_day(said: Said) -> None:
    said.matured = Matured(DAY, True, "labels are known")
    (request,) = evaluated(0).run_requests
    assert (request.job_name, request.partition_key) == (jobs.refit_challengers.name, "2026-08-12")


def test_a_missed_training_or_decision_is_launched_for_the_week_that_has_begun(said: Said) -> None:
    said.missed = "train"
    (request,) = evaluated(0).run_requests
    assert request.job_name == jobs.train_models.name
    assert request.tags[RANGE_START].startswith("2026-08-09|")
    assert request.tags[RANGE_END].startswith("2026-08-09|")
    said.missed = "choose"
    (request,) = evaluated(0).run_requests
    assert (request.job_name, request.partition_key) == (jobs.choose_champion.name, "2026-08-09")


def test_the_jobs_that_it_launches_hold_no_execution() -> None:
    sensor = model_sensors.model_sensors()[0]
    names = {job.name for job in sensor.jobs}
    assert names == {"refit_challengers", "train_models", "choose_champion"}


def test_an_old_champion_and_a_drifted_model_are_told_once_each(said: Said) -> None:
    said.expiry, said.drifted = "version 3 has expired", (("a", "mean PSI 0.3 > 0.1"),)
    first = evaluated(1)
    assert [message for _, message in said] == ["a: mean PSI 0.3 > 0.1", "version 3 has expired"]
    again = evaluated(1, first.cursor)
    assert len(said) == 2
    assert again.cursor == first.cursor
    said.expiry = ""
    cleared = evaluated(1, again.cursor)
    said.expiry = "version 3 has expired"
    evaluated(1, cleared.cursor)
    assert len(said) == 3


def test_mlflow_that_is_down_is_no_error_and_forgets_nothing(said: Said, monkeypatch) -> None:
    def down(_alias: str) -> int:
        raise TrackingError("MLflow does not answer")

    monkeypatch.setattr(model_sensors, "Tracking", lambda _url: SimpleNamespace(aliased=down))
    found = evaluated(1, "before")
    assert found.skip_message == "MLflow does not answer"
    assert said == []
    assert found.cursor == "before"
