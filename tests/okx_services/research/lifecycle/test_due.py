"""What is due between the schedules, and what is said about the age of the champion."""

from datetime import timedelta

from okx_core.models.members import MemberSpec
from okx_services.research.lifecycle.due import expiry, matured_labels, missed_training
from okx_services.research.search.specifications import keep_winner
from resources.registry.tracking import SIGNAL_MODEL
from tests.okx_services.research.conftest import (
    HOUR,
    MEMBERS,
    at,
    week_of,
)

DAY = (at(32) + timedelta(days=3)).date()
LIVE = at(32, 80)
NOW = LIVE + HOUR
DAILY = tuple(f"{name}_daily" for name in MEMBERS)


class TestDue:
    def label(self, database, hour) -> None:
        database.execute("insert into ml.labels_1d (pair, timestamp_utc) values ('A-USDT', $1)", (hour,))

    def version(self, database, member: str, week, number: int) -> None:
        database.execute(
            "insert into ml.model_versions (week, member, model_name, model_version, run_id, target, train_start, "
            "train_end, train_rows, feature_count, data_fingerprint, code_version, trained_at, label_known_at) values "
            "($1, $2, $2, $3, 'r', 't', now(), now(), 1, 1, 'f', 'c', now(), now())",
            (week, member, number),
        )

    def test_refits_are_due_once_the_label_of_their_last_row_is_known_until_they_are_made(
        self, database
    ) -> None:
        now = at(20, 6)
        assert "no member has a version yet" in matured_labels(database, MEMBERS, now).reason
        self.version(database, MEMBERS[0], week_of(19), 1)
        assert not matured_labels(database, MEMBERS, now).is_due
        self.label(database, at(20) - 98 * HOUR)
        assert "today's refits need" in matured_labels(database, MEMBERS, now).reason
        self.label(database, at(20) - 97 * HOUR)
        assert matured_labels(database, MEMBERS, now).is_due
        for number, name in enumerate(DAILY):
            self.version(database, name, week_of(20), number)
        assert not matured_labels(database, MEMBERS, now).is_due
        assert not matured_labels(database, ("mlp_rank_24h",), now).is_due, "nothing of it can be refitted"
        spec = MemberSpec("ridge_rank_24h_0123abcd", "ridge", horizon_hours=24)
        keep_winner(database, spec, week_of(20), 0.01, now)
        assert matured_labels(database, MEMBERS, now).is_due, "what a search has found has no version yet"

    def test_a_missed_training_and_then_a_missed_decision_are_made_up_for(self, database) -> None:
        assert missed_training(database, MEMBERS, at(20, 6)) == "", (
            "nothing was ever trained: the user decides when"
        )
        for number, name in enumerate(MEMBERS):
            self.version(database, name, week_of(19), number)
        assert missed_training(database, MEMBERS, at(20, 1)) == "", "the schedule's own time"
        assert missed_training(database, MEMBERS, at(20, 6)) == "train"
        for number, name in enumerate(MEMBERS):
            self.version(database, name, week_of(20), 10 + number)
        assert missed_training(database, MEMBERS, at(20, 6)) == "choose"
        database.execute(
            "insert into ml.champions (week, model_name, outcome, evidence, reason, decided_at) "
            "values ($1, $2, 'none', '[]', '', now())",
            (week_of(20), SIGNAL_MODEL),
        )
        assert missed_training(database, MEMBERS, at(20, 6)) == ""

    def test_the_age_of_the_champion_is_told_before_and_after_it_expires(self, database) -> None:
        database.execute(
            "insert into ml.signal_versions (model_name, model_version, week, members, weights, has_skill, run_id, "
            "code_version, trained_at) values ($1, 1, $2, '{}', '{}', true, 'r', 'c', now())",
            (SIGNAL_MODEL, week_of(20)),
        )
        assert expiry(database, 1, at(22), 5) == ""
        assert f"after {week_of(25)} it opens no position" in expiry(database, 1, at(24, 1), 5)
        assert expiry(database, 1, at(25), 5) != ""
        assert "has expired: it opens no position" in expiry(database, 1, at(25, 24), 5)
        assert "not on record" in expiry(database, 9, at(22), 5)
        assert expiry(database, None, at(22), 5) == ""
