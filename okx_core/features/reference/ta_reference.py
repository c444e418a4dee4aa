"""Our features as `ta` computes them, by name; the library is imported when asked for."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]
Values = dict[str, Array]


def values(bars: pd.DataFrame) -> Values:
    """From open, high, low, close and volume of one pair."""
    return {**_moves(bars), **_trends(bars), **_ranges(bars), **_flows(bars)}


def _moves(bars: pd.DataFrame) -> Values:
    from ta import momentum, others

    high, low, close = bars["high"], bars["low"], bars["close"]
    strength = momentum.RSIIndicator(close, 14).rsi()
    stochastic = momentum.StochasticOscillator(high, low, close, 14, 3)
    awesome = momentum.AwesomeOscillatorIndicator(high, low, 5, 34).awesome_oscillator()
    kama = momentum.KAMAIndicator(close, 10, 2, 30).kama()
    return _arrays(
        {
            "log_return": others.DailyLogReturnIndicator(close).daily_log_return() / 100.0,
            "prev_close_change_pct": others.DailyReturnIndicator(close).daily_return(),
            "roc_10": momentum.ROCIndicator(close, 10).roc(),
            "roc_24": momentum.ROCIndicator(close, 24).roc(),
            "rsi": strength,
            "rsi_slope": strength.diff(3) / 3.0,
            "stoch_rsi": 100.0 * momentum.StochRSIIndicator(close, 14).stochrsi(),
            "stoch_k_14": stochastic.stoch_signal(),
            "stoch_d_14": stochastic.stoch_signal().rolling(3).mean(),
            "williams_r_14": momentum.WilliamsRIndicator(high, low, close, 14).williams_r(),
            "tsi": momentum.TSIIndicator(close, 25, 13).tsi(),
            "awesome_oscillator": awesome,
            "awesome_oscillator_pct": 100.0 * awesome / close,
            "ppo": momentum.PercentagePriceOscillator(close, 26, 12, 9).ppo(),
            "volume_oscillator": momentum.PercentageVolumeOscillator(bars["volume"], 10, 5).pvo(),
            "kama_distance_10": 100.0 * (close / kama - 1.0),
        }
    )


def _trends(bars: pd.DataFrame) -> Values:
    from ta import trend

    high, low, close = bars["high"], bars["low"], bars["close"]
    macd = trend.MACD(close)
    direction = trend.ADXIndicator(high, low, close, 14)
    aroon = trend.AroonIndicator(high, low, 25)
    means = {f"ema_distance_{n}": trend.EMAIndicator(close, n).ema_indicator() for n in (5, 14, 50)}
    means |= {f"sma_distance_{n}": trend.SMAIndicator(close, n).sma_indicator() for n in (5, 14, 50)}
    return _arrays(
        {
            **{name: 100.0 * (close / mean - 1.0) for name, mean in means.items()},
            "macd": macd.macd(),
            "macd_signal": macd.macd_signal(),
            "macd_pct": 100.0 * macd.macd() / close,
            "macd_signal_pct": 100.0 * macd.macd_signal() / close,
            "macd_hist": 100.0 * macd.macd_diff() / close,
            "macd_hist_quote": macd.macd_diff(),
            "macd_slope": 100.0 * macd.macd().diff(3) / 3.0 / close,
            "macd_hist_slope": 100.0 * macd.macd_diff().diff(3) / 3.0 / close,
            "trix": trend.TRIXIndicator(close, 15).trix(),
            "cci_14": trend.CCIIndicator(high, low, close, 14).cci(),
            "adx": direction.adx(),
            "di_plus": direction.adx_pos(),
            "di_minus": direction.adx_neg(),
            "aroon_up": aroon.aroon_up(),
            "aroon_down": aroon.aroon_down(),
            "aroon_oscillator": aroon.aroon_indicator(),
        }
    )


def _ranges(bars: pd.DataFrame) -> Values:
    from ta import volatility

    high, low, close = bars["high"], bars["low"], bars["close"]
    band = volatility.BollingerBands(close, 20, 2)
    donchian = volatility.DonchianChannel(high, low, close, 20)
    channel = donchian.donchian_channel_hband() - donchian.donchian_channel_lband()
    keltner = volatility.KeltnerChannel(high, low, close, 20, 10, original_version=False)
    atr = volatility.AverageTrueRange(high, low, close, 14).average_true_range()
    return _arrays(
        {
            "atr": atr,
            "normalized_atr_14": 100.0 * atr / close,
            "bollinger_width": band.bollinger_wband(),
            "bollinger_width_quote": band.bollinger_hband() - band.bollinger_lband(),
            "bollinger_percent_b": band.bollinger_pband(),
            "donchian_channel_width": 100.0 * channel / close,
            "donchian_channel_width_quote": channel,
            "keltner_channel_width": keltner.keltner_channel_wband(),
            "keltner_channel_width_quote": keltner.keltner_channel_hband() - keltner.keltner_channel_lband(),
            "ulcer_14": volatility.UlcerIndex(close, 14).ulcer_index(),
        }
    )


def _flows(bars: pd.DataFrame) -> Values:
    from ta import volume as flows

    high, low, close, volume = bars["high"], bars["low"], bars["close"], bars["volume"]
    traded = volume.rolling(10).sum()
    obv = flows.OnBalanceVolumeIndicator(close, volume).on_balance_volume()
    trend = flows.VolumePriceTrendIndicator(close, volume).volume_price_trend()
    vwap = flows.VolumeWeightedAveragePrice(high, low, close, volume, 24).volume_weighted_average_price()
    return _arrays(
        {
            "money_flow_index": flows.MFIIndicator(high, low, close, volume, 14).money_flow_index(),
            "obv_slope": obv.diff(10) / traded,
            "chaikin_money_flow": flows.ChaikinMoneyFlowIndicator(
                high, low, close, volume, 20
            ).chaikin_money_flow(),
            "volume_price_trend_slope": 100.0 * trend.diff(10) / traded,
            "vwap_distance_24": 100.0 * (close / vwap - 1.0),
        }
    )


def _arrays(columns: dict[str, pd.Series]) -> Values:
    return {name: column.to_numpy(dtype=np.float64) for name, column in columns.items()}
