"""What a newcomer finds in MLflow after the demo."""

import numpy as np
import pytest

from okx_assets.partitions import MEMBERS
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
