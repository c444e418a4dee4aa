"""The job `tune_strategy`: one run that counts trials, keeps its page in MLflow and shows what to do."""

from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import dagster as dg
import pytest
from rich.console import Console

from okx_jobs.cli.research.tune import print_tuning
from okx_jobs.dagster_jobs.strategy_tuning import STEP, TuningConfig, config_of, tune_strategy
from okx_jobs.definitions import definitions
from okx_jobs.research.strategy_tuning import TuningRequest
from okx_jobs.research.synthetic_candles import synthetic_hourly
from resources.dagster_resources import DatabaseResource, TrackingResource
from resources.registry.tracking import LoggedRun


@pytest.fixture(scope="module")
def tape(tmp_path_factory):
    path = tmp_path_factory.mktemp("tape") / "candles.parquet"
    made = synthetic_hourly(230, 0.0).hourly
    made[made["pair"].isin(["BTC-USDT", "ETH-USDT", "SOL-USDT"])].to_parquet(path)
    return path


def test_a_run_recommends_counts_and_is_kept(database, tape) -> None:
    logged = []

    class Store(DatabaseResource):
        def open(self):
            return database

    class Registry(TrackingResource):
        def open(self):
            return self

        def log(self, new, experiment):
            logged.append((new, experiment))
            return LoggedRun("1", "http://127.0.0.1:1/#/run")

    request = TuningRequest(
        candles=tape, strategy="momentum", budget=6, folds=2, vary={"top": "1:3", "keep": "3:6"}
    )
    result = tune_strategy.execute_in_process(
        run_config=config_of(request),
        resources={"database": Store(), "tracking": Registry(), "in_memory": dg.mem_io_manager},
    )
    made = result.output_for_node(STEP)
    (event,) = [one for one in result.all_events if one.is_successful_output]
    shown = dict(event.step_output_data.metadata)
    advice = made.found.recommendation
    assert shown["recommendation"].value.startswith(advice.sentence)
    assert shown["plateau"].value.startswith("![plateau](data:image/png;base64,")
    ((new, experiment),) = logged
    assert experiment == "strategy-tuning"
    assert new.tags["recommendation"] == "do nothing"
    assert new.tags["dagster_run_id"] == result.run_id
    assert advice.sentence in new.texts["tuning.html"]
    assert new.texts["plateau.svg"].startswith("<svg")
    assert new.texts["variants.csv"].startswith("version,top,keep,sharpe\n")
    assert new.metrics["strategies_tried"] == database.scalar("select count(*) from ml.trials") >= 6
    console = Console(record=True, width=200, file=StringIO())
    print_tuning(made, console)
    text = console.export_text()
    for words in (
        advice.sentence,
        *advice.reasons,
        advice.evidence,
        "tested from",
        "BTC-USDT held",
        "cash",
    ):
        assert words in text


@pytest.mark.parametrize(
    "request_",
    [
        TuningRequest(),
        TuningRequest(
            strength=0.0, days=9, pairs="A-USDT", start=datetime(2024, 1, 1, 5, tzinfo=UTC), strategy="momentum",
            parameters={"hours": "3"}, capital_quote=2.5, budget=9, folds=3, vary={"top": "1:3"},
        ),
        TuningRequest(candles=Path("/tmp/candles.parquet")),
    ],
)  # fmt: skip
def test_the_job_takes_what_the_command_takes(request_) -> None:
    given = config_of(request_)["ops"][STEP]["config"]
    assert TuningConfig(**given).request() == request_


def test_it_can_be_launched() -> None:
    job = definitions.resolve_job_def("tune_strategy")
    assert isinstance(job, dg.JobDefinition)
    assert "places no order" in str(job.description)
