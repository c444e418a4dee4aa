"""The one guarded op that trades, and the three tables it leaves behind."""

import dagster as dg

from okx_assets.tables import describe, written
from okx_core.decisions.rules import PRODUCT_LIMITS, DecisionRules, RiskLimits
from okx_services.trading.executor import ExecutionReport, OrderExecutor
from okx_services.trading.journal import Journal
from resources.config.settings import Mode, Settings
from resources.dagster_resources import DatabaseResource, ExchangeResource
from resources.postgres.database import Database

EXECUTION_POOL = "okx_execution"
KEYS = {name: ["trading", name] for name in ("orders", "fills", "positions")}
BACKFILL_TAG = "dagster/backfill"


@dg.multi_asset(
    name="execution",
    specs=[
        dg.AssetSpec(
            KEYS[name],
            deps=[dg.AssetDep(["trading", "signals"], partition_mapping=dg.LastPartitionMapping())],
            group_name="trading",
            owners=["team:trading"],
            kinds={"python", "postgres"},
            description=description,
            metadata=describe(f"trading.{name}"),
        )
        for name, description in {
            "orders": "Orders placed from the newest signals; never from a backfill, a retry or a re-execution.",
            "fills": "Fills of our orders as the exchange reports them.",
            "positions": "Positions and P&L from fills, reconciled with the exchange.",
        }.items()
    ],
    check_specs=[
        dg.AssetCheckSpec("one_order_per_decision", asset=KEYS["orders"], blocking=True,
                          description="No decision (hour and pair) has two orders at the exchange."),
        dg.AssetCheckSpec("every_fill_has_its_order", asset=KEYS["fills"],
                          description="Every fill belongs to a stored order."),
        dg.AssetCheckSpec("equal_to_exchange", asset=KEYS["positions"],
                          description="Our positions equal the balances at the exchange."),
    ],
    pool=EXECUTION_POOL,
)  # fmt: skip
def execution(context: dg.AssetExecutionContext, database: DatabaseResource, exchange: ExchangeResource):  # type: ignore[no-untyped-def]
    """Trade the newest signal hour once, if it is fresh; reconcile in any case."""
    settings, store = exchange.settings(), database.open()
    desk = OrderExecutor(
        store=store,
        client=exchange.open(),
        journal=Journal(store, context.run.run_id),
        rules=DecisionRules(),
        limits=risk_limits(settings),
        quote_currency=settings.quote_currency,
    )
    report = desk.run(rejection_reason_of_run(context))
    context.log.info(report.rejection_reason or f"{report.placed} orders placed")
    checks = evaluate(store)
    counts = {"orders": report.placed, "fills": report.placed, "positions": report.positions}
    for name, (check, offending) in checks.items():
        yield dg.MaterializeResult(
            asset_key=KEYS[name],
            metadata=written(counts[name], **facts(report)),
            check_results=[dg.AssetCheckResult(
                check_name=check, passed=not offending, asset_key=KEYS[name], metadata={"offending": str(offending)}
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


def risk_limits(settings: Settings) -> RiskLimits:
    """The user's limits. Only the simulated mode has defaults; elsewhere a missing limit refuses buys."""
    defaults = PRODUCT_LIMITS if settings.mode is Mode.SIMULATED else RiskLimits()
    return RiskLimits(
        **{
            name: getattr(settings, name) if getattr(settings, name) is not None else getattr(defaults, name)
            for name in ("max_asset_pct", "max_exposure_pct", "max_order_quote", "risk_per_trade_pct")
        }
    )


def facts(report: ExecutionReport) -> dict[str, object]:
    """The report as metadata."""
    return {
        "rejection_reason": report.rejection_reason or "none",
        "placed": report.placed,
        "rejected": report.rejected,
        "settled": report.settled,
        "unresolved": report.unresolved,
        "skipped": report.skipped,
    }


def evaluate(database: Database) -> dict[str, tuple[str, list[dict[str, object]]]]:
    """Name and offending rows of each table's check."""
    return {
        "orders": (
            "one_order_per_decision",
            database.rows(
                "select signal_hour, pair, count(*) as orders from trading.intents "
                "where state = 'accepted' group by 1, 2 having count(*) > 1"
            ),
        ),
        "fills": (
            "every_fill_has_its_order",
            database.rows(
                "select trade_id from trading.fills left join trading.orders as o using (order_id) where o is null"
            ),
        ),
        "positions": (
            "equal_to_exchange",
            database.rows("select pair, rejection_reason from trading.positions where locked"),
        ),
    }
