"""Features of every bar, from what was known when it closed."""

import os
from datetime import datetime, timedelta

import dagster as dg
import pandas as pd

from okx_assets.partitions import HOURLY, window_of
from okx_assets.tables import OWNERS, STORE_KINDS, describe, written
from okx_core.features.contract import contract_violations
from okx_core.features.registry import FEATURES, feature_names
from resources.dagster_resources import DatabaseResource, FeatureStoreResource
from resources.feature_store.months import MonthPart, month_parts
from resources.feature_store.sql_window import SqlWindow
from resources.market.candle_frames import candle_set

TABLE = "features.features_1h"


@dg.asset(
    key=["features", "features_1h"],
    partitions_def=HOURLY,
    backfill_policy=dg.BackfillPolicy.single_run(),
    deps=[
        ["market", "candles_1h"],
        ["market", "candles_4h"],
        ["market", "candles_1d"],
        ["market", "candles_15m"],
        ["market", "universe"],
    ],
    group_name="features",
    owners=OWNERS,
    kinds=STORE_KINDS,
    metadata={
        **describe(TABLE),
        "lookback": "read from the tables, see okx_core.features.timeframes.history_start",
    },
    check_specs=[
        dg.AssetCheckSpec(
            "one_row_per_candle",
            asset=["features", "features_1h"],
            description="Every bar of the window has exactly one feature row.",
            blocking=True,
        ),
        dg.AssetCheckSpec(
            "honours_contract",
            asset=["features", "features_1h"],
            description="Keys are known and unique, every feature is a float32 that is finite or NULL.",
            blocking=True,
        ),
        dg.AssetCheckSpec(
            "sql_equals_store",
            asset=["features", "features_1h"],
            description="What PostgreSQL holds of the window is bit for bit what the feature store holds.",
            blocking=True,
        ),
        dg.AssetCheckSpec(
            "no_constant_feature",
            asset=["features", "features_1h"],
            description="Over a window of a week or more no feature is constant or always NULL.",
        ),
    ],
)
def features_1h(
    context: dg.AssetExecutionContext, database: DatabaseResource, feature_store: FeatureStoreResource
) -> dg.MaterializeResult:
    """The registry's features of each bar; 4h and 1d ones as of the last bar closed at the row's close.

    The whole history stands in the feature store, the newest days in PostgreSQL as well. A run of any length
    goes month by month: what a stopped one has finished are whole months in both.
    """
    start, end = window_of(context)
    store, copy = database.open(), SqlWindow(feature_store.open(), TABLE)
    first_in_sql = feature_store.sql_start()
    rows = 0
    violations: list[str] = []
    spread = pd.DataFrame()
    for part in month_parts(start, end):
        frame = record_features(copy, part, first_in_sql)
        violations += contract_violations(frame)
        rows += len(frame)
        spread = pd.concat([spread, frame[list(feature_names())].agg(["min", "max"])])
        context.log.info(f"features of {part.start:%Y-%m-%d} to {part.end:%Y-%m-%d}: {len(frame)} rows")
    bars = store.scalar(
        "select count(*) from market.candles_1h where timestamp_utc >= $1 and timestamp_utc < $2",
        (start, end),
    )
    constant = sorted(_constant(spread)) if end - start >= timedelta(days=7) else []
    different = copy.differences(start, end)
    return dg.MaterializeResult(
        metadata=written(rows, constant=constant),
        check_results=[
            dg.AssetCheckResult(
                check_name="one_row_per_candle", passed=rows == bars, metadata={"bars": bars}
            ),
            dg.AssetCheckResult(
                check_name="honours_contract",
                passed=not violations,
                metadata={"violations": str(violations[:20])},
            ),
            dg.AssetCheckResult(
                check_name="sql_equals_store", passed=not different, metadata={"differences": different[:20]}
            ),
            dg.AssetCheckResult(
                check_name="no_constant_feature", passed=not constant, severity=dg.AssetCheckSeverity.WARN
            ),
        ],
    )


def record_features(copy: SqlWindow, part: MonthPart, first_in_sql: datetime) -> pd.DataFrame:
    """Features of a part of a month, from the candles stored now, into the store and into SQL."""

    def computed() -> pd.DataFrame:
        candles = candle_set(copy.database, part.start, part.end)
        return candles.features(part.start, part.end, threads=os.cpu_count() or 1)

    return copy.record_made(computed, part, first_in_sql)


def _constant(spread: pd.DataFrame) -> list[str]:
    """Features without two different values over all chunks.

    The calendar stands still for weeks, and what a source may not have may always be unknown.
    """
    calendar = {feature.name for feature in FEATURES if feature.inputs == ("timestamp_utc",)}
    optional = {feature.name for feature in FEATURES if feature.may_be_unknown}
    return [
        str(name)
        for name in spread
        if name not in calendar
        and not spread[name].min() < spread[name].max()
        and not (name in optional and spread[name].isna().all())
    ]
