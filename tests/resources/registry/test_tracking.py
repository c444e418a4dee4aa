"""What is wrong with MLflow is said with its remedy."""

from types import SimpleNamespace

import pytest
from mlflow.exceptions import MlflowException

from resources.registry.tracking import EXPERIMENT, EXPERIMENT_TAGS, Tracking, TrackingError

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
        tracking(deleted).register(None)  # type: ignore[arg-type]
    assert f"MLFLOW_TRACKING_URI={URL} mlflow experiments restore --experiment-id 12" in str(failure.value)


def test_a_server_that_does_not_answer_is_named() -> None:
    with pytest.raises(TrackingError, match=f"MLflow at {URL}: no route; .* `okxsignal up`"):
        tracking(MlflowException("no route")).register(None)  # type: ignore[arg-type]


def test_a_new_experiment_is_made_with_its_tags() -> None:
    made = tracking(None)
    made.client.create_experiment = lambda name, tags: (name, tags)  # type: ignore[method-assign]
    assert made._experiment() == str((EXPERIMENT, EXPERIMENT_TAGS))


@pytest.mark.parametrize("tags", [{}, {"mlflow.experimentKind": "genai"}, EXPERIMENT_TAGS])
def test_a_known_experiment_is_given_the_tags_that_it_lacks(tags: dict[str, str]) -> None:
    known = SimpleNamespace(lifecycle_stage="active", experiment_id="1", tags=tags)
    made, given = tracking(known), []
    made.client.set_experiment_tag = lambda *tag: given.append(tag)  # type: ignore[method-assign]
    assert made._experiment() == "1"
    assert given == ([] if tags == EXPERIMENT_TAGS else [("1", *tag) for tag in EXPERIMENT_TAGS.items()])
