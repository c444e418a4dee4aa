"""Labels of a stretch of months: what came after each bar, written once its last horizon has passed."""

from datetime import datetime

import pandas as pd

from okx_core.contracts import ContractError
from okx_core.features.contract import wide_table_violations
from okx_core.hours import HOUR, LABEL_HORIZON_HOURS
from okx_core.labels.compute import compute_labels, history_start
from okx_core.labels.registry import LABELS
from resources.feature_store.months import MonthPart
from resources.feature_store.sql_window import SqlWindow
from resources.postgres.database import Database


def record_labels(
    copy: SqlWindow, part: MonthPart, horizon_set: str, known_until: datetime, first_in_sql: datetime
) -> pd.DataFrame:
    """Write the labels of a part of a month that are known at `known_until` to the store and to SQL; its rows."""

    def computed() -> pd.DataFrame:
        rows = label_window(copy.database, part.start, part.end, horizon_set, known_until)
        names = [label.name for label in LABELS if label.horizon_set == horizon_set]
        violations = wide_table_violations(rows, names)
        if violations:
            raise ContractError(
                f"labels of {part.start:%Y-%m} break their contract: {'; '.join(violations[:10])}"
            )
        return rows

    return copy.record_made(computed, part, first_in_sql)


def label_window(
    database: Database, start: datetime, end: datetime, horizon_set: str, known_until: datetime
) -> pd.DataFrame:
    """Labels of [start, end) from the candles stored now, as far as they are known at `known_until`."""
    candles = database.frame(
        "select pair, timestamp_utc, open, high, low, close, volume, quote_volume from market.candles_1h "
        "where timestamp_utc >= $1 and timestamp_utc < $2",
        (history_start(start), min(end + LABEL_HORIZON_HOURS[horizon_set] * HOUR, known_until)),
    )
    return compute_labels(candles, start, end, horizon_set, known_until)


def is_known(newest: datetime | None, horizon_set: str, known_until: datetime) -> bool:
    """Whether the longest horizon of the `newest` label row had passed at `known_until`; True without a row."""
    return newest is None or newest + (LABEL_HORIZON_HOURS[horizon_set] + 1) * HOUR <= known_until
