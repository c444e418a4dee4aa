"""Refits, shadow predictions, drift, comparison and expiry; and that none of them touches what trades."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from okx_core.decisions.rules import DecisionRules
from okx_services.reports.lifecycle import comparison_table, drift_table, newest_comparison, newest_drift
from okx_services.research import members as members_module
from okx_services.research import signal_versions
from okx_services.research.champions import move_champion
from okx_services.research.lifecycle import challengers
from okx_services.research.lifecycle.challengers import (
    drifted_members,
    score_challengers,
    shadow_members,
    train_challengers,
)
from okx_services.research.lifecycle.comparison import compare_week
from okx_services.research.lifecycle.drift import ENSEMBLE, check_drift
from okx_services.research.lifecycle.due import drifted_models, matured_labels
from okx_services.research.members import Training
from okx_services.research.predictions import predict_hours, stored
from okx_services.research.scoring import score_window
from okx_services.research.signal_versions import make_versions
from resources.feature_store.root import StoreRoot
from resources.feature_store.store import FeatureStore
from resources.registry.tracking import CHAMPION, SIGNAL_MODEL, TrackingError, member_model
from tests.okx_services.research.conftest import (
    FIRST_IN_SQL,
    HOUR,
    MEMBERS,
    NAMES,
    Market,
    Registry,
    at,
    fill,
    week_of,
)

WEEKS = 34
DAY = (at(32) + timedelta(days=3)).date()
LIVE = at(32, 80)
NOW = LIVE + HOUR
DAILY = tuple(f"{name}_daily" for name in MEMBERS)


@pytest.fixture(scope="module")
def market(new_database, tmp_path_factory, few_features):  # noqa: ARG001
    """34 weeks with an edge; versions for weeks 12 and 32, refits for a few days between and for a day of week 32."""
    with new_database() as database:
        made = Market(FeatureStore(database, StoreRoot(str(tmp_path_factory.mktemp("store")))), Registry())
        fill(made.store, WEEKS, edge=0.002)
        made.train(range(33), NOW, 20)
        make_versions(made.store, made.registry, [week_of(n) for n in range(12, 33)], MEMBERS, NOW, "run")
        move_champion(database, made.registry, 2, "gate", "test", NOW)
        for number in (14, 20, 26):
            train_challengers(training(made), week_of(number), MEMBERS)
        made.trained.append(train_challengers(training(made), DAY, MEMBERS))
        score_challengers(made.store, made.registry, MEMBERS, at(14), NOW, FIRST_IN_SQL)
        yield made


def training(market: Market) -> Training:
    return Training(market.store, market.registry, NOW, 20, "run", FIRST_IN_SQL)  # type: ignore[arg-type]


def signals(market: Market) -> pd.DataFrame:
    return score_window(market.store, market.registry, LIVE, NOW, LIVE, 99, DecisionRules()).rows


def test_a_refit_is_a_version_of_another_member_and_knows_the_labels_of_its_day(market) -> None:
    done = market.trained[-1]
    assert {(name, day) for name, day, _ in done.versions} == {(name, DAY) for name in DAILY}
    assert done.late == []
    rows = market.store.database.rows("select * from ml.model_versions where week = $1", (DAY,))
    assert {row["member"] for row in rows} == set(DAILY)
    for row in rows:
        assert (row["history_weeks"] <= 8.01) == row["member"].startswith("lightgbm"), (
            "what a refit is made of"
        )
        assert at(32) - timedelta(hours=24) < row["label_known_at"] <= at(32, 72) - timedelta(hours=24)
        assert row["model_name"] == member_model(row["member"])
    pinned = market.store.database.rows("select distinct model_name from features.pins")
    assert {row["model_name"] for row in pinned} == {member_model(name) for name in MEMBERS}
    counted = {row["name"] for row in market.store.database.rows("select name from ml.trials")}
    assert counted.issuperset(DAILY)


def test_a_day_is_refitted_once_and_one_before_any_version_not_at_all(market) -> None:
    assert train_challengers(training(market), DAY, MEMBERS).versions == []
    early = train_challengers(training(market), week_of(11), MEMBERS)
    assert early.versions == []
    assert [reason.split(" to ")[0] for reason in early.left_out] == [
        f"{name}: no version before {week_of(11)}" for name in MEMBERS
    ]


def test_a_member_that_has_drifted_since_its_version_was_made_is_trained_anew(market, monkeypatch) -> None:
    """From the check's day on, until a newer version of it is in charge; a fall of the ensemble concerns them all."""
    database = market.store.database
    asked = {}
    monkeypatch.setattr(
        challengers, "refit_for", lambda _history, spec, *_, anew: asked.update({spec.name: anew})
    )
    newest = database.scalar(
        "select max(model_version) from ml.model_versions where member = $1", (MEMBERS[0],)
    )
    found = []
    for day, model, version in (
        (DAY, MEMBERS[0], newest),
        (DAY, MEMBERS[0], newest - 1),
        (DAY, "ensemble", None),
    ):
        database.execute("delete from ml.drift")
        database.execute(
            "insert into ml.drift (day, model, model_version, worst_features, drifted, reason, checked_at) "
            "values ($1, $2, $3, '{}', true, 'moved', $4)",
            (day, model, version, NOW),
        )
        found.append(sorted(drifted_members(database, MEMBERS, DAY + timedelta(days=1))))
        assert drifted_members(database, MEMBERS, DAY - timedelta(days=1)) == set()
        train_challengers(training(market), DAY + timedelta(days=1), MEMBERS)
        assert sorted(name for name, anew in asked.items() if anew) == [f"{name}_daily" for name in found[-1]]
    database.execute("delete from ml.drift")
    assert found == [[MEMBERS[0]], [], sorted(MEMBERS)]


def test_challengers_predict_each_hour_once_beside_the_members_in_charge(market) -> None:
    for name in DAILY:
        rows = stored(market.store, name, at(14), NOW)
        assert rows["timestamp_utc"].min() == at(14)
        assert rows["timestamp_utc"].max() == LIVE
        assert set(rows["version"]) == {1, 2, 3, 4}
    again, failures = score_challengers(market.store, market.registry, MEMBERS, LIVE, NOW, FIRST_IN_SQL)
    assert set(again.values()) == {0}
    assert failures == []
    assert shadow_members(market.store.database, MEMBERS) == list(DAILY)


def test_refits_are_never_part_of_what_trades(market) -> None:
    version = market.store.database.rows(
        "select members from ml.signal_versions order by model_version desc"
    )[0]
    assert set(version["members"]) == set(MEMBERS)
    make_versions(market.store, market.registry, [week_of(32)], MEMBERS, NOW, "run")
    assert market.store.database.scalar("select count(*) from ml.signal_versions") == 2
    assert set(signals(market)["model_version"]) == {2}


class KilledError(Exception):
    """The process that registers is killed."""


def test_signals_use_the_old_champion_while_a_new_version_is_half_registered(market, monkeypatch) -> None:
    """Killed after MLflow has a new version of a member, or of the signal model, and before the database knows it."""
    before = signals(market)
    versions = len(market.registry.versions)

    def dies(*_given, **_named) -> None:
        raise KilledError

    monkeypatch.setattr(members_module, "_record", dies)
    now = at(33, 5)
    with pytest.raises(KilledError):
        Training(market.store, market.registry, now, 20, "run", FIRST_IN_SQL).run([week_of(33)], MEMBERS)
    assert len(market.registry.versions) == versions + 1
    pd.testing.assert_frame_equal(signals(market), before)
    # The next hour is predicted and signalled by the version that is on record.
    predict_hours(market.store, market.registry, MEMBERS, NOW, NOW + HOUR, FIRST_IN_SQL)
    later = score_window(market.store, market.registry, NOW, NOW + HOUR, NOW, 99, DecisionRules()).rows
    assert set(later["model_version"]) == {2}
    assert later["predicted_excess_pct"].notna().all()
    monkeypatch.undo()
    monkeypatch.setattr(signal_versions, "count_ensemble", dies)
    done = Training(market.store, market.registry, now, 20, "run", FIRST_IN_SQL).run([week_of(33)], MEMBERS)
    assert {name for name, _, _ in done.versions} == set(MEMBERS)
    with pytest.raises(KilledError):
        make_versions(market.store, market.registry, [week_of(33)], MEMBERS, now, "run")
    assert (SIGNAL_MODEL, 3) in market.registry.versions
    assert market.registry.aliases[CHAMPION] == 2
    pd.testing.assert_frame_equal(signals(market), before)


class TestDrift:
    def test_a_market_like_the_training_rows_has_not_drifted_and_is_on_record(self, market) -> None:
        found = {
            one.model: one for one in check_drift(market.store, market.registry, MEMBERS, week_of(32), NOW)
        }
        assert set(found) == {*MEMBERS, ENSEMBLE}
        assert [one.reason for one in found.values()] == [""] * 3
        light = found["lightgbm_rank_24h"]
        assert set(light.psi) == set(NAMES)
        assert 0 < light.mean_psi < light.max_psi
        rows = newest_drift(market.store.database)
        assert [row["model"] for row in rows] == sorted(found)
        assert "| lightgbm_rank_24h | v2 |" in drift_table(rows)
        assert drifted_models(market.store.database, week_of(32)) == []

    def test_features_of_another_scale_have_drifted_and_the_worst_is_named(self, market) -> None:
        held = market.store.frame("features.features_1h", at(29), at(33))
        try:
            market.store.replace_window(
                "features.features_1h", held.assign(drift=held["drift"] * 3.0 + 1.0), at(29), at(33)
            )
            (found, *_) = check_drift(market.store, market.registry, MEMBERS, week_of(33), NOW)
        finally:
            market.store.replace_window("features.features_1h", held, at(29), at(33))
        assert max(found.psi, key=found.psi.__getitem__) == "drift"
        assert "mean PSI of its features" in found.reason
        drifted = [name for name, _ in drifted_models(market.store.database, week_of(33))]
        assert drifted == ["lightgbm_rank_24h"] == [found.model], "a rank has no scale"

    def test_a_version_that_cannot_be_loaded_is_checked_by_its_ic_alone(self, market) -> None:
        class Down(Registry):
            def files(self, model_name: str, version: int) -> dict[str, bytes]:
                raise TrackingError(f"{model_name} {version} is gone")

        found = check_drift(market.store, Down(), MEMBERS, week_of(32), NOW)
        assert [one.psi for one in found] == [{}] * 3
        assert "is gone" in found[0].failure
        assert not np.isnan(found[0].ic.recent)


class TestComparison:
    def test_the_daily_refits_are_compared_on_the_same_hours_and_kept(self, market) -> None:
        found = compare_week(market.store, MEMBERS, week_of(32), NOW)
        (name,) = found.rows
        assert name == "+".join(DAILY)
        row = found.rows[name]
        assert 15 * 168 < row.hours <= 18 * 168
        assert np.isfinite([row.champion_bp, row.challenger_bp, row.t, row.probability]).all()
        kept = newest_comparison(market.store.database)
        assert [one["challenger"] for one in kept] == [name]
        assert kept[0]["conclusion"] in comparison_table(kept)
        assert "A switch is " in kept[0]["conclusion"]

    def test_the_series_of_the_champion_is_what_the_gate_sees(self, market) -> None:
        from okx_core.models.evaluation.top_k import top_k
        from okx_services.research.track_record import read_record

        found = compare_week(market.store, MEMBERS, week_of(32), NOW)
        record = read_record(market.store, sorted(MEMBERS), at(32))
        np.testing.assert_array_equal(
            found.series[found.champion].excess_pct, top_k(record.score, record.closes).daily_excess_pct
        )

    def test_without_any_prediction_nothing_is_compared(self, database, tmp_path) -> None:
        store = FeatureStore(database, StoreRoot(str(tmp_path)))
        assert compare_week(store, MEMBERS, week_of(32), NOW).rows == {}
        assert check_drift(store, Registry(), MEMBERS, week_of(32), NOW) == []


def test_a_named_challenger_is_trained_for_the_week_and_predicts_beside_the_others(market) -> None:
    """Last of this module: it leaves a version behind."""
    further, database = ("lightgbm_top_third_72h", MEMBERS[0]), market.store.database
    assert shadow_members(database, MEMBERS, further) == [*DAILY, further[0]]
    assert (
        matured_labels(database, MEMBERS, NOW, further).reason
        != matured_labels(database, MEMBERS, NOW).reason
    )
    done = train_challengers(training(market), DAY, MEMBERS, further)
    assert [(name, week) for name, week, _ in done.versions] == [(further[0], week_of(32))]
    written, failures = score_challengers(
        market.store, market.registry, MEMBERS, LIVE, NOW, FIRST_IN_SQL, further
    )
    assert failures == []
    assert further[0] in written
    assert len(stored(market.store, further[0], LIVE, NOW)) > 0
    found = compare_week(market.store, MEMBERS, week_of(33), NOW, further)
    assert any(further[0] in name for name in found.series)
