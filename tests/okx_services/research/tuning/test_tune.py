"""A search chooses on the past alone, counts its trials, goes on where it was stopped, and finds nothing in noise."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from okx_core.backtest.engine import Portfolio
from okx_core.backtest.folds import FoldsError
from okx_core.strategies.strategy import Strategy, StrategyError, Wants
from okx_services.research.trials import strategies_tried
from okx_services.research.tuning import scoring
from okx_services.research.tuning.page import tuning_page
from okx_services.research.tuning.scoring import Scores
from okx_services.research.tuning.tables import choice_rows, figures_of, variant_frame
from okx_services.research.tuning.tune import tune
from okx_services.research.tuning.variants import TuningError, variation_of
from okx_services.research.tuning.walk_forward import run_search, shares_of
from tests.okx_services.research.tuning.conftest import made_candles, momentum, prepared, trader_on

BUDGET, FOLDS = 9, 2


@pytest.fixture(scope="module")
def on_noise(new_database, noise):
    with new_database() as database:
        yield tune(trader_on(noise), database, BUDGET, FOLDS, "code"), database


def test_noise_recommends_to_do_nothing_with_the_reasons(on_noise) -> None:
    found, _ = on_noise
    advice = found.recommendation
    assert not advice.changes
    assert advice.sentence.startswith("Do nothing: keep the defaults, hours=36, top=2.")
    assert any("deflated Sharpe ratio" in line for line in advice.reasons)
    assert "Best on the whole window: hours=" in advice.evidence
    assert advice.deflated_sharpe < 0.95


def test_each_variant_is_a_trial_with_its_newest_sharpe_ratio(on_noise) -> None:
    found, database = on_noise
    rows = database.rows("select name, kind, weekly_sharpe, as_of from ml.trials")
    versions = {f"momentum@{version}" for version in variant_frame(found)["version"]}
    assert {row["name"] for row in rows} == versions
    assert {row["kind"] for row in rows} == {"strategy"}
    assert len(rows) == strategies_tried(database)[0] == found.recommendation.tried >= BUDGET
    assert len(found.search.scored) == BUDGET
    whole = found.trader.moment(len(found.trader.market.panel.close))
    assert {row["as_of"] for row in rows} == {(whole - pd.Timedelta(hours=1)).date()}


def test_the_test_hours_follow_each_other_and_equal_the_fold_by_fold_trades(on_noise) -> None:
    found, _ = on_noise
    equity = found.recommendation.tuned.traded.equity
    first = found.search.choices[0].fold.test_start
    hours = len(found.trader.market.panel.close)
    assert len(equity) == hours - first == len(found.recommendation.default.traded.equity)
    assert (equity["timestamp_utc"].diff().dropna() == pd.Timedelta(hours=1)).all()
    choice = found.search.choices[0]
    alone = found.trader.out_of_sample(choice.chosen.spec, *choice.fold, Portfolio(10_000.0, {}))
    np.testing.assert_array_equal(equity["equity_quote"][: len(alone.equity)], alone.equity["equity_quote"])


def test_a_planted_trend_is_used_when_the_defaults_never_trade(new_database, trending) -> None:
    """The defaults stay in cash; with any share of the trend that is above 0 the same is traded, and earns."""

    def decide(panel, given) -> Wants:
        moved = given["share"] * panel.past_return_pct(24)
        daily = ((panel.hours + 1) % 24 == 0)[:, None]
        return Wants(np.where(daily & (moved > 0.0), moved, np.nan), daily & (moved < 0.0))

    strategy = replace(momentum(), decide=decide, parameters={"share": 0.0}, ranges={}, code="planted")
    variation = variation_of(strategy, {}, {"share": "0.1:1"})
    with new_database() as database:
        found = tune(trader_on(trending, variation), database, 6, 2, "code")
    advice = found.recommendation
    assert advice.changes, advice.reasons
    assert advice.sentence.startswith("Use share=0.")
    assert advice.sentence.endswith("instead of the defaults share=0.0.")
    assert advice.deflated_sharpe >= 0.95
    assert advice.default.scores["total_return_pct"] == 0.0 < advice.tuned.scores["total_return_pct"]


def test_another_future_changes_no_earlier_choice(new_database, noise) -> None:
    """The same past with another market behind the second tested fold's first hour."""
    held = trader_on(noise)
    with new_database() as database:
        one = run_search(held, Scores(held, database, "one"), BUDGET, FOLDS)
    second = one.choices[1].fold.test_start
    changed = trader_on(prepared(made_candles(0.0, changed_from=second + 1)))
    with new_database() as database:
        two = run_search(changed, Scores(changed, database, "two"), BUDGET, FOLDS)
    assert [choice.chosen for choice in one.choices] == [choice.chosen for choice in two.choices]
    assert [choice.tried for choice in one.choices] == [choice.tried for choice in two.choices]
    assert one.best.score != two.best.score, "the whole window knows of it"
    past, other = (
        trader.out_of_sample(one.choices[0].chosen.spec, *one.choices[0].fold, Portfolio(10_000.0, {})).equity
        for trader in (held, changed)
    )
    pd.testing.assert_frame_equal(past, other)


def test_a_search_that_was_stopped_goes_on_as_if_it_had_not_been(
    database, new_database, noise, monkeypatch
) -> None:
    trader, calls = trader_on(noise), []
    real = scoring.Trader.past

    def dies(self, spec, stop):
        calls.append(spec.version)
        if len(calls) == 8:
            raise KeyboardInterrupt
        return real(self, spec, stop)

    monkeypatch.setattr(scoring.Trader, "past", dies)
    with pytest.raises(KeyboardInterrupt):
        tune(trader, database, BUDGET, FOLDS, "code")
    assert database.scalar("select count(*) from backtests.tuning_scores") == 7
    again = tune(trader, database, BUDGET, FOLDS, "code")
    counted = len(calls)
    assert tune(trader, database, BUDGET, FOLDS, "code").search == again.search
    assert len(calls) == counted, "what is kept is not computed again"
    with new_database() as other:
        whole = tune(trader, other, BUDGET, FOLDS, "code")
    assert whole.search == again.search
    assert whole.recommendation.reasons == again.recommendation.reasons


def test_other_candles_other_capital_and_other_code_are_another_search(noise, trending) -> None:
    held = trader_on(noise)
    found = {
        held.identity("code"), held.identity("other code"), trader_on(trending).identity("code"),
        replace(held, capital_quote=5.0).identity("code"),
    }  # fmt: skip
    assert len(found) == 4
    assert held.identity("code") in found


def test_a_variant_that_looks_ahead_is_refused(database, noise) -> None:
    def decide(panel, _given) -> Wants:
        ahead = np.full(panel.close.shape, np.nan)
        ahead[:-1] = panel.close[1:] / panel.close[:-1]
        return Wants(ahead, np.zeros(ahead.shape, bool))

    cheat = Strategy("cheat", "", decide, {"top": 3}, code="x")
    with pytest.raises(StrategyError, match="cheat looks ahead: of AAA-USDT at 2023-"):
        tune(trader_on(noise, variation_of(cheat, {}, {"top": "1:3"})), database, BUDGET, FOLDS, "code")
    assert database.scalar("select count(*) from ml.trials") == 0


@pytest.mark.parametrize(
    ("budget", "folds", "error", "complaint"),
    [
        (0, 2, TuningError, "--budget is 0: give at least 4, one for each of the 2 folds"),
        (3, 2, TuningError, "--budget is 3: give at least 4"),
        (40, 9, FoldsError, "190 days are too short for --folds 9: they need 308 days"),
        (40, 0, FoldsError, "--folds is 0: give at least 1"),
    ],
)
def test_too_small_a_budget_and_too_short_a_window_are_named(
    database, noise, budget, folds, error, complaint
) -> None:
    with pytest.raises(error, match=complaint):
        tune(trader_on(noise), database, budget, folds, "code")


def test_the_budget_is_spread_evenly() -> None:
    assert shares_of(11, 4) == [3, 3, 3, 2]
    assert shares_of(2, 3) == [1, 1, 0]


def test_progress_counts_to_its_end(database, noise) -> None:
    said = []
    tune(trader_on(noise), database, 5, 2, "code", lambda *given: said.append(given))
    assert [done for _, done, _ in said] == list(range(1, said[-1][2] + 1))
    assert said[0][0].startswith("fold 1 of 2: hours=36, top=2: ")
    assert said[-1][0].startswith("whole window: ")


def test_the_page_says_what_to_do_and_needs_no_network(on_noise) -> None:
    found, _ = on_noise
    page = tuning_page(found, "candles.parquet", "A note.", figures_of(found))
    for words in (
        found.recommendation.sentence,
        "What each fold chose",
        "Plateau or peak",
        "A note.",
        "<svg",
    ):
        assert words in page
    assert 'src="http' not in page
    assert len(choice_rows(found)) == FOLDS
    again = tuning_page(found, "candles.parquet", "A note.", figures_of(found))
    assert again == page, "equal searches give equal pages"
