"""The weekly decision which version is in charge."""

import json
from datetime import UTC, date, datetime, timedelta

from okx_services.research.champions import decide_champion

WEEK = date(2026, 8, 9)
NOON = datetime(2026, 8, 9, 12, 30, tzinfo=UTC)


class TestChampions:
    @staticmethod
    def register(
        database, week: date, algorithm: str, version: int, rank_ic: float | None, t: float | None = 2.0
    ) -> None:
        row = {
            "week": week, "algorithm": algorithm, "model_name": "m", "model_version": version, "run_id": "r",
            "target": "t", "train_start": NOON, "train_end": NOON, "train_rows": 9000, "holdout_rows": 900,
            "rank_ic": rank_ic, "rank_ic_t": t, "feature_count": 1, "data_fingerprint": "f", "code_version": "c",
            "trained_at": NOON,
        }  # fmt: skip
        database.upsert("ml.model_versions", ["week", "algorithm"], [row])

    @staticmethod
    def store(database, decision: dict[str, object]) -> None:
        database.upsert("ml.champions", ["week"], [{**decision, "decided_at": NOON}])

    def test_the_best_that_passes_is_promoted_with_the_evidence_of_all(self, database) -> None:
        self.register(database, WEEK, "lightgbm", 3, 0.04)
        self.register(database, WEEK, "catboost", 4, None, None)
        decision = decide_champion(database, WEEK)
        assert (decision["outcome"], decision["model_version"], decision["trained_for_week"]) == (
            "promoted",
            3,
            WEEK,
        )
        evidence = json.loads(str(decision["evidence"]))
        assert evidence["lightgbm"]["rejection_reason"] == ""
        assert evidence["catboost"]["rank_ic"] is None
        assert "rank IC nan" in evidence["catboost"]["rejection_reason"]

    def test_when_nobody_passes_the_incumbent_stays_with_its_own_week(self, database) -> None:
        earlier = WEEK - timedelta(days=7)
        self.register(database, earlier, "lightgbm", 3, 0.04)
        self.store(database, decide_champion(database, earlier))
        self.register(database, WEEK, "lightgbm", 5, -0.01)
        decision = decide_champion(database, WEEK)
        assert (decision["outcome"], decision["model_version"], decision["trained_for_week"]) == (
            "kept",
            3,
            earlier,
        )

    def test_a_later_week_is_never_the_incumbent(self, database) -> None:
        later = WEEK + timedelta(days=7)
        self.register(database, later, "lightgbm", 9, 0.04)
        self.store(database, decide_champion(database, later))
        assert decide_champion(database, WEEK)["outcome"] == "none"

    def test_nobody_ever_is_no_version(self, database) -> None:
        decision = decide_champion(database, WEEK)
        assert (decision["outcome"], decision["model_version"]) == ("none", None)
        self.store(database, decision)
        assert decide_champion(database, WEEK + timedelta(days=7))["outcome"] == "none"
