"""The job `evaluate_models` shows what the command prints."""

from io import StringIO

import dagster as dg
import pytest
from rich.console import Console

from okx_core.errors import OkxSignalError
from okx_core.models.training.schedule import WalkForward
from okx_jobs.cli.research.evaluation import EvaluationRequest, run_evaluation
from okx_jobs.dagster_jobs.model_evaluation import evaluate_models
from okx_jobs.research.synthetic_candles import synthetic_hourly
from resources.config.settings import load_settings
from resources.dagster_resources import DatabaseResource


@pytest.fixture(scope="module")
def candles(tmp_path_factory):
    """Hourly candles of four pairs of a synthetic market, as a file."""
    path = tmp_path_factory.mktemp("evaluation_job") / "made.parquet"
    made = synthetic_hourly(90, strength=1.0).hourly
    made[made["pair"].isin(sorted(made["pair"].unique())[:4])].to_parquet(path)
    return path


def evaluation(config: dict[str, object]) -> dict[str, dg.MetadataValue]:
    given = {"members": "ridge_rank_24h", "min_history_weeks": 8, **config}
    result = evaluate_models.execute_in_process(
        run_config={"ops": {"score_out_of_sample": {"config": given}}},
        resources={"database": DatabaseResource()},
    )
    (step,) = [event for event in result.all_events if event.is_successful_output]
    return dict(step.step_output_data.metadata)


def test_its_metadata_are_the_figures_of_the_command_and_the_plot(candles) -> None:
    console = Console(record=True, width=250, file=StringIO())
    request = EvaluationRequest(candles, members="ridge_rank_24h", schedule=WalkForward(4, 8))
    run_evaluation(request, load_settings(), console)
    printed = console.export_text()
    shown = evaluation({"candles": str(candles)})
    cells = [line.strip("| ").split(" | ") for line in shown["out_of_sample"].value.splitlines()]
    ridge = next(row for row in cells if row[0] == "ridge_rank_24h")
    assert all(cell in printed for cell in ridge)
    assert shown["in_words"].value.splitlines()[0] in printed
    assert shown["cumulative_ic"].value.startswith("![Cumulative rank IC](data:image/png;base64,")


def test_an_unknown_member_stops_the_run_and_is_named(candles) -> None:
    with pytest.raises(OkxSignalError, match="no member ridge_9h; known: lightgbm_rank_72h"):
        evaluation({"candles": str(candles), "members": "ridge_9h"})
