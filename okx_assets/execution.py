"""The one guarded op that trades, and the three tables that it writes."""

import dagster as dg

from okx_assets import keys, tables
from okx_assets.keys import table_of
from okx_assets.tables import describe, written
from okx_services.reports import trading as page
from okx_services.trading import checks
from okx_services.trading.executor import ExecutionReport, OrderExecutor
from okx_services.trading.journal import Journal
from resources.dagster_resources import DatabaseResource, ExchangeResource, LimitsResource
from resources.postgres.database import Database

EXECUTION_POOL = "okx_execution"
BACKFILL_TAG = "dagster/backfill"
DESCRIPTIONS = {
    keys.ORDERS: "Orders placed from the newest signals; never from a backfill, a retry or a re-execution.",
    keys.FILLS: "Fills of our orders as the exchange reports them.",
    keys.POSITIONS: "Positions and P&L from fills, reconciled with the exchange.",
}


@dg.multi_asset(
    name="execution",
    specs=[
        dg.AssetSpec(
            key,
            deps=[dg.AssetDep(keys.SIGNALS, partition_mapping=dg.LastPartitionMapping())],
            group_name="trading",
            owners=["team:trading"],
            kinds={"python", "postgres"},
            description=description,
            metadata=describe(table_of(key)),
        )
        for key, description in DESCRIPTIONS.items()
    ],
    check_specs=[
        dg.AssetCheckSpec("one_order_per_decision", asset=keys.ORDERS, blocking=True,
                          description="No decision (hour and pair) has two orders at the exchange."),
        dg.AssetCheckSpec("every_fill_has_its_order", asset=keys.FILLS,
                          description="Every fill belongs to a stored order."),
        dg.AssetCheckSpec("equal_to_exchange", asset=keys.POSITIONS,
                          description="Our positions equal the balances at the exchange."),
    ],
    pool=EXECUTION_POOL,
)  # fmt: skip
def execution(  # type: ignore[no-untyped-def]
    context: dg.AssetExecutionContext,
    database: DatabaseResource,
    exchange: ExchangeResource,
    limits: LimitsResource,
):
    """Trade the newest signal hour once, if it is fresh; reconcile in any case."""
    opened = database.open()
    executor = OrderExecutor(
        database=opened,
        client=exchange.open(),
        journal=Journal(opened, context.run.run_id),
        rules=limits.decision_rules(),
        limits=limits.risk_limits(),
        quote_currency=limits.quote_currency(),
    )
    report = executor.run(rejection_reason_of_run(context))
    context.log.info(page.outcome(report))
    shown = _pages(opened, report, context.run.run_id)
    results = {
        keys.ORDERS: (report.placed, "one_order_per_decision", checks.duplicate_orders(opened)),
        keys.FILLS: (report.placed, "every_fill_has_its_order", checks.fills_without_order(opened)),
        keys.POSITIONS: (report.positions, "equal_to_exchange", checks.locked_positions(opened)),
    }
    for key, (rows, check, offending) in results.items():
        yield dg.MaterializeResult(
            asset_key=key,
            metadata=written(rows, **shown[key], account=exchange.account(), **facts(report)),
            check_results=[dg.AssetCheckResult(
                check_name=check, passed=not offending, asset_key=key, metadata={"offending": str(offending)}
            )],
        )  # fmt: skip


def rejection_reason_of_run(context: dg.AssetExecutionContext) -> str:
    """Why this run may not place orders, whatever the signals say; empty when it may."""
    run = context.run
    if BACKFILL_TAG in run.tags:
        return "this run is part of a backfill: backfills never place orders"
    if run.parent_run_id is not None:
        return "this run repeats another one: retries and re-executions never place orders; launch a new run"
    return ""


def facts(report: ExecutionReport) -> dict[str, object]:
    """The report as metadata."""
    return {
        "outcome": page.outcome(report),
        "rejection_reason": report.rejection_reason or "none",
        "placed": report.placed,
        "rejected": report.rejected,
        "settled": report.settled,
        "unresolved": report.unresolved,
        "skipped": report.skipped,
        "fees": report.fees or "not read",
    }


def _pages(database: Database, report: ExecutionReport, run_id: str) -> dict[dg.AssetKey, dict[str, object]]:
    """What the three pages show: the decisions of this run, the newest fills, and what is held."""
    held = page.positions(database)
    sums = page.totals(held)
    cash = report.cash_quote
    value = sums.pop("value_quote")
    equity = None if cash is None else cash + value
    return {
        keys.ORDERS: {
            "decisions": tables.text(page.decision_table(page.decisions_of_run(database, run_id))),
            "sql": tables.sql(page.ORDERS_SQL),
        },
        keys.FILLS: {
            "newest_fills": tables.text(page.fill_table(page.newest_fills(database))),
            "sql": tables.sql(page.FILLS_SQL),
        },
        keys.POSITIONS: {
            "positions": tables.text(page.position_table(held)),
            **tables.numbers({**sums, "cash_quote": cash, "equity_quote": equity}),
            "locked_pairs": ", ".join(row["pair"] for row in held if row["locked"]) or "none",
            "sql": tables.sql(page.POSITIONS_SQL),
        },
    }
