"""What a newcomer finds in MLflow after the demo, and what happens when he deletes some of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import numpy as np
import pytest

from okx_assets.partitions import MEMBERS
from okx_core.decisions.rules import DecisionRules
from okx_services.research.scoring import score_window
from resources.registry.served_member import member_from
from resources.registry.served_signal import signal_model_from
from resources.registry.tracking import (
    CHAMPION,
    EXPERIMENT,
    MEMBER_DESCRIPTION,
    SIGNAL_DESCRIPTION,
    SIGNAL_MODEL,
    Tracking,
    member_model,
)
from resources.stores import open_feature_store
from tests.ports import free_port

MODELS = (SIGNAL_MODEL, *(member_model(name) for name in MEMBERS))


@pytest.fixture(scope="module")
def tracking(market):
    return Tracking(market.settings.tracking_url)


@pytest.fixture(scope="module")
def client(tracking):
    return tracking.client


@pytest.fixture(params=MODELS)
def version(client, request):
    return max(client.search_model_versions(f"name='{request.param}'"), key=lambda found: int(found.version))


@pytest.mark.parametrize("name", MODELS)
def test_each_registered_model_is_described(client, name: str):
    expected = SIGNAL_DESCRIPTION if name == SIGNAL_MODEL else MEMBER_DESCRIPTION
    assert client.get_registered_model(name).description == expected


def test_the_experiment_opens_as_model_training(client):
    tags = client.get_experiment_by_name(EXPERIMENT).tags
    assert tags["mlflow.experimentKind"] == "custom_model_development"


def test_the_champion_is_the_version_of_the_newest_decision(market, tracking):
    row = market.store.rows("select * from ml.champions order by week desc limit 1")[0]
    assert tracking.aliased(CHAMPION) == row["model_version"] is not None


def test_a_version_says_what_it_is_made_of_and_where_it_comes_from(market, version):
    run = f"{market.settings.dagster_url}/runs/{version.tags['dagster_run_id']}"
    assert version.tags["dagster_run"] == run
    assert f"]({run})" in version.description
    assert version.tags["week"] in version.description
    assert "a predictable part of strength 1 was planted" in version.description
    assert f"models/{version.source.rsplit('/', 1)[-1]}?workflowType=machine_learning" in version.description
    assert market.instance.get_run_by_id(version.tags["dagster_run_id"]) is not None
    assert version.tags["code_version"]


def test_its_metrics_belong_to_the_model_and_to_the_run(client, version):
    logged = client.get_logged_model(version.source.rsplit("/", 1)[-1])
    metrics = {metric.key: metric.value for metric in logged.metrics}
    assert len(metrics) >= 2
    assert metrics == client.get_run(version.run_id).data.metrics


def test_it_has_a_signature_and_a_small_example_that_it_serves_as_we_read_it(tracking, version):
    import mlflow
    from mlflow.models import Model

    stored = Model.load(version.source)
    example = stored.load_input_example(mlflow.artifacts.download_artifacts(version.source))
    assert 0 < len(example) <= 10
    assert list(stored.signature.inputs.input_names()) == list(example.columns)
    served = mlflow.pyfunc.load_model(version.source).predict(example)
    files = tracking.files(version.name, int(version.version))
    if version.name == SIGNAL_MODEL:
        assert set(served.columns) >= {"predicted_excess_pct", "excess_probability"}
        assert served["predicted_excess_pct"].notna().all()
        assert set(signal_model_from(files).members) == set(MEMBERS)
        return
    fitted = member_from(files)
    assert list(fitted.names) == list(example.columns)
    assert np.isfinite(served).all()


def live_hour(market, tracking):
    """The newest hour scored once more with what the registry holds now; nothing is written."""
    end = market.stretch.end
    store = open_feature_store(market.settings.database, market.settings.feature_store)
    return score_window(
        store, tracking, end - timedelta(hours=1), end, end - timedelta(hours=1), 99, DecisionRules()
    )


@contextmanager
def a_copy_in_charge(tracking) -> Iterator[str]:
    """@champion behind a new version with the files of the one in charge, until the block ends."""
    client, before = tracking.client, tracking.aliased(CHAMPION)
    held = client.get_model_version(SIGNAL_MODEL, str(before))
    made = client.create_model_version(
        SIGNAL_MODEL, held.source, held.run_id, model_id=held.source.rsplit("/", 1)[-1]
    )
    tracking.point(CHAMPION, int(made.version))
    try:
        yield str(made.version)
    finally:
        tracking.point(CHAMPION, before)


@contextmanager
def a_deleted_version(_market, tracking) -> Iterator[Tracking]:
    with a_copy_in_charge(tracking) as version:
        tracking.client.delete_model_version(SIGNAL_MODEL, version)  # and with it the alias
        yield tracking


@contextmanager
def a_deleted_experiment(_market, tracking) -> Iterator[Tracking]:
    experiment = tracking.client.get_experiment_by_name(EXPERIMENT)
    tracking.client.delete_experiment(experiment.experiment_id)
    try:
        yield tracking
    finally:
        tracking.client.restore_experiment(experiment.experiment_id)


@contextmanager
def deleted_files(market, tracking) -> Iterator[Tracking]:
    source = tracking.client.get_model_version(SIGNAL_MODEL, str(tracking.aliased(CHAMPION))).source
    folder = next(market.settings.artifacts.rglob(source.rsplit("/", 1)[-1]))
    away = folder.rename(folder.with_suffix(".away"))
    try:
        yield tracking
    finally:
        away.rename(folder)


@contextmanager
def mlflow_down(_market, _tracking) -> Iterator[Tracking]:
    yield Tracking(f"http://127.0.0.1:{free_port()}")


@pytest.mark.parametrize("fault", [
    a_deleted_version, a_deleted_experiment, deleted_files, mlflow_down,
])  # fmt: skip
def test_a_registry_that_lost_its_model_opens_nothing_and_says_why(market, tracking, fault, monkeypatch):
    monkeypatch.setattr("resources.registry.tracking.RETRIES", 0)
    assert not live_hour(market, tracking).failures
    with fault(market, tracking) as spoiled:
        found = live_hour(market, spoiled)
    assert found.failures
    assert len(found.rows) == found.feature_rows > 0
    assert found.rows["predicted_excess_pct"].isna().all()
    assert not found.rows["tradable"].any()
    assert not live_hour(market, tracking).failures
