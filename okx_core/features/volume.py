"""Volume and money flow. Volume is base units; all features are ratios, so units cancel."""

import numpy as np

from okx_core.features import windows
from okx_core.features.bars import Bars, aged, ratio, surprise
from okx_core.features.declaration import Array, Feature

LARGEST_CHANGE_PCT = 1000.0


def money_flow_index(bars: Bars) -> Array:
    flow = bars.typical_price * bars.volume
    change = bars.typical_price - aged(bars.typical_price, 1)
    gained = windows.rolling_sum(np.where(change > 0.0, flow, 0.0 * change), 14)
    lost = windows.rolling_sum(np.where(change < 0.0, flow, 0.0 * change), 14)
    return 100.0 * ratio(gained, gained + lost, 0.5)


def obv_slope(bars: Bars) -> Array:
    signed = np.sign(bars.close - aged(bars.close, 1)) * bars.volume
    return ratio(windows.rolling_sum(signed, 10), windows.rolling_sum(bars.volume, 10), 0.0)


def volume_change_pct(bars: Bars) -> Array:
    before = aged(bars.volume, 1)
    largest = np.where(bars.volume > 0.0, 1.0 + LARGEST_CHANGE_PCT / 100.0, 1.0)
    grown = np.where(before == 0.0, largest, bars.volume / np.where(before == 0.0, 1.0, before))
    return np.minimum(100.0 * (grown - 1.0) + 0.0 * before, LARGEST_CHANGE_PCT)


def volume_spike_z(bars: Bars) -> Array:
    return surprise(bars.volume, 48)


def vwap_distance_24(bars: Bars) -> Array:
    paid = windows.rolling_sum(bars.typical_price * bars.volume, 24)
    vwap = ratio(paid, windows.rolling_sum(bars.volume, 24), np.nan)
    return np.where(np.isnan(vwap), 0.0 * bars.close, 100.0 * (bars.close / vwap - 1.0))


VOLUME_CHANGE_PCT = Feature(
    "volume_change_pct",
    "volume",
    "volume / previous volume - 1, at most 1000",
    "%",
    2,
    volume_change_pct,
    undefined="after a bar without volume 0 if there is still none, else 1000",
)

FEATURES = (
    Feature(
        "money_flow_index",
        "volume",
        "Money flow index of 14 bars (Quong and Soudack 1989)",
        "0..100",
        15,
        money_flow_index,
        undefined="50 without any flow",
    ),
    Feature(
        "obv_slope",
        "volume",
        "Change of on-balance volume (Granville 1963) over 10 bars by their volume",
        "-1..1",
        11,
        obv_slope,
        undefined="0 without volume",
    ),
    VOLUME_CHANGE_PCT,
    Feature(
        "volume_spike_z",
        "volume",
        "Volume against mean and deviation of the 48 bars before, within +-10",
        "deviations",
        49,
        volume_spike_z,
        undefined="0 or +-10 after constant volume",
    ),
    Feature(
        "vwap_distance_24",
        "volume",
        "close / volume-weighted typical price of 24 bars - 1",
        "%",
        24,
        vwap_distance_24,
        undefined="0 without volume",
    ),
)
