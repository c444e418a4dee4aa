"""Out-of-sample weeks: the recorded signals traded with costs, each week opened with the last one's portfolio."""

import json
from datetime import date, datetime, timedelta

import dagster as dg
import pandas as pd

from okx_assets.partitions import FOLDS, window_of
from okx_assets.tables import OWNERS, PYTHON_KINDS, describe, written
from okx_core.backtest.engine import FoldResult, Portfolio, run_fold
from okx_core.backtest.metrics import metrics
from okx_core.decisions.rules import PRODUCT_LIMITS, DecisionRules
from okx_core.market.fees import TAKER_FEE_RATE
from resources.dagster_resources import DatabaseResource, ExchangeResource
from resources.postgres.database import Database

WEEK = timedelta(weeks=1)
STARTING_CASH_QUOTE = 10_000.0
KEYS = {name: ["backtests", name] for name in ("runs", "trades", "equity")}


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            KEYS[name],
            deps=[["trading", "signals"], ["market", "candles_1h"]],
            group_name="backtests",
            owners=OWNERS,
            kinds=PYTHON_KINDS,
            description=description,
            metadata=describe(f"backtests.{name}"),
        )
        for name, description in {
            "runs": "One row per out-of-sample week: scores after costs and the portfolio it hands on.",
            "trades": "Closed trades of the out-of-sample weeks, costs included.",
            "equity": "Hourly equity of the out-of-sample weeks.",
        }.items()
    ],
    partitions_def=FOLDS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    check_specs=[
        dg.AssetCheckSpec(
            "costs_are_on", asset=KEYS["trades"], blocking=True, description="Every trade has paid a cost."
        ),
        dg.AssetCheckSpec(
            "out_of_sample", asset=KEYS["runs"], blocking=True,
            description="No traded signal comes from a model that was trained in or after the week.",
        ),
        dg.AssetCheckSpec("never_negative", asset=KEYS["equity"], description="Cash is never negative.", blocking=True),
    ],
)  # fmt: skip
def backtests(context: dg.AssetExecutionContext, database: DatabaseResource, exchange: ExchangeResource):  # type: ignore[no-untyped-def]
    """Trade the weeks of the window one after the other."""
    start, end = window_of(context)
    store = database.open()
    now = exchange.open().now()
    trades = weeks = 0
    costs_on = non_negative = True
    while start < end and start + WEEK <= now:
        result, signals = trade_week(store, start)
        store_week(store, start.date(), result, signals)
        trades += len(result.trades)
        weeks += 1
        costs_on &= bool((result.trades["cost_quote"] > 0).all())
        non_negative &= bool((result.equity["cash_quote"] >= -1e-6).all())
        context.log.info(f"week {start:%Y-%m-%d}: {len(result.trades)} trades")
        start += WEEK
    checks = {"runs": ("out_of_sample", out_of_sample(store)), "trades": ("costs_are_on", costs_on),
              "equity": ("never_negative", non_negative)}  # fmt: skip
    rows = {"runs": weeks, "trades": trades, "equity": weeks * 168}
    for name, (check, passed) in checks.items():
        yield dg.MaterializeResult(
            asset_key=KEYS[name],
            metadata=written(rows[name]),
            check_results=[dg.AssetCheckResult(check_name=check, passed=passed, asset_key=KEYS[name])],
        )


def opening_portfolio(database: Database, week: date) -> Portfolio:
    """The portfolio the week before handed on; cash only where there is none."""
    handed_on = database.scalar(
        "select closing_portfolio from backtests.runs where week = $1", (week - WEEK,)
    )
    return Portfolio(STARTING_CASH_QUOTE, {}) if handed_on is None else Portfolio.from_json(handed_on)


def trade_week(database: Database, start: datetime) -> tuple[FoldResult, pd.DataFrame]:
    """Run the fold of the week that begins at `start`: the signals of the bars that open in it."""
    first, last = start, start + WEEK
    signals = database.frame(
        "select * from trading.signals where timestamp_utc >= $1 and timestamp_utc < $2", (first, last)
    )
    candles = database.frame(
        "select pair, timestamp_utc, open, high, low, close, volume, quote_volume from market.candles_1h "
        "where timestamp_utc >= $1 and timestamp_utc <= $2",
        (first, last),
    )
    opening = opening_portfolio(database, start.date())
    result = run_fold(signals, candles, first, last, opening, DecisionRules(), PRODUCT_LIMITS, TAKER_FEE_RATE)
    return result, signals


def store_week(database: Database, week: date, result: FoldResult, signals: pd.DataFrame) -> None:
    """Replace everything that is stored of the week."""
    scores = metrics(result.equity, result.trades)
    equity = result.equity
    row = {
        "week": week,
        "opening_equity_quote": result.opening_equity_quote,
        "closing_equity_quote": float(equity["equity_quote"].iloc[-1]),
        "return_pct": scores["total_return_pct"],
        **{name: scores[name] for name in ("sharpe", "sortino", "max_drawdown_pct", "profit_factor", "win_rate_pct",
                                           "exposure_pct", "turnover", "cost_share_pct")},
        "cost_quote": float(equity["cost_quote"].sum()),
        "trades": len(result.trades),
        "signals": len(signals),
        "model_versions": sorted(int(v) for v in signals["model_version"].unique()),
        "fee_rate": TAKER_FEE_RATE,
        "closing_portfolio": json.dumps(result.closing.to_json()),
    }  # fmt: skip
    database.replace_rows("backtests.trades", result.trades.assign(week=week), "week = $1", (week,))
    database.replace_rows("backtests.equity", equity.assign(week=week), "week = $1", (week,))
    database.upsert("backtests.runs", ["week"], [row])


def out_of_sample(database: Database) -> bool:
    """True when every traded version was trained for a week not after the fold's."""
    late = database.scalar(
        "select count(*) from backtests.runs as r cross join unnest(r.model_versions) as used (version) "
        "join ml.model_versions as m on m.model_version = used.version where m.week > r.week"
    )
    return int(late) == 0
