"""The whole loop, from an empty home to positions."""

from dataclasses import replace
from datetime import timedelta
from io import StringIO
from itertools import pairwise

import pandas as pd
import pytest
from rich.console import Console

from okx_assets import keys
from okx_core.errors import OkxSignalError
from okx_core.hours import newest_closed_hour, week_start
from okx_core.models.member_names import DEFAULT_MEMBERS as MEMBERS
from okx_jobs.cli.research.backtest import run_and_print
from okx_jobs.cli.research.comparison import show_comparison
from okx_jobs.cli.research.models import promote_version, show_models
from okx_jobs.cli.research.report import show_report
from okx_jobs.cli.research.search import SearchRequest, search_members
from okx_jobs.cli.research.training import run_training
from okx_jobs.cli.research.tune import tune_and_print
from okx_jobs.cli.summary import TABLES, print_summary, row_counts
from okx_jobs.dagster_jobs.hour_ranges import HOUR_FORMAT
from okx_jobs.research.strategy_backtest import BacktestRequest
from okx_jobs.research.strategy_tuning import TuningRequest
from okx_jobs.runs.demo import Demo
from okx_services.reports.backtest import read_backtest
from okx_services.research.trials import number_of_trials


@pytest.mark.parametrize("table", TABLES)
def test_every_table_holds_rows_after_the_demo(market, table):
    assert row_counts(market.store)[table] > 0


def test_a_second_demo_adds_nothing(market):
    before = {table: market.store.frame(f"select * from {table} order by 1, 2") for table in TABLES}
    assert len(before) == len(TABLES) > 0
    Demo(market.pipeline, market.admin, market.stretch, Console(quiet=True), lambda: None).run()
    for table, rows in before.items():
        again = market.store.frame(f"select * from {table} order by 1, 2")
        columns = [
            name for name in rows.columns if name not in ("as_of", "mark_price", "unrealised_pnl_quote")
        ]
        assert rows[columns].equals(again[columns]), table


def test_the_summary_names_every_table_and_the_next_step(market):
    text = StringIO()
    print_summary(Console(file=text, width=140), market.store, market.settings)
    assert all(table in text.getvalue() for table in TABLES)
    assert "okxsignal up" in text.getvalue()
    assert "out of sample only" in text.getvalue()


def test_every_candle_is_confirmed_and_known_to_the_exchange(market):
    late = market.store.scalar(
        "select count(*) from market.candles_1h where timestamp_utc + interval '1 hour' > ingested_at"
    )
    assert late == 0


def test_every_candle_has_one_feature_row_and_one_mart_row(market):
    counts = row_counts(market.store)
    assert counts["features.features_1h"] == counts["market.candles_1h"]
    in_sql = market.store.scalar(
        "select count(*) from market.candles_1h where timestamp_utc >= "
        "(select starts_at from features.sql_windows where table_name = 'features.features_1h')"
    )
    assert counts["marts.candles_1h"] == in_sql > 10_000


def test_labels_exist_only_where_known(market):
    for table, hours in (("ml.labels_1d", 24), ("ml.labels_2w", 336)):
        newest = market.store.scalar(f"select max(timestamp_utc) from {table}")
        assert newest == market.stretch.end - timedelta(hours=1 + hours)


def test_backtest_is_out_of_sample_and_pays_costs(market):
    rows = market.store.rows(
        "select r.week, s.outcome_known_at, m.label_known_at from backtests.runs as r "
        "cross join unnest(r.model_versions) as v (version) "
        "join ml.signal_versions as s on s.model_version = v.version "
        "cross join jsonb_each_text(s.members) as used (member, version) "
        "join ml.model_versions as m on m.member = used.member and m.model_version = used.version::integer"
    )
    assert rows
    assert all(max(row["outcome_known_at"], row["label_known_at"]).date() <= row["week"] for row in rows)
    assert market.store.scalar("select min(cost_quote) from backtests.trades") > 0
    assert read_backtest(market.store).scores["trades"] > 0


def test_each_backtest_week_opens_with_the_portfolio_of_the_week_before(market):
    rows = market.store.rows("select * from backtests.runs order by week")
    assert len(rows) > 1
    for before, after in pairwise(rows):
        assert after["opening_equity_quote"] == pytest.approx(before["closing_equity_quote"], rel=0.02)
        assert after["opening_equity_quote"] != 10_000.0


def test_every_signal_carries_its_model_and_the_result_of_every_gate(market):
    rows = market.store.rows(
        "select * from trading.signals where timestamp_utc < $1 limit 500", (market.stretch.end,)
    )
    assert len(rows) == 500
    for row in rows:
        results = [row[name] for name in row if name.startswith("gate_")]
        assert all(results)
        assert row["tradable"] == all(result == "pass" for result in results)
        assert (row["model_version"] is None) == (row["predicted_excess_pct"] is None)


def test_equity_at_the_exchange_equals_the_positions_and_the_cash(market):
    from resources.stores import open_exchange

    locked = market.store.rows("select pair, rejection_reason from trading.positions where locked")
    assert locked == []
    cash = open_exchange(market.settings.exchange).balance().available("USDT")
    spent = market.store.scalar("select sum(cost_quote) - sum(realised_pnl_quote) from trading.positions")
    assert float(cash) == pytest.approx(10_000 - float(spent), abs=1e-6)


def test_every_order_traces_back_to_candles_code_and_model(market):
    row = market.store.rows(
        "select i.*, s.predicted_excess_pct as signal, m.data_fingerprint, m.code_version, m.run_id as mlflow_run, "
        "f.trade_id from trading.intents as i join trading.signals as s on s.pair = i.pair "
        "and s.timestamp_utc = i.signal_hour join ml.signal_versions as v on v.model_version = i.model_version "
        "cross join jsonb_each_text(v.members) as used (member, version) "
        "join ml.model_versions as m on m.member = used.member and m.model_version = used.version::integer "
        "join trading.fills as f using (client_order_id) order by i.journaled_at limit 1"
    )[0]
    assert row["signal"] == row["predicted_excess_pct"]
    assert all(row[name] for name in ("data_fingerprint", "code_version", "mlflow_run", "trade_id"))
    assert market.instance.get_run_by_id(row["run_id"]) is not None


def test_a_month_of_features_is_one_run_and_identical_rows(market):
    first, last = market.stretch.start, market.stretch.start + timedelta(days=30) - timedelta(hours=1)
    before = market.store.frame("select * from features.features_1h order by pair, timestamp_utc")
    runs = market.instance.get_runs_count()
    market.pipeline.run_range([keys.FEATURES_1H], first.strftime(HOUR_FORMAT), last.strftime(HOUR_FORMAT))
    after = market.store.frame("select * from features.features_1h order by pair, timestamp_utc")
    assert market.instance.get_runs_count() == runs + 1
    assert before.equals(after)


def test_training_again_trains_nothing_and_says_who_may_trade(market):
    versions = market.store.scalar("select count(*) from ml.model_versions")
    text = StringIO()
    run_training(market.settings, Console(file=text, width=200))
    assert market.store.scalar("select count(*) from ml.model_versions") == versions
    assert "passed the gate" in text.getvalue()
    assert "t of the neutral IC" in text.getvalue()


def test_the_models_are_listed_and_a_promotion_by_command_is_kept_and_taken_back(market):
    champion = market.store.scalar("select model_version from ml.champions order by week desc limit 1")
    text = StringIO()
    console = Console(file=text, width=200)
    show_models(market.settings, console)
    assert "yes: @champion" in text.getvalue()
    promote_version("1", "to see whether it works", market.settings, console)
    promote_version("previous", "it did", market.settings, console)
    rows = market.store.rows("select * from ml.promotions order by promotion_id desc limit 2")
    assert [(row["model_version"], row["because"]) for row in rows] == [
        (champion, "it did"), (1, "to see whether it works"),
    ]  # fmt: skip
    assert {row["decided_by"] for row in rows} == {"command"}


def test_a_backtest_is_a_run_of_dagster_and_of_mlflow_a_trial_and_a_report(market):
    models_tried = number_of_trials(market.store)
    text = StringIO()
    request = BacktestRequest(
        strategy="momentum", parameters={"every_hours": "24"}, pairs="BTC-USDT,ETH-USDT,SOL-USDT"
    )
    for _ in range(2):
        made = run_and_print(request, market.settings, Console(file=text, width=200))
    assert made.recorded.tried == 1, "the same version is tried once however often it is run"
    assert "more than the luck" in text.getvalue()
    assert "was planted in it" in made.note
    again = replace(request, parameters={"every_hours": "48", "stop_pct": "4"})
    assert run_and_print(again, market.settings, Console(file=text, width=200)).recorded.tried == 2
    assert number_of_trials(market.store) == models_tried
    kept = market.store.rows("select * from backtests.strategy_runs order by made_at")
    assert [row["strategies_tried"] for row in kept] == [1, 1, 2]
    assert kept[0]["figures"]["trades"] == made.found.scores["trades"] > 0
    run = market.instance.get_run_by_id(made.recorded.run_id)
    assert (run.job_name, run.status.value) == ("backtest_strategy", "SUCCESS")
    page = show_report(made.recorded.run_id[:8], market.settings, Console(file=text, width=200), opens=False)
    words = page.read_text()
    assert made.found.spec.version in words
    assert "http" not in words.replace("http-equiv", ""), "the page needs no network"
    trades = pd.read_csv(page.parent / "trades.csv")
    assert trades["pnl_quote"].sum() == pytest.approx(made.found.fold.trades["pnl_quote"].sum())
    assert (page.parent / "report.pdf").read_bytes().startswith(b"%PDF")
    with pytest.raises(OkxSignalError, match=r"no backtest breakout: .* the newest are momentum \("):
        show_report("breakout", market.settings, Console(file=text), opens=False)


def test_a_search_over_parameters_is_one_run_of_dagster_and_of_mlflow_and_goes_on(market):
    """Run again with the same budget it computes nothing anew and says the same."""
    models_tried = number_of_trials(market.store)
    request = TuningRequest(
        strength=0.0, days=230, strategy="momentum", pairs="BTC-USDT,ETH-USDT,SOL-USDT", budget=5, folds=2
    )
    texts = []
    for _ in range(2):
        text = StringIO()
        made = tune_and_print(request, market.settings, Console(file=text, width=200))
        texts.append(text.getvalue().split("in MLflow")[0])
    assert texts[0] == texts[1]
    assert "Do nothing: keep the defaults" in texts[0]
    assert "these figures say nothing about real markets" in texts[0]
    assert number_of_trials(market.store) == models_tried
    (pages,) = [sorted((market.settings.home / "reports").glob("*_tune_momentum/tuning.html"))]
    assert made.found.recommendation.sentence in pages[-1].read_text()
    assert (pages[-1].parent / "plateau.svg").read_text().startswith("<svg")
    jobs = [run.job_name for run in market.instance.get_runs(limit=2)]
    assert jobs == ["tune_strategy", "tune_strategy"]


def test_a_search_on_the_demo_home_counts_its_trials_and_its_member_is_listed(market):
    before = market.store.scalar("select count(*) from ml.trials")
    text = StringIO()
    console = Console(file=text, width=200)
    search_members(SearchRequest(2, 10.0, "ridge", None), market.settings, console)
    assert "2 of 2: ridge_" in text.getvalue()
    assert market.store.scalar("select count(*) from ml.trials") == before + 2
    found = market.store.rows("select name, search from ml.member_specifications")
    assert [row["name"] in text.getvalue() for row in found] == [True]
    assert found[0]["search"] == week_start(market.stretch.end).date()
    show_models(market.settings, console)
    assert "Found by a search" in text.getvalue()


def test_challengers_are_refitted_score_in_shadow_and_are_compared_without_touching_what_trades(market):
    """Through Dagster, as the sensors and schedules do: the day's refits, their hours, drift, the week's comparison."""
    week = f"{week_start(market.stretch.end):%Y-%m-%d}"
    before = market.store.rows("select model_version, members from ml.signal_versions order by model_version")
    orders = market.store.scalar("select count(*) from trading.orders")
    hour = f"{newest_closed_hour(market.stretch.end):%Y-%m-%d-%H:%M}"
    market.pipeline.run("refit_challengers", partition_key=week)
    market.pipeline.run("score_challengers", partition_key=hour)
    market.pipeline.run("report_drift", partition_key=week)
    market.pipeline.run("compare_models", partition_key=week)
    daily = {row["member"] for row in market.store.rows("select member from ml.model_versions")} - set(
        MEMBERS
    )
    assert daily >= {f"{name}_daily" for name in MEMBERS}
    pages = market.pages()
    assert pages[keys.CHALLENGER_PREDICTIONS]["dagster/row_count"] > 0
    assert "lightgbm_rank_72h" in pages[keys.DRIFT]["drift"]
    assert "data:image/png;base64," in pages[keys.DRIFT]["features"]
    assert pages[keys.MODEL_COMPARISON]["champion"] == "+".join(sorted(MEMBERS))
    assert "data:image/png;base64," in pages[keys.MODEL_COMPARISON]["cumulative"]
    text = StringIO()
    show_comparison(market.settings, Console(file=text, width=220))
    assert "In charge: lightgbm_rank_24h+" in text.getvalue()
    assert "Drift on" in text.getvalue()
    after = market.store.rows("select model_version, members from ml.signal_versions order by model_version")
    assert after == before
    assert market.store.scalar("select count(*) from trading.orders") == orders
