"""What a newcomer finds in MLflow after the demo."""

import numpy as np
import pytest

from resources.tracking import EXPERIMENT, MODEL_DESCRIPTION, MODEL_NAME, Tracking


@pytest.fixture(scope="module")
def client(market):
    return Tracking(market.settings.tracking_url).client


@pytest.fixture(params=["lightgbm", "catboost"])
def version(client, request):
    found = client.search_model_versions(f"name='{MODEL_NAME}'")
    return next(version for version in found if version.tags["algorithm"] == request.param)


@pytest.fixture
def logged_model(client, version):
    return client.get_logged_model(version.source.rsplit("/", 1)[-1])


def test_the_registered_model_is_described(client):
    assert client.get_registered_model(MODEL_NAME).description == MODEL_DESCRIPTION


def test_the_experiment_opens_as_model_training(client):
    tags = client.get_experiment_by_name(EXPERIMENT).tags
    assert tags["mlflow.experimentKind"] == "custom_model_development"


def test_a_version_says_what_it_predicts_and_how_it_scored(version, logged_model):
    words = version.description
    rank_ic = next(metric.value for metric in logged_model.metrics if metric.key == "rank_ic")
    assert "return over the next 24 h" in words
    assert version.tags["week"] in words
    assert f"Rank IC {rank_ic:.4f}" in words
    assert "a predictable part of strength 1 was planted" in words
    assert f"models/{logged_model.model_id}?workflowType=machine_learning" in words


def test_its_scores_belong_to_the_model_and_to_the_run(client, version, logged_model):
    scores = {metric.key: metric.value for metric in logged_model.metrics}
    assert {"rank_ic", "rank_ic_t", "rmse_pct", "baseline_rmse_pct", "fit_rows", "holdout_rows"} <= set(
        scores
    )
    assert scores == client.get_run(version.run_id).data.metrics


def test_it_has_a_signature_and_a_small_example_that_it_accepts(market, version):
    import mlflow
    from mlflow.models import Model

    loaded = Tracking(market.settings.tracking_url).load(int(version.version))
    stored = Model.load(version.source)
    assert tuple(stored.signature.inputs.input_names()) == loaded.feature_names
    example = stored.load_input_example(mlflow.artifacts.download_artifacts(version.source))
    assert 0 < len(example) <= 10
    served = mlflow.pyfunc.load_model(version.source).predict(example)
    assert np.allclose(served, loaded.regressor.predict(example.to_numpy(np.float32)))
