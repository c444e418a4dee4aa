"""The weekly decision from stored predictions, and every change of @champion on record."""

from datetime import timedelta

import pytest

from okx_core.hours import HOUR
from okx_services.research.champions import (
    BY_COMMAND,
    BY_GATE,
    BY_HAND,
    decide_weeks,
    incumbent_of,
    move_champion,
    name_challenger,
    note_champion_moved_by_hand,
)
from okx_services.research.scoring import assignments
from okx_services.research.signal_versions import make_versions, recorded
from okx_services.research.track_record import read_record
from resources.registry.served_signal import signal_model_from
from resources.registry.tracking import CHALLENGER, CHAMPION, PREVIOUS, SIGNAL_MODEL, TrackingError
from tests.okx_services.research.conftest import MEMBERS, WEEKS, Registry, at, week_of

NOW = at(40, 100)
MAX_AGE = 13


@pytest.fixture(scope="module")
def versions(market):
    return make_versions(
        market.store, market.registry, [week_of(n) for n in range(12, WEEKS)], MEMBERS, NOW, "run"
    )


@pytest.fixture(scope="module")
def decisions(market, versions):
    assert versions[week_of(40)] is not None
    weeks = [week_of(n) for n in range(12, WEEKS)]
    return {made.week: made for made in decide_weeks(market.store, market.registry, weeks, NOW, MAX_AGE)}


def test_a_signal_version_is_made_where_a_member_has_a_new_one(market, versions) -> None:
    made = recorded(market.store.database)
    assert [one.week for one in made] == [week_of(n) for n in (12, 25, 38, 40)]
    assert all(set(one.members) == set(MEMBERS) for one in made)
    assert versions[week_of(12)] == versions[week_of(24)] == 1
    assert versions[week_of(40)] == 4


def test_making_them_again_makes_none(market, versions) -> None:
    again = make_versions(market.store, market.registry, [week_of(30)], MEMBERS, NOW, "run")
    assert again == {week_of(30): versions[week_of(30)]}
    assert len(recorded(market.store.database)) == 4


def test_the_newest_version_shows_deciles_reliability_cumulative_ic_and_importance(market, versions) -> None:
    newest, older = (market.registry.versions[SIGNAL_MODEL, versions[week_of(n)]] for n in (40, 38))
    assert set(newest.figures) == {"deciles", "reliability", "cumulative_ic", "importance"}
    assert set(older.figures) == {"deciles", "reliability"}
    curves = {line.get_label(): line.get_ydata() for line in newest.figures["cumulative_ic"].axes[0].lines}
    assert {*MEMBERS, "ensemble"} <= set(curves)
    assert curves["ensemble"][-1] > 10, "the planted edge adds up day by day"


@pytest.mark.parametrize(("place", "number"), list(enumerate((12, 25, 38, 40))))
def test_what_a_version_knew_was_known_at_its_date(market, versions, place: int, number: int) -> None:
    made = recorded(market.store.database)[place]
    assert (made.week, versions[made.week]) == (week_of(number), made.version)
    model = signal_model_from(market.registry.files(SIGNAL_MODEL, made.version))
    assert made.outcome_known_at == (None if number == 12 else at(number))
    assert (model.calibration is None) == (number == 12)
    assert sum(model.weights.values()) == pytest.approx(1.0)


def test_nothing_may_trade_before_half_a_year_of_predictions_and_a_planted_edge_after(decisions) -> None:
    early = [decisions[week_of(n)] for n in range(12, 39)]
    assert {made.decision.outcome for made in early} == {"none"}
    assert "weeks of out-of-sample predictions" in early[-1].decision.reason
    for number in (39, 40):
        made = decisions[week_of(number)]
        assert made.decision.outcome == "promoted", made.decision.reason
    assert decisions[week_of(40)].decision.version == 4


def test_the_decision_is_stored_with_every_rule(market, decisions) -> None:
    row = market.store.database.rows("select * from ml.champions where week = $1", (week_of(40),))[0]
    assert (row["model_name"], row["model_version"], row["trained_for_week"]) == (
        SIGNAL_MODEL,
        4,
        week_of(40),
    )
    assert row["members"] == ", ".join(sorted(MEMBERS))
    assert {"rule", "value", "needed", "passed"} == set(row["evidence"][0])
    assert len(row["evidence"]) == len(decisions[week_of(40)].evidence.rules) >= 8


def test_only_the_current_week_moves_the_alias_and_that_is_on_record(market, decisions) -> None:
    assert decisions
    assert market.registry.aliases[CHAMPION] == 4
    assert CHALLENGER not in market.registry.aliases
    rows = market.store.database.rows("select * from ml.promotions order by promotion_id")
    assert [(row["model_version"], row["decided_by"]) for row in rows][:1] == [(4, BY_GATE)]


def test_a_decision_does_not_depend_on_the_weeks_decided_beside_it(market, decisions) -> None:
    (alone,) = decide_weeks(market.store, market.registry, [week_of(39)], NOW, MAX_AGE)
    assert alone.decision == decisions[week_of(39)].decision
    assert [r.to_json() for r in alone.evidence.rules] == [
        r.to_json() for r in decisions[week_of(39)].evidence.rules
    ]


def test_every_trial_is_counted_once_and_has_its_sharpe_ratio(market, decisions) -> None:
    assert decisions
    rows = {row["name"]: row for row in market.store.database.rows("select * from ml.trials")}
    assert set(rows) == {*MEMBERS, "+".join(sorted(MEMBERS))}
    assert all(row["weekly_sharpe"] > 0 and row["as_of"] == week_of(40) for row in rows.values())


def test_an_expired_version_is_not_promoted(market, decisions) -> None:
    assert decisions
    late = week_of(40) + timedelta(weeks=14)
    (made,) = decide_weeks(market.store, market.registry, [late], at(40, 100), MAX_AGE)
    assert made.decision.outcome == "none"
    assert "more than 13 weeks ago" in made.decision.reason
    market.store.database.execute("delete from ml.champions where week = $1", (late,))


def test_the_record_holds_the_predictions_and_closes_up_to_its_end(market) -> None:
    record = read_record(market.store, MEMBERS, at(30))
    assert record.closes.shape == (18 * 168, 5)
    assert [place // 168 for place in record.dates] == [0, 13]
    assert (~(record.score != record.score)).mean() > 0.9


class TestPromotions:
    def test_a_change_by_command_keeps_its_reason_and_the_version_before(self, database) -> None:
        registry = Registry()
        move_champion(database, registry, 3, BY_GATE, "passed", NOW)
        assert move_champion(database, registry, 2, BY_COMMAND, "it lost its edge", NOW)
        assert (registry.aliases[CHAMPION], registry.aliases[PREVIOUS]) == (2, 3)
        row = database.rows("select * from ml.promotions order by promotion_id")[-1]
        assert (row["model_version"], row["previous_version"]) == (2, 3)
        assert (row["decided_by"], row["because"]) == (BY_COMMAND, "it lost its edge")

    def test_no_change_is_not_recorded(self, database) -> None:
        registry = Registry()
        move_champion(database, registry, 3, BY_GATE, "passed", NOW)
        assert not move_champion(database, registry, 3, BY_GATE, "again", NOW)
        assert len(database.rows("select * from ml.promotions")) == 1

    def test_a_move_by_hand_that_no_hour_has_seen_is_recorded_before_the_next_one(self, database) -> None:
        registry = Registry()
        move_champion(database, registry, 8, BY_GATE, "passed", NOW)
        registry.aliases[CHAMPION] = 7
        move_champion(database, registry, 9, BY_COMMAND, "newer", NOW)
        rows = database.rows("select * from ml.promotions order by promotion_id")
        shown = [(row["previous_version"], row["model_version"], row["decided_by"]) for row in rows]
        assert shown == [(None, 8, BY_GATE), (8, 7, BY_HAND), (7, 9, BY_COMMAND)]

    def test_the_gate_compares_with_who_was_put_in_charge_since_its_last_decision(self, database) -> None:
        registry, week = Registry(), week_of(40)
        assert incumbent_of(database, week) is None
        move_champion(database, registry, 3, BY_GATE, "passed", at(38))
        assert incumbent_of(database, week) is None, "what the gate decided is in ml.champions"
        move_champion(database, registry, 2, BY_COMMAND, "back", at(39, 5))
        assert incumbent_of(database, week) == 2
        move_champion(database, registry, None, BY_COMMAND, "stop", at(39, 6))
        assert incumbent_of(database, week) is None
        assert incumbent_of(database, week_of(39)) is None

    def test_the_newest_version_is_the_challenger_while_it_does_not_trade(self, market, versions) -> None:
        assert versions
        database = market.store.database
        for champion, challenger in ((2, 4), (None, 4), (4, None)):
            registry = Registry(aliases={} if champion is None else {CHAMPION: champion})
            name_challenger(database, registry)
            assert registry.aliases.get(CHALLENGER) == challenger

    def test_nobody_can_be_in_charge(self, database) -> None:
        registry = Registry()
        move_champion(database, registry, 3, BY_GATE, "passed", NOW)
        assert move_champion(database, registry, None, BY_COMMAND, "stop", NOW)
        assert CHAMPION not in registry.aliases
        assert database.rows("select * from ml.promotions order by promotion_id")[-1]["model_version"] is None

    def test_an_alias_that_is_gone_has_the_same_reason_before_and_after_it_is_on_record(
        self, database
    ) -> None:
        registry, hour = Registry(), at(40)
        move_champion(database, registry, 7, BY_COMMAND, "best", hour)
        del registry.aliases[CHAMPION]
        found, _ = assignments(database, registry, hour, hour + HOUR, hour)
        assert "@champion was taken from version 7, which has been deleted" in found[0].reason
        assert note_champion_moved_by_hand(database, None, hour)
        again, _ = assignments(database, registry, hour, hour + HOUR, hour)
        assert again == found

    def test_a_move_by_hand_is_noticed_once(self, database) -> None:
        registry = Registry()
        move_champion(database, registry, 1, BY_GATE, "passed", NOW)
        assert not note_champion_moved_by_hand(database, 1, NOW)
        assert note_champion_moved_by_hand(database, 5, NOW)
        assert not note_champion_moved_by_hand(database, 5, NOW)
        rows = database.rows("select * from ml.promotions order by promotion_id")
        assert [(row["model_version"], row["decided_by"]) for row in rows] == [(1, BY_GATE), (5, BY_HAND)]

    def test_a_registry_that_is_down_leaves_the_decision_unmade(self, market, decisions) -> None:
        assert decisions
        market.registry.down = True
        try:
            with pytest.raises(TrackingError):
                decide_weeks(market.store, market.registry, [week_of(40)], NOW, MAX_AGE)
        finally:
            market.registry.down = False
