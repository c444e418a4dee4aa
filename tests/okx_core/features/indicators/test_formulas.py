"""Features that no library has, against their formula written out with pandas and SciPy."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from okx_core.features.bars import Bars
from okx_core.features.registry import FEATURES

BARS = 900
BY_NAME = {feature.name: feature for feature in FEATURES}


@pytest.fixture(scope="module")
def bars():
    generator = np.random.default_rng(31)
    close = 100.0 * np.exp(np.cumsum(generator.normal(0.0, 0.01, BARS)))
    opened = np.concatenate([close[:1], close[:-1]]) * np.exp(generator.normal(0.0, 0.002, BARS))
    volume = generator.lognormal(3.0, 1.0, BARS)
    return pd.DataFrame(
        {
            "open": opened,
            "high": np.maximum(opened, close) * (1.0 + np.abs(generator.normal(0.0, 0.004, BARS))),
            "low": np.minimum(opened, close) * (1.0 - np.abs(generator.normal(0.0, 0.004, BARS))),
            "close": close,
            "volume": volume,
            "quote_volume": volume * close * 1.001,
            "taker_buy_base": volume * generator.random(BARS),
        }
    )


@pytest.fixture(scope="module")
def ours(bars):
    fields = {name: bars[name].to_numpy()[None, :].copy() for name in bars}
    whole = Bars(fields, BARS, 0)
    return lambda name: BY_NAME[name].compute(whole)[0]


def ema(values, period):
    """Started from the simple mean of the first `period` known values, as TA-Lib does."""
    known = values.dropna()
    seeded = pd.concat(
        [pd.Series([known.iloc[:period].mean()], [known.index[period - 1]]), known.iloc[period:]]
    )
    return seeded.ewm(span=period, adjust=False).mean().reindex(values.index)


def klinger(bars):
    """Bar by bar, as the article has it."""
    price = (bars["high"] + bars["low"] + bars["close"]).to_numpy()
    spread, volume = (bars["high"] - bars["low"]).to_numpy(), bars["volume"].to_numpy()
    trend, travelled = 1.0, spread[0]
    force = np.full(len(bars), np.nan)
    for bar in range(1, len(bars)):
        now = 1.0 if price[bar] > price[bar - 1] else -1.0
        travelled = (travelled if now == trend else spread[bar - 1]) + spread[bar]
        trend = now
        force[bar] = volume[bar] * abs(2.0 * spread[bar] / travelled - 1.0) * trend * 100.0
    force = pd.Series(force)
    return ema(force, 34) - ema(force, 55)


def written_out(bars):
    opened, high, low, close, volume = (bars[name] for name in ("open", "high", "low", "close", "volume"))
    returns = np.log(close).diff()
    squared_range = np.log(high / low) ** 2
    klass = 0.5 * squared_range - (2.0 * math.log(2.0) - 1.0) * np.log(close / opened) ** 2
    middle = (np.log(high) + np.log(low)) / 2.0
    spread = (np.log(close).shift() - middle.shift()) * (np.log(close).shift() - middle)
    impact = returns.abs() / bars["quote_volume"]
    vwma_5, vwma_20 = ((close * volume).rolling(n).sum() / volume.rolling(n).sum() for n in (5, 20))
    volatility = squared_range.rolling(12).mean()
    below = sum((volatility.shift(age) < volatility) for age in range(6, 90, 6)) / 14.0
    return {
        "gap_open": 100.0 * (opened / close.shift() - 1.0),
        "price_acceleration": (close.pct_change(3) - close.pct_change(3).shift(3)) * 100.0 / 9.0,
        "parkinson_30": 100.0 * np.sqrt(8760.0 * squared_range.rolling(30).mean() / (4.0 * math.log(2.0))),
        "garman_klass_30": 100.0 * np.sqrt(8760.0 * klass.rolling(30).mean()),
        "volatility_ratio_6_48": np.sqrt((returns**2).rolling(6).mean() / (returns**2).rolling(48).mean()),
        "skewness_20": returns.rolling(20).apply(stats.skew, raw=True),
        "kurtosis_20": returns.rolling(20).apply(stats.kurtosis, raw=True),
        "z_score_20": (close - close.shift().rolling(20).mean()) / close.shift().rolling(20).std(ddof=0),
        "volume_spike_z": (volume - volume.shift().rolling(48).mean())
        / volume.shift().rolling(48).std(ddof=0),
        "bid_ask_spread": 200.0 * np.sqrt(spread.rolling(24).mean().clip(lower=0.0)),
        "amihud_illiquidity": 1e8 * impact.rolling(24).mean(),
        "amihud_illiquidity_ratio": impact.rolling(6).mean() / impact.rolling(48).mean(),
        "volume_price_confirmation": 100.0
        * (vwma_20 / close.rolling(20).mean() - 1.0)
        * (vwma_5 / close.rolling(5).mean())
        * (volume.rolling(5).mean() / volume.rolling(20).mean()),
        "klinger_oscillator": klinger(bars),
        "klinger_oscillator_pct": klinger(bars) / ema(volume, 55),
        "volume_oscillator": 100.0 * (ema(volume, 5) / ema(volume, 10) - 1.0),
        "chaikin_volatility": 100.0 * (ema(high - low, 10) / ema(high - low, 10).shift(10) - 1.0),
        "taker_buy_ratio": bars["taker_buy_base"] / volume,
        "volatility_regime_confidence": (2.0 * below - 1.0).abs(),
    }


NAMES = [
    "gap_open", "price_acceleration", "parkinson_30", "garman_klass_30", "volatility_ratio_6_48", "skewness_20",
    "kurtosis_20", "z_score_20", "volume_spike_z", "bid_ask_spread", "amihud_illiquidity",
    "amihud_illiquidity_ratio", "volume_price_confirmation", "klinger_oscillator", "klinger_oscillator_pct",
    "taker_buy_ratio", "volatility_regime_confidence", "volume_oscillator", "chaikin_volatility",
]  # fmt: skip


@pytest.fixture(scope="module")
def expected(bars):
    return written_out(bars)


@pytest.mark.parametrize("name", NAMES)
def test_feature_equals_its_formula(ours, expected, name):
    values = (
        np.clip(expected[name].to_numpy(), -10.0, 10.0)
        if "z" in name.split("_")
        else expected[name].to_numpy()
    )
    first = BY_NAME[name].lookback_bars - 1
    assert not np.isnan(values[first:]).any()
    magnitude = np.median(np.abs(values[first:]))
    np.testing.assert_allclose(ours(name)[first:], values[first:], 1e-9, 1e-9 * magnitude)


def test_every_written_formula_is_compared(expected):
    assert set(expected) == set(NAMES)


def test_the_spread_estimate_finds_the_spread_of_a_simulated_book():
    """Trades at bid or ask around an efficient price: 400 days of 24 bars, spread 1 %."""
    generator = np.random.default_rng(7)
    days, hours, trades, half = 400, 25, 60, 0.005
    steps = generator.normal(0.0, 0.01 / math.sqrt(trades), (days, hours * trades))
    quoted = np.cumsum(steps, axis=1) + half * generator.choice([-1.0, 1.0], (days, hours * trades))
    price = np.exp(quoted).reshape(days, hours, trades)
    fields = {"open": price[..., 0], "high": price.max(-1), "low": price.min(-1), "close": price[..., -1]}
    whole = Bars({**{k: v.copy() for k, v in fields.items()}, "volume": np.ones((days, hours))}, hours, 0)
    found = BY_NAME["bid_ask_spread"].compute(whole)[:, -1]
    assert 0.7 < np.sqrt(np.mean(found**2)) < 1.3


def after_a_gap(bars, name, lost):
    """A feature over bars of which some are missing, and with those left out."""
    fields = {column: bars[column].to_numpy()[None, :].copy() for column in bars}
    for values in fields.values():
        values[:, lost] = np.nan
    joined = {column: np.delete(values, lost, axis=1) for column, values in fields.items()}
    count = joined["close"].shape[1]
    found = BY_NAME[name].compute(Bars(fields, BARS, 0))[0]
    return np.delete(found, lost), BY_NAME[name].compute(Bars(joined, count, 0))[0]


@pytest.mark.parametrize("name", ["volume_oscillator", "ema_distance_50", "rsi", "macd_pct", "ppo"])
def test_after_a_gap_a_recursive_formula_goes_on_with_the_known_bars(bars, name):
    found, expected = after_a_gap(bars, name, slice(400, 407))
    np.testing.assert_array_equal(found, expected)


def test_the_change_of_a_range_that_grows_a_hundredfold_is_not_cut_off(bars):
    wild = bars.copy()
    wild.loc[600:, "high"] = wild.loc[600:, "close"] * 1.9
    fields = {column: wild[column].to_numpy()[None, :].copy() for column in wild}
    found = BY_NAME["chaikin_volatility"].compute(Bars(fields, BARS, 0))[0]
    smooth = ema(wild["high"] - wild["low"], 10)
    assert np.nanmax(found) > 1500.0
    np.testing.assert_allclose(found[30:], (100.0 * (smooth / smooth.shift(10) - 1.0))[30:], 1e-9, 1e-9)
