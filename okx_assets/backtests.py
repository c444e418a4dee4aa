"""Out-of-sample weeks: the recorded signals traded with costs, each week opened with the portfolio of the last."""

import dagster as dg

from okx_assets import keys
from okx_assets.keys import table_of
from okx_assets.partitions import FOLDS, window_of
from okx_assets.tables import OWNERS, PYTHON_KINDS, describe, written
from okx_core.hours import HOUR, WEEK
from okx_services.research.backtesting import out_of_sample, trade_weeks
from resources.dagster_resources import DatabaseResource, ExchangeResource

DESCRIPTIONS = {
    keys.BACKTEST_RUNS: "One row per out-of-sample week: scores after costs and the closing portfolio.",
    keys.BACKTEST_TRADES: "Closed trades of the out-of-sample weeks, costs included.",
    keys.BACKTEST_EQUITY: "Hourly equity of the out-of-sample weeks.",
}


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            key,
            deps=[keys.SIGNALS, keys.CANDLES_1H],
            group_name="backtests",
            owners=OWNERS,
            kinds=PYTHON_KINDS,
            description=description,
            metadata=describe(table_of(key)),
        )
        for key, description in DESCRIPTIONS.items()
    ],
    partitions_def=FOLDS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    check_specs=[
        dg.AssetCheckSpec(
            "costs_are_on", asset=keys.BACKTEST_TRADES, blocking=True, description="Every trade has paid a cost."
        ),
        dg.AssetCheckSpec(
            "out_of_sample", asset=keys.BACKTEST_RUNS, blocking=True,
            description="No traded signal comes from a model that was trained in or after the week.",
        ),
        dg.AssetCheckSpec(
            "never_negative", asset=keys.BACKTEST_EQUITY, blocking=True, description="Cash is never negative."
        ),
    ],
)  # fmt: skip
def backtests(context: dg.AssetExecutionContext, database: DatabaseResource, exchange: ExchangeResource):  # type: ignore[no-untyped-def]
    """Trade the weeks of the window one after the other."""
    opened = database.open()
    weeks = []
    for week in trade_weeks(opened, *window_of(context), exchange.open().now()):
        context.log.info(f"week {week.start:%Y-%m-%d}: {week.trades} trades")
        weeks.append(week)
    rows = {
        keys.BACKTEST_RUNS: len(weeks),
        keys.BACKTEST_TRADES: sum(week.trades for week in weeks),
        keys.BACKTEST_EQUITY: len(weeks) * int(WEEK / HOUR),
    }
    checks = {
        keys.BACKTEST_RUNS: ("out_of_sample", out_of_sample(opened)),
        keys.BACKTEST_TRADES: ("costs_are_on", all(week.costs_are_on for week in weeks)),
        keys.BACKTEST_EQUITY: ("never_negative", all(week.cash_is_never_negative for week in weeks)),
    }
    for key, (check, passed) in checks.items():
        yield dg.MaterializeResult(
            asset_key=key,
            metadata=written(rows[key]),
            check_results=[dg.AssetCheckResult(check_name=check, passed=passed, asset_key=key)],
        )
