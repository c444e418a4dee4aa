"""MLflow: registering versions, reading their files, moving aliases."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from okx_core.errors import OkxSignalError
from resources.registry.new_version import DATA, NewRun, NewVersion, known_metrics, log_documents, log_model
from resources.web_pages import logged_model_page, run_of_experiment, run_page, version_page

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

SIGNAL_MODEL = "okxsignal-signal"
SIGNAL_DESCRIPTION = """The ensemble whose signals are traded: which versions of which members, their weights, and \
what a score is expected to earn over the next 24 h relative to the mean of all pairs.

The newest hour uses the version behind the alias **@champion**. An older hour uses the version that `ml.champions` \
names for its week. Move the alias and the next signals come from that version; `okxsignal promote VERSION --because \
TEXT` does the same and keeps the reason. **@challenger** is the newest version while it does not trade, **@previous** \
the one that traded before."""
MEMBER_DESCRIPTION = """Predicts which pairs do better than the others, from the features of a closed hourly bar. One \
version per training date, trained only on what was known then. Its scores of later hours are in `ml.predictions`. \
Rows of one call are the pairs of one hour."""
EXPERIMENT = "signal-models"
EXPERIMENT_TAGS = {
    "mlflow.experimentKind": "custom_model_development"
}  # opens as model training, not as GenAI
CHAMPION, CHALLENGER, PREVIOUS = "champion", "challenger", "previous"
MAX_MESSAGE = 400  # letters
RETRIES = 3  # of a request that was refused or failed, some seconds apart
ABSENT = ("INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST")


class TrackingError(OkxSignalError):
    """MLflow cannot be reached or does not have what was asked for."""


def member_model(member: str) -> str:
    """The registered model of a member."""
    return f"okxsignal-{member}"


@dataclass(frozen=True)
class RegisteredVersion:
    """Where a freshly logged model can be found."""

    version: int
    run_id: str


@dataclass(frozen=True)
class LoggedRun:
    """A run of MLflow and its page."""

    run_id: str
    url: str


def prepare_environment(url: str) -> None:
    """Settings MLflow reads from the environment, kept in one place."""
    os.environ["MLFLOW_TRACKING_URI"] = url
    os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
    os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = str(RETRIES)
    os.environ["MLFLOW_LOGGING_LEVEL"] = "WARNING"
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"


@dataclass(frozen=True)
class Tracking:
    """The registry behind one tracking server. `dagster_url` is where a version's link to its run leads."""

    url: str
    dagster_url: str = ""

    @cached_property
    def client(self) -> "MlflowClient":
        prepare_environment(self.url)
        import mlflow
        from mlflow.tracking import MlflowClient

        mlflow.set_tracking_uri(self.url)
        return MlflowClient(self.url, self.url)

    def version_url(self, version: int, model_name: str = SIGNAL_MODEL) -> str:
        """The page of a registered version."""
        return version_page(self.url, model_name, version)

    @contextmanager
    def _answers(self) -> Iterator[None]:
        """MLflow's errors as TrackingError."""
        from mlflow.exceptions import MlflowException

        try:
            yield
        except MlflowException as error:
            raise TrackingError(
                f"MLflow at {self.url}: {_first_line(error)}; if it does not run, start it with `okxsignal up`"
            ) from None

    def register(self, new: NewVersion) -> RegisteredVersion:
        """Log one model as a run with its words and figures, and register it as a new version."""
        client = self.client
        import mlflow

        with self._answers():
            experiment = self._experiment()
            new = self._with_run_page(new)
            tags = dict(new.tags)
            with mlflow.start_run(experiment_id=experiment, run_name=new.run_name, tags=tags) as run:
                log_documents(new)
                model_id = log_model(client, run, new)
                client.log_batch(run.info.run_id, metrics=known_metrics(new, model_id))
            page = logged_model_page("", experiment, model_id)  # relative: the port may change
            words = f"{new.description}\n\n[All metrics, parameters and files]({page.removeprefix('/')})"
            return RegisteredVersion(self._version(new, model_id, run.info.run_id, words), run.info.run_id)

    def log(self, new: NewRun, experiment: str) -> LoggedRun:
        """Log something that is no model, as a run of an experiment that is made if there is none."""
        client = self.client
        import mlflow

        with self._answers():
            experiment_id = self._experiment(experiment)
            tags = dict(new.tags)
            with mlflow.start_run(experiment_id=experiment_id, run_name=new.run_name, tags=tags) as run:
                log_documents(new)
                client.log_batch(run.info.run_id, metrics=known_metrics(new))
            return LoggedRun(run.info.run_id, run_of_experiment(self.url, experiment_id, run.info.run_id))

    def _with_run_page(self, new: NewVersion) -> NewVersion:
        """The version with a link to the Dagster run that made it, as a tag and in its description."""
        run_id = new.tags.get("dagster_run_id")
        if not run_id or not self.dagster_url:
            return new
        page = run_page(self.dagster_url, run_id)
        words = f"{new.description}\n\n[The Dagster run that made it, with its data and checks]({page})"
        return replace(new, description=words, tags={**new.tags, "dagster_run": page})

    def _experiment(self, name: str = EXPERIMENT) -> str:
        """The id of an experiment, made if there is none.

        A deleted one keeps its name and takes no run: say how to get it back.
        """
        known = self.client.get_experiment_by_name(name)
        if known is not None and known.lifecycle_stage == "deleted":
            raise TrackingError(
                f"the experiment {name!r} has been deleted in MLflow, so that nothing can be logged: "
                f"{self._restore(known.experiment_id)}, then try again"
            )
        if known is None:
            return str(self.client.create_experiment(name, tags=EXPERIMENT_TAGS))
        for tag, value in EXPERIMENT_TAGS.items():
            if known.tags.get(tag) != value:
                self.client.set_experiment_tag(known.experiment_id, tag, value)
        return str(known.experiment_id)

    def _restore(self, experiment_id: str) -> str:
        """How to get a deleted experiment back."""
        command = f"mlflow experiments restore --experiment-id {experiment_id}"
        return f"restore it with `MLFLOW_TRACKING_URI={self.url} {command}`"

    def _version(self, new: NewVersion, model_id: str, run_id: str, description: str) -> int:
        from mlflow.exceptions import RestException

        try:
            self.client.get_registered_model(new.model_name)
        except RestException as error:
            if error.error_code not in ABSENT:
                raise
            self.client.create_registered_model(new.model_name, description=new.model_description)
        registered = self.client.create_model_version(
            new.model_name, source=f"models:/{model_id}", run_id=run_id, model_id=model_id, tags=dict(new.tags),
            description=description, await_creation_for=0,
        )  # fmt: skip
        return int(registered.version)

    def has(self, model_name: str, version: int) -> bool:
        """Whether the version is registered."""
        from mlflow.exceptions import RestException

        with self._answers():
            try:
                self.client.get_model_version(model_name, str(version))
            except RestException as error:
                if error.error_code not in ABSENT:
                    raise
                return False
            return True

    def files(self, model_name: str, version: int) -> dict[str, bytes]:
        """The files of a registered version. Raises TrackingError when the version or a file of it is gone."""
        client = self.client
        import mlflow
        from mlflow.exceptions import MlflowException

        try:
            found = client.get_model_version(model_name, str(version))
            model = client.get_logged_model(str(found.source).rsplit("/", 1)[-1])
            if client.get_experiment(model.experiment_id).lifecycle_stage == "deleted":
                raise TrackingError(
                    f"{model_name} version {version} belongs to an experiment that was deleted in MLflow: "
                    f"{self._restore(model.experiment_id)}"
                )
            with TemporaryDirectory() as folder:
                place = mlflow.artifacts.download_artifacts(
                    artifact_uri=f"{model.artifact_location}/data/{DATA}",
                    dst_path=folder,
                    tracking_uri=self.url,
                )
                read = {path.name: path.read_bytes() for path in Path(place).iterdir()}
        except (MlflowException, OSError) as error:
            raise TrackingError(
                f"{model_name} version {version} cannot be loaded from MLflow at {self.url}: {_in_one_line(error)}; "
                "let another version trade with `okxsignal promote`, or train one with `okxsignal train`"
            ) from None
        if not read:
            raise TrackingError(f"{model_name} version {version} has no files in MLflow at {self.url}")
        return read

    def save_file(self, run_id: str, name: str, folder: Path) -> Path:
        """A file of a run, written into `folder`. Raises TrackingError when there is none."""
        prepare_environment(self.url)
        import mlflow

        try:
            with self._answers():
                found = mlflow.artifacts.download_artifacts(
                    run_id=run_id, artifact_path=name, dst_path=str(folder), tracking_uri=self.url
                )
        except OSError as error:
            raise TrackingError(f"run {run_id} of MLflow at {self.url} has no {name}: {error}") from None
        return Path(found)

    def document(self, model_name: str, version: int, name: str) -> dict[str, Any]:
        """A JSON document that was logged beside a registered version. Raises TrackingError when there is none."""
        client = self.client
        import mlflow

        with self._answers():
            run_id = client.get_model_version(model_name, str(version)).run_id
            return dict(mlflow.artifacts.load_dict(f"runs:/{run_id}/{name}.json"))

    def aliased(self, alias: str, model_name: str = SIGNAL_MODEL) -> int | None:
        """The version behind an alias, None when there is none."""
        client = self.client
        from mlflow.exceptions import RestException

        with self._answers():
            try:
                return int(client.get_model_version_by_alias(model_name, alias).version)
            except RestException as error:
                if error.error_code in ABSENT:
                    return None
                raise

    def point(self, alias: str, version: int | None) -> None:
        """Point an alias of the signal model at a version; None removes it."""
        with self._answers():
            if version is not None:
                self.client.set_registered_model_alias(SIGNAL_MODEL, alias, str(version))
            elif self.aliased(alias) is not None:
                self.client.delete_registered_model_alias(SIGNAL_MODEL, alias)

    def promote(self, version: int | None) -> int | None:
        """Point @champion at `version`, or at none; the version it leaves becomes @previous and is returned."""
        current = self.aliased(CHAMPION)
        if current != version:
            if current is not None:
                self.point(PREVIOUS, current)
            self.point(CHAMPION, version)
        return current


def _in_one_line(error: Exception) -> str:
    """The whole message, its lines joined and cut to a length that a table can show."""
    return " ".join(str(error).split())[:MAX_MESSAGE]


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
