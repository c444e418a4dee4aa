"""Every feature, declared once. Tables, documents, checks and training sets read this list."""

from okx_core.features.declaration import Feature, declared_in
from okx_core.features.grid import FIELDS
from okx_core.features.indicators import (
    cross_pair,
    levels,
    momentum,
    patterns,
    price,
    quarter_hours,
    regime,
    seasonality,
    statistics,
    trend,
    volatility,
    volume,
)

DERIVED = ("4h", "1d")  # timeframes whose bars are made of hourly ones
ON_HIGHER_TIMEFRAMES = (
    momentum.rsi,
    momentum.rsi_slope,
    trend.macd_hist,
    trend.macd_slope,
    trend.macd_hist_slope,
    trend.adx,
    *trend.EMA_DISTANCES[1:],
    *trend.SMA_DISTANCES[1:],
    volatility.atr,
    volatility.normalized_atr_14,
    volatility.bollinger_width,
    volatility.donchian_channel_width,
    volume.money_flow_index,
    volume.obv_slope,
    volume.volume_change_pct,
)

FEATURES: tuple[Feature, ...] = (
    *(
        feature
        for module in (price, momentum, trend, volatility, volume, statistics, patterns, levels, regime)
        for feature in declared_in(module)
    ),
    *(feature.on(timeframe) for timeframe in DERIVED for feature in ON_HIGHER_TIMEFRAMES),
    *declared_in(quarter_hours),
    *declared_in(cross_pair),
    *declared_in(seasonality),
)


def feature_names() -> tuple[str, ...]:
    """Columns of features_1h after pair and timestamp_utc, in order."""
    return tuple(feature.name for feature in FEATURES)


def candle_columns(timeframe: str) -> tuple[str, ...]:
    """Values of a timeframe's candles that features read; the hourly ones serve the comparison of pairs too."""
    readers = {timeframe, "cross"} if timeframe == "1h" else {timeframe}
    needed = {name for feature in FEATURES if feature.timeframe in readers for name in feature.inputs}
    derived = ("hours",) if timeframe in DERIVED else ()
    return (*(name for name in FIELDS if name in needed), *derived)


def model_feature_names() -> tuple[str, ...]:
    """Columns that models train on: the scale-free ones that are there when an hour is decided.

    15-minute candles are fetched after the hour's orders, so what rests on them comes too late.
    """
    return tuple(feature.name for feature in FEATURES if feature.scale_free and feature.timeframe != "15m")
