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
