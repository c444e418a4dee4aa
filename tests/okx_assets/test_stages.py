"""The small decisions inside the asset modules, without Dagster around them."""

import json
import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from okx_assets.candle_assets import known_pairs
from okx_assets.execution import risk_limits
from okx_assets.features import _constant
from okx_assets.models import decide
from okx_assets.partitions import FOLDS, HOURLY, LABELS_1D_HOURS, LABELS_2W_HOURS, WEEKLY
from okx_assets.signals import assign_versions, predict, week_of
from okx_core.decisions.rules import PRODUCT_LIMITS, RiskLimits
from resources.config.settings import Settings
from resources.tracking import LoadedModel

HOUR = timedelta(hours=1)
WEEK = date(2026, 8, 9)
NOON = datetime(2026, 8, 9, 12, 30, tzinfo=UTC)


class TestGrids:
    @pytest.mark.parametrize(
        ("grid", "newest"),
        [
            (HOURLY, "2026-08-09-11:00"),
            (LABELS_1D_HOURS, "2026-08-08-11:00"),
            (LABELS_2W_HOURS, "2026-07-26-11:00"),
            (WEEKLY, "2026-08-09"),
            (FOLDS, "2026-08-02"),
        ],
    )
    def test_the_newest_partition_is_the_newest_that_can_be_known(self, grid, newest: str) -> None:
        with dg.partition_loading_context(effective_dt=NOON):
            assert grid.get_last_partition_key() == newest


class TestConstantFeatures:
    def test_a_feature_that_never_changes_or_never_speaks_is_constant(self) -> None:
        spread = pd.DataFrame(
            {"lively": [1.0, 2.0], "flat": [3.0, 3.0], "mute": [np.nan, np.nan], "late": [np.nan, 1.0]}
        )
        assert _constant(spread) == ["flat", "mute", "late"]

    def test_the_calendar_and_what_a_source_lacks_are_not_constant_features(self) -> None:
        spread = pd.DataFrame(
            {"month_of_year": [3.0, 3.0], "taker_buy_ratio": [np.nan, np.nan], "rsi": [50.0, 50.0]}
        )
        assert _constant(spread) == ["rsi"]


class TestKnownPairs:
    @staticmethod
    def list_pairs(database, rows: list[tuple[date, str, str]]) -> None:
        for day, pair, state in rows:
            database.execute(
                "insert into market.universe (day, pair, state, tick_size, lot_size, min_size, enabled, reason, "
                "risk_multiplier, observed_at) values ($1, $2, $3, 1, 1, 1, true, '', 1, now())",
                (day, pair, state),
            )

    def test_live_pairs_of_the_windows_days_and_the_last_known_day_before(self, database) -> None:
        self.list_pairs(
            database,
            [
                (date(2026, 8, 1), "OLD-USDT", "live"),
                (date(2026, 8, 8), "A-USDT", "live"),
                (date(2026, 8, 8), "S-USDT", "suspend"),
                (date(2026, 8, 10), "B-USDT", "live"),
                (date(2026, 8, 12), "FUTURE-USDT", "live"),
            ],
        )
        assert known_pairs(database, NOON, NOON + HOUR) == ["A-USDT"]
        assert known_pairs(database, NOON, NOON + 24 * HOUR) == ["A-USDT", "B-USDT"]

    def test_an_empty_universe_says_what_to_materialise(self, database) -> None:
        with pytest.raises(dg.Failure, match="materialise market/universe for that day first"):
            known_pairs(database, NOON, NOON + HOUR)


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
        decision = decide(database, WEEK)
        assert (decision["verdict"], decision["model_version"], decision["trained_for_week"]) == (
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
        self.store(database, decide(database, earlier))
        self.register(database, WEEK, "lightgbm", 5, -0.01)
        decision = decide(database, WEEK)
        assert (decision["verdict"], decision["model_version"], decision["trained_for_week"]) == (
            "kept",
            3,
            earlier,
        )

    def test_a_later_week_is_never_the_incumbent(self, database) -> None:
        later = WEEK + timedelta(days=7)
        self.register(database, later, "lightgbm", 9, 0.04)
        self.store(database, decide(database, later))
        assert decide(database, WEEK)["verdict"] == "none"

    def test_nobody_ever_is_no_version(self, database) -> None:
        decision = decide(database, WEEK)
        assert (decision["verdict"], decision["model_version"]) == ("none", None)
        self.store(database, decision)
        assert decide(database, WEEK + timedelta(days=7))["verdict"] == "none"


@dataclass(frozen=True)
class Registry:
    """A tracking server that only knows its champion."""

    version: int | None

    def champion_version(self) -> int | None:
        return self.version


class TestVersions:
    TIMES = pd.Series(pd.date_range("2026-08-08 22:00", periods=6, freq="h", tz="UTC"))

    def test_a_week_begins_on_sunday(self) -> None:
        assert week_of(self.TIMES).tolist() == [date(2026, 8, 2)] * 2 + [WEEK] * 4

    @given(st.datetimes(datetime(2020, 1, 5), datetime(2030, 1, 1)))
    def test_a_bars_week_is_the_partition_it_falls_in(self, moment: datetime) -> None:
        (week,) = week_of(pd.Series([pd.Timestamp(moment, tz="UTC")]))
        assert week.weekday() == 6
        assert week <= moment.date() < week + timedelta(days=7)

    def test_history_asks_the_champion_of_its_week_and_the_live_hour_the_alias(self, database) -> None:
        for week, version in ((date(2026, 8, 2), 1), (WEEK, 2)):
            TestChampions.store(database, {
                "week": week, "model_name": "m", "model_version": version, "algorithm": "a", "trained_for_week": week,
                "verdict": "promoted", "evidence": "{}",
            })  # fmt: skip
        live = self.TIMES.iloc[-1].to_pydatetime()
        assert assign_versions(database, Registry(7), self.TIMES, live).tolist() == [1, 1, 2, 2, 2, 7]
        nobody = assign_versions(database, Registry(None), self.TIMES, live)
        assert nobody.tolist()[:5] == [1, 1, 2, 2, 2]
        assert math.isnan(nobody.iloc[-1])
        past = assign_versions(database, Registry(7), self.TIMES, live + HOUR)
        assert past.tolist() == [1, 1, 2, 2, 2, 2]

    def test_a_week_without_a_decision_has_no_version(self, database) -> None:
        versions = assign_versions(database, Registry(None), self.TIMES, NOON)
        assert versions.isna().all()

    def test_each_row_is_predicted_by_its_own_model_from_its_own_features(self) -> None:
        @dataclass(frozen=True)
        class Scaled:
            factor: float

            def predict(self, matrix):
                return self.factor * matrix[:, 0]

        models = {
            1: LoadedModel(1, "a", "2026-08-02", ("x",), 2.0, Scaled(1.0)),
            2: LoadedModel(2, "a", "2026-08-09", ("y", "x"), 1.0, Scaled(10.0)),
        }
        rows = pd.DataFrame(
            {
                "pair": list("ABC"),
                "timestamp_utc": NOON,
                "model_version": [2, 1, 1],
                "x": [1.0, 2.0, 0.0],
                "y": [3.0, 4.0, 5.0],
            }
        )
        predicted = predict(rows, models)
        assert predicted["prediction_pct"].tolist() == [30.0, 2.0, 0.0]
        assert predicted["confidence"].tolist() == pytest.approx([1.0, 0.8413447, 0.5])


class TestRiskLimits:
    def test_only_the_simulated_mode_has_defaults(self) -> None:
        assert risk_limits(Settings(mode="simulated")) == PRODUCT_LIMITS
        assert risk_limits(Settings(mode="live")) == RiskLimits()
        assert risk_limits(Settings(mode="demo")) == RiskLimits()

    def test_the_users_limits_win_zero_included(self) -> None:
        limits = risk_limits(Settings(mode="simulated", max_asset_pct=0, max_order_quote=25))
        assert (limits.max_asset_pct, limits.max_order_quote) == (0, 25)
        assert limits.max_exposure_pct == PRODUCT_LIMITS.max_exposure_pct
