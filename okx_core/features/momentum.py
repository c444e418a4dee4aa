"""Momentum and trend indicators, with TA-Lib's seeds and conventions unless said otherwise."""

from okx_core.features import windows
from okx_core.features.bars import Bars, aged
from okx_core.features.declaration import Array, Feature

SLOPE_BARS = 3


def rsi(bars: Bars) -> Array:
    return bars.rsi_14


def rsi_slope(bars: Bars) -> Array:
    return (bars.rsi_14 - aged(bars.rsi_14, SLOPE_BARS)) / SLOPE_BARS


def macd_hist(bars: Bars) -> Array:
    return 100.0 * bars.macd_histogram / bars.close


def stoch_k_14(bars: Bars) -> Array:
    lowest = bars.lowest(14)
    fast = 100.0 * windows.ratio(bars.close - lowest, bars.highest(14) - lowest, 0.5)
    return windows.rolling_sum(fast, 3) / 3.0


def williams_r_14(bars: Bars) -> Array:
    highest = bars.highest(14)
    return -100.0 * windows.ratio(highest - bars.close, highest - bars.lowest(14), 0.5)


def cci_14(bars: Bars) -> Array:
    mean, _, _ = windows.rolling_moments(bars.typical_price, 14)
    spread = windows.rolling_absolute_deviation(bars.typical_price, mean, 14)
    return windows.ratio(bars.typical_price - mean, 0.015 * spread, 0.0)


def adx(bars: Bars) -> Array:
    return bars.directional_14[0]


def di_plus(bars: Bars) -> Array:
    return bars.directional_14[1]


def di_minus(bars: Bars) -> Array:
    return bars.directional_14[2]


def ema_distance_14(bars: Bars) -> Array:
    return 100.0 * (bars.close / bars.ema(14) - 1.0)


def ema_distance_50(bars: Bars) -> Array:
    return 100.0 * (bars.close / bars.ema(50) - 1.0)


def sma_distance_14(bars: Bars) -> Array:
    return 100.0 * (bars.close * 14.0 / windows.rolling_sum(bars.close, 14) - 1.0)


def sma_distance_50(bars: Bars) -> Array:
    return 100.0 * (bars.close * 50.0 / windows.rolling_sum(bars.close, 50) - 1.0)


RSI = Feature(
    "rsi",
    "momentum",
    "Relative strength index of 14 bars (Wilder 1978)",
    "0..100",
    28,
    rsi,
    anchored=True,
    undefined="50 where nothing has moved",
)
MACD_HIST = Feature(
    "macd_hist",
    "momentum",
    "MACD(12, 26) less its signal(9) (Appel 1979), over close",
    "%",
    48,
    macd_hist,
    anchored=True,
)
ADX = Feature(
    "adx",
    "momentum",
    "Average directional index of 14 bars (Wilder 1978)",
    "0..100",
    48,
    adx,
    anchored=True,
    undefined="keeps its value where neither side moves",
)
EMA_DISTANCE_14 = Feature(
    "ema_distance_14", "momentum", "close / EMA(14) - 1", "%", 28, ema_distance_14, anchored=True
)
SMA_DISTANCE_14 = Feature("sma_distance_14", "momentum", "close / SMA(14) - 1", "%", 14, sma_distance_14)

FEATURES = (
    RSI,
    Feature(
        "rsi_slope",
        "momentum",
        "Change of rsi per bar over 3 bars",
        "points/bar",
        31,
        rsi_slope,
        anchored=True,
    ),
    MACD_HIST,
    Feature(
        "stoch_k_14",
        "momentum",
        "Slow stochastic %K (Lane): mean of 3 of (close - low14) / (high14 - low14)",
        "0..100",
        16,
        stoch_k_14,
        undefined="a bar counts 50 where high14 = low14",
    ),
    Feature(
        "williams_r_14",
        "momentum",
        "Williams %R: -(high14 - close) / (high14 - low14)",
        "-100..0",
        14,
        williams_r_14,
        undefined="-50 where high14 = low14",
    ),
    Feature(
        "cci_14",
        "momentum",
        "Commodity channel index (Lambert 1980): (tp - mean) / (0.015 mean deviation)",
        "ratio",
        14,
        cci_14,
        undefined="0 in a flat market",
    ),
    ADX,
    Feature(
        "di_plus",
        "momentum",
        "+DI of 14 bars (Wilder 1978)",
        "0..100",
        28,
        di_plus,
        anchored=True,
        undefined="0 where the true range is 0",
    ),
    Feature(
        "di_minus",
        "momentum",
        "-DI of 14 bars (Wilder 1978)",
        "0..100",
        28,
        di_minus,
        anchored=True,
        undefined="0 where the true range is 0",
    ),
    EMA_DISTANCE_14,
    Feature("ema_distance_50", "momentum", "close / EMA(50) - 1", "%", 100, ema_distance_50, anchored=True),
    SMA_DISTANCE_14,
    Feature("sma_distance_50", "momentum", "close / SMA(50) - 1", "%", 50, sma_distance_50),
)
