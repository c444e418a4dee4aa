"""Which version scores an hour, what it expects, and what happens when it cannot be used."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from okx_core.decisions.gates import PASS
from okx_core.decisions.rules import DecisionRules
from okx_core.hours import HOUR
from okx_services.research import predictions
from okx_services.research.champions import decide_weeks
from okx_services.research.predictions import stored
from okx_services.research.scoring import (
    NOBODY,
    SIGNALS,
    keep_signals,
    known_in_time,
    new_failures,
    score_window,
)
from okx_services.research.signal_versions import make_versions
from resources.registry.served_signal import files_of, signal_model_from
from resources.registry.tracking import CHAMPION, SIGNAL_MODEL, member_model
from tests.okx_services.research.conftest import MEMBERS, WEEKS, Registry, at, week_of

NOW = at(40, 100)
LIVE = at(40, 99)


@pytest.fixture(scope="module")
def decided(market):
    weeks = [week_of(n) for n in range(12, WEEKS)]
    make_versions(market.store, market.registry, weeks, MEMBERS, NOW, "run")
    decide_weeks(market.store, market.registry, weeks, NOW, 13)
    return market


@pytest.fixture
def registry(decided):
    """A copy of the registry that a test may spoil."""
    held = decided.registry
    return Registry(dict(held.versions), {**held.aliases, CHAMPION: 4})


def scored(market, registry, start=LIVE, end=NOW, live=LIVE, max_age: int = 13):
    return score_window(market.store, registry, start, end, live, max_age, DecisionRules())


def test_every_feature_row_has_a_signal_and_history_reads_what_was_stored(decided, registry) -> None:
    found = scored(decided, registry, at(38), at(40), LIVE)
    assert len(found.rows) == found.feature_rows > 1_500
    by_week = found.rows.groupby(found.rows["timestamp_utc"] >= at(39))
    assert by_week["gate_model"].unique().map(list).to_dict() == {False: [NOBODY], True: [PASS]}
    later = found.rows[found.rows["timestamp_utc"] >= at(39)]
    assert later["predicted_excess_pct"].notna().all()
    assert set(later["model_version"]) == {3}
    assert (later["interval_low_pct"] < later["interval_high_pct"]).all()
    assert [name for name, _ in registry.read] == [SIGNAL_MODEL]  # no member was loaded


def test_signals_of_a_week_are_what_the_gate_saw(decided, registry) -> None:
    from okx_services.research.track_record import place_of, read_record

    found = scored(decided, registry, at(39), at(40), LIVE).rows
    record = read_record(decided.store, sorted(MEMBERS), at(40))
    hours = ((found["timestamp_utc"] - at(12)) // HOUR).to_numpy()
    pairs = pd.Index(record.pairs).get_indexer(found["pair"])
    slope = signal_model_from(registry.files(SIGNAL_MODEL, 3)).calibration.slope
    assert place_of(record, at(12)) == 0
    np.testing.assert_allclose(found["predicted_excess_pct"], slope * record.score[hours, pairs], rtol=1e-9)


def test_the_live_hour_follows_the_alias_to_another_version(decided, registry) -> None:
    newest = scored(decided, registry).rows
    registry.aliases[CHAMPION] = 2
    other = scored(decided, registry, max_age=99).rows
    assert (set(newest["model_version"]), set(other["model_version"])) == ({4}, {2})
    assert newest["live"].all()
    assert not np.allclose(newest["predicted_excess_pct"], other["predicted_excess_pct"])
    assert (
        member_model(MEMBERS[0]),
        2,
    ) in registry.read  # its own members score the hour, not the newest ones


def test_a_version_that_is_too_old_predicts_and_opens_nothing(decided, registry) -> None:
    registry.aliases[CHAMPION] = 2
    rows = scored(decided, registry, max_age=13).rows
    assert rows["predicted_excess_pct"].notna().all()
    assert rows["gate_model"].str.contains("more than 13 weeks ago").all()
    assert not rows["tradable"].any()


def without_champion(registry: Registry) -> str:
    del registry.aliases[CHAMPION]
    return "@champion was taken from version 4, in MLflow"


def of_a_deleted_version(registry: Registry) -> str:
    """As MLflow deletes one: its aliases go with it."""
    del registry.versions[SIGNAL_MODEL, 4], registry.aliases[CHAMPION]
    return "@champion was taken from version 4, which has been deleted"


def of_a_deleted_file(registry: Registry) -> str:
    registry.versions[SIGNAL_MODEL, 4] = replace(registry.versions[SIGNAL_MODEL, 4], files={})
    return "this is no signal model"


def with_mlflow_down(registry: Registry) -> str:
    registry.down = True
    return "connection refused"


def with_a_deleted_member(registry: Registry) -> str:
    registry.aliases[CHAMPION] = 2
    del registry.versions[member_model(MEMBERS[1]), 2]
    return "cannot be loaded"


def with_another_feature_list(registry: Registry) -> str:
    registry.aliases[CHAMPION] = 2
    key = member_model(MEMBERS[1]), 2
    held = registry.versions[key]
    text = held.files["member.json"].replace(b'"drift"', b'"sunspots"')
    registry.versions[key] = replace(held, files={**held.files, "member.json": text})
    return "sunspots"


FAILURES = (
    without_champion,
    of_a_deleted_version,
    of_a_deleted_file,
    with_mlflow_down,
    with_a_deleted_member,
    with_another_feature_list,
)


@pytest.mark.parametrize("spoil", FAILURES, ids=lambda spoil: spoil.__name__)
def test_no_usable_model_opens_nothing_says_why_and_still_has_a_row_for_each_pair(
    decided, registry, spoil
) -> None:
    reason = spoil(registry)
    found = scored(decided, registry, max_age=99)
    assert len(found.rows) == found.feature_rows >= 4
    assert found.rows[["outside_share", "training_distance"]].isna().all(axis=None)
    assert found.rows["gate_model"].str.contains(reason).all(), found.rows["gate_model"].iloc[0]
    assert found.rows[["predicted_excess_pct", "excess_probability", "model_version"]].isna().all(axis=None)
    assert not found.rows["tradable"].any()
    assert found.failures
    assert any(reason in one for one in found.reasons)


def test_such_rows_are_stored_and_a_failure_raises_one_alert(decided, registry) -> None:
    database = decided.store.database
    registry.down = True
    found = scored(decided, registry)
    assert len(new_failures(database, found, LIVE)) == 1
    database.replace_window(SIGNALS, found.rows.assign(timestamp_utc=LIVE - HOUR), LIVE - HOUR, LIVE)
    assert new_failures(database, found, LIVE) == []
    database.execute("delete from trading.signals")


def test_an_hour_that_was_decided_from_keeps_its_signals(decided, registry) -> None:
    """A second run of the hour, with another model or other costs, does not change what its orders rest on."""
    database = decided.store.database
    rows = scored(decided, registry).rows
    earlier = rows.assign(timestamp_utc=LIVE - HOUR)
    both = pd.concat([earlier, rows], ignore_index=True)
    assert keep_signals(database, both, LIVE - HOUR, LIVE + HOUR) == len(both)
    database.execute(
        "insert into trading.executed_hours (signal_hour, decided_at, run_id, orders, note) "
        "values ($1, $2, 'r', 0, '')",
        (LIVE, NOW),
    )
    again = both.assign(predicted_excess_pct=9.0)
    assert keep_signals(database, again, LIVE - HOUR, LIVE + HOUR) == len(both)
    stored = database.frame("select timestamp_utc, predicted_excess_pct from trading.signals")
    kept = stored["timestamp_utc"] == LIVE
    assert len(stored) == len(both)
    assert sorted(stored.loc[kept, "predicted_excess_pct"]) == sorted(rows["predicted_excess_pct"])
    assert (stored.loc[~kept, "predicted_excess_pct"] == 9.0).all()
    database.execute("delete from trading.signals")
    database.execute("delete from trading.executed_hours")


def test_the_check_asks_the_rows_when_what_is_behind_them_was_known(decided, registry) -> None:
    database, rows = decided.store.database, scored(decided, registry).rows
    assert known_in_time(database, rows) == []
    early = rows.assign(timestamp_utc=at(39))
    assert "version 4" in known_in_time(database, early)[0]
    database.execute(
        "update ml.model_versions set label_known_at = $1 where member = $2 and week = $3",
        (NOW + HOUR, MEMBERS[0], week_of(40)),
    )
    assert "its first signal is of" in known_in_time(database, rows)[0]
    database.execute(
        "update ml.model_versions set label_known_at = $1 where member = $2 and week = $3",
        (at(40) - 24 * HOUR, MEMBERS[0], week_of(40)),
    )
    assert known_in_time(database, rows.assign(model_version=pd.array([99] * len(rows), "Int64"))) == [
        "version 99 is not on record"
    ]


def test_a_version_without_skill_states_no_probability(decided, registry) -> None:
    held = registry.versions[SIGNAL_MODEL, 4]
    model = replace(signal_model_from(held.files), has_skill=False)
    registry.versions[SIGNAL_MODEL, 4] = replace(held, files=files_of(model))
    rows = scored(decided, registry).rows
    assert rows["excess_probability"].isna().all()
    assert rows["predicted_excess_pct"].notna().all()
    assert (rows["gate_probability"] == "excess_probability is unknown").all()


class TestTrainingRange:
    def test_a_signal_shows_how_far_its_row_is_from_what_its_members_were_trained_on(
        self, decided, registry
    ) -> None:
        rows = scored(decided, registry, at(39), at(40)).rows
        held = [stored(decided.store, name, at(39), at(40)) for name in MEMBERS]
        both = rows.merge(held[0], on=["pair", "timestamp_utc"]).merge(held[1], on=["pair", "timestamp_utc"])
        assert len(both) == len(rows)
        bounds = decided.store.database.rows(
            "select max_distance from ml.model_versions where week = $1 order by member", (week_of(38),)
        )
        beyond = np.stack(
            [both[f"distance_{side}"] - row["max_distance"] for side, row in zip("xy", bounds, strict=True)]
        )
        worst = beyond.argmax(axis=0)
        expected = np.where(worst == 0, both["distance_x"], both["distance_y"])
        np.testing.assert_allclose(both["training_distance"], expected, rtol=1e-6)
        assert ((rows["gate_distance"] == PASS) == (beyond.max(axis=0) <= 0)).all()

    def test_few_of_these_rows_are_refused_for_they_are_like_those_before(self, decided, registry) -> None:
        rows = scored(decided, registry, at(39), at(40)).rows
        assert (rows[["gate_outside", "gate_distance"]] != PASS).any(axis=1).mean() < 0.02

    def test_a_far_pair_is_refused_with_the_reason_and_the_others_are_traded(
        self, decided, registry, monkeypatch
    ) -> None:
        """A pair whose features come from another scale, in an hour that nobody has predicted yet."""
        spoil = {"drift": 1_000.0, "noise": 1_000.0, "historical_vol_30": 1_000.0}
        real = predictions.feature_rows

        def spoiled(store, names, start, end):
            for file, found in real(store, names, start, end):
                scale = np.array([spoil.get(name, 1.0) for name in names], np.float32)
                found.matrix[found.pairs == "P1-USDT"] *= scale
                yield file, found

        monkeypatch.setattr(predictions, "feature_rows", spoiled)
        registry.aliases[CHAMPION] = 3  # its members score the live hour again
        rows = scored(decided, registry, max_age=99).rows.set_index("pair")
        far = rows.loc["P1-USDT"]
        assert "% of features outside the training range >" in far["gate_outside"]
        assert not far["tradable"]
        assert far["outside_share"] > 0.5
        others = rows.drop(index="P1-USDT")
        assert (others[["gate_outside", "gate_distance"]] == PASS).all(axis=None)

    def test_a_version_without_a_range_opens_nothing_and_says_so(self, decided, registry) -> None:
        database = decided.store.database
        held = database.rows(
            "select member, max_distance from ml.model_versions where week = $1", (week_of(40),)
        )
        database.execute("update ml.model_versions set max_distance = null where week = $1", (week_of(40),))
        try:
            rows = scored(decided, registry).rows
        finally:
            for row in held:
                database.execute(
                    "update ml.model_versions set max_distance = $1 where week = $2 and member = $3",
                    (row["max_distance"], week_of(40), row["member"]),
                )
        assert (rows["gate_distance"] == "training_distance is unknown").all()
        assert not rows["tradable"].any()
        assert rows["predicted_excess_pct"].notna().all()
