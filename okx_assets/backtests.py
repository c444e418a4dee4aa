"""Out-of-sample weeks: the recorded signals traded with costs, each week opened with the portfolio of the last."""

import dagster as dg

from okx_assets import keys, tables
from okx_assets.keys import table_of
from okx_assets.partitions import FOLDS, window_of
from okx_assets.tables import OWNERS, PYTHON_KINDS, describe, written
from okx_core.hours import HOUR, WEEK
from okx_services.reports import backtest as report
from okx_services.reports.backtest import BacktestReport, read_backtest
from okx_services.reports.figures import equity_figure, pair_pnl_figure
from okx_services.reports.market_origin import market_label, market_note
from okx_services.research.backtesting import out_of_sample, trade_weeks
from resources.dagster_resources import DatabaseResource, ExchangeResource, TrackingResource
from resources.registry.tracking import Tracking

DESCRIPTIONS = {
    keys.BACKTEST_RUNS: "One row per out-of-sample week: scores after costs and the closing portfolio.",
    keys.BACKTEST_TRADES: "Closed trades of the out-of-sample weeks, costs included.",
    keys.BACKTEST_EQUITY: "Hourly equity of the out-of-sample weeks. The plots are in the metadata of a run: "
    "equity_and_drawdown, profit_per_pair.",
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
            description="No traded signal comes from a model that was trained for a later week.",
        ),
        dg.AssetCheckSpec(
            "never_negative", asset=keys.BACKTEST_EQUITY, blocking=True, description="Cash is never negative."
        ),
    ],
)  # fmt: skip
def backtests(  # type: ignore[no-untyped-def]
    context: dg.AssetExecutionContext,
    database: DatabaseResource,
    exchange: ExchangeResource,
    tracking: TrackingResource,
):
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
    shown = _pages(read_backtest(opened), tracking.open())
    for key, (check, passed) in checks.items():
        yield dg.MaterializeResult(
            asset_key=key,
            metadata=written(rows[key], **shown[key]),
            check_results=[dg.AssetCheckResult(check_name=check, passed=passed, asset_key=key)],
        )


def _pages(backtest: BacktestReport, registry: Tracking) -> dict[dg.AssetKey, dict[str, object]]:
    """What the three pages show: all stored weeks together, whichever of them this run has traded."""
    if not len(backtest.equity):
        return {key: {} for key in DESCRIPTIONS}
    common: dict[str, object] = {
        "market": ". ".join(filter(None, (backtest.market, market_note(backtest.market)))),
        "models": tables.version_links(registry, {
            row["model_version"]: f"made for {row['week']}" for row in backtest.traded
        }),
    }  # fmt: skip
    return {
        keys.BACKTEST_RUNS: {**_run_page(backtest), **common},
        keys.BACKTEST_TRADES: {**_trade_page(backtest), **common},
        keys.BACKTEST_EQUITY: {**_equity_page(backtest), **common},
    }


def _run_page(backtest: BacktestReport) -> dict[str, object]:
    return {
        "beside_benchmarks": tables.text(backtest.benchmark_table()),
        "how_sure": tables.text(backtest.interval_words()),
        "scores_per_week": tables.text(backtest.week_table()),
        "weeks": len(backtest.weeks),
        **tables.numbers(backtest.scores),
        "sql": tables.sql(report.RUNS_SQL),
    }


def _trade_page(backtest: BacktestReport) -> dict[str, object]:
    names = ("win_rate_pct", "profit_factor", "expectancy_quote", "cost_share_pct")
    return {
        "profit_per_pair": tables.text(backtest.pair_table()),
        "trades": len(backtest.trades),
        **tables.numbers({name: backtest.scores[name] for name in names}),
        "sql": tables.sql(report.TRADES_SQL),
    }


def _equity_page(backtest: BacktestReport) -> dict[str, object]:
    names = ("total_return_pct", "max_drawdown_pct", "sharpe", "exposure_pct")
    label = market_label(backtest.market)
    hours = backtest.equity["timestamp_utc"]
    return {
        "equity_and_drawdown": tables.plot(
            "equity and drawdown",
            equity_figure(backtest.equity, backtest.opening_equity_quote, backtest.benchmarks, label),
        ),
        "beside_benchmarks": tables.text(backtest.benchmark_table()),
        "profit_per_pair": tables.plot("profit per pair", pair_pnl_figure(backtest.pairs, label)),
        **tables.numbers({name: backtest.scores[name] for name in names}),
        **tables.numbers({"cost_quote": backtest.cost_quote}),
        "first_hour": f"{hours.iloc[0]:%Y-%m-%d %H:%M}",
        "last_hour": f"{hours.iloc[-1]:%Y-%m-%d %H:%M}",
        "sql": tables.sql(report.EQUITY_SQL),
    }
