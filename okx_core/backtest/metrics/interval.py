"""How sure a figure is: its spread when the days are drawn again in blocks."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from okx_core.backtest.metrics.curve import Array, daily_returns

DRAWS, MEAN_BLOCK_DAYS, SEED = 1_000, 10.0, 7
COVERED = 0.90
MIN_DAYS = 90


class Interval(NamedTuple):
    """Bounds that hold the figure in nine of ten redrawn histories."""

    low: float
    high: float


def redrawn(returns: Array, draws: int = DRAWS, seed: int = SEED) -> Array:
    """Daily returns drawn again [draws, days] by the stationary bootstrap (Politis and Romano, 1994).

    Blocks have a random length of MEAN_BLOCK_DAYS on average and wrap around, so that neighbouring days stay together.
    """
    rng, days = np.random.default_rng(seed), len(returns)
    begins = rng.random((draws, days)) < 1.0 / MEAN_BLOCK_DAYS
    begins[:, 0] = True
    starts = rng.integers(0, days, (draws, days))
    place = np.arange(days)
    block = np.maximum.accumulate(np.where(begins, place, 0), axis=1)  # where the block of each day began
    chosen = (np.take_along_axis(starts, block, axis=1) + place - block) % days
    return np.asarray(returns[chosen])


def intervals(curve: Array) -> dict[str, Interval | None]:
    """Intervals of total_return_pct, sharpe and max_drawdown_pct; None below three months or without variation."""
    returns = daily_returns(curve)
    if len(returns) < MIN_DAYS or not returns.std() > 0.0:
        return dict.fromkeys(FIGURES)
    drawn = redrawn(returns)
    return {name: _interval(figure(drawn)) for name, figure in FIGURES.items()}


def _interval(values: Array) -> Interval:
    low, high = np.quantile(values, [(1.0 - COVERED) / 2.0, (1.0 + COVERED) / 2.0])
    return Interval(float(low), float(high))


def _total_return_pct(drawn: Array) -> Array:
    return np.asarray(100.0 * (np.prod(1.0 + drawn, axis=1) - 1.0))


def _sharpe(drawn: Array) -> Array:
    spread = drawn.std(axis=1, ddof=1)
    means = drawn.mean(axis=1)
    ratio: Array = np.divide(means, spread, out=np.zeros_like(means), where=spread > 0.0)
    return np.asarray(np.sqrt(365.0) * ratio)


def _max_drawdown_pct(drawn: Array) -> Array:
    grown = np.cumprod(np.column_stack((np.ones(len(drawn)), 1.0 + drawn)), axis=1)
    return np.asarray(100.0 * (grown / np.maximum.accumulate(grown, axis=1) - 1.0).min(axis=1))


FIGURES: dict[str, Callable[[Array], Array]] = {
    "total_return_pct": _total_return_pct,
    "sharpe": _sharpe,
    "max_drawdown_pct": _max_drawdown_pct,
}
