"""What one run of MLflow holds: the model with its files, its documents and metrics."""

import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from mlflow.tracking import MlflowClient

DATA = "files"  # folder of the model's files under `data`


def log_document(name: str, document: Any) -> None:
    """Log a text as the file of its name, anything else as JSON."""
    import mlflow

    if isinstance(document, str):
        mlflow.log_text(document, name)
    else:
        mlflow.log_dict(document, f"{name}.json")


def log_model(
    client: "MlflowClient",
    run: Any,
    files: Mapping[str, bytes],
    loader: str,
    example: "pd.DataFrame",
    prediction: Any,
    requirements: Sequence[str],
) -> str:
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
        for name, content in files.items():
            (data / name).write_bytes(content)
        mlflow.pyfunc.save_model(
            f"{folder}/model",
            loader_module=loader,
            data_path=str(data),
            mlflow_model=Model(
                artifact_path=logged.artifact_location,
                run_id=run.info.run_id,
                model_uuid=logged.model_id,
                model_id=logged.model_id,
            ),
            signature=infer_signature(example, prediction),
            input_example=example,
            pip_requirements=list(requirements),
        )
        client.log_model_artifacts(logged.model_id, f"{folder}/model")
    client.finalize_logged_model(logged.model_id, LoggedModelStatus.READY)
    client.log_outputs(run.info.run_id, [LoggedModelOutput(logged.model_id, step=0)])
    return str(logged.model_id)


def metrics_of(metrics: Mapping[str, float], model_id: str) -> list[Any]:
    """The known metrics, as those of the run and of the model."""
    from mlflow.entities import Metric

    now_ms = time.time_ns() // 1_000_000
    known = {name: value for name, value in metrics.items() if not math.isnan(value)}
    return [Metric(name, value, now_ms, 0, model_id=model_id) for name, value in known.items()]
