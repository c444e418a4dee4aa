"""Features against TA-Lib and the `ta` library on the same candles.

TA-Lib: equal to 1e-9 from its first valid bar on; only flat markets differ (see each `undefined`).
`ta`: equal to 1e-9 once its seeds have faded. It seeds RSI, MACD, ATR, EMA, ADX and DI with the first
value where TA-Lib takes a mean, writes 0 instead of unknown on the first bars of ATR and ADX, leaves
%R, stochastic, CCI and MFI unknown on a flat window, and adds the volume of an unchanged close to OBV.
Slow %K of `stoch_k_14` is TA-Lib's SLOWK and ta's `stoch_signal`.
"""

import warnings
from datetime import UTC, datetime

import numpy as np
import pytest
import talib

from okx_core.features.bars import Bars
from okx_core.features.registry import FEATURES

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import ta

START = datetime(2024, 1, 3, tzinfo=UTC)
SEED_FADED = 700


@pytest.fixture(scope="module")
def hourly(calm):
    rows = calm.hourly[calm.hourly["pair"] == "SOL-USDT"].set_index("timestamp_utc")
    return {name: rows[name].astype(np.float64) for name in ("open", "high", "low", "close", "volume")}


@pytest.fixture(scope="module")
def exact(hourly):
    """Feature values in float64, recursions started on the first candle."""
    fields = {name: hourly[name].to_numpy()[None, :].copy() for name in hourly}
    bars = Bars({**fields, "quote_volume": fields["volume"] * fields["close"]}, fields["close"].shape[1], 0)
    by_name = {feature.name: feature for feature in FEATURES}
    return lambda name: by_name[name].compute(bars)[0]


@pytest.fixture(scope="module")
def ours(calm_full):
    return calm_full.xs("SOL-USDT", level="pair").astype(np.float64)


def with_talib(bars):
    high, low, close, volume = (bars[name].to_numpy() for name in ("high", "low", "close", "volume"))
    upper, middle, lower = talib.BBANDS(close, 20, 2.0, 2.0)
    highest, lowest = talib.MAX(high, 20), talib.MIN(low, 20)
    obv = talib.OBV(close, volume)
    return {
        "rsi": talib.RSI(close, 14),
        "macd_hist": 100.0 * talib.MACD(close)[2] / close,
        "normalized_atr_14": talib.NATR(high, low, close, 14),
        "bollinger_width": 100.0 * (upper - lower) / middle,
        "bollinger_percent_b": (close - lower) / (upper - lower),
        "donchian_channel_width": 100.0 * (highest - lowest) / close,
        "money_flow_index": talib.MFI(high, low, close, volume, 14),
        "adx": talib.ADX(high, low, close, 14),
        "di_plus": talib.PLUS_DI(high, low, close, 14),
        "di_minus": talib.MINUS_DI(high, low, close, 14),
        "cci_14": talib.CCI(high, low, close, 14),
        "williams_r_14": talib.WILLR(high, low, close, 14),
        "stoch_k_14": talib.STOCH(high, low, close, 14, 3, 0, 3, 0)[0],
        "obv_slope": np.concatenate([np.full(10, np.nan), obv[10:] - obv[:-10]]) / talib.SUM(volume, 10),
        "roc_10": talib.ROC(close, 10),
        "ema_distance_14": 100.0 * (close / talib.EMA(close, 14) - 1.0),
        "ema_distance_50": 100.0 * (close / talib.EMA(close, 50) - 1.0),
        "sma_distance_50": 100.0 * (close / talib.SMA(close, 50) - 1.0),
    }


def with_ta(bars):
    low, high, close = bars["low"], bars["high"], bars["close"]
    band = ta.volatility.BollingerBands(close, 20, 2)
    channel = ta.volatility.DonchianChannel(high, low, close, 20)
    direction = ta.trend.ADXIndicator(high, low, close, 14)
    obv = ta.volume.OnBalanceVolumeIndicator(close, bars["volume"]).on_balance_volume()
    return {
        "rsi": ta.momentum.RSIIndicator(close, 14).rsi(),
        "macd_hist": 100.0 * ta.trend.MACD(close).macd_diff() / close,
        "normalized_atr_14": 100.0
        * ta.volatility.AverageTrueRange(high, low, close, 14).average_true_range()
        / close,
        "bollinger_width": band.bollinger_wband(),
        "bollinger_percent_b": band.bollinger_pband(),
        "donchian_channel_width": 100.0
        * (channel.donchian_channel_hband() - channel.donchian_channel_lband())
        / close,
        "money_flow_index": ta.volume.MFIIndicator(high, low, close, bars["volume"], 14).money_flow_index(),
        "adx": direction.adx(),
        "di_plus": direction.adx_pos(),
        "di_minus": direction.adx_neg(),
        "cci_14": ta.trend.CCIIndicator(high, low, close, 14).cci(),
        "williams_r_14": ta.momentum.WilliamsRIndicator(high, low, close, 14).williams_r(),
        "stoch_k_14": ta.momentum.StochasticOscillator(high, low, close, 14, 3).stoch_signal(),
        "obv_slope": obv.diff(10) / bars["volume"].rolling(10).sum(),
        "roc_10": ta.momentum.ROCIndicator(close, 10).roc(),
        "ulcer_14": ta.volatility.UlcerIndex(close, 14).ulcer_index(),
        "ema_distance_14": 100.0 * (close / ta.trend.EMAIndicator(close, 14).ema_indicator() - 1.0),
    }


@pytest.fixture(scope="module")
def peers(hourly):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {"talib": with_talib(hourly), "ta": {k: v.to_numpy() for k, v in with_ta(hourly).items()}}


TALIB_NAMES = [
    "rsi", "macd_hist", "normalized_atr_14", "bollinger_width", "bollinger_percent_b",
    "donchian_channel_width", "money_flow_index", "adx", "di_plus", "di_minus", "cci_14", "williams_r_14",
    "stoch_k_14", "obv_slope", "roc_10", "ema_distance_14", "ema_distance_50", "sma_distance_50",
]  # fmt: skip
TA_NAMES = [*(name for name in TALIB_NAMES if name not in ("ema_distance_50", "sma_distance_50")), "ulcer_14"]


def close_to(found, expected, relative):
    magnitude = np.nanmedian(np.abs(expected))
    np.testing.assert_allclose(found, expected, relative, relative * magnitude)


@pytest.mark.parametrize("name", TALIB_NAMES)
def test_formula_equals_talib(exact, peers, name):
    expected = peers["talib"][name]
    first = np.flatnonzero(~np.isnan(expected))[0]
    close_to(exact(name)[first:], expected[first:], 1e-9)


@pytest.mark.parametrize("name", TA_NAMES)
def test_formula_equals_ta_once_its_seed_has_faded(exact, peers, name):
    close_to(exact(name)[SEED_FADED:], peers["ta"][name][SEED_FADED:], 1e-9)


@pytest.mark.parametrize("name", TALIB_NAMES)
def test_stored_feature_equals_talib_over_the_whole_history(ours, peers, name):
    """Anchoring recursions at the month instead of the listing is below what float32 can hold."""
    close_to(ours[name].to_numpy()[SEED_FADED:], peers["talib"][name][SEED_FADED:], 2.0**-22)
