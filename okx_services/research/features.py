"""Features of a stretch of months: computed from the stored candles, written to the feature store and to SQL."""

import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pandas as pd

from okx_core.features.contract import contract_violations
from okx_core.features.registry import FEATURES, feature_names
from okx_services.reports.window import WindowFacts
from resources.feature_store.months import MonthPart
from resources.feature_store.sql_window import SqlWindow
from resources.market.candle_frames import candle_set

TABLE = "features.features_1h"
# Over a shorter window a feature may well be constant.
MIN_WINDOW_TO_VARY = timedelta(days=7)


@dataclass
class FeatureReport:
    """Totals of the parts of one window written so far. `extremes` holds each part's least and largest values."""

    facts: WindowFacts = field(default_factory=WindowFacts)
    violations: list[str] = field(default_factory=list)
    extremes: pd.DataFrame = field(default_factory=pd.DataFrame)

    def add(self, frame: pd.DataFrame) -> None:
        """Count one more part of the window."""
        self.facts.add(frame)
        self.violations += contract_violations(frame)
        self.extremes = pd.concat([self.extremes, frame[list(feature_names())].agg(["min", "max"])])

    @property
    def rows(self) -> int:
        """Rows of all parts."""
        return self.facts.rows

    def constant_features(self, start: datetime, end: datetime) -> list[str]:
        """Features without two different values; none is named when [start, end) is shorter than a week."""
        return sorted(constant_features(self.extremes)) if end - start >= MIN_WINDOW_TO_VARY else []


def record_features(copy: SqlWindow, part: MonthPart, first_in_sql: datetime) -> pd.DataFrame:
    """Compute a part of a month from the candles stored now and write it to the store and to SQL; its rows."""

    def computed() -> pd.DataFrame:
        candles = candle_set(copy.database, part.start, part.end)
        return candles.features(part.start, part.end, threads=os.cpu_count() or 1)

    return copy.record_made(computed, part, first_in_sql)


def constant_features(extremes: pd.DataFrame) -> list[str]:
    """Features without two different values over all chunks, from rows of their least and largest values.

    Calendar features may be constant for weeks. A feature whose source is optional may always be unknown.
    """
    calendar = {feature.name for feature in FEATURES if feature.is_calendar}
    optional = {feature.name for feature in FEATURES if feature.may_be_unknown}
    return [
        str(name)
        for name in extremes
        if name not in calendar
        and not extremes[name].min() < extremes[name].max()
        and not (name in optional and extremes[name].isna().all())
    ]


def count_bars(copy: SqlWindow, start: datetime, end: datetime) -> int:
    """How many hourly candles are stored in [start, end): a feature row is due for each."""
    return int(
        copy.database.scalar(
            "select count(*) from market.candles_1h where timestamp_utc >= $1 and timestamp_utc < $2",
            (start, end),
        )
    )
