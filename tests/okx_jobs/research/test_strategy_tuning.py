"""A search over parameters as it was asked for: mistakes are named before anything is tried."""

from datetime import UTC, datetime

import pytest

from okx_core.errors import OkxSignalError
from okx_jobs.research.strategy_tuning import TuningRequest, ranges_of, run_tuning
from okx_jobs.research.synthetic_candles import synthetic_hourly
from resources.strategy_files import new_strategy


@pytest.fixture(scope="module")
def tape(tmp_path_factory):
    path = tmp_path_factory.mktemp("tape") / "candles.parquet"
    made = synthetic_hourly(120, 0.0).hourly
    made[made["pair"].isin(["BTC-USDT", "ETH-USDT", "SOL-USDT"])].to_parquet(path)
    return path


def no_database():
    raise AssertionError("the candles are those of a file")


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"strategy": "momentun"}, "no strategy momentun; there are model, momentum"),
        ({"vary": {"hour": "3:9"}}, "has no parameter hour; did you mean hours"),
        ({"vary": {"hours": "9:3"}}, "--vary hours=9:3: the range 9:3 holds no values"),
        ({"parameters": {"hours": "x"}}, "parameter hours is 'x': give a number"),
        ({"vary": {"hours": "3:9"}, "parameters": {"hours": "3"}}, "hours is fixed by --param and varied by --vary"),
        ({"budget": 0}, "--budget is 0: give the number of variants to try, such as 40"),
        ({"budget": -3}, "--budget is -3: give the number"),
        ({"budget": 3}, r"--budget is 3: give at least 4"),
        ({"folds": 0}, "--folds is 0: give at least 1"),
        ({"folds": 1}, r"\d+ days are too short for --folds 1: they need 270 days, 90 for each fold"),
        ({"capital_quote": -1.0}, "--capital is -1: give an amount above 0"),
        ({"pairs": "DOGE-USDT"}, "no candles of DOGE-USDT; there are BTC-USDT"),
        ({"start": datetime(2070, 1, 1, tzinfo=UTC)}, "no day to trade from 2070-01-01"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_remedy(database, tape, tmp_path, monkeypatch, given, complaint) -> None:
    monkeypatch.setattr("okx_core.backtest.folds.MIN_PART_DAYS", 15)
    monkeypatch.setattr("okx_core.backtest.folds.MIN_TEST_DAYS", 90 if given.get("folds") == 1 else 30)
    request = TuningRequest(**{"candles": tape, "strategy": "momentum", "folds": 2, **given})
    with pytest.raises(OkxSignalError, match=complaint):
        run_tuning(request, tmp_path, no_database, database, print)
    assert database.scalar("select count(*) from ml.trials") == 0


def test_a_file_of_ones_own_is_searched_in_the_ranges_that_it_declares(
    database, tape, tmp_path, monkeypatch
) -> None:
    """And one that looks ahead is refused with pair and hour before anything is counted."""
    monkeypatch.setattr("okx_core.backtest.folds.MIN_PART_DAYS", 15)
    monkeypatch.setattr("okx_core.backtest.folds.MIN_TEST_DAYS", 30)
    path = new_strategy(tmp_path, "mine")
    request = TuningRequest(candles=tape, strategy="mine", budget=6, folds=2)
    found, origin = run_tuning(request, tmp_path, no_database, database, lambda *_: None)
    assert origin == "candles.parquet"
    assert set(found.recommendation.parameters) == {"hours", "top"}
    hours = {one.spec.parameters["hours"] for one in found.search.scored}
    assert len(hours) > 3
    assert len({one.score for one in found.search.scored}) > 3, "wants are those of each variant"
    counted = database.scalar("select count(*) from ml.trials where name like 'mine@%'")
    assert counted == found.recommendation.tried >= 6
    path.write_text(path.read_text().replace("leaves = panel", "score[:-1] = score[1:]\n    leaves = panel"))
    with pytest.raises(OkxSignalError, match=r"mine looks ahead: of [A-Z]+-USDT at 20\d\d-"):
        run_tuning(request, tmp_path, no_database, database, lambda *_: None)
    assert database.scalar("select count(*) from ml.trials where name like 'mine@%'") == counted


@pytest.mark.parametrize("text", ["hours", "=5:6", "hours="])
def test_a_range_without_name_or_bounds_is_refused(text) -> None:
    with pytest.raises(OkxSignalError, match="give NAME=LOW:HIGH or NAME=LOW:HIGH:log"):
        ranges_of([text])
    assert ranges_of(["a=1:2", " b = 1:2:log "]) == {"a": "1:2", "b": "1:2:log"}
