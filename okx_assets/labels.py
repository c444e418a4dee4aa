"""Labels: what came after a bar. A row is written once, when its last horizon has passed."""

from datetime import timedelta

import dagster as dg

from okx_assets.partitions import LABELS_1D_HOURS, LABELS_2W_HOURS, window_of
from okx_assets.tables import OWNERS, PYTHON_KINDS, describe, written
from okx_core.labels.compute import compute_labels, history_start
from okx_core.labels.registry import HORIZON_HOURS
from resources.dagster_resources import DatabaseResource, ExchangeResource

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
        kinds=PYTHON_KINDS,
        metadata=describe(table),
        check_specs=[
            dg.AssetCheckSpec(
                "known_when_written",
                asset=["ml", name],
                description="No label row is younger than its longest horizon at exchange time.",
                blocking=True,
            )
        ],
    )
    def build(
        context: dg.AssetExecutionContext, database: DatabaseResource, exchange: ExchangeResource
    ) -> dg.MaterializeResult:
        start, end = window_of(context)
        store = database.open()
        known_until = exchange.open().now().replace(minute=0, second=0, microsecond=0)
        candles = store.frame(
            "select pair, timestamp_utc, open, high, low, close, volume, quote_volume from market.candles_1h "
            "where timestamp_utc >= $1 and timestamp_utc < $2",
            (history_start(start), min(end + horizon * HOUR, known_until)),
        )
        frame = compute_labels(candles, start, end, horizon_set, known_until)
        rows = store.replace_window(table, frame, start, end)
        newest = store.scalar(f"select max(timestamp_utc) from {table}")  # noqa: S608
        passed = newest is None or newest + (horizon + 1) * HOUR <= known_until
        return dg.MaterializeResult(
            metadata=written(rows),
            check_results=[dg.AssetCheckResult(check_name="known_when_written", passed=passed)],
        )

    return build


labels_1d = _label_asset("labels_1d", "1d", LABELS_1D_HOURS)
labels_2w = _label_asset("labels_2w", "2w", LABELS_2W_HOURS)
