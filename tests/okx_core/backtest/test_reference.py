"""Random small markets traded by the compiled loop and by plain Python with Decimal money: the same to the cent."""

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal, getcontext
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from okx_core.backtest.engine import FillRules, Portfolio, run_fold
from okx_core.decisions.exits import ExitRules
from okx_core.decisions.protections import Protections
from okx_core.decisions.rules import DecisionRules, RiskLimits
from okx_core.market.instruments import Instrument
from tests.examples import examples
from tests.okx_core.backtest.reference import Reference
from tests.okx_core.backtest.reference_protections import Guard
from tests.okx_core.backtest.reference_terms import Rules

getcontext().prec = 40
START = datetime(2024, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
CASH = 10_000.0
PERCENT = st.floats(0.2, 8.0).map(lambda value: round(value, 3))
EXITS = st.builds(
    lambda stop_pct, stop_atr, ratio, **more: ExitRules(
        stop_pct=stop_pct,
        stop_atr=stop_atr,
        target_ratio=None if stop_pct is None and stop_atr is None else ratio,
        **more,
    ),
    stop_pct=st.none() | PERCENT,
    stop_atr=st.none() | PERCENT,
    ratio=st.none() | PERCENT,
    break_even_after_pct=st.none() | PERCENT,
    trail_pct=st.none() | PERCENT,
    trail_atr=st.none() | PERCENT,
    trail_after_pct=st.just(0.0) | PERCENT,
)
FEW, HOURS = st.integers(1, 3), st.integers(1, 30)
LIMITS = {
    "cooldown_hours": HOURS, "stop_guard_stops": FEW, "stop_guard_pair_stops": FEW, "max_drawdown_pct": PERCENT,
    "min_pair_profit_pct": PERCENT.map(lambda value: value - 4.0), "daily_loss_pct": PERCENT,
    "daily_trades": st.integers(1, 6), "consecutive_losses": FEW,
}  # fmt: skip
TIMES = st.fixed_dictionaries(
    {"pair_profit_trades": FEW}
    | dict.fromkeys(
        ("stop_guard_hours", "stop_guard_pause_hours", "drawdown_hours", "drawdown_pause_hours", "pair_profit_hours",
         "pair_profit_pause_hours", "losses_pause_hours"), HOURS,
    )
)  # fmt: skip
# None, one alone, or several: where all are on, the first hide the later ones.
PROTECTIONS = st.builds(
    lambda times, limits: Protections(**times, **limits),
    times=TIMES,
    limits=st.one_of(
        st.just({}),
        *(st.fixed_dictionaries({name: values}) for name, values in LIMITS.items()),
        st.fixed_dictionaries({}, optional=LIMITS),
    ),
)


@st.composite
def markets(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "seed": draw(st.integers(0, 2**32 - 1)),
        "pairs": draw(st.integers(1, 4)),
        "hours": draw(st.integers(2, 40)),
        "exits": draw(EXITS),
        "protections": draw(PROTECTIONS),
        "horizon": draw(st.integers(1, 12)),
        "most": draw(st.integers(1, 4)),
        "share": draw(st.sampled_from([float("inf"), 0.5, 0.02])),
        "max_correlation": draw(st.none() | st.sampled_from([-0.3, 0.2, 0.6])),
        "correlation_hours": draw(st.integers(3, 12)),
        "wild": draw(st.sampled_from([0.002, 0.02, 0.1])),
    }


def tables(given_: dict[str, Any]) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Instrument]]:
    """Candles with gaps, signals with unknowns, and instruments with coarse steps; one pair in five is delisted."""
    dice = np.random.default_rng(given_["seed"])
    candles, signals, instruments = [], [], {}
    for number in range(given_["pairs"]):
        pair = f"{'ABCD'[number]}-USDT"
        tick, lot = dice.choice([0.001, 0.01, 0.5]), dice.choice([0.0001, 0.01, 1.0])
        end = int(dice.integers(1, given_["hours"] + 1)) if dice.random() < 0.2 else None
        price = float(dice.uniform(5.0, 400.0))
        for hour in range(given_["hours"] + 1):
            steps = np.round(price * np.exp(dice.normal(0.0, given_["wild"], 4)) / tick)
            opened, closed = max(steps[0], 1.0), max(steps[1], 1.0)
            high, low = max(steps[2], opened, closed), max(1.0, min(steps[3], opened, closed))
            price = closed * tick
            when = START + hour * HOUR
            if dice.random() > 0.08 and (end is None or hour < end):
                ohlc = [float(f"{value * tick:.3f}") for value in (opened, high, low, closed)]
                volume = float(np.round(dice.lognormal(11.0, 2.0), 2)) if dice.random() > 0.05 else np.nan
                candles.append((pair, when, *ohlc, volume))
            if hour < given_["hours"]:
                signals.append((pair, when, *a_signal(dice)))
        instruments[pair] = Instrument(
            pair, pair[0], "USDT", Decimal(str(tick)), Decimal(str(lot)), Decimal(str(lot * dice.choice([1, 5]))),
            None, "live", None if end is None else START + end * HOUR,
        )  # fmt: skip
    names = ["pair", "timestamp_utc"]
    bars = pd.DataFrame(candles, columns=[*names, "open", "high", "low", "close", "quote_volume"])
    wants = pd.DataFrame(
        signals,
        columns=[*names, "predicted_excess_pct", "tradable", "leaves", "atr_pct", "book_spread_bps", "book_depth_quote",
                 "taker_fee_rate"],
    )  # fmt: skip
    times = {"timestamp_utc": "datetime64[us, UTC]"}
    return bars.astype(times), wants.astype(times).assign(turnover_24h_quote=1e8), instruments


def a_signal(dice: np.random.Generator) -> tuple[float, bool, bool, float, float, float, float]:
    unknown = dice.random(2) < 0.1
    return (
        np.nan if unknown[0] else round(float(dice.normal(0.5, 1.0)), 4),
        bool(dice.random() < 0.7),
        bool(dice.random() < 0.1),
        np.nan if unknown[1] else round(float(dice.uniform(0.1, 6.0)), 4),
        round(float(dice.uniform(0.3, 40.0)), 3),
        round(float(dice.lognormal(7.0, 1.5)), 2),
        round(float(dice.uniform(0.0, 0.004)), 5),
    )


def rules_of(given_: dict[str, Any]) -> DecisionRules:
    return DecisionRules(
        horizon_hours=given_["horizon"], max_positions=given_["most"], fee_margin=0.3,
        max_correlation=given_["max_correlation"], correlation_hours=given_["correlation_hours"],
    )  # fmt: skip


def decimal(value: Any) -> Decimal | None:
    return None if value is None or np.isnan(value) else Decimal(repr(float(value)))


def by_hour(frame: pd.DataFrame, hours: int, pairs: list[str], row: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [dict.fromkeys(pairs) for _ in range(hours)]
    for one in frame.to_dict("records"):
        found[(one["timestamp_utc"] - START) // HOUR][one["pair"]] = row(one)
    return found


def reference(
    given_: dict[str, Any], bars: pd.DataFrame, wants: pd.DataFrame, instruments: dict[str, Instrument],
    rules: DecisionRules, limits: RiskLimits,
) -> Reference:  # fmt: skip
    exits = {name: decimal(value) for name, value in asdict(given_["exits"]).items()}
    words = Rules(
        rules.horizon_hours, rules.max_positions, Decimal(repr(rules.min_order_quote)),
        Decimal(repr(rules.planned_loss_pct)), Decimal(repr(rules.fee_margin)), Decimal(repr(limits.max_asset_pct)),
        Decimal(repr(limits.max_exposure_pct)), Decimal(repr(limits.risk_per_trade_pct)),
        Decimal(repr(limits.max_order_quote)), exits["stop_pct"], exits["stop_atr"], exits["target_ratio"],
        exits["break_even_after_pct"], exits["trail_pct"], exits["trail_atr"], exits["trail_after_pct"] or Decimal(0),
        None if np.isinf(given_["share"]) else Decimal(repr(given_["share"])),
        decimal(rules.max_correlation), rules.correlation_hours,
    )  # fmt: skip
    pairs = list(instruments)
    fields = ("open", "high", "low", "close", "quote_volume")
    laid = by_hour(
        bars, given_["hours"] + 1, pairs, lambda one: {name: decimal(one[name]) for name in fields}
    )
    wanted = by_hour(
        wants, given_["hours"], pairs,
        lambda one: {
            "prediction": decimal(one["predicted_excess_pct"]), "tradable": one["tradable"], "leaves": one["leaves"],
            "atr": decimal(one["atr_pct"]), "spread": decimal(one["book_spread_bps"]),
            "depth": decimal(one["book_depth_quote"]), "fee": decimal(one["taker_fee_rate"]),
        },
    )  # fmt: skip
    steps = {
        pair: (
            one.lot,
            one.min_size,
            one.tick,
            None if one.delist_time is None else (one.delist_time - START) // HOUR,
        )
        for pair, one in instruments.items()
    }
    protections = asdict(given_["protections"])
    guard = Guard(
        {name: decimal(value) if isinstance(value, float) else value for name, value in protections.items()}
    )
    made = Reference(words, laid, wanted, steps, Decimal(repr(CASH)), guard)
    made.run()
    return made


@settings(max_examples=examples(50))
@given(given_=markets())
def test_a_small_market_ends_as_plain_python_with_decimal_money_ends(given_: dict[str, Any]) -> None:
    bars, wants, instruments = tables(given_)
    rules = rules_of(given_)
    limits = RiskLimits(40.0, 90.0, 2.0, 5_000.0)
    fills = FillRules(given_["share"], instruments)
    end = START + given_["hours"] * HOUR
    fold = run_fold(
        wants, bars, START, end, Portfolio(CASH, {}), rules, limits, exits=given_["exits"], fills=fills,
        protections=given_["protections"],
    )  # fmt: skip
    expected = reference(given_, bars, wants, instruments, rules, limits)
    found = fold.trades.sort_values(["exit_time", "pair"]).to_dict("records")
    wanted = sorted(expected.trades, key=lambda one: (one["exit"], one["pair"]))
    assert {name: count for name, count in fold.refused.items() if count} == expected.guard.refused
    shown = [(one["pair"], one["entry_time"], one["exit_time"], one["exit_reason"]) for one in found]
    assert shown == [
        (one["pair"], START + one["entry"] * HOUR, START + one["exit"] * HOUR, one["reason"])
        for one in wanted
    ]
    for ours, theirs in zip(found, wanted, strict=True):
        for name, other in (("quantity", "quantity"), ("entry_price", "entry_price"), ("exit_price", "exit_price"),
                            ("pnl_quote", "pnl"), ("cost_quote", "cost"), ("fee_quote", "fee"),
                            ("spread_quote", "spread")):  # fmt: skip
            assert ours[name] == pytest.approx(float(theirs[other]), rel=1e-9, abs=1e-7), name
    np.testing.assert_allclose(
        fold.equity["equity_quote"], [float(value) for value in expected.equity], rtol=1e-10
    )
    assert fold.closing.cash_quote == pytest.approx(float(expected.cash), rel=1e-10)
    still = fold.closing.positions.values()
    spent = sum(one.entry_quote for one in still) - sum(one.proceeds_quote for one in still)
    assert fold.closing.cash_quote == pytest.approx(CASH + fold.trades["pnl_quote"].sum() - spent, rel=1e-10)


@settings(max_examples=examples(15))
@given(given_=markets(), cut=st.floats(0.05, 0.95))
def test_two_folds_with_stops_and_partial_fills_equal_one(given_: dict[str, Any], cut: float) -> None:
    bars, wants, instruments = tables(given_)
    rules = rules_of(given_)
    middle = START + max(1, int(cut * given_["hours"])) * HOUR
    end = START + given_["hours"] * HOUR

    def fold(first: datetime, last: datetime, opening: Portfolio) -> Any:
        return run_fold(
            wants, bars, first, last, opening, rules, RiskLimits(40.0, 90.0, 2.0, 5_000.0),
            exits=given_["exits"], fills=FillRules(given_["share"], instruments), protections=given_["protections"],
        )  # fmt: skip

    whole, first = fold(START, end, Portfolio(CASH, {})), fold(START, middle, Portfolio(CASH, {}))
    second = fold(middle, end, Portfolio.from_json(json.dumps(first.closing.to_json())))
    assert second.closing == whole.closing
    assert len(first.trades) + len(second.trades) == len(whole.trades)
    refused = {name: count + second.refused[name] for name, count in first.refused.items()}
    assert refused == whole.refused
