"""The standard indicators as the libraries that people know compute them."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import talib

from benchmarks.rounds import polars_on_one_thread

Fields = dict[str, np.ndarray]
Outputs = tuple[np.ndarray, ...]


def talib_obv_slope(close: np.ndarray, traded: np.ndarray) -> np.ndarray:
    obv = talib.OBV(close, traded)
    slope: np.ndarray = np.full(close.shape, np.nan)
    slope[10:] = (obv[10:] - obv[:-10]) / talib.SUM(traded, 10)[10:]
    return slope


TALIB: dict[str, Callable[[Fields], Outputs]] = {
    "RSI 14": lambda f: (talib.RSI(f["close"], 14),),
    "MACD 12 26 9": lambda f: talib.MACD(f["close"]),
    "ATR 14": lambda f: (talib.ATR(f["high"], f["low"], f["close"], 14),),
    "Bollinger 20": lambda f: talib.BBANDS(f["close"], 20),
    "Donchian 20": lambda f: (talib.MAX(f["high"], 20), talib.MIN(f["low"], 20)),
    "OBV slope 10": lambda f: (talib_obv_slope(f["close"], f["volume"]),),
    "Parabolic SAR": lambda f: (100.0 * (f["close"] / talib.SAR(f["high"], f["low"]) - 1.0),),
    "MFI 14": lambda f: (talib.MFI(f["high"], f["low"], f["close"], f["volume"], 14),),
    "ADX, +DI, -DI 14": lambda f: tuple(
        indicator(f["high"], f["low"], f["close"], 14)
        for indicator in (talib.ADX, talib.PLUS_DI, talib.MINUS_DI)
    ),
    "Stochastic RSI 14": lambda f: talib.STOCHRSI(f["close"], 14, 14, 3, 0)[:1],
    "CCI 14": lambda f: (talib.CCI(f["high"], f["low"], f["close"], 14),),
    "Williams %R 14": lambda f: (talib.WILLR(f["high"], f["low"], f["close"], 14),),
    "KAMA 10": lambda f: (100.0 * (f["close"] / talib.KAMA(f["close"], 10) - 1.0),),
}


def polars_expressions() -> dict[str, list[Any]]:
    """The same as expressions over one pair's frame."""
    pl = polars_on_one_thread()
    import polars_talib as plta

    high, low, close, traded = (pl.col(name) for name in ("high", "low", "close", "volume"))
    obv = plta.obv(close, traded)
    return {
        "RSI 14": [plta.rsi(close, 14)],
        "MACD 12 26 9": [plta.macd(close, 12, 26, 9)],
        "ATR 14": [plta.atr(high, low, close, 14)],
        "Bollinger 20": [plta.bbands(close, 20)],
        "Donchian 20": [plta.max(high, 20).alias("top"), plta.min(low, 20).alias("bottom")],
        "OBV slope 10": [(obv - obv.shift(10)) / plta.sum(traded, 10)],
        "Parabolic SAR": [100.0 * (close / plta.sar(high, low) - 1.0)],
        "MFI 14": [plta.mfi(high, low, close, traded, 14)],
        "ADX, +DI, -DI 14": [
            plta.adx(high, low, close, 14).alias("adx"), plta.plus_di(high, low, close, 14).alias("plus"),
            plta.minus_di(high, low, close, 14).alias("minus"),
        ],
        "Stochastic RSI 14": [plta.stochrsi(close, 14, 14, 3, 0)],
        "CCI 14": [plta.cci(high, low, close, 14)],
        "Williams %R 14": [plta.willr(high, low, close, 14)],
        "KAMA 10": [100.0 * (close / plta.kama(close, 10) - 1.0)],
    }  # fmt: skip


def _wilder(values: pd.Series, period: int = 14) -> pd.Series:
    return values.ewm(alpha=1.0 / period, adjust=False).mean()


def _pandas_rsi(close: pd.Series) -> pd.Series:
    change = close.diff()
    up, down = _wilder(change.clip(lower=0.0)), _wilder(-change.clip(upper=0.0))
    return 100.0 * up / (up + down)


def _true_range(f: pd.DataFrame) -> pd.Series:
    before = f.close.shift()
    return np.maximum(f.high, before) - np.minimum(f.low, before)


def _pandas_adx(f: pd.DataFrame) -> Outputs:
    rise, fall, spread = f.high.diff(), -f.low.diff(), _wilder(_true_range(f))
    plus = 100.0 * _wilder(rise.where((rise > fall) & (rise > 0.0), 0.0)) / spread
    minus = 100.0 * _wilder(fall.where((fall > rise) & (fall > 0.0), 0.0)) / spread
    return _wilder(100.0 * (plus - minus).abs() / (plus + minus)), plus, minus


def _pandas_macd(close: pd.Series) -> Outputs:
    line = close.ewm(span=12, adjust=False).mean() - close.ewm(span=26, adjust=False).mean()
    signal = line.ewm(span=9, adjust=False).mean()
    return line, signal, line - signal


def _pandas_mfi(f: pd.DataFrame) -> pd.Series:
    typical = (f.high + f.low + f.close) / 3.0
    flow, change = typical * f.volume, typical.diff()
    rising = flow.where(change > 0.0, 0.0).rolling(14).sum()
    return 100.0 * rising / flow.where(change != 0.0, 0.0).rolling(14).sum()


def _pandas_cci(f: pd.DataFrame) -> np.ndarray:
    typical = (f.high + f.low + f.close) / 3.0
    mean = typical.rolling(14).mean().to_numpy()[13:]
    windows = np.lib.stride_tricks.sliding_window_view(typical.to_numpy(), 14)
    spread = np.abs(windows - mean[:, None]).mean(axis=1)
    cci: np.ndarray = (typical.to_numpy()[13:] - mean) / (0.015 * spread)
    return cci


def _pandas_stoch_rsi(close: pd.Series) -> pd.Series:
    rsi = _pandas_rsi(close)
    low = rsi.rolling(14).min()
    return 100.0 * (rsi - low) / (rsi.rolling(14).max() - low)


def _pandas_obv_slope(f: pd.DataFrame) -> pd.Series:
    signed = np.sign(f.close.diff()) * f.volume
    return signed.cumsum().diff(10) / f.volume.rolling(10).sum()


def _pandas_williams(f: pd.DataFrame) -> pd.Series:
    top = f.high.rolling(14).max()
    return -100.0 * (top - f.close) / (top - f.low.rolling(14).min())


PANDAS: dict[str, Callable[[pd.DataFrame], object]] = {
    "RSI 14": lambda f: _pandas_rsi(f.close),
    "MACD 12 26 9": lambda f: _pandas_macd(f.close),
    "ATR 14": lambda f: _wilder(_true_range(f)),
    "Bollinger 20": lambda f: (f.close.rolling(20).mean(), f.close.rolling(20).std(ddof=0)),
    "Donchian 20": lambda f: (f.high.rolling(20).max(), f.low.rolling(20).min()),
    "OBV slope 10": _pandas_obv_slope,
    "MFI 14": _pandas_mfi,
    "ADX, +DI, -DI 14": _pandas_adx,
    "Stochastic RSI 14": lambda f: _pandas_stoch_rsi(f.close),
    "CCI 14": _pandas_cci,
    "Williams %R 14": _pandas_williams,
}


def ta_library() -> dict[str, Callable[[pd.DataFrame], object]]:
    """The same indicators as `ta` computes them; imported late, its import warns."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from ta import momentum as moves
        from ta import trend as trends
        from ta import volatility as ranges
        from ta import volume as flows

    def of(indicator: Any, *names: str) -> Outputs:
        return tuple(getattr(indicator, name)() for name in names)

    return {
        "RSI 14": lambda f: moves.RSIIndicator(f.close, 14).rsi(),
        "MACD 12 26 9": lambda f: of(trends.MACD(f.close), "macd", "macd_signal", "macd_diff"),
        "ATR 14": lambda f: ranges.AverageTrueRange(f.high, f.low, f.close, 14).average_true_range(),
        "Bollinger 20": lambda f: of(
            ranges.BollingerBands(f.close, 20), "bollinger_hband", "bollinger_lband"
        ),
        "Donchian 20": lambda f: of(
            ranges.DonchianChannel(f.high, f.low, f.close, 20),
            "donchian_channel_hband",
            "donchian_channel_lband",
        ),
        "OBV slope 10": lambda f: (
            flows.OnBalanceVolumeIndicator(f.close, f.volume).on_balance_volume().diff(10)
        ),
        "Parabolic SAR": lambda f: trends.PSARIndicator(f.high, f.low, f.close).psar(),
        "MFI 14": lambda f: flows.MFIIndicator(f.high, f.low, f.close, f.volume, 14).money_flow_index(),
        "ADX, +DI, -DI 14": lambda f: of(
            trends.ADXIndicator(f.high, f.low, f.close, 14), "adx", "adx_pos", "adx_neg"
        ),
        "Stochastic RSI 14": lambda f: moves.StochRSIIndicator(f.close, 14).stochrsi(),
        "CCI 14": lambda f: trends.CCIIndicator(f.high, f.low, f.close, 14).cci(),
        "Williams %R 14": lambda f: moves.WilliamsRIndicator(f.high, f.low, f.close, 14).williams_r(),
        "KAMA 10": lambda f: moves.KAMAIndicator(f.close, 10).kama(),
    }
