"""Every feature, declared once. Tables, documents, checks and training sets read this list."""

from okx_core.features import market, momentum, price, seasonality, statistics, volatility, volume
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
    *market.FEATURES,
    *declared_in(seasonality),
)


def feature_names() -> tuple[str, ...]:
    """Columns of features_1h after pair and timestamp_utc, in order."""
    return tuple(feature.name for feature in FEATURES)


def model_feature_names() -> tuple[str, ...]:
    """Columns that models train on: the scale-free ones."""
    return tuple(feature.name for feature in FEATURES if feature.scale_free)
