"""`okxsignal research evaluate` prints the table and writes what it was asked for."""

import re
from io import StringIO

import pandas as pd
import pytest
from click.testing import CliRunner
from rich.console import Console

from okx_core.errors import OkxSignalError
from okx_core.models.members import DEFAULTS, MEMBERS
from okx_core.models.training.schedule import WalkForward
from okx_jobs.cli.main import cli
from okx_jobs.cli.research.evaluation import EvaluationRequest, run_evaluation
from okx_jobs.research.synthetic_candles import synthetic_hourly
from okx_services.research.evaluation.evaluate import chosen_members
from resources.config.settings import load_settings

SCHEDULE = WalkForward(every_weeks=4, min_history_weeks=8)


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evaluation")
    candles = synthetic_hourly(110, strength=1.0)
    chosen = sorted(candles.hourly["pair"].unique())[:5]
    candles.hourly[candles.hourly["pair"].isin(chosen)].to_parquet(folder / "made.parquet")
    request = EvaluationRequest(
        candles=folder / "made.parquet", pairs=",".join(chosen[:4]).lower(), members="ridge_rank_24h",
        schedule=SCHEDULE, out=folder / "scores.parquet", plot=folder / "ic.svg",
    )  # fmt: skip
    console = Console(record=True, width=220, file=StringIO())
    found = run_evaluation(request, load_settings(), console)
    return found, console.export_text(), folder


def test_it_prints_members_ensemble_and_baselines_and_the_count(evaluated) -> None:
    _, text, _ = evaluated
    for name in (
        "ridge_rank_24h",
        "ensemble",
        "(zero)",
        "(momentum_28d)",
        "(reversal_24h)",
        "(low_volatility)",
    ):
        assert f"\n{name} " in text
    assert "made.parquet: 4 pairs" in text
    assert "2 variants evaluated" in text
    assert re.search(r"PBO [01]\.\d\d\.", text)
    assert "promotion gate: refused, weeks of out-of-sample predictions" in text
    assert "dealt to other pairs 0 of 40 records pass" in text
    assert "80 % interval covers" in text


def test_it_writes_each_prediction_once_and_the_plot(evaluated) -> None:
    found, _, folder = evaluated
    rows = pd.read_parquet(folder / "scores.parquet")
    assert list(rows) == ["member", "train_date", "pair", "timestamp_utc", "score"]
    assert len(rows) == sum((grid == grid).sum() for grid in found.predictions.scores.values()) > 1000
    assert "<svg" in (folder / "ic.svg").read_text()


def test_members_are_chosen_by_name() -> None:
    assert chosen_members(None) == DEFAULTS
    assert chosen_members("all") == tuple(MEMBERS.values())
    assert [spec.name for spec in chosen_members(" mlp_rank_24h,ridge_rank_24h,mlp_rank_24h")] == [
        "mlp_rank_24h", "ridge_rank_24h",
    ]  # fmt: skip
    with pytest.raises(OkxSignalError, match="no member oracle; known: lightgbm_rank_72h"):
        chosen_members("oracle")


def test_a_pair_without_candles_is_named(evaluated) -> None:
    request = EvaluationRequest(candles=evaluated[2] / "made.parquet", pairs="BTC-USDT,MOON-USDT")
    with pytest.raises(OkxSignalError, match="no candles of MOON-USDT; there are"):
        run_evaluation(request, load_settings(), Console(file=StringIO()))


def test_the_command_explains_itself_and_names_its_remedy(evaluated) -> None:
    assert "Train on the past" in CliRunner().invoke(cli, ["research", "evaluate", "--help"]).output
    arguments = ["research", "evaluate", "--candles", str(evaluated[2] / "made.parquet")]
    answer = CliRunner().invoke(cli, arguments)
    assert "--min-history" in f"{answer.output} {answer.exception}"
