"""Our features as TA-Lib computes them, by name; the library is imported when asked for."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]
Values = dict[str, Array]


def values(bars: pd.DataFrame) -> Values:
    """From open, high, low, close and volume of one pair."""
    return {**_prices(bars), **_trends(bars), **_ranges(bars), **_flows(bars)}


def _columns(bars: pd.DataFrame) -> tuple[Array, Array, Array, Array, Array]:
    opened, high, low, close, volume = (bars[name].to_numpy().copy() for name in bars)
    return opened, high, low, close, volume


def _lag(values: Array, bars: int) -> Array:
    return np.concatenate([np.full(bars, np.nan), values[:-bars]])


def _prices(bars: pd.DataFrame) -> Values:
    import talib

    opened, high, low, close, _ = _columns(bars)
    returns = np.log(close / _lag(close, 1))
    awesome = talib.SMA(talib.MEDPRICE(high, low), 5) - talib.SMA(talib.MEDPRICE(high, low), 34)
    change = close - _lag(close, 1)
    twice = [talib.EMA(talib.EMA(values, 25), 13) for values in (change, np.abs(change))]
    slow_k, slow_d = talib.STOCH(high, low, close, 14, 3, 0, 3, 0)
    strength = talib.RSI(close, 14)
    return {
        "prev_close_change_pct": talib.ROC(close, 1),
        "price_velocity": talib.ROC(close, 3) / 3.0,
        "roc_10": talib.ROC(close, 10),
        "roc_24": talib.ROC(close, 24),
        "rsi": strength,
        "rsi_slope": talib.MOM(strength, 3) / 3.0,
        "stoch_rsi": talib.STOCHRSI(close, 14, 14, 3, 0)[0],
        "stoch_k_14": slow_k,
        "stoch_d_14": slow_d,
        "williams_r_14": talib.WILLR(high, low, close, 14),
        "cci_14": talib.CCI(high, low, close, 14),
        "tsi": 100.0 * twice[0] / twice[1],
        "awesome_oscillator": awesome,
        "awesome_oscillator_pct": 100.0 * awesome / close,
        "historical_vol_30": 100.0 * np.sqrt(8760.0 * 30.0 / 29.0) * talib.STDDEV(returns, 30),
        "std_dev_returns_20": 100.0 * np.sqrt(20.0 / 19.0) * talib.STDDEV(returns, 20),
        "autocorr_1": talib.CORREL(returns, _lag(returns, 1), 48),
        "engulfing": np.sign(talib.CDLENGULFING(opened, high, low, close)).astype(np.float64),
    }


def _trends(bars: pd.DataFrame) -> Values:
    import talib

    _, high, low, close, _ = _columns(bars)
    line, signal, histogram = talib.MACD(close)
    aroon_down, aroon_up = talib.AROON(high, low, 25)
    means = {f"ema_distance_{n}": talib.EMA(close, n) for n in (5, 14, 50)}
    means |= {f"sma_distance_{n}": talib.SMA(close, n) for n in (5, 14, 50)}
    means |= {
        "kama_distance_10": talib.KAMA(close, 10),
        "parabolic_sar_distance": talib.SAR(high, low, 0.02, 0.2),
    }
    adx = talib.ADX(high, low, close, 14)
    return {
        **{name: 100.0 * (close / mean - 1.0) for name, mean in means.items()},
        "macd": line,
        "macd_signal": signal,
        "macd_pct": 100.0 * line / close,
        "macd_signal_pct": 100.0 * signal / close,
        "macd_hist": 100.0 * histogram / close,
        "macd_hist_quote": histogram,
        "macd_slope": 100.0 * talib.MOM(line, 3) / 3.0 / close,
        "macd_hist_slope": 100.0 * talib.MOM(histogram, 3) / 3.0 / close,
        "ppo": talib.PPO(close, 12, 26, 1),
        "trix": talib.TRIX(close, 15),
        "adx": adx,
        "trending": _flag(adx >= 25.0, adx),
        "ranging": _flag(adx <= 20.0, adx),
        "di_plus": talib.PLUS_DI(high, low, close, 14),
        "di_minus": talib.MINUS_DI(high, low, close, 14),
        "aroon_up": aroon_up,
        "aroon_down": aroon_down,
        "aroon_oscillator": talib.AROONOSC(high, low, 25),
    }


def _ranges(bars: pd.DataFrame) -> Values:
    import talib

    _, high, low, close, _ = _columns(bars)
    upper, middle, lower = talib.BBANDS(close, 20, 2.0, 2.0)
    channel = talib.MAX(high, 20) - talib.MIN(low, 20)
    keltner = 4.0 * talib.ATR(high, low, close, 10)
    drawdown = 100.0 * (close / talib.MAX(close, 14) - 1.0)
    return {
        "true_range": talib.TRANGE(high, low, close),
        "true_range_pct": 100.0 * talib.TRANGE(high, low, close) / close,
        "atr": talib.ATR(high, low, close, 14),
        "normalized_atr_14": talib.NATR(high, low, close, 14),
        "bollinger_width": 100.0 * (upper - lower) / middle,
        "bollinger_width_quote": upper - lower,
        "bollinger_percent_b": (close - lower) / (upper - lower),
        "donchian_channel_width": 100.0 * channel / close,
        "donchian_channel_width_quote": channel,
        "keltner_channel_width": 100.0 * keltner / talib.EMA(close, 20),
        "keltner_channel_width_quote": keltner,
        "chaikin_volatility": talib.ROC(talib.EMA(high - low, 10), 10),
        "ulcer_14": np.sqrt(talib.SUM(drawdown * drawdown, 14) / 14.0),
    }


def _flows(bars: pd.DataFrame) -> Values:
    import talib

    _, high, low, close, volume = _columns(bars)
    obv, accumulated = talib.OBV(close, volume), talib.AD(high, low, close, volume)
    vwma = talib.SUM(close * volume, 20) / talib.SUM(volume, 20)
    vwap = talib.SUM(talib.TYPPRICE(high, low, close) * volume, 24) / talib.SUM(volume, 24)
    signed = np.sign(close - _lag(close, 1)) * volume
    return {
        "money_flow_index": talib.MFI(high, low, close, volume, 14),
        "obv_slope": talib.MOM(obv, 10) / talib.SUM(volume, 10),
        "volume_average_ratio": volume / talib.SMA(volume, 20),
        "vwma_distance_20": 100.0 * (close / vwma - 1.0),
        "vwap_distance_24": 100.0 * (close / vwap - 1.0),
        "chaikin_money_flow": talib.MOM(accumulated, 20) / talib.SUM(volume, 20),
        "volume_oscillator": talib.PPO(volume, 5, 10, 1),
        "volume_zone_oscillator": 100.0 * talib.EMA(signed, 14) / talib.EMA(volume + 0.0 * signed, 14),
        "volume_price_trend_slope": talib.SUM(talib.ROC(close, 1) * volume, 10) / talib.SUM(volume, 10),
    }


def _flag(holds: NDArray[np.bool_], known: Array) -> Array:
    return np.where(np.isnan(known), np.nan, holds.astype(np.float64))
