"""Which version scores which hours: that of the week, and for the live hour that behind the alias."""

from datetime import UTC, datetime, timedelta

from okx_core.hours import HOUR
from okx_services.research.scoring import (
    NOBODY,
    assignments,
)
from resources.registry.tracking import CHAMPION, SIGNAL_MODEL
from tests.okx_services.research.conftest import Registry


class TestAssignments:
    WEEK = datetime(2026, 8, 9, tzinfo=UTC)

    def decide(self, database) -> None:
        for week, version in ((self.WEEK - timedelta(days=7), 1), (self.WEEK, 2)):
            database.upsert("ml.champions", ["week"], [{
                "week": week.date(), "model_name": SIGNAL_MODEL, "model_version": version, "members": "a",
                "trained_for_week": week.date(), "outcome": "promoted", "evidence": "[]", "decided_at": week,
            }])  # fmt: skip

    def test_history_asks_the_champion_of_its_week_and_the_live_hour_the_alias(self, database) -> None:
        self.decide(database)
        start, live = self.WEEK - 2 * HOUR, self.WEEK + 3 * HOUR
        found, champion = assignments(database, Registry(aliases={CHAMPION: 7}), start, live + HOUR, live)
        assert [(one.start, one.end, one.version, one.live) for one in found] == [
            (start, self.WEEK, 1, False), (self.WEEK, live, 2, False), (live, live + HOUR, 7, True),
        ]  # fmt: skip
        assert champion == 7
        past, champion = assignments(
            database, Registry(aliases={CHAMPION: 7}), start, live + HOUR, live + HOUR
        )
        assert [one.version for one in past] == [1, 2]
        assert champion is None

    def test_hours_after_the_live_one_of_the_same_week_are_history_again(self, database) -> None:
        self.decide(database)
        found, _ = assignments(database, Registry(), self.WEEK, self.WEEK + 3 * HOUR, self.WEEK + HOUR)
        assert [(one.version, one.live) for one in found] == [(2, False), (None, True), (2, False)]
        assert found[1].reason == NOBODY  # nobody was ever in charge

    def test_a_week_without_a_decision_or_of_another_model_has_no_version(self, database) -> None:
        self.decide(database)
        database.execute("update ml.champions set model_name = 'okxsignal-return-1d'")
        found, _ = assignments(database, Registry(), self.WEEK, self.WEEK + HOUR, self.WEEK + 9 * HOUR)
        assert [(one.version, one.reason) for one in found] == [(None, NOBODY)]
