"""The recursions of the synthetic tape, compiled. Log prices, hourly steps, state carried between calls."""

import math

import numpy as np
from numba import njit

VOLATILITY_MEMORY = 0.99
EMA_HOURS = 48
EMA_WEIGHT = 2.0 / (EMA_HOURS + 1.0)
# Standard deviation of (random walk of unit steps - its own EMA):
# sqrt((1 - a)^2 / (1 - (1 - a)^2)) with a = EMA_WEIGHT.
DEVIATION_SD = math.sqrt((1 - EMA_WEIGHT) ** 2 / (1 - (1 - EMA_WEIGHT) ** 2))


@njit(cache=True)  # type: ignore[untyped-decorator]
def log_volatility(noise: np.ndarray, spread: float, start: float) -> np.ndarray:
    """AR(1) log volatility [n] with stationary standard deviation `spread`, shifted so E[exp(2h)] = 1.

    `noise` [n] is standard normal, `start` the unshifted state before the first step. The unshifted
    end state is the last value plus spread**2.
    """
    step = spread * math.sqrt(1.0 - VOLATILITY_MEMORY**2)
    state = start
    out = np.empty_like(noise)
    for i in range(noise.size):
        state = VOLATILITY_MEMORY * state + step * noise[i]
        out[i] = state - spread**2
    return out


@njit(cache=True)  # type: ignore[untyped-decorator]
def own_path(
    shocks: np.ndarray, volatility: np.ndarray, long_run: float, pull: float, level: float, ema: float
) -> tuple[np.ndarray, np.ndarray, float, float]:
    """The pair's own log price: steps [n], the z [n] known when each hour opens, and the end state.

    step = -pull * volatility * tanh(z) + volatility * shock, z = (level - ema) / (long_run * DEVIATION_SD).
    """
    steps = np.empty_like(shocks)
    known = np.empty_like(shocks)
    for i in range(shocks.size):
        z = (level - ema) / (long_run * DEVIATION_SD)
        known[i] = z
        steps[i] = volatility[i] * (shocks[i] - pull * math.tanh(z))
        level += steps[i]
        ema += EMA_WEIGHT * (level - ema)
    return steps, known, level, ema


@njit(cache=True)  # type: ignore[untyped-decorator]
def walk_extremes(
    opened: np.ndarray, closed: np.ndarray, walk: np.ndarray, beyond: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Highest and lowest points [n] of Brownian bridges from `opened` to `closed`.

    `walk` [n, m] are the steps of m parts, each of an hour's size; `beyond` [n, m, 2] is standard exponential.
    Within each part the maximum is drawn from its exact law given the part's ends a and b, with the variance
    that the steps have: (a + b + sqrt((b - a)^2 + 2 variance beyond)) / 2.
    """
    parts = walk.shape[1]
    highest, lowest = np.empty_like(opened), np.empty_like(opened)
    for i in range(opened.size):
        variance = (walk[i] ** 2).mean() / parts
        drift = (closed[i] - opened[i] - walk[i].sum() / math.sqrt(parts)) / parts
        here = high = low = opened[i]
        for part in range(parts):
            there = here + drift + walk[i, part] / math.sqrt(parts)
            for side in range(2):
                reach = math.sqrt((there - here) ** 2 + 2.0 * variance * beyond[i, part, side])
                if side == 0:
                    high = max(high, (here + there + reach) / 2.0)
                else:
                    low = min(low, (here + there - reach) / 2.0)
            here = there
        highest[i], lowest[i] = max(high, closed[i]), min(low, closed[i])
    return highest, lowest
