"""A search sees the past alone, counts every trial, goes on where it was killed, and finds nothing in noise."""

from dataclasses import asdict
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from okx_core.models.champions.evidence import evidence
from okx_core.models.members import ALGORITHMS, MemberError, MemberSpec
from okx_core.models.panel import Prices
from okx_core.models.search import folds as inner
from okx_core.models.search.folds import SearchData, ValidationRows, fold_scores
from okx_core.models.search.space import specification_of
from okx_core.models.training.rows import target_of
from okx_core.models.training.schedule import WalkForward
from okx_services.research.members import Training
from okx_services.research.predictions import stored
from okx_services.research.search import search as search_module
from okx_services.research.search.search import Budget, SearchError, propose, run_search, trials_of
from okx_services.research.search.search_data import read_search_data
from okx_services.research.search.specifications import (
    first_week_of,
    found_members,
    keep_winner,
    specification,
)
from okx_services.research.track_record import read_record
from okx_services.research.trials import number_of_trials
from resources.feature_store.root import StoreRoot
from resources.feature_store.store import FeatureStore
from tests.made_panel import made_panel, member
from tests.okx_services.research.conftest import FIRST_IN_SQL, NAMES, Registry, at, fill, week_of

SEARCH = week_of(28)
NOW = datetime(2024, 7, 21, 5, tzinfo=UTC)
FAST = ("ridge",)


@pytest.fixture(scope="module")
def planted(new_database, tmp_path_factory, few_features):  # noqa: ARG001
    with new_database() as database:
        store = FeatureStore(database, StoreRoot(str(tmp_path_factory.mktemp("planted"))))
        fill(store, 30, edge=0.002, holes=0.0)  # an event needs 120 unbroken bars
        yield store


@pytest.fixture(scope="module")
def data(planted) -> SearchData:
    return read_search_data(planted, SEARCH, ranked=True, names=NAMES)


@pytest.fixture(scope="module")
def noise(new_database, tmp_path_factory, few_features):  # noqa: ARG001
    with new_database() as database:
        store = FeatureStore(database, StoreRoot(str(tmp_path_factory.mktemp("noise"))))
        fill(store, 56, edge=0.0, seed=5)
        yield store


def test_each_trial_is_counted_once_with_its_score_and_the_best_becomes_a_member(database, data) -> None:
    found = run_search(database, data, SEARCH, FAST, Budget(5, 60.0), NOW)
    rows = database.rows("select * from ml.trials order by number")
    assert [row["number"] for row in rows] == list(range(5))
    assert len({row["name"] for row in rows}) == 5 == number_of_trials(database) == found.added
    assert all(row["score"] is not None and row["parameters"]["algorithm"] == "ridge" for row in rows)
    best = max(rows, key=lambda row: row["score"])
    assert best["score"] > 0.05, "the market has an edge"
    assert list(found_members(database)) == [best["name"]] == [found.winner.name]
    assert specification(database, best["name"]) == found.winner
    assert repr(found.winner) == best["specification"]
    with pytest.raises(MemberError, match="neither in the code nor found by a search"):
        specification(database, "sunspots")


def test_a_search_that_was_killed_goes_on_as_if_it_had_not_been(
    database, new_database, data, monkeypatch
) -> None:
    """Killed while a trial is computed: it is not counted, and is the next one of the second run."""
    real, calls = search_module.fold_scores, []

    def dies(*given):
        calls.append(given)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return real(*given)

    monkeypatch.setattr(search_module, "fold_scores", dies)
    with pytest.raises(KeyboardInterrupt):
        run_search(database, data, SEARCH, FAST, Budget(6, 60.0), NOW)
    assert len(trials_of(database, SEARCH)) == 3
    again = run_search(database, data, SEARCH, FAST, Budget(6, 60.0), NOW)
    assert (again.added, len(again.trials)) == (3, 6)
    with new_database() as other:
        whole = run_search(other, data, SEARCH, FAST, Budget(6, 60.0), NOW)
    assert whole.trials == again.trials
    assert whole.winner == again.winner


def test_the_budget_in_minutes_ends_it_and_a_spent_budget_adds_nothing(database, data) -> None:
    assert run_search(database, data, SEARCH, FAST, Budget(5, 0.0), NOW).trials == []
    run_search(database, data, SEARCH, FAST, Budget(2, 60.0), NOW)
    found = run_search(database, data, SEARCH, FAST, Budget(2, 60.0), NOW)
    assert (found.added, len(found.trials)) == (0, 2)
    assert found.winner is not None


def test_two_runs_of_one_search_are_refused(database, data) -> None:
    with search_module._alone(database, SEARCH), pytest.raises(SearchError, match="another run is searching"):
        run_search(database, data, SEARCH, FAST, Budget(1, 1.0), NOW)


def test_a_run_that_has_ended_stops_no_other_not_even_for_a_moment(database) -> None:
    begun = 0
    for _ in range(30):
        with search_module._alone(database, SEARCH):
            begun += 1
    assert begun == 30


def test_progress_says_what_was_found(database, data) -> None:
    said = []
    run_search(database, data, SEARCH, FAST, Budget(2, 60.0), NOW, lambda *given: said.append(given))
    assert [given[1:] for given in said] == [(1, 2), (2, 2)]
    assert all("neutral IC" in words for words, _, _ in said)


def test_what_came_after_the_training_date_changes_no_trial(data, planted, new_database, tmp_path) -> None:
    """The same history with another future, in a store of its own."""
    with new_database() as database:
        store = FeatureStore(database, StoreRoot(str(tmp_path)))
        fill(store, 28, edge=0.002, holes=0.0)
        held = planted.database.frame(
            "select pair, timestamp_utc, close from market.candles_1h where timestamp_utc < $1", (at(28),)
        )
        # The made market's past depends on its length, so the past is copied and the future is drawn anew.
        features = planted.frame("features.features_1h", at(0), at(28))
        rng = np.random.default_rng(9)
        later = features[features["timestamp_utc"] < at(6)].copy()
        later["timestamp_utc"] += at(28) - at(0)
        later[list(NAMES)] = rng.normal(size=(len(later), len(NAMES))).astype(np.float32)
        both = pd.concat([features, later], ignore_index=True)
        store.replace_window("features.features_1h", both, at(0), at(34))
        database.execute("delete from market.candles_1h")
        future = later[["pair", "timestamp_utc"]].assign(close=np.exp(rng.normal(size=len(later))))
        candles = pd.concat([held, future], ignore_index=True).assign(
            volume=1.0, quote_volume=1.0, source="made", ingested_at=at(0), revision=1
        )
        for name in ("open", "high", "low"):
            candles[name] = candles["close"]
        with database.bulk() as bulk:
            bulk.append("market.candles_1h", candles)
        other = read_search_data(store, SEARCH, ranked=True, names=NAMES)
    for mine, same in ((other.volatility, data.volatility), *zip(other.prices, data.prices, strict=True)):
        np.testing.assert_array_equal(mine, same)
    for spec in (member("ridge", 24), member("lightgbm", 72)):
        assert fold_scores(other, spec) == fold_scores(data, spec)


def test_a_fold_is_trained_on_what_was_known_before_it(data) -> None:
    """Closes and features from the last fold's first hour less the embargo on change nothing of its model."""
    first, _ = data.folds()[-1]
    spec = member("ridge", 24)
    kept = data.fitted.fit(spec, target_of(data.prices, spec), data.schedule, first)
    closes = data.prices.close.copy()
    closes[first - data.schedule.embargo_hours :] *= np.random.default_rng(1).random(
        closes[first - data.schedule.embargo_hours :].shape
    )
    again = data.fitted.fit(spec, target_of(Prices(closes), spec), data.schedule, first)
    assert again.to_bytes() == kept.to_bytes()


def test_a_found_member_is_trained_for_no_week_that_it_was_chosen_by(noise) -> None:
    database = noise.database
    spec = MemberSpec("ridge_rank_24h_0123abcd", "ridge", horizon_hours=24, features=NAMES[:2])
    keep_winner(database, spec, week_of(28), 0.01, NOW)
    training = Training(noise, Registry(), at(30, 5), 1, "run", FIRST_IN_SQL)  # type: ignore[arg-type]
    done = training.run([week_of(n) for n in range(26, 31)], [spec.name])
    assert [week for _, week, _ in done.versions] == [week_of(28), week_of(29), week_of(30)]
    assert any("chosen by what came before" in reason for reason in done.left_out)
    assert first_week_of(database, spec.name) == week_of(28)
    assert len(stored(noise, spec.name, at(28), at(30, 5))) > 1_000, "with the features of its own"
    assert first_week_of(database, "ridge_rank_24h") is None


def test_a_longer_search_that_finds_a_better_member_retires_the_one_before(database) -> None:
    one, two = (MemberSpec(f"ridge_rank_24h_{digest}", "ridge") for digest in ("00000001", "00000002"))
    keep_winner(database, one, SEARCH, 0.01, NOW)
    keep_winner(database, two, SEARCH, 0.02, NOW)
    assert {name: found.is_retired for name, found in found_members(database).items()} == {
        one.name: True, two.name: False,
    }  # fmt: skip
    assert asdict(found_members(database)[one.name].spec) == asdict(one)


def test_what_a_search_finds_in_noise_does_not_pass_the_gate(noise) -> None:
    """The winner of twelve trials on half of the noise, trained and scored on the other half as it would be live."""
    database = noise.database
    data = read_search_data(noise, week_of(28), ranked=True, names=NAMES)
    found = run_search(database, data, week_of(28), FAST, Budget(12, 60.0), NOW)
    assert found.winner is None or found.winner.name in found_members(database)
    best = found.best
    assert best is not None
    assert abs(best.score) < 0.08
    spec = found.winner or specification_of(best.parameters, NAMES, f"{week_of(28)}")
    keep_winner(database, spec, week_of(28), best.score, NOW)
    training = Training(noise, Registry(), at(56), 4, "run", FIRST_IN_SQL)  # type: ignore[arg-type]
    training.run([week_of(n) for n in range(28, 56)], [spec.name])
    record = read_record(noise, [spec.name], at(56))
    gate = evidence(record, number_of_trials(database), 28.0)
    assert number_of_trials(database) >= 12
    assert not gate.passed
    assert f"of {number_of_trials(database)} trials" in " ".join(rule.needed for rule in gate.rules)


def test_a_history_that_is_too_short_is_refused_with_what_is_needed() -> None:
    panel = made_panel(hours=13 * 168)
    nothing = np.empty(0, np.int64)
    rows = ValidationRows((), nothing, nothing, np.empty((0, 0), np.float32))
    data = SearchData(None, rows, panel.prices, panel.closes, WalkForward(min_history_weeks=12))  # type: ignore[arg-type]
    with pytest.raises(MemberError, match="a search needs at least 16"):
        data.folds()
    assert inner.FOLDS == 4


def test_every_algorithm_is_proposed_and_none_that_was_not_asked_for() -> None:
    trials: list = []
    for number in range(25):
        parameters = propose(trials, tuple(ALGORITHMS))
        trials.append(search_module.Trial(number, str(number), parameters, 0.01 * (number % 7), None))
    assert {str(one.parameters["algorithm"]) for one in trials} == set(ALGORITHMS)
    narrowed = propose(trials, FAST)
    assert narrowed["algorithm"] == "ridge"
    assert "trees" not in narrowed
    with pytest.raises(MemberError, match="no algorithm sunspots"):
        propose([], ("sunspots",))
