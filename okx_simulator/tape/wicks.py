"""How much of a bar's wicks a random walk made: real bars have longer ones than walks of the same returns."""

import numpy as np
from numpy.typing import NDArray

from okx_simulator.tape.bars import Bars

SHORTEST = 0.5
HOURS_BEFORE = 24
MIN_BARS = 100

Floats = NDArray[np.float64]


def walked_share(bars: Bars) -> float:
    """The factor, SHORTEST to 1, by which the wicks are to be shortened so that the bars are those of walks.

    Single trades far from the price (bounce between bid and ask, thin books) widen real ranges. A walk given
    such a bar would have to come back late in the hour, and the past of the hour would tell it. In a walk the
    variance of Rogers and Satchell (1991), E[a^2 + b^2 + |c| (a + b)] of the wicks a and b and the return c, is
    that of the returns, E[c^2]. With wicks k a and k b that is a quadratic equation for k. Each bar counts in
    units of the ranges before it. 1 where fewer than MIN_BARS bars moved.
    """
    opened, high, low, close = (np.log(side) for side in (bars.open, bars.high, bars.low, bars.close))
    ranges = high - low
    moved, known = ranges > 0, slice(HOURS_BEFORE, None)
    if moved.sum() < HOURS_BEFORE + MIN_BARS:
        return 1.0
    scale = np.convolve(ranges[moved], np.ones(HOURS_BEFORE) / HOURS_BEFORE, "valid")[:-1]
    above, below, change = (
        side[moved][known] / scale
        for side in (
            high - np.maximum(opened, close),
            np.minimum(opened, close) - low,
            np.abs(close - opened),
        )
    )
    square, product = (above**2 + below**2).mean(), (change * (above + below)).mean()
    if square == 0.0:
        return 1.0
    share = (np.sqrt(product**2 + 4.0 * square * (change**2).mean()) - product) / (2.0 * square)
    return float(np.clip(share, SHORTEST, 1.0))


def walked(opened: float | Floats, side: float | Floats, close: float | Floats, share: float) -> Floats:
    """The high or low (`side`) of bars, [bars] or single, whose wicks are shortened to `share`; in price units."""
    if share == 1.0:
        return np.asarray(side)
    body = np.clip(side, np.minimum(opened, close), np.maximum(opened, close))
    return np.asarray(body + share * (side - body))
