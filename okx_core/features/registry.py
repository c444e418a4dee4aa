"""Every feature, declared once. Tables, documents, checks and training sets read this list."""

from okx_core.features import (
    cross_pair,
    momentum,
    price,
    quarter_hours,
    seasonality,
    statistics,
    volatility,
    volume,
)
from okx_core.features.declaration import Feature, declared_in

ON_HIGHER_TIMEFRAMES = (
    momentum.RSI,
    momentum.MACD_HIST,
    momentum.ADX,
    momentum.EMA_DISTANCE_14,
    momentum.SMA_DISTANCE_14,
    volatility.NORMALIZED_ATR_14,
    volatility.BOLLINGER_WIDTH,
    volume.VOLUME_CHANGE_PCT,
)

FEATURES: tuple[Feature, ...] = (
    *price.FEATURES,
    *momentum.FEATURES,
    *volatility.FEATURES,
    *volume.FEATURES,
    *statistics.FEATURES,
    *(feature.on(timeframe) for timeframe in ("4h", "1d") for feature in ON_HIGHER_TIMEFRAMES),
    *declared_in(quarter_hours),
    *declared_in(cross_pair),
    *declared_in(seasonality),
)


def feature_names() -> tuple[str, ...]:
    """Columns of features_1h after pair and timestamp_utc, in order."""
    return tuple(feature.name for feature in FEATURES)


def model_feature_names() -> tuple[str, ...]:
    """Columns that models train on: the scale-free ones that are there when an hour is decided.

    15-minute candles are fetched after the hour's orders, so what rests on them comes too late.
    """
    return tuple(feature.name for feature in FEATURES if feature.scale_free and feature.timeframe != "15m")
