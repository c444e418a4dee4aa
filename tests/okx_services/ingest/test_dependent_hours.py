"""Which hours of which tables depend on a candle."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from okx_core.hours import DAY, HOUR, LABEL_HORIZON_HOURS
from okx_services.ingest.dependent_hours import (
    DEPENDENT_TABLES,
    DERIVED_CANDLES,
    FEATURES,
    dependent_hours,
    describe_dependents,
)

BAR = datetime(2026, 8, 9, 13, tzinfo=UTC)


@pytest.mark.parametrize("table", DERIVED_CANDLES)
def test_larger_bars_of_the_day_depend_on_it(table: str) -> None:
    day = BAR.replace(hour=0)
    assert dependent_hours(table, BAR, BAR) == (day, day + DAY)


@pytest.mark.parametrize(("name", "hours"), LABEL_HORIZON_HOURS.items())
def test_labels_that_look_ahead_to_it_depend_on_it(name: str, hours: int) -> None:
    start, end = dependent_hours(f"ml.labels_{name}", BAR, BAR)
    assert start == BAR - hours * HOUR
    assert end > BAR


def test_features_from_that_day_on_depend_on_it_for_months() -> None:
    start, end = dependent_hours(FEATURES, BAR, BAR)
    assert start == BAR.replace(hour=0)
    assert end > BAR + timedelta(days=30)


@pytest.mark.parametrize("table", DEPENDENT_TABLES)
def test_the_hour_of_the_bar_itself_is_among_them(table: str) -> None:
    start, end = dependent_hours(table, BAR, BAR)
    assert start <= BAR < end


def test_every_table_has_a_line_and_no_change_has_none() -> None:
    keys = pd.DataFrame({"pair": ["BTC-USDT"], "timestamp_utc": pd.DatetimeIndex([BAR])})
    lines = describe_dependents(keys)
    assert [line.partition(":")[0] for line in lines] == list(DEPENDENT_TABLES)
    assert describe_dependents(keys.iloc[:0]) == []
