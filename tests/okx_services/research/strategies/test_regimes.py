"""Regimes of a backtest: the market is BTC where it is traded, and what follows an hour is not in its regime."""

import numpy as np
import pandas as pd

from okx_services.research.strategies.regimes import regimes_of

TIMES = pd.date_range("2023-01-01", periods=24 * 400, freq="h", tz="UTC").as_unit("us")
START, END = TIMES[24 * 200].to_pydatetime(), TIMES[-1].to_pydatetime()


def candles(pairs: dict[str, np.ndarray]) -> pd.DataFrame:
    frames = [
        pd.DataFrame({"pair": pair, "timestamp_utc": TIMES, "close": close}) for pair, close in pairs.items()
    ]
    return pd.concat(frames, ignore_index=True)


def steady(drift: float, seed: int = 1) -> np.ndarray:
    return 100.0 * np.exp(np.cumsum(np.random.default_rng(seed).normal(drift, 1e-4, len(TIMES))))


def curve() -> np.ndarray:
    return np.linspace(1.0, 2.0, len(TIMES[(TIMES >= START) & (TIMES < END)]) + 1)


def test_the_market_is_bitcoin_and_all_pairs_alike_without_it() -> None:
    rising, falling = steady(1e-3), steady(-1e-3)
    with_bitcoin = regimes_of(candles({"BTC-USDT": rising, "AAA-USDT": falling}), START, END, curve())
    assert with_bitcoin[0].name == "up trend"
    assert with_bitcoin[0].hours_pct == 100.0
    without = regimes_of(candles({"AAA-USDT": falling, "BBB-USDT": falling}), START, END, curve())
    assert without[0].name == "down trend"
    assert without[0].market_return_pct < 0.0 < with_bitcoin[0].market_return_pct
    assert abs(without[0].return_pct - 100.0) < 1e-6


def test_the_hour_that_turns_the_trend_is_counted_in_the_trend_before_it() -> None:
    """It falls by half within one hour of the window: that hour is lost in an up trend, all later ones are down."""
    fall = 24 * 300
    close = steady(1e-4)
    close[fall:] *= 0.5
    hour = int((TIMES[fall] - START) / pd.Timedelta(hours=1))
    equity = np.ones(len(curve()))
    equity[hour + 1 :] = 0.5  # the equity of this hour too is marked at its close
    found = {one.name: one for one in regimes_of(candles({"BTC-USDT": close}), START, END, equity)}
    assert found["up trend"].return_pct == -50.0
    assert found["down trend"].return_pct == 0.0


def test_a_short_history_leaves_the_first_hours_unknown() -> None:
    made = candles({"BTC-USDT": steady(1e-3)})
    cut = made[made["timestamp_utc"] >= pd.Timestamp(START)]
    found = {one.name: one for one in regimes_of(cut, START, END, curve())}
    assert 0.0 < found["trend unknown"].hours_pct < 20.0
    assert found["up trend"].hours_pct + found["trend unknown"].hours_pct == 100.0
