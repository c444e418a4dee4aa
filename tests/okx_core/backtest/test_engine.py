"""The fold keeps its books: cash, costs, limits, and no knowledge of the bar it decides on but the past."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from okx_core.backtest.engine import Portfolio, run_fold
from okx_core.decisions.rules import PRODUCT_LIMITS, DecisionRules, RiskLimits
from okx_core.market.book_model import WORST_BOOK, assumed_terms, fill_offset_bps
from okx_core.market.fees import TAKER_FEE_RATE

HOUR = timedelta(hours=1)
START = datetime(2024, 1, 1, tzinfo=UTC)
END = START + timedelta(days=30)
CASH = Portfolio(10_000.0, {})
RULES = DecisionRules()


def trade(
    signals, candles, start=START, end=END, opening=CASH, rules=RULES, limits=PRODUCT_LIMITS, **options
):
    return run_fold(signals, candles, start, end, opening, rules, limits, **options)


@pytest.fixture(scope="module")
def fold(signals, candles):
    return trade(signals, candles)


def test_the_fold_trades(fold):
    assert len(fold.trades) > 50
    assert set(fold.trades["exit_reason"]) == {"horizon", "prediction"}
    assert len(fold.equity) == 30 * 24


def test_cash_is_never_negative(fold):
    assert (fold.equity["cash_quote"] >= 0.0).all()


def test_equity_changes_by_price_moves_less_costs(fold, candles):
    """Rebuilt from the fills: every hour's change is what positions gained in price, less costs."""
    closes = candles.pivot(index="timestamp_utc", columns="pair", values="close")
    closes = closes.reindex(fold.equity["timestamp_utc"]).ffill()
    opens = candles.pivot(index="timestamp_utc", columns="pair", values="open")
    gained = pd.Series(0.0, index=closes.index)
    still_open = [
        {"pair": pair, "quantity": held.quantity, "entry_time": held.entry_hour, "exit_time": END + HOUR}
        for pair, held in fold.closing.positions.items()
    ]
    for held in [*fold.trades.to_dict("records"), *still_open]:
        price = closes[held["pair"]].copy()
        path = price.loc[held["entry_time"] : held["exit_time"] - HOUR]
        steps = path.diff()
        if len(steps):
            steps.iloc[0] = path.iloc[0] - opens.loc[held["entry_time"], held["pair"]]
        gained = gained.add(held["quantity"] * steps, fill_value=0.0)
        leaving = held["exit_time"]
        if leaving in gained.index:
            last = path.iloc[-1] if len(path) else opens.loc[held["entry_time"], held["pair"]]
            gained[leaving] += held["quantity"] * (opens.loc[leaving, held["pair"]] - last)
    equity = fold.equity.set_index("timestamp_utc")
    expected = gained.reindex(equity.index).iloc[1:] - equity["cost_quote"].shift(1).iloc[1:]
    np.testing.assert_allclose(equity["equity_quote"].diff().iloc[1:], expected, atol=1e-6)


def test_closing_equity_is_opening_equity_plus_profits(fold):
    spent = sum(held.entry_quote for held in fold.closing.positions.values())
    assert fold.closing.cash_quote == pytest.approx(10_000.0 + fold.trades["pnl_quote"].sum() - spent)


def test_no_pair_is_entered_while_it_is_held(fold):
    assert fold.trades["pair"].duplicated().any()
    for _, trades in fold.trades.sort_values("entry_time").groupby("pair"):
        assert (trades["entry_time"].iloc[1:].to_numpy() >= trades["exit_time"].iloc[:-1].to_numpy()).all()


def test_positions_end_at_the_horizon_unless_the_bar_is_missing(fold, candles):
    bars = set(zip(candles["pair"], candles["timestamp_utc"], strict=True))
    for row in fold.trades[fold.trades["exit_reason"] == "horizon"].itertuples():
        due = row.entry_time + 24 * HOUR
        assert row.exit_time == due or (row.pair, due) not in bars
    assert (fold.trades["exit_time"] - fold.trades["entry_time"] >= HOUR).all()


def test_exposure_and_asset_limits_hold_when_deciding(signals, candles):
    flat = candles.assign(open=50.0, high=50.0, low=50.0, close=50.0)
    fold = trade(signals, flat)
    assert fold.equity["exposure_pct"].max() <= 80.0 + 1e-9
    assert (fold.trades["quantity"] * 50.0 <= 0.3 * 10_000.0).all()


@pytest.mark.parametrize("hours", [1, 25, 300])
def test_folds_that_follow_each_other_equal_one_long_run(fold, signals, candles, hours):
    middle = START + hours * HOUR
    first = trade(signals, candles, end=middle)
    opening = Portfolio.from_json(first.closing.to_json())
    second = trade(signals, candles, start=middle, opening=opening)
    assert second.closing == fold.closing
    trades = [part.trades for part in (first, second) if len(part.trades)]
    pd.testing.assert_frame_equal(pd.concat(trades, ignore_index=True), fold.trades, check_exact=True)
    equity = pd.concat([first.equity, second.equity], ignore_index=True)
    pd.testing.assert_frame_equal(equity, fold.equity, check_exact=True)


def test_the_future_of_a_decision_changes_nothing(fold, signals, candles):
    row = START + 400 * HOUR
    spiked = candles.copy()
    spiked.loc[spiked["timestamp_utc"] > row, ["open", "high", "low", "close"]] *= 3.0
    again = trade(signals, spiked)
    before = fold.equity["timestamp_utc"] <= row
    columns = ["timestamp_utc", "equity_quote", "cash_quote", "exposure_pct"]
    pd.testing.assert_frame_equal(again.equity.loc[before, columns], fold.equity.loc[before, columns])


def test_higher_fees_leave_less(signals, candles):
    equities = [trade(signals, candles, fee_rate=rate).closing.equity_quote for rate in (0.0, 0.001, 0.003)]
    assert equities[0] > equities[1] > equities[2]


def test_a_missing_limit_buys_nothing_but_still_sells(signals, candles):
    unlimited = RiskLimits(30.0, None, 2.0, 1e5)
    assert len(trade(signals, candles, limits=unlimited).trades) == 0
    middle = START + 300 * HOUR
    opening = trade(signals, candles, end=middle).closing
    assert opening.positions
    closed = trade(signals, candles, start=middle, opening=opening, limits=unlimited)
    assert set(closed.trades["pair"]) == set(opening.positions)
    assert not closed.closing.positions


def test_fee_and_book_of_the_signal_are_what_is_paid():
    seen = {"taker_fee_rate": 0.0035, "book_spread_bps": 8.0, "book_depth_quote": 500.0}
    signals = pd.concat([signal(5, 2.0, **seen), signal(29, np.nan, **seen)])
    row = trade(signals, one_pair(40), end=START + 39 * HOUR).trades.iloc[0]
    entry = 105.5 * (1.0 + 1e-4 * fill_offset_bps(2000.0, 8.0, 500.0))
    quantity = 2000.0 / entry * (1.0 - 0.0035)
    sold = 129.5 * (1.0 - 1e-4 * fill_offset_bps(quantity * 129.5, 8.0, 500.0))
    assert row["entry_price"] == pytest.approx(entry)
    assert row["pnl_quote"] == pytest.approx(quantity * sold * (1.0 - 0.0035) - 2000.0)


@pytest.mark.parametrize("changed", [{"turnover": np.nan}, {"taker_fee_rate": 0.02}])
def test_nothing_is_bought_at_an_unknown_cost_or_at_more_than_is_expected(changed):
    assert trade(signal(5, 2.0), one_pair(40), end=START + 39 * HOUR).trades.shape[0] == 1
    assert trade(signal(5, 2.0, **changed), one_pair(40), end=START + 39 * HOUR).trades.empty


def test_unknown_predictions_never_trade(signals, candles):
    silent = signals.assign(predicted_excess_pct=np.nan, tradable=True)
    assert len(trade(silent, candles).trades) == 0


def one_pair(hours, missing=()):
    times = [START + hour * HOUR for hour in range(hours) if hour not in missing]
    prices = [100.0 + hour for hour in range(hours) if hour not in missing]
    frame = pd.DataFrame({"pair": "AAA-USDT", "timestamp_utc": times, "close": prices})
    return frame.assign(open=frame["close"] - 0.5, high=frame["close"], low=frame["close"] - 0.5, volume=1e6)


def signal(hour, prediction, pair="AAA-USDT", turnover=1e8, **more):
    row = {
        "pair": pair,
        "timestamp_utc": START + hour * HOUR,
        "predicted_excess_pct": prediction,
        "tradable": True,
    }
    return pd.DataFrame([{**row, "turnover_24h_quote": turnover, **more}])


def by_hand(turnover=1e8, spent=2000.0):
    """Spent, quantity and entry price of a buy at 105.5, and proceeds of its sale at 129.5."""
    ranged = (105.0 / 104.5 - 1.0) * 1e4  # of bar 5
    entry = 105.5 * (1.0 + 1e-4 * fill_offset_bps(spent, *assumed_terms(turnover, ranged)))
    quantity = spent / entry * (1.0 - TAKER_FEE_RATE)
    sold = 129.5 * (
        1.0 - 1e-4 * fill_offset_bps(quantity * 129.5, WORST_BOOK.spread_bps, WORST_BOOK.depth_quote)
    )
    return quantity, entry, quantity * sold * (1.0 - TAKER_FEE_RATE)


def test_a_trade_by_hand():
    """Decided on bar 5, bought at the open of bar 6, sold 24 hours later at the worst book's price."""
    fold = trade(signal(5, 1.0), one_pair(40), end=START + 39 * HOUR)
    quantity, entry, proceeds = by_hand()
    row = fold.trades.iloc[0]
    assert (row["entry_time"], row["exit_time"]) == (START + 6 * HOUR, START + 30 * HOUR)
    assert row["quantity"] == pytest.approx(quantity)
    assert row["entry_price"] == pytest.approx(entry)
    assert row["pnl_quote"] == pytest.approx(proceeds - 2000.0)
    assert row["return_pct"] == pytest.approx(100.0 * (proceeds / 2000.0 - 1.0))
    assert row["cost_quote"] == pytest.approx(2000.0 - quantity * 105.5 + quantity * 129.5 - proceeds)
    assert fold.equity["equity_quote"].iloc[6] == pytest.approx(8000.0 + quantity * 106.0)


def test_an_entry_whose_next_bar_is_missing_is_not_filled():
    fold = trade(signal(5, 1.0), one_pair(40, missing=(6,)), end=START + 39 * HOUR)
    assert len(fold.trades) == 0
    assert fold.closing == CASH


def test_an_exit_whose_next_bar_is_missing_waits_for_one():
    fold = trade(signal(5, 1.0), one_pair(40, missing=(30, 31)), end=START + 39 * HOUR)
    assert fold.trades["exit_time"].tolist() == [START + 32 * HOUR]


def test_a_turned_prediction_closes_at_the_next_open():
    both = pd.concat([signal(5, 1.0), signal(9, -2.0)])
    fold = trade(both, one_pair(40), end=START + 39 * HOUR)
    assert fold.trades["exit_time"].tolist() == [START + 10 * HOUR]
    assert fold.trades["exit_reason"].tolist() == ["prediction"]


def test_the_risk_multiplier_scales_the_position():
    fold = trade(signal(5, 1.0, risk_multiplier=0.5), one_pair(40), end=START + 20 * HOUR)
    assert fold.closing.positions["AAA-USDT"].entry_quote == pytest.approx(1000.0)
    none = trade(signal(5, 1.0, risk_multiplier=np.nan), one_pair(40), end=START + 20 * HOUR)
    assert none.closing == CASH


def test_no_signals_and_no_candles_leave_the_portfolio_alone(signals, candles):
    fold = trade(signals.head(0), candles.head(0))
    assert fold.closing == CASH
    assert (fold.equity["equity_quote"] == 10_000.0).all()
    assert len(fold.trades) == 0
