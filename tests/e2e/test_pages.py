"""What the asset pages of the demo home show in Dagster."""

from datetime import timedelta

import dagster as dg
import pytest

from okx_assets import keys
from okx_jobs.dagster_jobs.hour_ranges import HOUR_FORMAT

MIN_ENTRIES = 4
# Only the schedules of a running stack make these.
NOT_IN_THE_DEMO = (
    keys.CANDLES_15M, keys.ORDER_BOOK_SNAPSHOTS, keys.PUBLIC_TRADES, keys.FUNDING_RATES,
    keys.SLIPPAGE_MODEL, keys.CHALLENGERS, keys.CHALLENGER_PREDICTIONS, keys.DRIFT, keys.MODEL_COMPARISON,
)  # fmt: skip
MADE = [key for key in keys.EVERY if key not in NOT_IN_THE_DEMO]


@pytest.fixture
def page(market):
    """What the page of an asset showed when the demo had ended, by name."""
    return market.demo_pages.__getitem__


@pytest.mark.parametrize("key", MADE, ids=dg.AssetKey.to_user_string)
def test_every_asset_page_shows_more_than_a_row_count(page, key):
    views = (keys.MART_CANDLES_1H, keys.SIGNAL_OUTCOMES)
    assert len(page(key)) >= (MIN_ENTRIES - 1 if key in views else MIN_ENTRIES)


def test_the_equity_page_has_plots_that_are_marked_as_synthetic(page):
    shown = page(keys.BACKTEST_EQUITY)
    for name in ("equity_and_drawdown", "profit_per_pair"):
        assert "](data:image/png;base64," in shown[name]
    assert shown["max_drawdown_pct"] < 0
    assert shown["cost_quote"] > 0
    assert "strength 1 was planted" in shown["market"]


def test_the_backtest_pages_link_the_versions_that_were_traded(market, page):
    links = [page(key)["models"] for key in keys.BACKTESTS]
    assert all(f"({market.settings.tracking_url}/#/models/" in link for link in links)
    assert all("?workflowType=machine_learning)" in link for link in links)


def test_a_query_on_a_page_can_be_pasted(market, page):
    shown = [str(page(key)["sql"]) for key in MADE if "sql" in page(key)]
    statements = [text.removeprefix("```sql\n").removesuffix(";\n```") for text in shown]
    assert len(statements) >= 10
    assert all(market.store.rows(f"explain {statement}") for statement in statements)


def test_the_week_table_has_a_line_per_week(market, page):
    weeks = market.store.scalar("select count(*) from backtests.runs")
    assert page(keys.BACKTEST_RUNS)["scores_per_week"].count("\n") == weeks + 1


def test_the_signal_page_shows_the_newest_hour_with_reasons(market, page):
    shown = page(keys.SIGNALS)
    newest = market.stretch.end - timedelta(hours=1)
    rows = market.store.rows("select * from trading.signals where timestamp_utc = $1", (newest,))
    assert shown["predictions"].count("\n") == len(rows) + 1
    assert shown["tradable"] == sum(row["tradable"] for row in rows)


def test_the_order_page_says_what_was_placed_and_on_which_account(page):
    shown = page(keys.ORDERS)
    assert shown["outcome"].startswith(f"{shown['placed']} placed")
    assert "no real money" in shown["account"]


def test_the_position_page_adds_up(market):
    assert market.pipeline.run("execute_signals").success
    shown = market.pages()[keys.POSITIONS]
    sums = market.store.rows(
        "select sum(realised_pnl_quote) + sum(unrealised_pnl_quote) as pnl from trading.positions"
    )[0]
    assert shown["locked_pairs"] == "none"
    assert shown["equity_quote"] == pytest.approx(10_000 + float(sums["pnl"]), abs=0.01)


def test_the_model_pages_show_versions_and_evidence(market, page):
    members, signal, champion = (page(key) for key in (keys.MEMBER_MODELS, keys.SIGNAL_MODEL, keys.CHAMPION))
    assert members["versions"].count("?workflowType=machine_learning") >= 3
    assert "?workflowType=machine_learning" in signal["versions"]
    assert champion["mlflow"].endswith("?workflowType=machine_learning")
    rules = market.store.scalar(
        "select jsonb_array_length(evidence) from ml.champions order by week desc limit 1"
    )
    assert champion["evidence"].count("\n") == rules + 1


@pytest.mark.parametrize("key", [keys.CANDLES_1H, keys.CANDLES_4H, keys.FEATURES_1H], ids=str)
def test_of_a_run_over_many_hours_the_newest_alone_has_the_facts(market, key):
    """Dagster keeps a copy for each partition: a year of hours would hold 8,760 of the same page."""

    def facts(hour) -> list[int]:
        """How many facts each materialisation of the hour has: other tests make some of them again."""
        wanted = dg.AssetRecordsFilter(key, asset_partitions=[hour.strftime(HOUR_FORMAT)])
        records = market.instance.fetch_materializations(wanted, limit=100).records
        return [len(record.asset_materialization.metadata) for record in records]

    assert set(facts(market.stretch.start)) == {0}
    assert max(facts(market.stretch.history_end - timedelta(hours=1))) > 1
