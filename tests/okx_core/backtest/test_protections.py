"""Protections in the loop: they refuse entries and no exit, and say the same as when they are asked from tables."""

import json
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings

from okx_core.backtest.account import ProtectionMemory
from okx_core.backtest.engine import FillRules, FoldResult, Portfolio, run_fold
from okx_core.decisions.exits import ExitRules
from okx_core.decisions.protections import DEFAULT_PROTECTIONS, OPTIONAL, PROTECTIONS, Protections
from okx_core.decisions.rules import PRODUCT_LIMITS, DecisionRules, RiskLimits
from okx_core.decisions.verdicts import verdicts
from okx_core.features.timeframes import hour_number
from tests.examples import examples
from tests.okx_core.backtest.test_reference import CASH, START, markets, rules_of, tables

HOUR = timedelta(hours=1)
END = datetime(2024, 1, 31, tzinfo=UTC)
STOPS = ExitRules(stop_pct=1.0)


def trade(
    signals: pd.DataFrame, candles: pd.DataFrame, protections: Protections, **given_: Any
) -> FoldResult:
    opening = given_.pop("opening", Portfolio(CASH, {}))
    start, end = given_.pop("start", START), given_.pop("end", END)
    return run_fold(
        signals, candles, start, end, opening, DecisionRules(), PRODUCT_LIMITS, exits=STOPS, protections=protections
    )  # fmt: skip


def test_the_default_protections_refuse_some_entries_and_are_counted(signals, candles) -> None:
    free, protected = (trade(signals, candles, rules) for rules in (Protections(), DEFAULT_PROTECTIONS))
    assert set(free.refused) == set(PROTECTIONS)
    assert sum(free.refused.values()) == 0
    assert protected.refused["cooldown"] > 0
    assert 0 < len(protected.trades) < len(free.trades)


def test_a_pair_is_not_bought_before_its_cooldown_is_over(signals, candles) -> None:
    found = trade(signals, candles, Protections(cooldown_hours=30)).trades
    ordered = found.sort_values(["pair", "entry_time"])
    waited = (ordered["entry_time"] - ordered.groupby("pair")["exit_time"].shift()).dropna()
    assert len(waited) > 10
    assert waited.min() >= 30 * HOUR


def test_no_day_has_more_entries_than_allowed(signals, candles) -> None:
    days = trade(signals, candles, Protections(daily_trades=2)).trades["entry_time"].dt.date
    assert days.value_counts().max() == 2
    assert trade(signals, candles, Protections()).trades["entry_time"].dt.date.value_counts().max() > 2


def test_while_every_entry_is_paused_positions_are_closed_as_ever(signals, candles) -> None:
    middle = trade(signals, candles, Protections()).trades["entry_time"].iloc[20].to_pydatetime()
    opening = trade(signals, candles, Protections(), end=middle).closing
    assert opening.positions
    paused = ProtectionMemory(paused_until={"max_drawdown": 1e9})
    closed = trade(
        signals, candles, DEFAULT_PROTECTIONS, start=middle,
        opening=Portfolio(opening.cash_quote, opening.positions, paused),
    )  # fmt: skip
    assert set(closed.trades["pair"]) == set(opening.positions)
    assert len(closed.trades) == len(opening.positions)
    assert not closed.closing.positions
    assert closed.refused["max_drawdown"] > 0


@pytest.mark.parametrize("hours", [1, 24, 25, 300, 301])
def test_folds_that_follow_each_other_equal_one_long_run(signals, candles, hours: int) -> None:
    whole = trade(signals, candles, DEFAULT_PROTECTIONS)
    first = trade(signals, candles, DEFAULT_PROTECTIONS, end=START + hours * HOUR)
    handed_on = Portfolio.from_json(json.dumps(first.closing.to_json()))
    assert handed_on == first.closing
    second = trade(signals, candles, DEFAULT_PROTECTIONS, start=START + hours * HOUR, opening=handed_on)
    assert second.closing == whole.closing
    trades = [part.trades for part in (first, second) if len(part.trades)]
    pd.testing.assert_frame_equal(pd.concat(trades, ignore_index=True), whole.trades, check_exact=True)
    assert {name: first.refused[name] + count for name, count in second.refused.items()} == whole.refused


def test_a_pair_that_is_traded_no_longer_is_still_remembered(signals, candles) -> None:
    memory = ProtectionMemory(
        closed=(("GONE-USDT", 1.0, None, True),),
        pair_paused_until={"cooldown": {"OLD-USDT": hour_number(END) + 9.0}},
    )
    found = trade(signals, candles, Protections(cooldown_hours=2), opening=Portfolio(CASH, {}, memory))
    assert found.closing.protections.pair_paused_until["cooldown"]["OLD-USDT"] == hour_number(END) + 9.0


@settings(max_examples=examples(25))
@given(given_=markets())
def test_asked_from_tables_they_refuse_what_the_loop_refuses(given_: dict[str, Any]) -> None:
    """A pair refused at the end of a fold is one that the tables of the fold refuse, for the same first reason."""
    bars, wants, instruments = tables(given_)
    rules = rules_of(given_)
    end = START + given_["hours"] * HOUR
    fold = run_fold(
        wants, bars, START, end, Portfolio(CASH, {}), rules, RiskLimits(40.0, 90.0, 2.0, 5_000.0),
        exits=given_["exits"], fills=FillRules(given_["share"], instruments), protections=given_["protections"],
    )  # fmt: skip
    marks = pd.Series(
        fold.equity["equity_quote"].to_numpy(), index=pd.DatetimeIndex(fold.equity["timestamp_utc"]) + HOUR
    )
    entered = [one.entry_hour for one in fold.closing.positions.values()]
    found = verdicts(fold.trades, marks, end, list(instruments), given_["protections"], entered)
    memory = fold.closing.protections
    expected = {
        pair: [
            name
            for name in PROTECTIONS
            if name in memory.paused_until or pair in memory.pair_paused_until.get(name, ())
        ]
        for pair in instruments
    }
    assert {pair: words.partition(":")[0] for pair, words in found.items()} == {
        pair: next(iter(names), "") for pair, names in expected.items()
    }


def test_each_optional_field_switches_a_protection_of_its_own() -> None:
    assert len(OPTIONAL) == len(PROTECTIONS)
    assert set(OPTIONAL) == {field.name for field in fields(Protections) if field.default is None}
