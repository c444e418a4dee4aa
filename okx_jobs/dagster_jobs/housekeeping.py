"""The daily job that keeps a home from growing for ever: old runs, superseded files, single public trades."""

import dagster as dg

from okx_services.ingest.observations import forget_public_trades
from resources.dagster_resources import (
    DatabaseResource,
    ExchangeResource,
    FeatureStoreResource,
    RetentionResource,
)
from resources.feature_store.garbage import remove_garbage


@dg.op(description="Remove files of the feature store that nobody needs: superseded, unlisted, half written.")
def remove_superseded_files(context: dg.OpExecutionContext, feature_store: FeatureStoreResource) -> None:
    """What `okxsignal store gc` does; pinned, current and foreign files stay."""
    garbage = remove_garbage(feature_store.open())
    context.log.info(f"removed {len(garbage.paths)} files, {garbage.byte_count / 1e6:.1f} MB")


@dg.op(description="Remove finished runs older than OKXSIGNAL_RUN_HISTORY_DAYS; what partitions need stays.")
def remove_old_runs(context: dg.OpExecutionContext, retention: RetentionResource) -> None:
    """Runs, events, results of checks and output of steps."""
    kept = retention.open().runs
    if kept is not None:
        gone = retention.forget_old_runs(kept)
        context.log.info(
            f"removed {gone.runs} runs, {gone.events} events, {gone.checks} results of checks, "
            f"{gone.output_folders} folders of output"
        )


@dg.op(
    description="Remove single public trades older than OKXSIGNAL_PUBLIC_TRADE_DAYS; hourly summaries stay."
)
def remove_old_trades(
    context: dg.OpExecutionContext,
    database: DatabaseResource,
    exchange: ExchangeResource,
    retention: RetentionResource,
) -> None:
    """By the exchange's clock, which made their times."""
    kept = retention.open().public_trades
    if kept is not None:
        gone = forget_public_trades(database.open(), exchange.open().now() - kept)
        context.log.info(f"removed {gone} public trades")


@dg.job(
    description="Remove what is no longer needed: superseded files, old runs, old public trades. Loses no partition.",
    tags={"dagster/max_runtime": "3600"},
)
def remove_leftovers() -> None:
    """Three removals that do not depend on each other."""
    remove_superseded_files()
    remove_old_runs()
    remove_old_trades()
