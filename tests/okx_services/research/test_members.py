"""Members are trained where due, on the past only, and every week after has their predictions."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from okx_core.hours import WEEK
from okx_core.models.members import MEMBERS as SPECS
from okx_services.research.member_training import (
    IncompleteHistoryError,
    TooFewPairsError,
    due_weeks,
    load_history,
    require_complete,
    require_pairs,
)
from okx_services.research.members import late_versions
from okx_services.research.predictions import registered_versions, stored
from resources.registry.served_member import member_from
from resources.registry.tracking import member_model
from tests.okx_services.research.conftest import FIRST_IN_SQL, MEMBERS, WEEKS, at, week_of

NEWEST = week_of(WEEKS - 1)


class TestDueWeeks:
    def test_history_is_trained_every_few_weeks_and_the_newest_week_always(self) -> None:
        weeks = [week_of(n) for n in range(10)]
        assert due_weeks(weeks, [], weeks[-1], 4) == [week_of(n) for n in (0, 4, 8, 9)]

    def test_nothing_is_trained_twice_and_what_is_there_counts(self) -> None:
        weeks = [week_of(n) for n in range(10)]
        assert due_weeks(weeks, [week_of(1), week_of(9)], weeks[-1], 4) == [week_of(0), week_of(5)]

    def test_a_week_that_has_not_begun_is_not_trained(self) -> None:
        assert due_weeks([week_of(3)], [], week_of(2), 4) == []

    @given(st.sets(st.integers(0, 40)), st.sets(st.integers(0, 40)), st.integers(1, 8))
    def test_every_week_has_a_version_that_is_young_enough(self, asked, trained, every: int) -> None:
        known = [week_of(n) for n in trained]
        due = due_weeks([week_of(n) for n in asked], known, week_of(40), every)
        assert not set(due) & set(known)
        for week in (week_of(n) for n in asked):
            age = week - max(one for one in (*known, *due) if one <= week)
            assert age < every * WEEK


def test_versions_are_made_where_due_and_early_weeks_are_left_out_with_the_reason(market) -> None:
    done = market.trained[0]
    made = {(name, week) for name, week, _ in done.versions}
    assert made == {(name, week_of(n)) for name in MEMBERS for n in (12, 25, 38, 40)}
    assert done.left_out == [f"{week_of(0)} to {week_of(11)}: less than 12 weeks of features before them"]
    assert done.late == []
    assert late_versions(market.store.database) == 0


def test_what_each_version_knew_is_on_record_and_was_known(market) -> None:
    rows = market.store.database.rows("select * from ml.model_versions order by week, member")
    assert len(rows) == 8
    for row in rows:
        assert row["label_known_at"] <= at((row["week"] - week_of(0)).days // 7) - timedelta(hours=24)
        assert row["train_end"] < row["label_known_at"]
        assert row["model_name"] == member_model(row["member"])
        assert row["history_weeks"] == pytest.approx((row["train_end"] - row["train_start"]) / WEEK)
    assert len({row["data_fingerprint"] for row in rows if row["member"] == MEMBERS[0]}) == 4


@pytest.mark.parametrize("name", MEMBERS)
def test_every_hour_of_every_week_is_predicted_by_the_version_in_charge(market, name: str) -> None:
    versions = registered_versions(market.store.database, MEMBERS)
    rows = stored(market.store, name, at(0), at(WEEKS))
    assert rows["timestamp_utc"].min() == at(12)
    assert rows["timestamp_utc"].max() == at(40, 99)
    for version, since, until in versions[name].in_charge(at(0), at(40, 100)):
        inside = rows["timestamp_utc"].between(since, until, inclusive="left")
        assert set(rows[inside]["version"]) == {version}
    assert not rows.duplicated(["pair", "timestamp_utc"]).any()


@pytest.mark.parametrize("name", MEMBERS)
def test_recent_predictions_are_in_sql_too(market, name: str) -> None:
    held = market.store.database.frame(
        "select pair, timestamp_utc, score, version from ml.predictions where member = $1 "
        "order by pair, timestamp_utc",
        (name,),
    )
    rows = stored(market.store, name, FIRST_IN_SQL, at(WEEKS)).sort_values(
        ["pair", "timestamp_utc"], ignore_index=True
    )
    assert len(held) == len(rows) > 0
    np.testing.assert_array_equal(held["score"].to_numpy(np.float32), rows["score"].to_numpy(np.float32))
    assert held["timestamp_utc"].min() >= FIRST_IN_SQL


def test_a_second_run_trains_and_predicts_nothing(market) -> None:
    before = {name: stored(market.store, name, at(0), at(WEEKS)) for name in MEMBERS}
    done = market.train(range(WEEKS), at(40, 100))
    assert done.versions == []
    assert sum(done.predicted.values()) == 0
    for name in MEMBERS:
        assert stored(market.store, name, at(0), at(WEEKS)).equals(before[name])


@pytest.mark.parametrize("name", MEMBERS)
def test_the_registered_files_give_the_stored_predictions(market, name: str) -> None:
    """A version read back from the registry says what was stored when it was made."""
    from okx_services.research.predictions import score_hours

    version = registered_versions(market.store.database, [name])[name].by_week[week_of(25)]
    fitted = member_from(market.registry.files(member_model(name), version))
    again = score_hours(market.store, fitted, at(26), at(27))
    kept = stored(market.store, name, at(26), at(27))
    both = again.merge(kept, on=["pair", "timestamp_utc"], suffixes=("_again", ""))
    assert len(both) == len(kept) > 700
    np.testing.assert_array_equal(
        both["score_again"].to_numpy(np.float32), both["score"].to_numpy(np.float32)
    )


@pytest.mark.parametrize("name", MEMBERS)
def test_a_date_alone_gives_the_same_model_as_within_a_range(market, name: str) -> None:
    """What is loaded beside a date, and after it, changes nothing of its versions."""
    from okx_services.research.member_training import fit_for

    alone = fit_for(load_history(market.store, [SPECS[name]], at(25)), SPECS[name], week_of(25))
    version = registered_versions(market.store.database, [name])[name].by_week[week_of(25)]
    kept = market.registry.versions[member_model(name), version]
    assert dict(kept.files)["member.bin"] == alone.fitted.to_bytes()
    assert kept.tags["data_fingerprint"] == alone.fingerprint


def test_the_files_that_a_version_was_trained_on_are_pinned(market) -> None:
    rows = market.store.database.rows("select model_name, count(*) as files from features.pins group by 1")
    assert {row["model_name"] for row in rows} == {member_model(name) for name in MEMBERS}


@pytest.mark.parametrize("pairs", [["A-USDT"], ["A-USDT", "B-USDT"], ["A-USDT", "B-USDT", "C-USDT"]])
def test_fewer_than_four_pairs_are_refused_with_the_reason_not_with_a_backfill(pairs: list[str]) -> None:
    with pytest.raises(TooFewPairsError, match="training needs at least 4 pairs") as failure:
        require_pairs(pairs)
    assert "backfill" not in str(failure.value)
    assert ", ".join(pairs) in str(failure.value)


def test_four_pairs_are_enough_and_none_is_another_matter() -> None:
    assert require_pairs(["A-USDT", "B-USDT", "C-USDT", "D-USDT"]) is None
    assert require_pairs([]) is None


def test_a_history_that_ends_too_early_is_refused_with_what_to_run(market) -> None:
    history = load_history(market.store, [SPECS[MEMBERS[0]]], at(25))
    assert require_complete(history, SPECS[MEMBERS[0]], at(25)) is None
    with pytest.raises(IncompleteHistoryError, match="backfill features/features_1h first"):
        require_complete(history, SPECS[MEMBERS[0]], at(27))


def test_an_empty_store_is_refused_with_what_to_run(database, tmp_path) -> None:
    from resources.feature_store.root import StoreRoot
    from resources.feature_store.store import FeatureStore

    store = FeatureStore(database, StoreRoot(str(tmp_path)))
    with pytest.raises(IncompleteHistoryError, match="okxsignal backfill --from"):
        load_history(store, [SPECS[MEMBERS[0]]], at(25))


@pytest.mark.parametrize("name", MEMBERS)
def test_the_newest_version_shows_how_reliable_the_versions_before_it_were(market, name: str) -> None:
    """A home whose whole history is trained at once has their predictions by the time that the newest is kept."""
    newest = registered_versions(market.store.database, MEMBERS)[name].by_week[NEWEST]
    kept = market.registry.versions[member_model(name), newest]
    assert 0.0 < kept.metrics["brier"] < 0.3
    assert kept.metrics["reliability_error"] < 0.5
    assert "reliability" in kept.figures
    assert "as stated by the versions before it: Brier score" in kept.texts["model_card.md"]
    first = market.registry.versions[member_model(name), 1]
    assert "brier" not in first.metrics
