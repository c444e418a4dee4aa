"""Volume and money flow. Volume is base units; all but the raw Klinger line are ratios, so units cancel."""

import numpy as np

from okx_core.compilation import compiled
from okx_core.features.bars import LARGEST_CHANGE_PCT, Bars, lag, memoized, rolling_z_score
from okx_core.features.declaration import HIGH_LOW_CLOSE, Array, Inputs, feature
from okx_core.features.kernels import smoothing, windows
from okx_core.features.kernels.elementwise import change_of_volume, distance_pct
from okx_core.features.kernels.missing import last_known

SAME = 1e-12  # of the price: sums of prices that tie in decimals differ by less in binary
BAR: Inputs = (*HIGH_LOW_CLOSE, "volume")
SILENT_IS_0 = "0 without volume"


@compiled
def money_flow(typical_price: Array, volume: Array) -> tuple[Array, Array]:
    """Flow (price x volume) of bars above the last known one, and of all that moved; the first bar is unknown.

    A typical price that differs from the one before by rounding only has not moved, as in TA-Lib.
    """
    rising, moving = np.empty(volume.shape), np.empty(volume.shape)
    earlier = last_known(typical_price)
    for pair in range(volume.shape[0]):
        for bar in range(volume.shape[1]):
            price, before = typical_price[pair, bar], earlier[pair, bar]
            flow = price * volume[pair, bar]
            unknown = before - before
            moved = abs(price - before) > SAME * price
            rising[pair, bar] = flow * (moved & (price > before)) + unknown
            moving[pair, bar] = flow * moved + unknown
    return rising, moving


@feature(
    "volume", "0..100", 15, formula="100 sum_14(tp volume where tp > tp[1]) / sum_14(tp volume where tp moved)",
    source="Quong and Soudack 1989", inputs=BAR, undefined="50 without any flow",
)  # fmt: skip
def money_flow_index(bars: Bars) -> Array:
    """Money flow index of 14 bars; tp is (high + low + close) / 3."""
    rising, moving = money_flow(bars.typical_price, bars.volume)
    return 100.0 * windows.ratio(windows.rolling_sum(rising, 14), windows.rolling_sum(moving, 14), 0.5)


@feature(
    "volume", "-1..1", 11, formula="(OBV - OBV[10]) / sum_10(volume)", source="Granville 1963",
    inputs=("close", "volume"), undefined=SILENT_IS_0,
)  # fmt: skip
def obv_slope(bars: Bars) -> Array:
    """Change of on-balance volume over 10 bars, by their volume."""
    return windows.ratio(windows.rolling_sum(bars.signed_volume, 10), bars.traded(10), 0.0)


@feature(
    "volume", "%", 2, formula="min(100 (volume / volume[1] - 1), 1000)", inputs=("volume",),
    undefined="after a bar without volume 0 if there is still none, else 1000",
)  # fmt: skip
def volume_change_pct(bars: Bars) -> Array:
    """Change of volume against the previous bar, at most 1000."""
    return change_of_volume(bars.volume, LARGEST_CHANGE_PCT)


@feature(
    "volume", "ratio", 20, formula="volume / mean_20(volume)", inputs=("volume",), undefined="1 without volume"
)  # fmt: skip
def volume_average_ratio(bars: Bars) -> Array:
    """Volume against its mean of 20 bars."""
    return windows.ratio(bars.volume, bars.traded(20) / 20.0, 1.0)


@feature(
    "volume", "deviations", 49, formula="(volume - mean_48(volume[1])) / population deviation_48(volume[1])",
    inputs=("volume",), undefined="within +-10; 0 or +-10 after constant volume",
)  # fmt: skip
def volume_spike_z(bars: Bars) -> Array:
    """Volume against mean and deviation of the 48 bars before."""
    return rolling_z_score(bars.volume, 48)


@feature(
    "volume", "%", 24, formula="100 (close / (sum_24(tp volume) / sum_24(volume)) - 1)", inputs=BAR,
    undefined=SILENT_IS_0,
)  # fmt: skip
def vwap_distance_24(bars: Bars) -> Array:
    """Distance of close from the volume-weighted typical price of 24 bars."""
    paid = windows.rolling_sum(bars.typical_price * bars.volume, 24)
    vwap = windows.ratio(paid, bars.traded(24), np.nan)
    return np.where(bars.traded(24) == 0.0, 0.0 * bars.close, 100.0 * (bars.close / vwap - 1.0))


@feature(
    "volume", "%", 20, formula="100 (close / (sum_20(close volume) / sum_20(volume)) - 1)",
    inputs=("close", "volume"), undefined=SILENT_IS_0,
)  # fmt: skip
def vwma_distance_20(bars: Bars) -> Array:
    """Distance of close from its volume-weighted mean of 20 bars."""
    return distance_pct(bars.close, bars.vwma(20))


@feature(
    "volume", "-1..1", 20, formula="sum_20(volume ((close - low) - (high - close)) / (high - low)) / sum_20(volume)",
    source="Chaikin 1980s", inputs=BAR, undefined="a bar without range counts 0; 0 without volume",
)  # fmt: skip
def chaikin_money_flow(bars: Bars) -> Array:
    """Chaikin money flow of 20 bars: the accumulation line's change by the volume."""
    place = windows.ratio((bars.close - bars.low) - (bars.high - bars.close), bars.range, 0.0)
    return windows.ratio(windows.rolling_sum(place * bars.volume, 20), bars.traded(20), 0.0)


KLINGER = "Klinger 1997"


@memoized
def _klinger(bars: Bars) -> Array:
    whole = bars.since_anchor
    force = smoothing.volume_force(whole.high, whole.low, whole.close, whole.volume)
    return bars.cut(smoothing.ema(force, 34) - smoothing.ema(force, 55))


@feature(
    "volume", "base", 110, formula="EMA_34(f) - EMA_55(f), f = volume |2 range / range of the trend - 1| trend 100",
    source=KLINGER, inputs=BAR, anchored=True, scale_free=False,
    undefined="an unchanged price keeps the trend; a trend without range counts its volume in full",
)  # fmt: skip
def klinger_oscillator(bars: Bars) -> Array:
    """Klinger oscillator (34, 55) in base units."""
    return _klinger(bars)


@feature(
    "volume", "%", 110, formula="klinger_oscillator / EMA_55(volume)", source=KLINGER, inputs=BAR, anchored=True,
    undefined=SILENT_IS_0,
)  # fmt: skip
def klinger_oscillator_pct(bars: Bars) -> Array:
    """Klinger oscillator in percent of the mean volume."""
    usual = bars.cut(smoothing.ema(bars.since_anchor.volume, 55))
    return windows.ratio(_klinger(bars), usual, 0.0)


@feature(
    "volume", "%", 20, formula="100 (EMA_5(volume) / EMA_10(volume) - 1)", inputs=("volume",), anchored=True,
    undefined=SILENT_IS_0,
)  # fmt: skip
def volume_oscillator(bars: Bars) -> Array:
    """Volume oscillator (5, 10)."""
    short, long = (smoothing.ema(bars.since_anchor.volume, period) for period in (5, 10))
    return bars.cut(100.0 * windows.ratio(short - long, long, 0.0))


@feature(
    "volume", "0..1", 1, formula="taker_buy_base / volume", inputs=("volume", "taker_buy_base"),
    undefined="0.5 without volume", may_be_unknown="NULL where the source does not tell who took",
)  # fmt: skip
def taker_buy_ratio(bars: Bars) -> Array:
    """Share of the volume that takers bought."""
    return windows.ratio(bars.taker_buy_base, bars.volume, 0.5)


@feature(
    "volume", "%", 11, formula="100 (VPT - VPT[10]) / sum_10(volume), VPT adds volume (close / close[1] - 1)",
    inputs=("close", "volume"), undefined=SILENT_IS_0,
)  # fmt: skip
def volume_price_trend_slope(bars: Bars) -> Array:
    """Change of the volume-price trend over 10 bars, by their volume: the volume-weighted mean return."""
    weighted = bars.volume * (bars.close / lag(bars.close, 1) - 1.0)
    return 100.0 * windows.ratio(windows.rolling_sum(weighted, 10), bars.traded(10), 0.0)


@feature(
    "volume", "-100..100", 28, formula="100 EMA_14(sign(close - close[1]) volume) / EMA_14(volume)",
    source="Khalil and Steckler 2011", inputs=("close", "volume"), anchored=True,
    undefined="the volume of an unchanged close counts 0; 0 without volume",
)  # fmt: skip
def volume_zone_oscillator(bars: Bars) -> Array:
    """Volume zone oscillator of 14 bars."""
    whole = bars.since_anchor
    moved = whole.signed_volume
    # Both means are seeded on the same bars, else their ratio could leave -1..1 for a while.
    signed, total = (smoothing.ema(x, 14) for x in (moved, whole.volume + 0.0 * moved))
    return bars.cut(100.0 * windows.ratio(signed, total, 0.0))


@feature(
    "volume",
    "%",
    20,
    formula="100 (VWMA_20 / mean_20(close) - 1) (VWMA_5 / mean_5(close)) (mean_5(volume) / mean_20(volume))",
    source="Dormeier 2007",
    inputs=("close", "volume"),
    undefined="without volume VWMA is the mean, and 0",
)
def volume_price_confirmation(bars: Bars) -> Array:
    """Volume-price confirmation indicator (5, 20), over the mean price."""
    long_run, short_run = bars.vwma(20) / bars.band_20[0] - 1.0, bars.vwma(5) / bars.sma(5)
    thrust = windows.ratio(4.0 * bars.traded(5), bars.traded(20), 0.0)
    return 100.0 * long_run * short_run * thrust
