"""Distribution of recent closes and returns."""

import numpy as np

from okx_core.features import windows
from okx_core.features.bars import Bars, aged, correlation, surprise
from okx_core.features.declaration import Array, Feature


def z_score_20(bars: Bars) -> Array:
    return surprise(bars.close, 20)


def z_score_48(bars: Bars) -> Array:
    return surprise(bars.close, 48)


def skewness_20(bars: Bars) -> Array:
    _, squares, cubes = windows.rolling_moments(bars.log_return, 20)
    return windows.ratio(np.sqrt(20.0) * cubes, squares * np.sqrt(squares), 0.0)


def autocorr_1(bars: Bars) -> Array:
    return correlation(bars.log_return, aged(bars.log_return, 1), 48)


FEATURES = (
    Feature(
        "z_score_20",
        "statistics",
        "Close against mean and deviation of the 20 closes before, within +-10",
        "deviations",
        21,
        z_score_20,
        undefined="0 or +-10 after constant closes",
    ),
    Feature(
        "z_score_48",
        "statistics",
        "Close against mean and deviation of the 48 closes before, within +-10",
        "deviations",
        49,
        z_score_48,
        undefined="0 or +-10 after constant closes",
    ),
    Feature(
        "skewness_20",
        "statistics",
        "Population skewness of 20 log returns",
        "ratio",
        21,
        skewness_20,
        undefined="0 in a flat market",
    ),
    Feature(
        "autocorr_1",
        "statistics",
        "Correlation of 48 log returns with the ones a bar before",
        "-1..1",
        50,
        autocorr_1,
        undefined="0 in a flat market",
    ),
)
