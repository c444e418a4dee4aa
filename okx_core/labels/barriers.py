"""Triple-barrier labels (Lopez de Prado 2018, ch. 3): which of three exits came first.

Profit and stop lie one day's volatility above and below entry, but never nearer than what two taker
fees cost; the third barrier is 24 hours. A bar that touches both counts as a stop: what came first
inside it is not known, and a label must not flatter.
"""

import numpy as np

from okx_core.compilation import compiled
from okx_core.features.bars import mean_and_deviation, memoized
from okx_core.features.kernels import windows
from okx_core.labels.declaration import Array, FutureBars, label
from okx_core.market.fees import round_trip_cost_pct

HORIZON = 24
SIGMA_BARS = 24
FORMULA = (
    "first of close x exp(+-s), s = max(deviation of 24 log returns x sqrt(24), two taker fees), and 24 h"
)
SOURCE = "Lopez de Prado 2018"
LOOKBACK = SIGMA_BARS + 1


@compiled
def first_barrier(high: Array, low: Array, upper: Array, lower: Array, horizon: int) -> tuple[Array, Array]:
    """Outcome (1 upper, -1 lower, 0 neither) and hours to it (NaN when neither); all [pairs, bars].

    Bars t + 1 .. t + horizon are looked at; NaN where one of them, or a barrier, is unknown.
    """
    outcome, hours = np.full(high.shape, np.nan), np.full(high.shape, np.nan)
    for pair in range(high.shape[0]):
        whole = 0
        for bar in range(high.shape[1] - 1, -1, -1):
            top, bottom = upper[pair, bar], lower[pair, bar]
            if whole >= horizon and top == top and bottom == bottom:
                outcome[pair, bar] = 0.0
                for ahead in range(1, horizon + 1):
                    if low[pair, bar + ahead] <= bottom:
                        outcome[pair, bar], hours[pair, bar] = -1.0, ahead
                        break
                    if high[pair, bar + ahead] >= top:
                        outcome[pair, bar], hours[pair, bar] = 1.0, ahead
                        break
            whole = whole + 1 if high[pair, bar] == high[pair, bar] else 0
    return outcome, hours


def barriers(future: FutureBars) -> tuple[Array, Array]:
    """Upper and lower barrier of each entry, in price."""
    _, deviation = mean_and_deviation(future.log_return, SIGMA_BARS)
    deviation = np.where(windows.run_length(future.close) >= LOOKBACK, deviation, np.nan)
    reach = np.exp(np.maximum(deviation * np.sqrt(HORIZON), round_trip_cost_pct(0.0) / 100.0))
    return future.close * reach, future.close / reach


@memoized
def barrier_outcome(future: FutureBars) -> tuple[Array, Array]:
    return first_barrier(future.high, future.low, *barriers(future), HORIZON)


@label(
    "1d", HORIZON, "-1, 0, 1", formula=FORMULA, source=SOURCE, lookback_bars=LOOKBACK,
    unknown=f"NULL until {LOOKBACK} unbroken bars are known",
)  # fmt: skip
def triple_barrier_24h(future: FutureBars) -> Array:
    """1 when the price first rose by a day's volatility, -1 when it first fell by it, 0 when it did neither."""
    return barrier_outcome(future)[0]


@label(
    "1d", HORIZON, "h", formula=FORMULA, source=SOURCE, lookback_bars=LOOKBACK,
    unknown=f"NULL when neither barrier was reached, or fewer than {LOOKBACK} unbroken bars are known",
)  # fmt: skip
def hours_to_barrier_24h(future: FutureBars) -> Array:
    """Hours until the barrier of triple_barrier_24h was reached, 1 to 24."""
    return barrier_outcome(future)[1]
