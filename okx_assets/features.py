"""Features of every bar, from what was known when it closed."""

import dagster as dg

from okx_assets import keys, tables
from okx_assets.partitions import HOURLY, window_of
from okx_assets.tables import OWNERS, STORE_KINDS, describe, written
from okx_core.features.registry import feature_names
from okx_services.research.features import TABLE, FeatureReport, count_bars, record_features
from resources.dagster_resources import FeatureStoreResource
from resources.feature_store.months import month_parts
from resources.feature_store.sql_window import SqlWindow

BLOCKING_CHECKS = {
    "one_row_per_candle": "Every bar of the window has exactly one feature row.",
    "honours_contract": "Keys are known and unique, every feature is a float32 that is finite or NULL.",
    "sql_equals_store": "The rows in PostgreSQL are bit for bit those of the feature store.",
}


@dg.asset(
    key=keys.FEATURES_1H,
    partitions_def=HOURLY,
    backfill_policy=dg.BackfillPolicy.single_run(),
    deps=[
        keys.CANDLES_1H,
        keys.CANDLES_4H,
        keys.CANDLES_1D,
        keys.CANDLES_15M,
        keys.UNIVERSE,
        keys.FUNDING_RATES,
    ],
    group_name="features",
    owners=OWNERS,
    kinds=STORE_KINDS,
    metadata={
        **describe(TABLE),
        "lookback": "read from the tables, see okx_core.features.timeframes.history_start",
    },
    check_specs=[
        *(
            dg.AssetCheckSpec(name, asset=keys.FEATURES_1H, description=description, blocking=True)
            for name, description in BLOCKING_CHECKS.items()
        ),
        dg.AssetCheckSpec(
            "no_constant_feature",
            asset=keys.FEATURES_1H,
            description="Over a window of a week or more no feature is constant or always NULL.",
        ),
    ],
)
def features_1h(
    context: dg.AssetExecutionContext, feature_store: FeatureStoreResource
) -> dg.MaterializeResult:
    """The registry's features of each bar; 4h and 1d ones as of the last bar closed at the row's close.

    The feature store holds the whole history, PostgreSQL the newest days as well. A run of any length goes month by
    month: a stopped one has finished whole months in both.
    """
    start, end = window_of(context)
    copy, first_in_sql = SqlWindow(feature_store.open(), TABLE), feature_store.sql_start()
    report = FeatureReport()
    for part in month_parts(start, end):
        frame = record_features(copy, part, first_in_sql)
        report.add(frame)
        context.log.info(f"features of {part.start:%Y-%m-%d} to {part.end:%Y-%m-%d}: {len(frame)} rows")
    bars, constant = count_bars(copy, start, end), report.constant_features(start, end)
    different = copy.differences(start, end)
    return dg.MaterializeResult(
        metadata=tables.of_newest(
            context,
            written(
                report.rows,
                **report.facts.facts(),
                features=len(feature_names()),
                constant_features=constant,
                nulls=tables.text(report.facts.null_table()),
            ),
        ),
        check_results=[
            dg.AssetCheckResult(
                check_name="one_row_per_candle", passed=report.rows == bars, metadata={"bars": bars}
            ),
            dg.AssetCheckResult(
                check_name="honours_contract",
                passed=not report.violations,
                metadata={"violations": str(report.violations[:20])},
            ),
            dg.AssetCheckResult(
                check_name="sql_equals_store", passed=not different, metadata={"differences": different[:20]}
            ),
            dg.AssetCheckResult(
                check_name="no_constant_feature", passed=not constant, severity=dg.AssetCheckSeverity.WARN
            ),
        ],
    )
