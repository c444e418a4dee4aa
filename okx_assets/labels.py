"""Labels: what came after a bar. A row is written once, when its last horizon has passed."""

from datetime import datetime, timedelta

import dagster as dg
import pandas as pd

from okx_assets.partitions import LABELS_1D_HOURS, LABELS_2W_HOURS, window_of
from okx_assets.tables import OWNERS, STORE_KINDS, describe, written
from okx_core.labels.compute import compute_labels, history_start
from okx_core.labels.registry import HORIZON_HOURS
from resources.dagster_resources import ExchangeResource, FeatureStoreResource
from resources.feature_store.months import MonthPart, month_parts
from resources.feature_store.sql_window import SqlWindow
from resources.postgres.database import Database

HOUR = timedelta(hours=1)


def _label_asset(
    name: str, horizon_set: str, partitions: dg.TimeWindowPartitionsDefinition
) -> dg.AssetsDefinition:
    table = f"ml.{name}"
    horizon = HORIZON_HOURS[horizon_set]

    @dg.asset(
        key=["ml", name],
        description=f"Labels with horizons up to {horizon} h from the close of the bar. Grain: pair x bar; "
        "a row exists only when every one of its labels is known, and never changes.",
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=[
            dg.AssetDep(
                ["market", "candles_1h"],
                partition_mapping=dg.TimeWindowPartitionMapping(start_offset=0, end_offset=horizon),
            )
        ],
        group_name="labels",
        owners=OWNERS,
        kinds=STORE_KINDS,
        metadata=describe(table),
        check_specs=_checks(name),
    )
    def build(
        context: dg.AssetExecutionContext,
        exchange: ExchangeResource,
        feature_store: FeatureStoreResource,
    ) -> dg.MaterializeResult:
        start, end = window_of(context)
        copy = SqlWindow(feature_store.open(), table)
        known_until = exchange.open().now().replace(minute=0, second=0, microsecond=0)
        first_in_sql = feature_store.sql_start()
        rows = 0
        newest: datetime | None = None
        for part in month_parts(start, end):
            frame = record_labels(copy, part, horizon_set, known_until, first_in_sql)
            rows += len(frame)
            newest = frame["timestamp_utc"].max() if len(frame) else newest
        passed = newest is None or newest + (horizon + 1) * HOUR <= known_until
        different = copy.differences(start, end)
        return dg.MaterializeResult(
            metadata=written(rows),
            check_results=[
                dg.AssetCheckResult(check_name="known_when_written", passed=bool(passed)),
                dg.AssetCheckResult(
                    check_name="sql_equals_store",
                    passed=not different,
                    metadata={"differences": different[:20]},
                ),
            ],
        )

    return build


def _checks(name: str) -> list[dg.AssetCheckSpec]:
    return [
        dg.AssetCheckSpec(
            "known_when_written",
            asset=["ml", name],
            description="No label row is younger than its longest horizon at exchange time.",
            blocking=True,
        ),
        dg.AssetCheckSpec(
            "sql_equals_store",
            asset=["ml", name],
            description="What PostgreSQL holds of the window is bit for bit what the feature store holds.",
            blocking=True,
        ),
    ]


def record_labels(
    copy: SqlWindow, part: MonthPart, horizon_set: str, known_until: datetime, first_in_sql: datetime
) -> pd.DataFrame:
    """Labels of a part of a month, as far as they are known at `known_until`, into the store and into SQL."""

    def computed() -> pd.DataFrame:
        return label_window(copy.database, part.start, part.end, horizon_set, known_until)

    return copy.record_made(computed, part, first_in_sql)


def label_window(
    database: Database, start: datetime, end: datetime, horizon_set: str, known_until: datetime
) -> pd.DataFrame:
    """Labels of [start, end) from the candles stored now, as far as they are known at `known_until`."""
    candles = database.frame(
        "select pair, timestamp_utc, open, high, low, close, volume, quote_volume from market.candles_1h "
        "where timestamp_utc >= $1 and timestamp_utc < $2",
        (history_start(start), min(end + HORIZON_HOURS[horizon_set] * HOUR, known_until)),
    )
    return compute_labels(candles, start, end, horizon_set, known_until)


labels_1d = _label_asset("labels_1d", "1d", LABELS_1D_HOURS)
labels_2w = _label_asset("labels_2w", "2w", LABELS_2W_HOURS)
