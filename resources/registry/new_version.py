"""What is registered as a version of a model, and how MLflow is given it."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from resources.registry.pictures import png

if TYPE_CHECKING:
    import pandas as pd
    from mlflow.tracking import MlflowClient

DATA = "files"  # folder of the model's files under `data`


@dataclass(frozen=True, kw_only=True)
class NewRun:
    """What a run of MLflow holds. `texts` and `attachments` are files by name.

    A metric that is NaN is left out: MLflow has no NULL.
    """

    run_name: str
    parameters: Mapping[str, object] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    documents: Mapping[str, Any] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    attachments: Mapping[str, bytes] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class NewVersion(NewRun):
    """What is registered: the files of a model, how they are loaded, an example with its prediction, and words.

    `loader` is a module with `_load_pyfunc`.
    """

    model_name: str
    model_description: str
    description: str
    files: Mapping[str, bytes]
    loader: str
    example: "pd.DataFrame"
    prediction: Any
    requirements: tuple[str, ...]


def log_documents(new: NewRun) -> None:
    """Parameters, documents, texts and figures to the run that is active."""
    import mlflow

    mlflow.log_params(dict(new.parameters))
    for name, document in new.documents.items():
        mlflow.log_dict(document, f"{name}.json")
    for name, words in new.texts.items():
        mlflow.log_text(words, name)
    with TemporaryDirectory() as folder:
        for name, figure in new.figures.items():
            Path(folder, f"{name}.png").write_bytes(png(figure))
        for name, content in new.attachments.items():
            Path(folder, name).write_bytes(content)
        mlflow.log_artifacts(folder)


def log_model(client: "MlflowClient", run: Any, new: NewVersion) -> str:
    """Store the files with signature and input example as a model of the run; its id.

    As `log_model` does, without what takes most of its time: it infers requirements, and loads the model again to
    predict the example.
    """
    import mlflow
    from mlflow.entities import LoggedModelOutput, LoggedModelStatus
    from mlflow.models import Model, infer_signature

    logged = client.create_logged_model(run.info.experiment_id, name="model", source_run_id=run.info.run_id)
    with TemporaryDirectory() as folder:
        data = Path(folder) / DATA
        data.mkdir()
        for name, content in new.files.items():
            (data / name).write_bytes(content)
        mlflow.pyfunc.save_model(
            f"{folder}/model",
            loader_module=new.loader,
            data_path=str(data),
            mlflow_model=Model(
                artifact_path=logged.artifact_location,
                run_id=run.info.run_id,
                model_uuid=logged.model_id,
                model_id=logged.model_id,
            ),
            signature=infer_signature(new.example, new.prediction),
            input_example=new.example,
            pip_requirements=list(new.requirements),
        )
        client.log_model_artifacts(logged.model_id, f"{folder}/model")
    client.finalize_logged_model(logged.model_id, LoggedModelStatus.READY)
    client.log_outputs(run.info.run_id, [LoggedModelOutput(logged.model_id, step=0)])
    return str(logged.model_id)


def known_metrics(new: NewRun, model_id: str | None = None) -> list[Any]:
    """The known metrics, as those of the run and of its model."""
    from mlflow.entities import Metric

    now_ms = time.time_ns() // 1_000_000
    known = {name: value for name, value in new.metrics.items() if not math.isnan(value)}
    return [Metric(name, value, now_ms, 0, model_id=model_id) for name, value in known.items()]
