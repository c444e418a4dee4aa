"""Stops, targets, steps of the exchange, scarce volume and delisting, each in a market of one pair."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from okx_core.backtest.engine import FillRules, FoldResult, Portfolio, run_fold
from okx_core.decisions.exits import ExitRules
from okx_core.decisions.rules import PRODUCT_LIMITS, DecisionRules
from okx_core.market.instruments import Instrument

HOUR = timedelta(hours=1)
START = datetime(2024, 1, 1, tzinfo=UTC)
PAIR = "AAA-USDT"
FREE = {"taker_fee_rate": 0.0, "book_spread_bps": 0.0, "book_depth_quote": 1e12, "turnover_24h_quote": 1e9}
CALM = (100.0, 101.0, 99.0, 100.0)


def trade(
    bars: list[tuple[float, float, float, float] | None], exits: ExitRules, fills: FillRules | None = None,
    volume: float | list[float] = 1e9, **costs: float,
) -> FoldResult:  # fmt: skip
    """Bought at the open of bar 1, on the signal of bar 0."""
    rows = [(START + place * HOUR, *bar) for place, bar in enumerate(bars) if bar is not None]
    candles = pd.DataFrame(rows, columns=["timestamp_utc", "open", "high", "low", "close"])
    candles = candles.assign(pair=PAIR, quote_volume=volume).astype({"timestamp_utc": "datetime64[us, UTC]"})
    wants = pd.DataFrame({"timestamp_utc": [START + place * HOUR for place in range(len(bars) - 1)]})
    wants = wants.astype({"timestamp_utc": "datetime64[us, UTC]"}).assign(
        pair=PAIR, predicted_excess_pct=5.0, tradable=[True] + [False] * (len(bars) - 2),
        **{**FREE, "atr_pct": 1.0, **costs},
    )  # fmt: skip
    end = START + (len(bars) - 1) * HOUR
    return run_fold(
        wants,
        candles,
        START,
        end,
        Portfolio(10_000.0, {}),
        DecisionRules(),
        PRODUCT_LIMITS,
        exits=exits,
        fills=fills,
    )


@pytest.mark.parametrize(
    ("bar", "price", "reason"),
    [
        ((100.0, 101.0, 94.0, 96.0), 95.0, "stop"),
        ((90.0, 91.0, 80.0, 85.0), 90.0, "stop"),
        ((100.0, 111.0, 99.0, 105.0), 110.0, "target"),
        ((100.0, 120.0, 94.0, 110.0), 95.0, "stop"),
    ],
)
def test_a_level_closes_the_position_inside_the_bar(bar, price: float, reason: str) -> None:
    found = trade([CALM, CALM, bar, CALM], ExitRules(stop_pct=5.0, target_ratio=2.0)).trades
    assert found["exit_reason"].tolist() == [reason]
    assert found["exit_price"].tolist() == [pytest.approx(price)]
    assert found["exit_time"].tolist() == [START + 2 * HOUR]


def test_the_stop_holds_inside_the_bar_of_the_entry() -> None:
    found = trade([CALM, (100.0, 101.0, 90.0, 92.0), CALM], ExitRules(stop_pct=5.0)).trades
    assert found[["entry_time", "exit_time"]].to_numpy().ravel().tolist() == [START + HOUR] * 2


def test_risk_is_measured_to_the_stop() -> None:
    """2 % of 10,000 are lost between entry and stop; a stop so near that more were needed meets the 30 % limit."""
    for stop, spent in ((8.0, 2_500.0), (2.0, 3_000.0)):
        held = trade([CALM] * 3, ExitRules(stop_pct=stop)).closing.positions[PAIR]
        assert held.entry_quote == pytest.approx(spent)


def test_a_pair_whose_stop_is_unknown_is_not_bought() -> None:
    found = trade([CALM] * 4, ExitRules(stop_atr=2.0), atr_pct=np.nan)
    assert found.closing.positions == {}
    assert trade([CALM] * 4, ExitRules(stop_atr=2.0)).closing.positions[PAIR].stop_price == pytest.approx(
        98.0
    )


def test_a_trailing_stop_follows_the_bars_that_have_closed() -> None:
    """The high of a bar raises the stop of the next one, not its own: which came first is unknown."""
    rise = (100.0, 110.0, 100.0, 108.0)
    found = trade([CALM, rise, (108.0, 109.0, 100.0, 101.0), CALM], ExitRules(trail_pct=5.0)).trades
    assert found["exit_price"].tolist() == [pytest.approx(104.5)]
    assert found["exit_reason"].tolist() == ["trailing"]


def instrument(lot: str = "0.1", smallest: str = "0.5", **more: datetime) -> FillRules:
    one = Instrument(
        PAIR,
        "AAA",
        "USDT",
        Decimal("0.1"),
        Decimal(lot),
        Decimal(smallest),
        None,
        "live",
        more.get("delist_time"),
    )
    return FillRules(0.1, {PAIR: one})


def flat(price: float) -> tuple[float, float, float, float]:
    return price, price, price, price


def test_of_scarce_volume_a_part_is_bought() -> None:
    """A tenth of 10,000 quote a bar: 1,000 of the 2,000 that are wanted."""
    held = trade([CALM] * 3, ExitRules(), FillRules(0.1), volume=10_000.0).closing.positions[PAIR]
    assert held.entry_quote == pytest.approx(1_000.0)


def test_a_position_is_sold_over_the_bars_that_its_volume_needs() -> None:
    """10 units were bought for 1,000; at 400 they are worth 4,000, of which 1,000 find a buyer in each bar."""
    bars = [flat(100.0), flat(100.0), *[flat(400.0)] * 6]
    fold = trade(bars, ExitRules(stop_pct=10.0, target_ratio=1.0), FillRules(0.1), volume=10_000.0)
    assert fold.trades["exit_time"].tolist() == [START + 5 * HOUR]
    assert fold.trades["exit_reason"].tolist() == ["target"]
    assert fold.trades["quantity"].tolist() == [pytest.approx(10.0)]
    assert fold.equity["exposure_pct"].iloc[2] > fold.equity["exposure_pct"].iloc[3] > 0.0


def test_the_rest_of_a_stop_goes_on_being_sold_though_the_price_comes_back() -> None:
    """The bar of the stop has buyers for 200 quote at 80, 2.5 of 10 units; the next open takes the rest."""
    bars = [flat(100.0), flat(100.0), (100.0, 100.0, 79.0, 100.0), flat(100.0), flat(100.0)]
    fold = trade(bars, ExitRules(stop_pct=20.0), FillRules(0.1), volume=[1e4, 1e4, 2e3, 1e4, 1e4])
    assert fold.trades["exit_time"].tolist() == [START + 3 * HOUR]
    assert fold.trades["exit_reason"].tolist() == ["stop"]
    assert fold.trades["exit_price"].tolist() == [pytest.approx(0.25 * 80.0 + 0.75 * 100.0)]


def test_in_a_bar_of_unknown_volume_nothing_is_bought() -> None:
    assert trade([CALM] * 3, ExitRules(), FillRules(0.1), volume=np.nan).closing.positions == {}


def test_sizes_are_whole_lots_and_what_is_too_small_to_sell_is_given_up_as_cost() -> None:
    fold = trade([CALM, CALM, (90.0, 90.0, 90.0, 90.0), CALM], ExitRules(stop_pct=7.0), instrument("1", "2"),
                 taker_fee_rate=0.001)  # fmt: skip
    row = fold.trades.iloc[0]
    assert row["quantity"] == 27.0  # 28 bought, .028 are the fee
    assert row["cost_quote"] == pytest.approx(28 * 0.1 + 27 * 90.0 * 0.001 + 0.972 * 90.0)
    assert fold.closing.positions == {}


def test_less_than_the_smallest_size_is_not_bought() -> None:
    assert trade([CALM] * 3, ExitRules(), instrument("1", "21")).closing.positions == {}
    exactly = trade([CALM] * 3, ExitRules(), instrument("1", "20"), taker_fee_rate=0.001)
    assert exactly.closing.positions == {}  # of 20 bought 19.98 arrive, which could not be sold
    assert trade([CALM] * 3, ExitRules(), instrument("1", "20")).closing.positions[PAIR].quantity == 20.0


def test_a_delisted_pair_is_closed_at_its_last_price_less_the_worst_costs() -> None:
    fills = instrument(delist_time=START + 3 * HOUR)
    fold = trade([CALM, CALM, (100.0, 101.0, 99.0, 97.0), None, None], ExitRules(), fills)
    row = fold.trades.iloc[0]
    assert row["exit_reason"] == "delisted"
    assert row["exit_time"] == START + 3 * HOUR
    assert row["exit_price"] < 97.0
    assert fold.equity["equity_quote"].iloc[-1] == pytest.approx(fold.closing.cash_quote)
