"""The slippage model: learned from own fills, in charge only while it beats the book out of sample."""

import dagster as dg

from okx_assets import keys, tables
from okx_assets.partitions import WEEKLY, window_of
from okx_assets.tables import OWNERS, describe, numbers, written
from okx_core.hours import WEEK
from okx_services.trading.slippage import TABLE, decide_slippage
from resources.dagster_resources import DatabaseResource, ExchangeResource, TrackingResource
from resources.registry.served_slippage import SLIPPAGE_MODEL
from resources.registry.tracking import TrackingError


@dg.asset(
    key=keys.SLIPPAGE_MODEL,
    partitions_def=WEEKLY,
    backfill_policy=dg.BackfillPolicy.single_run(),
    deps=[keys.FILLS, dg.AssetDep(keys.ORDER_BOOK_SNAPSHOTS, partition_mapping=dg.LastPartitionMapping())],
    group_name="models",
    owners=OWNERS,
    kinds={"python", "mlflow", "lightgbm"},
    metadata=describe(TABLE),
    check_specs=[
        dg.AssetCheckSpec(
            "beats_the_book",
            asset=keys.SLIPPAGE_MODEL,
            description="The newest model has a lower pinball loss than the book on orders that it did not know.",
        )
    ],
)
def slippage_model(
    context: dg.AssetExecutionContext,
    database: DatabaseResource,
    tracking: TrackingResource,
    exchange: ExchangeResource,
) -> dg.MaterializeResult:
    """Median and 90 % quantile of what own orders paid, by size, book, volatility and hour; else the book stays."""
    start, end = window_of(context)
    weeks = [start.date() + number * WEEK for number in range((end - start) // WEEK)]
    registry = tracking.open()
    try:
        decided = decide_slippage(database.open(), registry, weeks, exchange.open().now(), context.run.run_id)
    except TrackingError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    newest = decided[-1]
    evidence = numbers(
        {"model_loss_bps": newest.model_loss, "book_loss_bps": newest.book_loss, "t": newest.t}
    )
    link = (
        {}
        if newest.version is None
        else {"mlflow": tables.url(registry.version_url(newest.version, SLIPPAGE_MODEL))}
    )
    return dg.MaterializeResult(
        metadata=written(len(decided), outcome=newest.reason, own_orders=newest.orders, **evidence, **link),
        check_results=[
            dg.AssetCheckResult(
                check_name="beats_the_book",
                passed=newest.in_charge,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"evidence": newest.reason, **evidence},
            )
        ],
    )
