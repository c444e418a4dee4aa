"""Volume and money flow. Volume is base units; all features are ratios, so units cancel."""

import numpy as np

from okx_core.compilation import compiled
from okx_core.features import windows
from okx_core.features.bars import Bars, aged, surprise
from okx_core.features.declaration import Array, Feature

LARGEST_CHANGE_PCT = 1000.0


@compiled
def money_flow(typical_price: Array, volume: Array) -> tuple[Array, Array]:
    """Flow (price x volume) of rising bars, and of all bars that moved; the first bar is unknown."""
    rising = np.full(volume.shape, np.nan)
    moving = np.full(volume.shape, np.nan)
    for pair in range(volume.shape[0]):
        for bar in range(1, volume.shape[1]):
            price, before = typical_price[pair, bar], typical_price[pair, bar - 1]
            flow = price * volume[pair, bar]
            unknown = before - before
            rising[pair, bar] = flow * (price > before) + unknown
            moving[pair, bar] = flow * (price != before) + unknown
    return rising, moving


def money_flow_index(bars: Bars) -> Array:
    rising, moving = money_flow(bars.typical_price, bars.volume)
    return 100.0 * windows.ratio(windows.rolling_sum(rising, 14), windows.rolling_sum(moving, 14), 0.5)


def obv_slope(bars: Bars) -> Array:
    signed = np.sign(bars.close - aged(bars.close, 1)) * bars.volume
    return windows.ratio(windows.rolling_sum(signed, 10), windows.rolling_sum(bars.volume, 10), 0.0)


def volume_change_pct(bars: Bars) -> Array:
    before = aged(bars.volume, 1)
    largest = np.where(bars.volume > 0.0, 1.0 + LARGEST_CHANGE_PCT / 100.0, 1.0)
    grown = np.where(before == 0.0, largest, bars.volume / np.where(before == 0.0, 1.0, before))
    return np.minimum(100.0 * (grown - 1.0) + 0.0 * before, LARGEST_CHANGE_PCT)


def volume_spike_z(bars: Bars) -> Array:
    return surprise(bars.volume, 48)


def vwap_distance_24(bars: Bars) -> Array:
    paid = windows.rolling_sum(bars.typical_price * bars.volume, 24)
    vwap = windows.ratio(paid, windows.rolling_sum(bars.volume, 24), np.nan)
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
