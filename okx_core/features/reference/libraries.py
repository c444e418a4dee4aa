"""The same indicators as TA-Lib and `ta` compute them, and where their conventions are not ours.

Both libraries are optional and imported when asked for. Values are compared in float64 on bars without
a gap, recursions started on the first bar: `first_compared` says from which bar on they must agree to
`tolerance` of the value or of the feature's median size, whichever is larger.
"""

import warnings

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from okx_core.features.reference import ta_reference, talib_reference

Array = NDArray[np.float64]
Values = dict[str, Array]

LIBRARIES = ("talib", "ta")
TOLERANCE = 1e-9
SEED_FADED = 700  # bars until another seed of the longest exponential mean is below the tolerance

RUNNING_SUMS = 1e-6  # of features whose library keeps running sums, which drift with the history behind them

TIES = {
    "talib": ("engulfing",),
    "ta": ("aroon_up", "aroon_down", "aroon_oscillator", "obv_slope", "money_flow_index"),
}
"""Where prices tie the library follows another rule, so these are compared only where none does."""

OTHER_SEED = {
    "ppo": "TA-Lib seeds the fast mean on its own first bars, we as its MACD does on the slow one's",
}

CONVENTIONS = {
    "rsi": "ta starts the Wilder means from 0; a flat market is 50 here, 0 in TA-Lib, 100 in ta",
    "stoch_rsi": "0..100 as in TA-Lib, ta has 0..1; a flat rsi is 50 here, 0 in TA-Lib, unknown in ta",
    "macd": "ta starts its means from the first close, TA-Lib and we from simple means",
    "ppo": f"{OTHER_SEED['ppo']}; equal once faded",
    "volume_oscillator": "TA-Lib's PPO on volume, ta's PVO(10, 5); each mean has a seed of its own, as in TA-Lib",
    "atr": "ta starts from a mean that includes a true range without previous close, and writes 0 before it",
    "adx": "ta writes 0 on the first bars and starts Wilder's sums differently",
    "stoch_k_14": "slow %K: TA-Lib's SLOWK, ta's stoch_signal; a bar without range counts 50",
    "williams_r_14": "-50 where the range is 0; 0 in TA-Lib, unknown in ta",
    "cci_14": "0 in a flat market as in TA-Lib, unknown in ta",
    "money_flow_index": (
        "50 without flow; TA-Lib has 0, ta unknown. Typical prices that tie in decimals are equal here and in TA-Lib,"
        " ta takes the rounding of their sums for a move"
    ),
    "obv_slope": "an unchanged close adds nothing, as in TA-Lib; ta adds its volume",
    "kama_distance_10": "seeds as TA-Lib and ta; a price that has not moved is a straight way, as in TA-Lib",
    "bollinger_width": "ta's deviations are pandas' running ones, right to about eight digits",
    "aroon_up": "25 bars, of equal extremes the newest counts, as in TA-Lib; ta takes the oldest",
    "parabolic_sar_distance": (
        "TA-Lib's rule for the first trend and for the acceleration after a reversal; ta's differs on about one bar"
        " in fourteen and never converges, so it is not compared"
    ),
    "keltner_channel_width": "exponential middle and ATR (ta with original_version=False), not the 1960 mean range",
    "true_range": "unknown on the first bar, as in TA-Lib; ta takes high - low there",
    "ulcer_14": "each drawdown is against the highest close of its own 14 bars, as in ta",
    "volume_zone_oscillator": "an unchanged close counts 0; Khalil and Steckler count it as a fall",
    "engulfing": "a bar that closes where it opened has no body; TA-Lib's CDLENGULFING counts it as rising",
    "hammer": "by shape alone; TA-Lib's CDLHAMMER compares with the bodies of 10 bars before and asks for a fall",
    "doji": "by the bar's own range; TA-Lib's CDLDOJI takes the mean range of 10 bars before",
    "morning_star": "without the gap that TA-Lib's CDLMORNINGSTAR asks for: markets that never close have none",
    "evening_star": "as morning_star",
    "klinger_oscillator": "in neither library; volume force as published in 1997",
    "hurst_exponent": "in neither library; unbiased on random walks, see `distribution`",
    "shannon_entropy": "in neither library; of order patterns, so it needs no choice of bins",
}


def first_compared(library: str, feature: str) -> int:
    """First bar, counted from the first candle, from which on a library must give our number."""
    return SEED_FADED if library == "ta" or feature in OTHER_SEED else 0


def tolerance(library: str, feature: str) -> float:
    """How far a library may be from our number, relative to the value or the feature's median size."""
    return RUNNING_SUMS if library == "ta" and feature.startswith("bollinger") else TOLERANCE


def peer_values(library: str, bars: pd.DataFrame) -> Values:
    """Features by name as `library` computes them; `bars` has open, high, low, close, volume of one pair."""
    plain = bars[["open", "high", "low", "close", "volume"]].astype(np.float64)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return talib_reference.values(plain) if library == "talib" else ta_reference.values(plain)
