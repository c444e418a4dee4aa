"""A strategy on candles: gates and costs as in the stored weeks, columns that are features, and no look-ahead."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from okx_core.decisions.protections import OPTIONAL
from okx_core.decisions.rules import SIZING_METHODS
from okx_core.features.candle_set import CandleSet
from okx_core.strategies.built_in import BUILT_IN
from okx_core.strategies.strategy import Strategy, StrategyError, Wants
from okx_services.research.strategies.backtest import run_strategy
from okx_services.research.strategies.tables import refused_words

HOUR = pd.Timedelta(hours=1)
HOURS = 24 * 40
TIMES = pd.date_range("2024-01-01", periods=HOURS, freq="h", tz="UTC").as_unit("us")
START, END = TIMES[24 * 10].to_pydatetime(), TIMES[-1].to_pydatetime()


@pytest.fixture(scope="module")
def candles() -> CandleSet:
    """40 days: AAA rises and is traded much, BBB falls, CCC rises more but is hardly traded."""
    dice = np.random.default_rng(5)
    frames = []
    for pair, drift, turnover in (("AAA-USDT", 5e-4, 5e6), ("BBB-USDT", -5e-4, 5e6), ("CCC-USDT", 9e-4, 1e3)):
        close = 50.0 * np.exp(np.cumsum(dice.normal(drift, 0.004, HOURS)))
        opened = np.concatenate(([50.0], close[:-1]))
        bars = {
            "open": opened,
            "high": np.maximum(opened, close) * 1.001,
            "low": np.minimum(opened, close) * 0.999,
        }
        frame = pd.DataFrame({"pair": pair, "timestamp_utc": TIMES, **bars, "close": close})
        frames.append(frame.assign(volume=turnover / close, quote_volume=turnover, taker_buy_base=np.nan))
    return CandleSet.of_hourly(pd.concat(frames, ignore_index=True))


def run(
    candles: CandleSet, strategy: Strategy = BUILT_IN["momentum"], capital: float = 10_000.0, **given: str
):
    spec = strategy.spec(
        {"hours": "48", "every_hours": "24", "top": "2", **given} if not strategy.code else given
    )
    return run_strategy(strategy, spec, candles, START, END, capital)


def test_what_rises_is_held_and_what_is_hardly_traded_is_refused_by_its_gate(candles) -> None:
    found = run(candles)
    held = set(found.fold.trades["pair"]) | set(found.fold.closing.positions)
    assert held <= {"AAA-USDT", "BBB-USDT"}
    assert "AAA-USDT" in held
    assert found.rejected["gate_liquidity"] > 10
    assert found.wanted > found.rejected["gate_liquidity"]
    assert next(iter(found.benchmarks)) == "AAA-USDT held"
    assert all(len(curve) == len(found.fold.equity) + 1 for curve in found.benchmarks.values())


def test_a_pair_whose_candles_end_is_closed_at_its_last_price_and_the_others_go_on(candles) -> None:
    """A delisted pair that stays in the books would hold its place for ever, at a price that is none."""
    gone = TIMES[24 * 20]
    kept = (candles.hourly["pair"] != "AAA-USDT") | (candles.hourly["timestamp_utc"] < gone)
    cut = CandleSet.of_hourly(candles.hourly[kept].reset_index(drop=True))
    found = run(
        cut, replace(BUILT_IN["momentum"], parameters={"hours": 48, "every_hours": 24, "top": 2, "keep": 9})
    )
    last = found.fold.trades[found.fold.trades["pair"] == "AAA-USDT"].iloc[-1]
    assert (last["exit_reason"], last["exit_time"]) == ("delisted", gone)
    close = cut.hourly.loc[cut.hourly["pair"] == "AAA-USDT", "close"].iloc[-1]
    assert last["exit_price"] < close, "sold into the worst book"
    assert "AAA-USDT" not in found.fold.closing.positions


def test_the_capital_scales_the_orders(candles) -> None:
    small, large = run(candles, capital=1_000.0), run(candles, capital=10_000.0)
    spent = [found.fold.equity["equity_quote"].iloc[0] for found in (small, large)]
    assert spent == [1_000.0, 10_000.0]
    assert small.scores["exposure_pct"] == pytest.approx(large.scores["exposure_pct"], rel=0.05)


def test_a_stop_closes_positions_and_counts_as_its_reason(candles) -> None:
    found = run(candles, stop_pct="0.8")
    assert "stop" in set(found.fold.trades["exit_reason"])
    assert set(run(candles).fold.trades["exit_reason"]) <= {"prediction", "horizon"}


def test_what_protections_refuse_is_counted_beside_the_gates_and_in_words(candles) -> None:
    found = run(candles, stop_pct="0.8", daily_trades="1", every_hours="1")
    assert found.rejected["protection_daily_trades"] > 0
    assert found.rejected["protection_cooldown"] > 0
    refused = f"daily_trades {found.rejected['protection_daily_trades']:,}"
    assert refused in refused_words(found).partition("of those that passed, refused by ")[2]
    free = run(candles, **dict.fromkeys(OPTIONAL, "none"))
    assert not any(count for name, count in free.rejected.items() if name.startswith("protection_"))
    assert "refused by no protection" in refused_words(free)


@pytest.mark.parametrize("method", SIZING_METHODS)
def test_every_method_of_sizing_trades_and_stays_below_the_fixed_fraction(candles, method: str) -> None:
    shorter = {"hours": "24", "every_hours": "4", "horizon_hours": "24"}
    found = run(candles, sizing=method, kelly_cap_pct="5", volatility_target_pct="3", **shorter)
    trades = found.fold.trades
    shares = trades["quantity"] * trades["entry_price"] / found.fold.equity["equity_quote"].max()
    assert len(trades) > 3
    assert shares.max() <= 0.2, "2 % of equity at a planned loss of 10 %"
    if method == "kelly":
        assert shares.max() <= 0.05
        first = trades["entry_time"].min()
        assert first > run(candles, **shorter).fold.trades["entry_time"].min(), (
            "nothing before a record is known"
        )


def test_a_column_that_nobody_has_is_named(candles) -> None:
    strategy = replace(BUILT_IN["momentum"], columns=("no_such_column",), code="x")
    with pytest.raises(StrategyError, match="momentum asks for no_such_column: no such feature"):
        run(candles, strategy)


def test_a_strategy_that_reads_tomorrow_is_refused_before_it_trades(candles) -> None:
    def decide(panel, _given) -> Wants:
        ahead = np.full(panel.close.shape, np.nan)
        ahead[:-1] = panel.close[1:] / panel.close[:-1]
        return Wants(ahead, np.zeros(ahead.shape, bool))

    with pytest.raises(StrategyError, match=r"cheat looks ahead: of AAA-USDT at 2024-"):
        run(candles, Strategy("cheat", "", decide, code="x"))


def test_recorded_predictions_are_read_beside_the_features(candles) -> None:
    rows = candles.hourly[["pair", "timestamp_utc"]]
    known = rows.assign(predicted_excess_pct=np.where(rows["pair"] == "BBB-USDT", 5.0, np.nan), tradable=1.0)
    spec = BUILT_IN["model"].spec({})
    found = run_strategy(BUILT_IN["model"], spec, candles, START, END, 10_000.0, known)
    assert set(found.fold.closing.positions) | set(found.fold.trades["pair"]) == {"BBB-USDT"}
    with pytest.raises(StrategyError, match="of predictions it may read predicted_excess_pct and tradable"):
        run_strategy(BUILT_IN["model"], spec, candles, START, END, 10_000.0)


def test_prices_after_the_end_change_nothing(candles) -> None:
    middle = START + 15 * 24 * HOUR
    hourly = candles.hourly
    later = hourly["timestamp_utc"] > middle
    other = hourly.assign(
        **{name: hourly[name].where(~later, hourly[name] * 3.0) for name in ("open", "high", "low", "close")}
    )
    spec = BUILT_IN["momentum"].spec({"hours": "48", "every_hours": "24", "top": "2"})
    one, two = (
        run_strategy(
            BUILT_IN["momentum"], spec, CandleSet.of_hourly(frame), START, middle, 10_000.0
        ).fold.equity
        for frame in (hourly, other)
    )
    pd.testing.assert_frame_equal(one.iloc[:-1], two.iloc[:-1])
