"""What is wrong with MLflow is said with its remedy."""

from types import SimpleNamespace

import pytest
from mlflow.exceptions import MlflowException

from resources.tracking import EXPERIMENT, Tracking, TrackingError

URL = "http://127.0.0.1:5000"


def tracking(experiment: object) -> Tracking:
    """A registry whose server gives this experiment, or raises it."""

    def get_experiment_by_name(name: str) -> object:
        assert name == EXPERIMENT
        if isinstance(experiment, Exception):
            raise experiment
        return experiment

    made = Tracking(URL)
    made.__dict__["client"] = SimpleNamespace(get_experiment_by_name=get_experiment_by_name)
    return made


def test_a_deleted_experiment_names_the_command_that_restores_it() -> None:
    deleted = SimpleNamespace(lifecycle_stage="deleted", experiment_id="12")
    with pytest.raises(TrackingError) as failure:
        tracking(deleted).log_signal_model(None, None)  # type: ignore[arg-type]
    assert f"MLFLOW_TRACKING_URI={URL} mlflow experiments restore --experiment-id 12" in str(failure.value)


def test_a_server_that_does_not_answer_is_named() -> None:
    with pytest.raises(TrackingError, match="does not answer"):
        tracking(MlflowException("no route"))._require_experiment()


@pytest.mark.parametrize("experiment", [None, SimpleNamespace(lifecycle_stage="active", experiment_id="1")])
def test_a_new_or_living_experiment_passes(experiment: object) -> None:
    assert tracking(experiment)._require_experiment() is None
