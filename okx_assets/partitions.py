"""The time grids of the assets. A partition is named by its start; every grid is UTC.

WEEKLY holds the week that has begun (its model exists when the week starts); FOLDS only weeks that are
over, because a backtest needs the whole week. A label partition exists once its last horizon has passed.
"""

from datetime import datetime

import dagster as dg

from okx_core.hours import LABEL_HORIZON_HOURS

FIRST_HOUR = "2020-01-01-00:00"
FIRST_WEEK = "2020-01-05"
ALGORITHMS = ("lightgbm", "catboost")

DAILY = dg.DailyPartitionsDefinition("2020-01-01", timezone="UTC", end_offset=1)
HOURLY = dg.HourlyPartitionsDefinition(FIRST_HOUR, timezone="UTC")
LABELS_1D_HOURS = dg.HourlyPartitionsDefinition(
    FIRST_HOUR, timezone="UTC", end_offset=-LABEL_HORIZON_HOURS["1d"]
)
LABELS_2W_HOURS = dg.HourlyPartitionsDefinition(
    FIRST_HOUR, timezone="UTC", end_offset=-LABEL_HORIZON_HOURS["2w"]
)
WEEKLY = dg.WeeklyPartitionsDefinition(FIRST_WEEK, timezone="UTC", end_offset=1)
FOLDS = dg.WeeklyPartitionsDefinition(FIRST_WEEK, timezone="UTC")
MODEL_GRID = dg.MultiPartitionsDefinition(
    {"week": WEEKLY, "algorithm": dg.StaticPartitionsDefinition(list(ALGORITHMS))}
)


def window_of(context: dg.AssetExecutionContext) -> tuple[datetime, datetime]:
    """Start and end (exclusive) of the partitions of this run, one key or a range."""
    window = context.partition_time_window
    return window.start, window.end
