"""Order books, public trades and funding: what the market looked like when an hour was decided."""

from collections.abc import Callable

import dagster as dg

from okx_assets import keys, tables
from okx_assets.keys import table_of
from okx_assets.partitions import HOURLY, window_of
from okx_assets.tables import OWNERS, PYTHON_KINDS, describe, written
from okx_services.ingest import observations
from okx_services.ingest.funding import record_funding
from okx_services.ingest.observations import Observed
from resources.dagster_resources import DatabaseResource, ExchangeResource


def _asset(key: dg.AssetKey) -> Callable[[Callable[..., dg.MaterializeResult]], dg.AssetsDefinition]:
    """The parts of a definition that the assets of this stage share."""
    return dg.asset(
        key=key,
        partitions_def=HOURLY,
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=[dg.AssetDep(keys.UNIVERSE, partition_mapping=dg.TimeWindowPartitionMapping())],
        group_name="market",
        owners=OWNERS,
        kinds=PYTHON_KINDS,
        metadata=describe(table_of(key)),
        check_specs=[
            dg.AssetCheckSpec("observed", asset=key, description="Every pair that was asked for was seen.")
        ],
    )


@_asset(keys.ORDER_BOOK_SNAPSHOTS)
def order_book_snapshots(
    context: dg.AssetExecutionContext, database: DatabaseResource, exchange: ExchangeResource
) -> dg.MaterializeResult:
    """Spread and depth of every enabled pair, seen once after the hour closed."""
    start, _ = window_of(context)
    return _result(
        context, keys.ORDER_BOOK_SNAPSHOTS, observations.record_books(database.open(), exchange.open(), start)
    )


@_asset(keys.PUBLIC_TRADES)
def public_trades(
    context: dg.AssetExecutionContext, database: DatabaseResource, exchange: ExchangeResource
) -> dg.MaterializeResult:
    """The newest public trades of every enabled pair, for what orders really cost."""
    start, _ = window_of(context)
    return _result(
        context,
        keys.PUBLIC_TRADES,
        observations.record_public_trades(database.open(), exchange.open(), start),
        time_column="traded_at",
    )


@_asset(keys.FUNDING_RATES)
def funding_rates(
    context: dg.AssetExecutionContext, database: DatabaseResource, exchange: ExchangeResource
) -> dg.MaterializeResult:
    """Funding that longs paid to shorts on the swap of every pair that has one; the exchange keeps three months."""
    start, end = window_of(context)
    return _result(
        context,
        keys.FUNDING_RATES,
        record_funding(database.open(), exchange.open(), start, end, exchange.source()),
    )


def _result(
    context: dg.AssetExecutionContext,
    key: dg.AssetKey,
    observed: Observed,
    time_column: str = "timestamp_utc",
) -> dg.MaterializeResult:
    return dg.MaterializeResult(
        metadata=tables.of_newest(
            context,
            written(
                observed.rows,
                pairs=observed.pairs,
                outcome="every pair was seen" if observed.complete else "some pairs were not seen",
                not_seen="; ".join(observed.failed.values()) or "none",
                sql=tables.sql(f"select * from {table_of(key)} order by {time_column} desc limit 20"),  # noqa: S608
            ),
        ),
        check_results=[
            dg.AssetCheckResult(
                check_name="observed", passed=observed.complete, severity=dg.AssetCheckSeverity.WARN
            )
        ],
    )
