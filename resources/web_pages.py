"""Addresses of pages in the Dagster UI and the MLflow UI."""

from collections.abc import Sequence
from urllib.parse import quote

MODEL_TRAINING = "workflowType=machine_learning"  # without it MLflow 3 opens in its GenAI mode


def asset_page(dagster_url: str, path: Sequence[str], view: str = "") -> str:
    """The page of the asset with this key; `view` names a tab, such as `plots` or `partitions`."""
    page = f"{dagster_url}/assets/{'/'.join(quote(part) for part in path)}"
    return f"{page}?view={view}" if view else page


def asset_graph_page(dagster_url: str) -> str:
    """The lineage graph of all assets."""
    return f"{dagster_url}/asset-groups"


def run_page(dagster_url: str, run_id: str) -> str:
    """The log of one run, with what it wrote and checked."""
    return f"{dagster_url}/runs/{quote(run_id)}"


def experiments_page(mlflow_url: str) -> str:
    """The list of experiments."""
    return f"{mlflow_url}/#/experiments?{MODEL_TRAINING}"


def run_of_experiment(mlflow_url: str, experiment_id: str, run_id: str) -> str:
    """Metrics, parameters and files of one run of MLflow."""
    return f"{mlflow_url}/#/experiments/{experiment_id}/runs/{run_id}?{MODEL_TRAINING}"


def logged_model_page(mlflow_url: str, experiment_id: str, model_id: str) -> str:
    """Metrics, parameters and files of one logged model."""
    return f"{mlflow_url}/#/experiments/{experiment_id}/models/{model_id}?{MODEL_TRAINING}"


def model_page(mlflow_url: str, name: str) -> str:
    """The registered model with its versions and aliases."""
    return f"{mlflow_url}/#/models/{quote(name)}?{MODEL_TRAINING}"


def version_page(mlflow_url: str, name: str, version: int) -> str:
    """One version of a registered model."""
    return f"{mlflow_url}/#/models/{quote(name)}/versions/{version}?{MODEL_TRAINING}"
