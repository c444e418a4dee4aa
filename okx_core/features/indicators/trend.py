"""Trend indicators: moving averages, their differences, and directional movement, seeded as TA-Lib does."""

from okx_core.features.bars import Bars, change_pct, lag, memoized
from okx_core.features.declaration import HIGH_LOW_CLOSE, Array, Feature, feature
from okx_core.features.kernels import smoothing, windows
from okx_core.features.kernels.elementwise import absolute_change, distance_pct
from okx_core.features.kernels.oscillator import price_oscillator

SLOPE_BARS = 3
AROON_BARS = 25


def _slope(values: Array) -> Array:
    return (values - lag(values, SLOPE_BARS)) / SLOPE_BARS


def _of_close(values: Array, bars: Bars) -> Array:
    return 100.0 * values / bars.close


@memoized
def _macd(bars: Bars) -> tuple[Array, Array, Array]:
    """EMA(12) - EMA(26), its EMA(9), and the EMA(26)."""
    line, signal, base = price_oscillator(bars.since_anchor.close, 12, 26, 9)
    return bars.cut(line), bars.cut(signal), bars.cut(base)


@memoized
def _histogram(bars: Bars) -> Array:
    line, signal, _ = _macd(bars)
    return line - signal


APPEL = "Appel 1979"


@feature(
    "trend", "quote", 48, formula="EMA_12(close) - EMA_26(close)", source=APPEL, inputs=("close",),
    anchored=True, scale_free=False,
)  # fmt: skip
def macd(bars: Bars) -> Array:
    """Moving average convergence/divergence in price units."""
    return _macd(bars)[0]


@feature(
    "trend", "quote", 48, formula="EMA_9(macd)", source=APPEL, inputs=("close",), anchored=True, scale_free=False
)  # fmt: skip
def macd_signal(bars: Bars) -> Array:
    """Signal line of MACD in price units."""
    return _macd(bars)[1]


@feature("trend", "%", 48, formula="100 macd / close", source=APPEL, inputs=("close",), anchored=True)
def macd_pct(bars: Bars) -> Array:
    """MACD over close."""
    return _of_close(_macd(bars)[0], bars)


@feature("trend", "%", 48, formula="100 macd_signal / close", source=APPEL, inputs=("close",), anchored=True)
def macd_signal_pct(bars: Bars) -> Array:
    """Signal line of MACD over close."""
    return _of_close(_macd(bars)[1], bars)


@feature(
    "trend", "%", 48, formula="100 (macd - macd_signal) / close", source=APPEL, inputs=("close",), anchored=True
)  # fmt: skip
def macd_hist(bars: Bars) -> Array:
    """MACD less its signal, over close."""
    return _of_close(_histogram(bars), bars)


@feature(
    "trend", "quote", 48, formula="macd - macd_signal", source=APPEL, inputs=("close",), anchored=True,
    scale_free=False,
)  # fmt: skip
def macd_hist_quote(bars: Bars) -> Array:
    """MACD less its signal, in price units."""
    return _histogram(bars)


@feature("trend", "%/bar", 51, formula="100 (macd - macd[3]) / (3 close)", inputs=("close",), anchored=True)
def macd_slope(bars: Bars) -> Array:
    """Change of MACD per bar over 3 bars, over close."""
    return _of_close(_slope(_macd(bars)[0]), bars)


@feature(
    "trend", "%/bar", 51, formula="100 (h - h[3]) / (3 close), h = macd - macd_signal", inputs=("close",),
    anchored=True,
)  # fmt: skip
def macd_hist_slope(bars: Bars) -> Array:
    """Change of the MACD histogram per bar over 3 bars, over close."""
    return _of_close(_slope(_histogram(bars)), bars)


@feature(
    "trend", "quote/bar", 51, formula="(macd - macd[3]) / 3", inputs=("close",), anchored=True, scale_free=False
)  # fmt: skip
def macd_slope_quote(bars: Bars) -> Array:
    """Change of MACD per bar over 3 bars, in price units."""
    return _slope(_macd(bars)[0])


@feature(
    "trend", "quote/bar", 51, formula="(h - h[3]) / 3, h = macd - macd_signal", inputs=("close",), anchored=True,
    scale_free=False,
)  # fmt: skip
def macd_hist_slope_quote(bars: Bars) -> Array:
    """Change of the MACD histogram per bar over 3 bars, in price units."""
    return _slope(_histogram(bars))


@feature("trend", "%", 48, formula="100 macd / EMA_26(close)", source=APPEL, inputs=("close",), anchored=True)
def ppo(bars: Bars) -> Array:
    """Percentage price oscillator (12, 26)."""
    line, _, base = _macd(bars)
    return 100.0 * line / base


@feature(
    "trend",
    "%",
    90,
    formula="100 (e / e[1] - 1), e = EMA_15(EMA_15(EMA_15(close)))",
    source="Hutson 1983",
    inputs=("close",),
    anchored=True,
)
def trix(bars: Bars) -> Array:
    """Rate of change of the triple exponential mean of 15 bars."""
    smooth = bars.since_anchor.close
    for _ in range(3):
        smooth = smoothing.ema(smooth, 15)
    return bars.cut(change_pct(smooth, 1))


@feature(
    "trend",
    "%",
    48,
    formula="100 (close / KAMA_10 - 1), speeds of 2 and 30 bars",
    source="Kaufman 1995",
    inputs=("close",),
    anchored=True,
    undefined="0 in a flat market",
)
def kama_distance_10(bars: Bars) -> Array:
    """Distance of close from Kaufman's adaptive mean."""
    close = bars.since_anchor.close
    path = windows.rolling_sum(absolute_change(close), 10)
    return distance_pct(bars.close, bars.cut(smoothing.kama(close, path, 10)))


WILDER = "Wilder 1978"


@feature(
    "trend",
    "0..100",
    48,
    formula="Wilder mean of 14 of 100 |di_plus - di_minus| / (di_plus + di_minus)",
    source=WILDER,
    inputs=("high", "low"),
    anchored=True,
    undefined="keeps its value where neither side moves",
)
def adx(bars: Bars) -> Array:
    """Average directional index of 14 bars."""
    return bars.directional_14[0]


@feature(
    "trend",
    "0..100",
    28,
    formula="100 Wilder sum of 14 upward moves / of true ranges",
    source=WILDER,
    inputs=HIGH_LOW_CLOSE,
    anchored=True,
    undefined="0 where the true range is 0",
)
def di_plus(bars: Bars) -> Array:
    """Positive directional indicator of 14 bars."""
    return bars.directional_14[1]


@feature(
    "trend",
    "0..100",
    28,
    formula="100 Wilder sum of 14 downward moves / of true ranges",
    source=WILDER,
    inputs=HIGH_LOW_CLOSE,
    anchored=True,
    undefined="0 where the true range is 0",
)
def di_minus(bars: Bars) -> Array:
    """Negative directional indicator of 14 bars."""
    return bars.directional_14[2]


CHANDE = "Chande 1995"
NEWEST = "of equal extremes the newest counts"


@feature(
    "trend", "0..100", 26, formula="100 (1 - bars since max_26(high) / 25)", source=CHANDE, inputs=("high",),
    undefined=NEWEST,
)  # fmt: skip
def aroon_up(bars: Bars) -> Array:
    """Aroon up: how fresh the highest high of 25 bars is."""
    return 100.0 - 100.0 / AROON_BARS * bars.since_highest(AROON_BARS + 1)


@feature(
    "trend", "0..100", 26, formula="100 (1 - bars since min_26(low) / 25)", source=CHANDE, inputs=("low",),
    undefined=NEWEST,
)  # fmt: skip
def aroon_down(bars: Bars) -> Array:
    """Aroon down: how fresh the lowest low of 25 bars is."""
    return 100.0 - 100.0 / AROON_BARS * bars.since_lowest(AROON_BARS + 1)


@feature(
    "trend", "-100..100", 26, formula="aroon_up - aroon_down", source=CHANDE, inputs=("high", "low"),
    undefined=NEWEST,
)  # fmt: skip
def aroon_oscillator(bars: Bars) -> Array:
    """Aroon up less Aroon down."""
    lead = bars.since_lowest(AROON_BARS + 1) - bars.since_highest(AROON_BARS + 1)
    return 100.0 / AROON_BARS * lead


def _ema_distance(period: int) -> Feature:
    def distance(bars: Bars) -> Array:
        return distance_pct(bars.close, bars.ema(period))

    distance.__name__ = f"ema_distance_{period}"
    distance.__doc__ = f"Distance of close from its exponential mean of {period} bars."
    formula = f"100 (close / EMA_{period}(close) - 1)"
    return feature("trend", "%", 2 * period, formula=formula, inputs=("close",), anchored=True)(distance)


def _sma_distance(window: int) -> Feature:
    def distance(bars: Bars) -> Array:
        return distance_pct(bars.close, bars.sma(window))

    distance.__name__ = f"sma_distance_{window}"
    distance.__doc__ = f"Distance of close from its mean of {window} bars."
    formula = f"100 (close / mean_{window}(close) - 1)"
    return feature("trend", "%", window, formula=formula, inputs=("close",))(distance)


EMA_DISTANCES = tuple(_ema_distance(period) for period in (5, 14, 50))
SMA_DISTANCES = tuple(_sma_distance(window) for window in (5, 14, 50))
