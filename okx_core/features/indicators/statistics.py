"""Distribution of recent closes and returns, and what trading costs."""

import numpy as np

from okx_core.features.bars import KNOWN_EXTREME, Bars, correlation, lag, memoized, rolling_z_score
from okx_core.features.declaration import HIGH_LOW_CLOSE, Array, Inputs, feature
from okx_core.features.kernels import elementwise, windows
from okx_core.features.kernels.distribution import hurst, order_entropy
from okx_core.features.kernels.moments import rolling_moments

FLAT_IS_0 = "0 in a flat market"
AFTER_CONSTANT = "within +-10; 0 or +-10 after constant closes"


@feature(
    "statistics", "deviations", 21, formula="(close - mean_20(close[1])) / population deviation_20(close[1])",
    inputs=("close",), undefined=AFTER_CONSTANT,
)  # fmt: skip
def z_score_20(bars: Bars) -> Array:
    """Close against mean and deviation of the 20 closes before."""
    return elementwise.standardised(bars.close, *bars.band_20, KNOWN_EXTREME)


@feature(
    "statistics", "deviations", 49, formula="(close - mean_48(close[1])) / population deviation_48(close[1])",
    inputs=("close",), undefined=AFTER_CONSTANT,
)  # fmt: skip
def z_score_48(bars: Bars) -> Array:
    """Close against mean and deviation of the 48 closes before."""
    return rolling_z_score(bars.close, 48)


@memoized
def _return_moments(bars: Bars) -> Array:
    """Mean and sums of second, third and fourth powers of the deviations of 20 log returns."""
    return rolling_moments(bars.log_return, 20, 4)


@feature(
    "statistics", "%", 21, formula="100 sample deviation_20(log_return)", inputs=("close",), undefined=FLAT_IS_0
)  # fmt: skip
def std_dev_returns_20(bars: Bars) -> Array:
    """Standard deviation of 20 log returns."""
    deviation: Array = np.sqrt(_return_moments(bars)[1] / 19.0)
    return 100.0 * deviation


@feature(
    "statistics", "ratio", 21, formula="m3 / m2^1.5, central moments of 20 log returns", inputs=("close",),
    undefined=FLAT_IS_0,
)  # fmt: skip
def skewness_20(bars: Bars) -> Array:
    """Population skewness of 20 log returns."""
    _, squares, cubes, _ = _return_moments(bars)
    return elementwise.ratio(np.sqrt(20.0) * cubes, squares * np.sqrt(squares), 0.0)


@feature(
    "statistics", "ratio", 21, formula="m4 / m2^2 - 3, central moments of 20 log returns", inputs=("close",),
    undefined=FLAT_IS_0,
)  # fmt: skip
def kurtosis_20(bars: Bars) -> Array:
    """Population excess kurtosis of 20 log returns: 0 is normal."""
    _, squares, _, fourths = _return_moments(bars)
    return elementwise.ratio(20.0 * fourths, squares * squares, 3.0) - 3.0


@feature(
    "statistics", "-1..1", 50, formula="correlation_48(log_return, log_return[1])", inputs=("close",),
    undefined=FLAT_IS_0,
)  # fmt: skip
def autocorr_1(bars: Bars) -> Array:
    """Correlation of 48 log returns with the ones a bar before."""
    return correlation(bars.log_return, lag(bars.log_return, 1), 48)


@feature(
    "statistics",
    "0..1",
    88,
    formula="half the slope of ln mean_80((ln close - ln close[q])^2) on ln q, q = 1, 2, 4, 8, less its bias",
    source="Di Matteo, Aste and Dacorogna 2005",
    inputs=("close",),
    undefined="0.5 in a flat market",
)
def hurst_exponent(bars: Bars) -> Array:
    """Hurst exponent of 87 returns: 0.5 for a random walk, more where moves persist, less where they revert."""
    return hurst(bars.log_return, 80)


@feature(
    "statistics",
    "0..1",
    51,
    formula="-sum(p ln p) / ln 6 over the orders of 3 consecutive log returns, 48 of them",
    source="Bandt and Pompe 2002",
    inputs=("close",),
    undefined="0 in a flat market; of equal returns the older counts as smaller",
)
def shannon_entropy(bars: Bars) -> Array:
    """Shannon entropy of the order patterns of returns: 1 where every order is as likely."""
    return order_entropy(bars.log_return, 48)


@feature(
    "statistics",
    "%",
    25,
    formula="200 sqrt(max(0, mean_24((c[1] - m[1]) (c[1] - m)))), c = ln close, m = (ln high + ln low) / 2",
    source="Abdi and Ranaldo 2017",
    inputs=HIGH_LOW_CLOSE,
    undefined="0 where the mean is negative",
)
def bid_ask_spread(bars: Bars) -> Array:
    """Estimate of the bid-ask spread from 24 hours of close, high and low."""
    above = 0.5 * np.log((bars.high / bars.close) * (bars.low / bars.close))
    product = lag(above, 1) * (above + bars.log_return)
    return 200.0 * np.sqrt(np.maximum(windows.rolling_sum(product, 24) / 24.0, 0.0))


AMIHUD = "Amihud 2002"
TURNOVER: Inputs = ("close", "volume", "quote_volume")


@memoized
def _price_impact(bars: Bars) -> Array:
    """Absolute log return by turnover; 0 without turnover."""
    return elementwise.ratio(np.abs(bars.log_return), bars.quote_volume, 0.0)


@feature(
    "statistics", "% per million quote", 25, formula="10^8 mean_24(|log_return| / quote_volume)", source=AMIHUD,
    inputs=TURNOVER, scale_free=False, undefined="a bar without turnover counts 0",
)  # fmt: skip
def amihud_illiquidity(bars: Bars) -> Array:
    """Illiquidity of 24 hours: how far the price moved per turnover."""
    return 1e8 / 24.0 * windows.rolling_sum(_price_impact(bars), 24)


@feature(
    "statistics", "ratio", 49, formula="mean_6(|log_return| / quote_volume) / mean_48(same)", source=AMIHUD,
    inputs=TURNOVER, undefined="a bar without turnover counts 0; 1 where nothing moved",
)  # fmt: skip
def amihud_illiquidity_ratio(bars: Bars) -> Array:
    """Illiquidity of 6 hours against that of 48."""
    impact = _price_impact(bars)
    return elementwise.ratio(windows.rolling_sum(impact, 6) * 8.0, windows.rolling_sum(impact, 48), 1.0)
