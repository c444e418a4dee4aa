"""The time grids of the assets. A partition is named by its start; every grid is UTC.

WEEKLY holds the week that has begun (its model exists when the week starts); FOLDS only weeks that are
over, because a backtest needs the whole week. A label partition exists once its last horizon has passed.

MODEL_GRID has the members of OKXSIGNAL_MEMBERS. Its dimension `date` sorts before `member`, so that all members of
some weeks are one range of keys, and one run.

Every grid begins on OKXSIGNAL_HISTORY_FROM. A later beginning hides older partitions and changes no name, so an
earlier one shows them again.
"""

from datetime import UTC, datetime

import dagster as dg

from okx_core.hours import LABEL_HORIZON_HOURS, week_start_on_or_after
from resources.config.settings import load_settings

DEFAULT_FIRST_DAY = datetime(2020, 1, 1, tzinfo=UTC)


def first_day_of(history_from: datetime | None) -> datetime:
    """The UTC day on which the grids begin; a time without a zone is UTC."""
    if history_from is None:
        return DEFAULT_FIRST_DAY
    zoned = history_from if history_from.tzinfo else history_from.replace(tzinfo=UTC)
    return zoned.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


FIRST_DAY = first_day_of(load_settings(trading=False).history_from)
FIRST_HOUR = f"{FIRST_DAY:%Y-%m-%d-%H:%M}"
FIRST_WEEK = f"{week_start_on_or_after(FIRST_DAY):%Y-%m-%d}"

DAILY = dg.DailyPartitionsDefinition(f"{FIRST_DAY:%Y-%m-%d}", timezone="UTC", end_offset=1)
HOURLY = dg.HourlyPartitionsDefinition(FIRST_HOUR, timezone="UTC")
LABELS_1D_HOURS = dg.HourlyPartitionsDefinition(
    FIRST_HOUR, timezone="UTC", end_offset=-LABEL_HORIZON_HOURS["1d"]
)
LABELS_2W_HOURS = dg.HourlyPartitionsDefinition(
    FIRST_HOUR, timezone="UTC", end_offset=-LABEL_HORIZON_HOURS["2w"]
)
WEEKLY = dg.WeeklyPartitionsDefinition(FIRST_WEEK, timezone="UTC", end_offset=1)
FOLDS = dg.WeeklyPartitionsDefinition(FIRST_WEEK, timezone="UTC")
MEMBERS = load_settings(trading=False).models.members
MODEL_GRID = dg.MultiPartitionsDefinition(
    {"date": WEEKLY, "member": dg.StaticPartitionsDefinition(list(MEMBERS))}
)


def window_of(context: dg.AssetExecutionContext) -> tuple[datetime, datetime]:
    """Start and end (exclusive) of the partitions of this run, one key or a range."""
    window = context.partition_time_window
    return window.start, window.end
