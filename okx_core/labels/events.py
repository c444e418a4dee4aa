"""Events at the nearest support and resistance in the next 24 hours, and their hour.

The levels are those of the features (`okx_core.features.indicators.levels`), known when the row closes. A level is
touched when a bar's range reaches it. The event is decided by the first close at or after the touch
that lies more than half a mean true range beyond the level (it broke) or back from it (it held).
"""

import numpy as np

from okx_core.compilation import compiled
from okx_core.features.bars import lag, memoized
from okx_core.features.indicators.levels import LEVEL_BARS, nearest_above
from okx_core.features.kernels import windows
from okx_core.labels.declaration import Array, FutureBars, label

HORIZON = 24
BAND_BARS = 14
BAND = 0.5
FORMULA = f"first close at or after the touch beyond level +- {BAND} x mean true range of {BAND_BARS} bars, within 24 h"
UNKNOWN = f"NULL until {LEVEL_BARS} unbroken bars are known"
NO_EVENT = f"NULL when nothing was decided within 24 h; {UNKNOWN}"


@compiled
def level_event(high: Array, close: Array, level: Array, band: Array, horizon: int) -> tuple[Array, Array]:
    """The outcome at a level above: 1 broken, -1 held, 0 undecided, and hours to it (NaN when undecided).

    All [pairs, bars], in price; NaN where level, band or one of the next `horizon` bars is unknown.
    """
    outcome, hours = np.full(close.shape, np.nan), np.full(close.shape, np.nan)
    for pair in range(close.shape[0]):
        whole = 0
        for bar in range(close.shape[1] - 1, -1, -1):
            line, reach = level[pair, bar], band[pair, bar]
            if whole >= horizon and line == line and reach == reach:
                outcome[pair, bar] = 0.0
                touched = False
                for ahead in range(1, horizon + 1):
                    touched = touched or high[pair, bar + ahead] >= line
                    beyond = close[pair, bar + ahead] - line
                    if touched and (beyond > reach or beyond < -reach):
                        outcome[pair, bar] = 1.0 if beyond > 0.0 else -1.0
                        hours[pair, bar] = ahead
                        break
            whole = whole + 1 if close[pair, bar] == close[pair, bar] else 0
    return outcome, hours


def _band(future: FutureBars) -> Array:
    """Half the mean true range up to each row, unknown until the levels are known."""
    before = lag(future.close, 1)
    true_range = np.maximum(future.high, before) - np.minimum(future.low, before)
    band = BAND * windows.rolling_sum(true_range, BAND_BARS) / BAND_BARS
    return np.where(windows.run_length(future.close) >= LEVEL_BARS, band, np.nan)


def resistance_event(future: FutureBars, hours: int) -> tuple[Array, Array]:
    """1 breakout through the nearest resistance within `hours`, -1 rebound from it, 0 neither; and hours to it."""
    level = nearest_above(future.close, future.high)
    return level_event(future.high, future.close, level, _band(future), hours)


def support_event(future: FutureBars, hours: int) -> tuple[Array, Array]:
    """1 rebound from the nearest support within `hours`, -1 breakdown through it, 0 neither; and hours to it."""
    level = nearest_above(-future.close, -future.low)
    outcome, after = level_event(-future.low, -future.close, level, _band(future), hours)
    return 0.0 - outcome, after


@memoized
def at_resistance(future: FutureBars) -> tuple[Array, Array]:
    return resistance_event(future, HORIZON)


@memoized
def at_support(future: FutureBars) -> tuple[Array, Array]:
    return support_event(future, HORIZON)


@label("1d", HORIZON, "-1, 0, 1", formula=FORMULA, lookback_bars=LEVEL_BARS, unknown=UNKNOWN)
def resistance_event_24h(future: FutureBars) -> Array:
    """1 breakout through the nearest resistance, -1 rebound from it, 0 neither."""
    return at_resistance(future)[0]


@label("1d", HORIZON, "h", formula=FORMULA, lookback_bars=LEVEL_BARS, unknown=NO_EVENT)
def hours_to_resistance_event(future: FutureBars) -> Array:
    """Hours until resistance_event_24h was decided, 1 to 24."""
    return at_resistance(future)[1]


@label("1d", HORIZON, "-1, 0, 1", formula=FORMULA, lookback_bars=LEVEL_BARS, unknown=UNKNOWN)
def support_event_24h(future: FutureBars) -> Array:
    """1 rebound from the nearest support, -1 breakdown through it, 0 neither."""
    return at_support(future)[0]


@label("1d", HORIZON, "h", formula=FORMULA, lookback_bars=LEVEL_BARS, unknown=NO_EVENT)
def hours_to_support_event(future: FutureBars) -> Array:
    """Hours until support_event_24h was decided, 1 to 24."""
    return at_support(future)[1]
