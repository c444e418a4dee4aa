"""Labels: what came after a bar. A row is written once, when its last horizon has passed."""

import dagster as dg

from okx_assets import keys
from okx_assets.keys import table_of
from okx_assets.partitions import LABELS_1D_HOURS, LABELS_2W_HOURS, window_of
from okx_assets.tables import OWNERS, STORE_KINDS, describe, of_newest, written
from okx_core.hours import LABEL_HORIZON_HOURS, floor_hour
from okx_services.reports.window import WindowFacts
from okx_services.research.labels import is_known, record_labels
from resources.dagster_resources import ExchangeResource, FeatureStoreResource
from resources.feature_store.months import month_parts
from resources.feature_store.sql_window import SqlWindow

CHECKS = {
    "known_when_written": "No label row is younger than its longest horizon at exchange time.",
    "sql_equals_store": "The rows in PostgreSQL are bit for bit those of the feature store.",
}


def _label_asset(horizon_set: str, partitions: dg.TimeWindowPartitionsDefinition) -> dg.AssetsDefinition:
    key, horizon = keys.LABELS[horizon_set], LABEL_HORIZON_HOURS[horizon_set]

    @dg.asset(
        key=key,
        description=f"Labels with horizons up to {horizon} h from the close of the bar. Grain: pair x bar; "
        "a row exists only when every one of its labels is known; it changes only when a candle is revised.",
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=[
            dg.AssetDep(
                keys.CANDLES_1H,
                partition_mapping=dg.TimeWindowPartitionMapping(start_offset=0, end_offset=horizon),
            )
        ],
        group_name="labels",
        owners=OWNERS,
        kinds=STORE_KINDS,
        metadata=describe(table_of(key)),
        check_specs=[
            dg.AssetCheckSpec(name, asset=key, description=description, blocking=True)
            for name, description in CHECKS.items()
        ],
    )
    def build(
        context: dg.AssetExecutionContext,
        exchange: ExchangeResource,
        feature_store: FeatureStoreResource,
    ) -> dg.MaterializeResult:
        start, end = window_of(context)
        copy, first_in_sql = SqlWindow(feature_store.open(), table_of(key)), feature_store.sql_start()
        known_until = floor_hour(exchange.open().now())
        facts = WindowFacts()
        for part in month_parts(start, end):
            frame = record_labels(copy, part, horizon_set, known_until, first_in_sql)
            facts.add(frame)
        different = copy.differences(start, end)
        return dg.MaterializeResult(
            metadata=of_newest(
                context, written(facts.rows, **facts.facts(), known_until=f"{known_until:%Y-%m-%d %H:%M}")
            ),
            check_results=[
                dg.AssetCheckResult(
                    check_name="known_when_written", passed=is_known(facts.last, horizon_set, known_until)
                ),
                dg.AssetCheckResult(
                    check_name="sql_equals_store",
                    passed=not different,
                    metadata={"differences": different[:20]},
                ),
            ],
        )

    return build


labels_1d = _label_asset("1d", LABELS_1D_HOURS)
labels_2w = _label_asset("2w", LABELS_2W_HOURS)
