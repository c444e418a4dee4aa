"""Which version scores a row, and what it predicts."""

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from okx_core.hours import HOUR
from okx_services.research.scoring import assign_versions, predict, week_of
from resources.tracking import LoadedModel

WEEK = date(2026, 8, 9)
NOON = datetime(2026, 8, 9, 12, 30, tzinfo=UTC)


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
            database.upsert("ml.champions", ["week"], [{
                "week": week, "model_name": "m", "model_version": version, "algorithm": "a", "trained_for_week": week,
                "outcome": "promoted", "evidence": "{}",
                "decided_at": NOON,
            }])  # fmt: skip
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
        assert predicted["predicted_excess_pct"].tolist() == [30.0, 2.0, 0.0]
        assert predicted["excess_probability"].tolist() == pytest.approx([1.0, 0.8413447, 0.5])
