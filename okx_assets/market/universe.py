"""Which pairs exist and may be traded, as known when each day began."""

import dagster as dg

from okx_assets import keys, tables
from okx_assets.partitions import DAILY, window_of
from okx_assets.tables import OWNERS, PYTHON_KINDS, describe, written
from okx_services.ingest.universe import days_without_enabled_pair, record_universe
from okx_services.reports.universe import universe_facts, universe_table
from resources.dagster_resources import DatabaseResource, ExchangeResource, LimitsResource


@dg.asset(
    key=keys.UNIVERSE,
    partitions_def=DAILY,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name="market",
    owners=OWNERS,
    kinds=PYTHON_KINDS,
    metadata=describe("market.universe"),
    check_specs=[
        dg.AssetCheckSpec(
            "has_enabled_pairs",
            asset=keys.UNIVERSE,
            description="Every day of the window has at least one pair that may be traded.",
        )
    ],
)
def universe(
    context: dg.AssetExecutionContext,
    database: DatabaseResource,
    exchange: ExchangeResource,
    limits: LimitsResource,
) -> dg.MaterializeResult:
    """Point-in-time universe: instruments listed before the day, with the turnover of the day before."""
    start, end = window_of(context)
    rows = record_universe(database.open(), exchange.open(), start, end, limits.universe_filter())
    without = days_without_enabled_pair(rows, start, end)
    return dg.MaterializeResult(
        metadata=written(
            len(rows), **universe_facts(rows), pairs_of_newest_day=tables.text(universe_table(rows))
        ),
        check_results=[
            dg.AssetCheckResult(
                check_name="has_enabled_pairs",
                passed=not without,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"days_without": len(without)},
            )
        ],
    )
