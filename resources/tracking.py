"""MLflow: where every model version, its data window, scores and alias live."""

import math
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from okx_core.errors import OkxSignalError
from okx_core.models.trainers import Matrix, Regressor
from okx_core.models.training import TrainedModel
from resources.web_pages import logged_model_page, version_page

if TYPE_CHECKING:
    from mlflow.entities import Metric
    from mlflow.tracking import MlflowClient

MODEL_NAME = "okxsignal-return-1d"
MODEL_DESCRIPTION = """Predicts the return over the next 24 h relative to the mean of all pairs, in percent, from the \
features of a closed hourly bar. One version per week and algorithm, trained only on what was known when its week began.

The newest hour uses the version behind the alias **@champion**. An older hour uses the version that `ml.champions` \
names for its week. Move the alias and the next signals come from that version. **@previous** is the one before."""
# Texts of earlier versions, which may be replaced; a text of the user stays.
OUTDATED_DESCRIPTIONS = (
    None,
    "",
    "Return over the next 24 h relative to all pairs, in percent; one version per week and algorithm.",
)
EXPERIMENT = "signal-models"
EXPERIMENT_TAGS = {
    "mlflow.experimentKind": "custom_model_development"
}  # opens as model training, not as GenAI
CHAMPION = "champion"
PREVIOUS = "previous"


class TrackingError(OkxSignalError):
    """MLflow cannot be reached or does not have what was asked for."""


@dataclass(frozen=True)
class LoadedModel:
    """A registered version, ready to predict. `sigma_pct` is its hold-out error in percent."""

    version: int
    algorithm: str
    week: str
    feature_names: tuple[str, ...]
    sigma_pct: float
    regressor: Regressor


@dataclass(frozen=True)
class ModelCard:
    """What is stored beside a model. `example` holds a few rows of its features, as it was trained on them."""

    algorithm: str
    week: str
    parameters: Mapping[str, object]
    tags: Mapping[str, str]
    description: str
    example: Matrix
    figures: Mapping[str, Any]
    data_files: Sequence[str] = ()


@dataclass(frozen=True)
class RegisteredVersion:
    """Where a freshly logged model can be found."""

    version: int
    run_id: str


def prepare_environment(url: str) -> None:
    """Settings MLflow reads from the environment, kept in one place."""
    os.environ["MLFLOW_TRACKING_URI"] = url
    os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
    os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "3"
    os.environ["MLFLOW_LOGGING_LEVEL"] = "WARNING"
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"


@dataclass(frozen=True)
class Tracking:
    """The registry behind one tracking server."""

    url: str

    @cached_property
    def client(self) -> "MlflowClient":
        prepare_environment(self.url)
        import mlflow
        from mlflow.tracking import MlflowClient

        mlflow.set_tracking_uri(self.url)
        return MlflowClient(self.url, self.url)

    def version_url(self, version: int) -> str:
        """The page of a registered version."""
        return version_page(self.url, MODEL_NAME, version)

    def log_signal_model(self, model: TrainedModel, card: ModelCard) -> RegisteredVersion:
        """Log one trained model as a run, with its scores and its card, and register it as a new version."""
        client = self.client
        import mlflow

        experiment = self._experiment()
        run_name, run_tags = f"{card.week} {card.algorithm}", dict(card.tags)
        with mlflow.start_run(experiment_id=experiment, run_name=run_name, tags=run_tags) as run:
            mlflow.log_params(dict(card.parameters))
            mlflow.log_dict({"features": list(model.feature_names)}, "features.json")
            mlflow.log_dict({"files": list(card.data_files)}, "data_files.json")
            for name, figure in card.figures.items():
                mlflow.log_figure(figure, f"{name}.png")
            model_id = _log_model(client, run, model, card)
            client.log_batch(run.info.run_id, metrics=_metrics(model, model_id))
        page = logged_model_page("", experiment, model_id)  # relative: the port may change
        description = f"{card.description}\n\n[All metrics, parameters and files]({page.removeprefix('/')})"
        tags = {"sigma_pct": repr(model.rmse_pct), "algorithm": card.algorithm, "week": card.week}
        version = self._register(model_id, run.info.run_id, description, {**card.tags, **tags})
        return RegisteredVersion(version, run.info.run_id)

    def _experiment(self) -> str:
        """The id of the experiment, made if there is none.

        A deleted one keeps its name and takes no run: say how to get it back.
        """
        from mlflow.exceptions import MlflowException

        try:
            known = self.client.get_experiment_by_name(EXPERIMENT)
        except MlflowException as error:
            raise TrackingError(
                f"MLflow at {self.url} does not answer: {error}; run `okxsignal up`"
            ) from None
        if known is not None and known.lifecycle_stage == "deleted":
            restore = f"MLFLOW_TRACKING_URI={self.url} mlflow experiments restore --experiment-id {known.experiment_id}"
            raise TrackingError(
                f"the experiment {EXPERIMENT!r} has been deleted in MLflow, so that no model can be logged: restore it "
                f"with `{restore}`, then train again"
            )
        if known is None:
            return str(self.client.create_experiment(EXPERIMENT, tags=EXPERIMENT_TAGS))
        for name, value in EXPERIMENT_TAGS.items():
            if known.tags.get(name) != value:
                self.client.set_experiment_tag(known.experiment_id, name, value)
        return str(known.experiment_id)

    def _register(self, model_id: str, run_id: str, description: str, tags: dict[str, str]) -> int:
        from mlflow.exceptions import RestException

        try:
            known = self.client.get_registered_model(MODEL_NAME)
        except RestException:
            self.client.create_registered_model(MODEL_NAME, description=MODEL_DESCRIPTION)
        else:
            if known.description in OUTDATED_DESCRIPTIONS:
                self.client.update_registered_model(MODEL_NAME, MODEL_DESCRIPTION)
        registered = self.client.create_model_version(
            MODEL_NAME, source=f"models:/{model_id}", run_id=run_id, model_id=model_id, tags=tags,
            description=description, await_creation_for=0,
        )  # fmt: skip
        return int(registered.version)

    def champion_version(self) -> int | None:
        """The version behind @champion, None when nothing has been promoted."""
        from mlflow.exceptions import MlflowException, RestException

        try:
            return int(self.client.get_model_version_by_alias(MODEL_NAME, CHAMPION).version)
        except RestException as error:
            if error.error_code in ("INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST"):
                return None
            raise TrackingError(f"MLflow at {self.url}: {error.message}") from None
        except MlflowException as error:
            raise TrackingError(
                f"MLflow at {self.url} does not answer: {error}; run `okxsignal up`"
            ) from None

    def promote(self, version: int) -> None:
        """Point @champion at `version`; the version it leaves becomes @previous."""
        current = self.champion_version()
        if current == version:
            return
        if current is not None:
            self.client.set_registered_model_alias(MODEL_NAME, PREVIOUS, str(current))
        self.client.set_registered_model_alias(MODEL_NAME, CHAMPION, str(version))

    def load(self, version: int) -> LoadedModel:
        """Load a registered version by number."""
        client = self.client
        import mlflow
        from mlflow.exceptions import MlflowException

        try:
            details = client.get_model_version(MODEL_NAME, str(version))
        except MlflowException as error:
            raise TrackingError(
                f"MLflow at {self.url} has no {MODEL_NAME} version {version}: {error}"
            ) from None
        algorithm = details.tags["algorithm"]
        flavour = mlflow.lightgbm if algorithm == "lightgbm" else mlflow.catboost
        regressor = flavour.load_model(f"models:/{MODEL_NAME}/{version}")
        names = mlflow.artifacts.load_dict(f"runs:/{details.run_id}/features.json")["features"]
        return LoadedModel(
            version=version,
            algorithm=algorithm,
            week=details.tags["week"],
            feature_names=tuple(names),
            sigma_pct=float(details.tags["sigma_pct"]),
            regressor=regressor,
        )


def _log_model(client: "MlflowClient", run: Any, model: TrainedModel, card: ModelCard) -> str:
    """Store the booster with signature and input example as a model of the run; its id.

    As `log_model` does, without what takes most of its time: it infers requirements, and loads the model again to
    predict the example.
    """
    import mlflow
    import pandas as pd
    from mlflow.entities import LoggedModelOutput, LoggedModelStatus
    from mlflow.models import Model, infer_signature

    example = pd.DataFrame(card.example, columns=pd.Index(model.feature_names))
    flavour = mlflow.lightgbm if card.algorithm == "lightgbm" else mlflow.catboost
    logged = client.create_logged_model(run.info.experiment_id, name="model", source_run_id=run.info.run_id)
    with TemporaryDirectory() as folder:
        flavour.save_model(
            model.regressor,
            f"{folder}/model",
            mlflow_model=Model(
                artifact_path=logged.artifact_location,
                run_id=run.info.run_id,
                model_uuid=logged.model_id,
                model_id=logged.model_id,
            ),
            signature=infer_signature(example, model.regressor.predict(card.example)),
            input_example=example,
            pip_requirements=[card.algorithm],
        )
        client.log_model_artifacts(logged.model_id, f"{folder}/model")
    client.finalize_logged_model(logged.model_id, LoggedModelStatus.READY)
    client.log_outputs(run.info.run_id, [LoggedModelOutput(logged.model_id, step=0)])
    return str(logged.model_id)


def _metrics(model: TrainedModel, model_id: str) -> "list[Metric]":
    """The known scores, as those of the run and of the model."""
    from mlflow.entities import Metric

    now_ms = time.time_ns() // 1_000_000
    return [Metric(name, value, now_ms, 0, model_id=model_id) for name, value in _known(model).items()]


def _known(model: TrainedModel) -> dict[str, float]:
    """The scores that could be computed; MLflow has no NULL, so an unknown one is left out."""
    scores = {
        "rank_ic": model.rank_ic,
        "rank_ic_t": model.rank_ic_t,
        "rmse_pct": model.rmse_pct,
        "baseline_rmse_pct": model.baseline_rmse_pct,
        "fit_rows": float(model.fit_rows),
        "holdout_rows": float(model.holdout_rows),
    }
    return {name: value for name, value in scores.items() if not math.isnan(value)}
