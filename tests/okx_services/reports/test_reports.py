"""Tables and figures of stored results."""

import base64
from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from okx_core.market.fees import TAKER_FEE_RATE
from okx_core.models.champions.decision import Decision
from okx_services.reports.backtest import BacktestReport, read_benchmarks
from okx_services.reports.figures import decile_figure, equity_figure, pair_pnl_figure, png_uri
from okx_services.reports.markdown import shown, table
from okx_services.reports.market_origin import market_label, market_note, planted_strength
from okx_services.reports.models import ModelState, evidence_table, outcome_words
from okx_services.reports.signals import GATES, first_rejection, rejection_table, rejections, signal_table
from okx_services.reports.trading import listed, outcome, position_table, totals
from okx_services.reports.universe import universe_facts, universe_table
from okx_services.reports.window import WindowFacts
from okx_services.trading.executor import ExecutionReport
from resources.config.parts import MarketSettings
from resources.config.settings import Settings
from resources.stores import market_identity

HOURS = pd.date_range("2026-01-04", periods=6, freq="h", tz="UTC")


def signals(**changes: list[str]) -> pd.DataFrame:
    columns = {gate: ["pass", "pass", "pass"] for gate in GATES} | changes
    frame = pd.DataFrame(columns)
    return frame.assign(
        pair=["A-USDT", "B-USDT", "C-USDT"], timestamp_utc=HOURS[0], predicted_excess_pct=[0.1, np.nan, 0.3],
        excess_probability=[0.6, np.nan, 0.7], model_version=4, outside_share=0.0, training_distance=1.0,
        tradable=(frame[list(GATES)] == "pass").all(axis=1),
    )  # fmt: skip


def test_an_unknown_value_is_named_so() -> None:
    assert [shown(value) for value in (None, float("nan"), Decimal("NaN"), pd.NaT)] == ["unknown"] * 4
    assert [shown(1234.5), shown(Decimal("0.1"), 3), shown(3)] == ["1,234.50", "0.100", "3"]


def test_a_table_keeps_its_columns_whatever_the_cells_hold() -> None:
    lines = table(("a", "b"), [("x|y", "1")]).splitlines()
    assert [line.count("|") for line in lines] == [3, 3, 3]
    assert table(("a", "b"), []) == ""


@pytest.mark.parametrize(("strength", "words"), [(1.0, "planted edge, strength 1"), (0.0, "pure noise")])
def test_figures_of_a_synthetic_market_are_marked(strength: float, words: str) -> None:
    identity = market_identity(Settings(tape_strength=strength).market)
    assert planted_strength(identity) == strength
    assert words in market_label(identity)
    assert market_note(identity).startswith("The market is synthetic")


@pytest.mark.parametrize(
    "identity", ["live okx:global", "simulated recorded btc.parquet 0123456789ab", "", None]
)
def test_figures_of_a_real_market_carry_no_mark(identity: str | None) -> None:
    assert (planted_strength(identity), market_label(identity), market_note(identity)) == (None, "", "")


def test_every_strength_that_a_setting_allows_is_recognised() -> None:
    market: MarketSettings = Settings(tape_strength=0.0001).market
    assert planted_strength(market_identity(market)) == pytest.approx(0.0001)


def test_the_first_gate_that_rejects_gives_the_reason_and_counts_once() -> None:
    frame = signals(gate_fee=["pass", "cost", "cost"], gate_liquidity=["thin", "thin", "pass"])
    assert rejections(frame) == {"gate_fee": 2, "gate_liquidity": 1}
    assert first_rejection(frame.iloc[1].to_dict()) == "cost"
    assert "| fee | 2 | cost |" in rejection_table(frame)
    assert rejection_table(signals()) == ""


def test_the_best_signal_of_the_newest_hour_comes_first_and_an_unknown_one_last() -> None:
    older = signals().assign(timestamp_utc=HOURS[0] - pd.Timedelta(hours=1), predicted_excess_pct=9.0)
    lines = signal_table(pd.concat([older, signals()])).splitlines()[2:]
    assert [line.split(" | ")[0] for line in lines] == ["| C-USDT", "| A-USDT", "| B-USDT"]


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (ExecutionReport(placed=2), "2 placed"),
        (ExecutionReport(), "0 placed, because no signal asked for a trade"),
        (
            ExecutionReport(rejection_reason="hour 2026-01-04 00:00 has been executed"),
            "0 placed, because hour 2026-01-04 00:00 has been executed",
        ),
        (
            ExecutionReport(placed=1, rejected=1, unresolved=2, settled=3, skipped=["A: no cash"]),
            "1 placed, 1 rejected by the exchange, 2 unresolved, 3 settled, 1 skipped",
        ),
    ],
)
def test_the_outcome_of_a_run_says_why_nothing_more_was_placed(report: ExecutionReport, words: str) -> None:
    assert outcome(report) == words


def test_totals_take_an_unknown_price_as_no_value() -> None:
    row = {"realised_pnl_quote": Decimal(1), "unrealised_pnl_quote": None, "fees_quote": Decimal(2)}
    rows = [{**row, "quantity_base": Decimal(3), "mark_price": None},
            {**row, "quantity_base": Decimal(3), "mark_price": Decimal(5)}]  # fmt: skip
    assert totals(rows) == {
        "realised_pnl_quote": 2, "unrealised_pnl_quote": 0, "fees_quote": 4, "value_quote": 15,
    }  # fmt: skip


def test_the_evidence_shows_what_was_found_beside_what_is_needed() -> None:
    rules = [
        {"rule": "t", "value": 2.5, "needed": ">= 3", "passed": False},
        {"rule": "IC", "value": None, "needed": "shown", "passed": None},
    ]
    assert "| t | 2.5000 | >= 3 | NO |" in evidence_table(rules)
    assert "| IC | unknown | shown | shown only |" in evidence_table(rules)
    assert evidence_table([]) == "no version has been made yet"


def test_a_decision_is_one_line() -> None:
    assert outcome_words(Decision("kept", 3, "not beaten")) == "kept: version 3; not beaten"
    assert outcome_words(Decision("none", None, "t 1")) == "none: nobody may trade; t 1"


class TestModelState:
    def state(self, champion: int | None, decided: int | None) -> ModelState:
        decision = {"model_version": decided, "reason": "t 1, needed >= 3"}
        return ModelState(date(2026, 8, 9), champion, 5, [], [], decision, [], 3)

    def may_trade(self, version: int, champion: int | None, decided: int | None, week: date) -> str:
        return self.state(champion, decided).may_trade({"model_version": version, "week": week})

    def test_each_version_says_why_it_may_or_may_not_trade(self) -> None:
        new, old = date(2026, 8, 2), date(2026, 6, 1)
        assert self.may_trade(3, 3, 3, new) == "yes: @champion"
        assert self.may_trade(2, 3, 3, new) == "no: version 3 trades"
        refused = replace(self.state(3, 3), newest_hour="version 3 has no files")
        assert refused.may_trade({"model_version": 3, "week": new}) == "no: version 3 has no files"
        assert self.may_trade(3, 3, 3, old) == "no: older than 5 weeks"
        assert self.may_trade(3, None, None, new) == "no: t 1, needed >= 3"
        assert self.may_trade(3, 2, 3, new) == "no: the gate chose it, but @champion was moved"


def test_a_universe_shows_why_a_pair_is_not_traded() -> None:
    rows = [
        {"day": day, "pair": pair, "enabled": pair != "B", "reason": "" if pair != "B" else "too young",
         "turnover_24h_quote": None, "spread_bps": 1.25}
        for day in ("2026-01-04", "2026-01-05") for pair in ("A", "B")
    ]  # fmt: skip
    facts = universe_facts(rows)
    assert (facts["days"], facts["pairs"], facts["enabled"], facts["enabled_on_newest_day"]) == (2, 2, 2, 1)
    assert "| B | no | too young | unknown | 1.2 |" in universe_table(rows)
    assert universe_facts([]) == {"days": 0}


def test_the_facts_of_a_window_do_not_depend_on_its_parts() -> None:
    frame = pd.DataFrame({"pair": ["A", "B"] * 3, "timestamp_utc": HOURS, "x": [1.0, None] * 3, "y": 1.0})
    whole, parts = WindowFacts(), WindowFacts()
    whole.add(frame)
    for part in (frame.iloc[:1], frame.iloc[1:4], frame.iloc[4:], frame.iloc[:0]):
        parts.add(part)
    assert whole.facts() == parts.facts()
    assert whole.facts()["null_pct"] == 25.0
    assert whole.null_table() == parts.null_table()
    assert "| x | 50.0 % |" in whole.null_table()
    assert WindowFacts().facts() == {}


def backtest() -> BacktestReport:
    trades = pd.DataFrame({
        "pair": ["A", "B", "A"], "quantity": 1.0, "entry_price": 1.0, "exit_price": 1.0,
        "pnl_quote": [5.0, -1.0, -2.0], "cost_quote": [1.0, 1.0, 1.0],
        "return_pct": [1.0, -1.0, -1.0],
    })  # fmt: skip
    weeks = pd.DataFrame({"cost_quote": [2.0, 1.0], "opening_equity_quote": [8.0, 9.0]})
    equity = pd.DataFrame(
        {"timestamp_utc": HOURS, "equity_quote": [10.0, 11.0, 9.0, 9.0, 10.0, 12.0], "exposure_pct": 50.0}
    )
    return BacktestReport(weeks, trades, equity, [], "")


def test_profit_is_summed_per_pair_with_the_best_first() -> None:
    report = backtest()
    assert report.pairs[["pair", "trades", "pnl_quote", "cost_quote"]].values.tolist() == [
        ["A", 2, 3.0, 2.0], ["B", 1, -1.0, 1.0],
    ]  # fmt: skip
    assert "| A | 2 | 50.0 | 3.00 | 2.00 | 0.000 |" in report.pair_table()
    assert report.cost_quote == 3.0


def test_the_first_hour_of_the_first_week_counts() -> None:
    assert backtest().scores["total_return_pct"] == pytest.approx(50.0)  # 8 to 12


def test_ours_stands_beside_each_benchmark() -> None:
    report = replace(backtest(), benchmarks={"BTC-USDT held": np.linspace(1.0, 1.3, 7), "cash": np.ones(7)})
    rows = {cells[0]: cells[1:] for cells in report.benchmark_rows()}
    assert rows["backtest, after costs"][0] == "50.00"
    assert rows["BTC-USDT held"][:1] + rows["BTC-USDT held"][3:4] == ["30.00", "1.00"]
    assert rows["cash"] == ["0.00", "unknown", "0.00", "0.00", "unknown"]
    assert "| cash | 0.00 |" in report.benchmark_table()
    assert report.interval_words() == ""
    assert backtest().benchmark_table() == ""


def test_benchmarks_are_those_of_the_hours_of_the_backtest(database) -> None:
    hours = pd.date_range("2024-03-01", periods=60 * 24, freq="h", tz="UTC")
    rng = np.random.default_rng(4)
    for pair in ("AAA-USDT", "BTC-USDT"):
        close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.01, len(hours))))
        rows = pd.DataFrame({
            "pair": pair, "timestamp_utc": hours, "open": close, "high": close, "low": close, "close": close,
            "volume": 1.0, "quote_volume": close, "source": "test", "ingested_at": hours[-1] + pd.Timedelta(hours=1),
        })  # fmt: skip
        with database.bulk() as bulk:
            bulk.append("market.candles_1h", rows)
    traded = pd.Series(hours[40 * 24 :])
    found = read_benchmarks(database, traded)
    assert list(found) == ["BTC-USDT held", "all pairs alike, weekly", "best 3 of 28 days, weekly", "cash"]
    assert {len(curve) for curve in found.values()} == {len(traded) + 1}
    held = database.frame(
        "select close from market.candles_1h where pair = 'BTC-USDT' order by timestamp_utc"
    )
    growth = held["close"]
    expected = (1.0 - TAKER_FEE_RATE) * growth.iloc[-1] / growth.iloc[40 * 24 - 1]
    assert found["BTC-USDT held"][-1] == pytest.approx(expected)
    assert read_benchmarks(database, traded.iloc[:0]) == {}
    assert read_benchmarks(database, traded + pd.Timedelta(days=900)) == {}


def test_figures_are_inline_images_and_say_that_an_edge_was_planted() -> None:
    report = backtest()
    figure = equity_figure(report.equity, 8.0, {"cash": np.ones(7)}, "planted edge, strength 1")
    assert "planted edge, strength 1" in figure.axes[0].get_title()
    long = pd.DataFrame({"timestamp_utc": pd.date_range("2020", periods=50_000, freq="h", tz="UTC"),
                         "equity_quote": np.linspace(1.0, 2.0, 50_000)})  # fmt: skip
    for drawn in (figure, equity_figure(long, 1.0, {}, ""), pair_pnl_figure(report.pairs, ""),
                  decile_figure(np.arange(40.0), np.arange(40.0))):  # fmt: skip
        kind, _, data = png_uri(drawn).partition(",")
        assert kind == "data:image/png;base64"
        image = base64.b64decode(data)
        assert image.startswith(b"\x89PNG")
        assert len(image) < 60_000, "Dagster keeps a copy per week"


def test_a_thinned_curve_keeps_its_ends() -> None:
    times = pd.date_range("2020", periods=9_000, freq="h", tz="UTC")
    figure = equity_figure(
        pd.DataFrame({"timestamp_utc": times, "equity_quote": np.arange(1.0, 9_001.0)}), 1.0, {}, ""
    )
    curve = figure.axes[0].lines[0].get_ydata()
    assert (curve[0], curve[-1], len(curve) <= 1500) == (1.0, 9_000.0, True)


def position(pair: str, quantity: str, opened: bool, locked: bool = False) -> dict[str, object]:
    return {
        "pair": pair, "quantity_base": Decimal(quantity), "average_price": None, "mark_price": Decimal(10),
        "realised_pnl_quote": Decimal(1), "unrealised_pnl_quote": Decimal("0.5"), "fees_quote": Decimal("0.1"),
        "opened_at": HOURS[0] if opened else None, "locked": locked, "rejection_reason": "differs" if locked else "",
    }  # fmt: skip


def test_dust_is_no_position_but_the_sums_still_add_up() -> None:
    rows = [
        position("A-USDT", "2", opened=True), position("B-USDT", "0.0001", opened=False),
        position("C-USDT", "0", opened=False), position("D-USDT", "0.0002", opened=False),
        position("E-USDT", "0.0003", opened=False, locked=True),
    ]  # fmt: skip
    lines = listed(rows)
    assert [line[0] for line in lines] == ["A-USDT", "C-USDT", "E-USDT", "dust of 2 closed pairs"]
    assert lines[-1][4:] == ["2.00", "1.00", "0.20"]
    assert sum(float(line[4]) for line in lines) == float(totals(rows)["realised_pnl_quote"])
    assert [line.split("|")[-2].strip() for line in position_table(rows).splitlines()[2:]] == [
        "",
        "",
        "differs",
        "",
    ]
    assert [line[0] for line in listed(rows[:2])] == ["A-USDT", "dust of B-USDT"]
    assert listed(rows[:1]) == [lines[0]]
